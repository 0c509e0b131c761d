//! Log lines: where they go, and how they say which request they are about.

use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal as _};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{DefaultFields, Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt as lines, registry};

use super::current::Fields;
use super::traces::Traces;
use crate::config::{Config, LogFormat};

/// Log lines and traces that are turned on; dropping it sends what was traced last.
#[must_use = "what was traced last is sent when it is dropped"]
pub(crate) struct Seen(#[expect(dead_code, reason = "it is held, not read")] Option<Traces>);

/// Turns log lines on, and traces where they are configured. Lines go to standard error: standard output is for answers.
///
/// # Errors
/// A filter or an endpoint that cannot be used, or logging that is on already.
pub(crate) fn start(config: &Config) -> Result<Seen, Box<dyn Error>> {
    let Some(traces) = Traces::start(&config.telemetry)? else {
        lines_alone(config)?;
        return Ok(Seen(None));
    };
    let filter: EnvFilter = config.log.filter.parse()?;
    let lines = written(config.log.format, io::stderr, io::stderr().is_terminal());
    registry()
        .with(lines.with_filter(filter))
        .with(traces.layer())
        .try_init()?;
    Ok(Seen(Some(traces)))
}

/// Turns log lines on.
///
/// # Errors
/// A filter that cannot be used, or logging that is on already.
pub(crate) fn lines_alone(config: &Config) -> Result<(), Box<dyn Error>> {
    let filter: EnvFilter = config.log.filter.parse()?;
    let lines = written(config.log.format, io::stderr, io::stderr().is_terminal());
    // The filter stands before everything, so that what it stops costs nothing.
    registry().with(filter).with(lines).try_init()?;
    Ok(())
}

/// Writes lines.
pub(super) fn written<S, W>(
    format: LogFormat,
    to: W,
    colours: bool,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Text => lines::layer()
            .with_ansi(colours)
            .event_format(TextLine(
                Format::default().with_target(false).with_ansi(colours),
            ))
            .with_writer(to)
            .boxed(),
        LogFormat::Json => lines::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine(Format::default().json()))
            .with_ansi(false)
            .with_writer(to)
            .boxed(),
    }
}

/// A line for people, with the request at its end.
struct TextLine(Format);

impl<S> FormatEvent<S, DefaultFields> for TextLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !Fields::are_some() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(line.trim_end_matches('\n'))?;
        Fields::text(&mut writer)?;
        writer.write_char('\n')
    }
}

/// A JSON object, with the request at its beginning.
struct JsonLine(Format<Json>);

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    JsonFields: for<'a> FormatFields<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !Fields::are_some() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        let members = line.strip_prefix('{').ok_or(fmt::Error)?;
        writer.write_char('{')?;
        Fields::json(&mut writer)?;
        writer.write_str(members)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use actix_web::http::header::HeaderValue;
    use opentelemetry::trace::TraceId;

    use super::super::current::CurrentRequest;
    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines_of(format: LogFormat, say: impl FnOnce()) -> Vec<String> {
        let sink = Sink::default();
        let to = sink.clone();
        let subscriber = registry().with(written(format, move || to.clone(), false));
        tracing::subscriber::with_default(subscriber, say);
        let bytes = sink.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(str::to_owned).collect()
    }

    fn request(trace: Option<TraceId>) -> CurrentRequest {
        CurrentRequest {
            id: HeaderValue::from_static("r-1"),
            trace,
        }
    }

    #[test]
    fn a_line_of_a_request_names_it_and_others_do_not() {
        let say = || {
            tracing::info!("before");
            request(None).enter(|| tracing::warn!(n = 7, "within"));
            tracing::info!("after");
        };
        let text = lines_of(LogFormat::Text, say);
        assert_eq!(text.len(), 3);
        assert!(
            text[1].ends_with("WARN within n=7 request.id=r-1"),
            "{text:?}"
        );
        assert!(!text[0].contains("request.id") && !text[2].contains("request.id"));

        let json: Vec<serde_json::Value> = lines_of(LogFormat::Json, say)
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(json[1]["request.id"], "r-1");
        assert_eq!(json[1]["fields"]["message"], "within");
        assert_eq!(json[1]["fields"]["n"], 7);
        assert!(json[0].get("request.id").is_none());
    }

    #[test]
    fn a_traced_request_names_its_trace() {
        let trace = TraceId::from_hex("0af7651916cd43dd8448eb211c80319c").unwrap();
        let say = || request(Some(trace)).enter(|| tracing::info!("within"));
        let line = lines_of(LogFormat::Json, say).remove(0);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["trace.id"], "0af7651916cd43dd8448eb211c80319c");
        let text = lines_of(LogFormat::Text, say).remove(0);
        assert!(
            text.ends_with(" request.id=r-1 trace.id=0af7651916cd43dd8448eb211c80319c"),
            "{text}"
        );
    }

    #[test]
    fn spans_are_still_told() {
        let say = || {
            let span = tracing::error_span!("effect", outbox.id = "o-1");
            span.in_scope(|| tracing::warn!("It failed"));
        };
        let text = lines_of(LogFormat::Text, say).remove(0);
        assert!(text.contains("effect{outbox.id=\"o-1\"}"), "{text}");
        let json = lines_of(LogFormat::Json, say).remove(0);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["span"]["outbox.id"], "o-1");
    }
}
