//! Words of one's own: templates that people write in their workspace's settings, for a subject and for what a mail says
//! before the details of the meeting.
//!
//! Whoever writes them need not be whoever runs the server, so they can do little: [`grammar`] says what. Nothing in
//! them takes a message down: where they cannot be used, it goes out in the built-in words.

use std::error::Error as StdError;
use std::io;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use scheduling_core::notification::{MessageWords, Notification};
use scheduling_core::ports::WordsError;
use thiserror::Error;

use self::grammar::GrammarError;
pub(crate) use self::variables::VARIABLES;
use crate::address::{one_line, plain_text};
use crate::samples::samples;

mod grammar;
#[cfg(test)]
mod tests;
mod variables;

/// How many steps a template may take. One of the longest body, full of variables, takes a fifth.
const FUEL: u64 = 10_000;
/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 200;
/// The longest body, in octets.
const LONGEST_BODY: usize = 32 * 1024;

/// What reads and renders words of one's own.
pub(crate) struct OwnWords {
    environment: Environment<'static>,
}

/// Words of one's own for a message, rendered. What is not given, or cannot be used, is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The subject, on one line.
    pub(crate) subject: Option<String>,
    /// The body, as plain text.
    pub(crate) body: Option<String>,
}

/// Why words cannot be used.
#[derive(Debug, Error)]
enum Unusable {
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    #[error("the template fails")]
    Template(#[from] minijinja::Error),
}

impl Unusable {
    /// The complaint for whoever wrote them.
    fn complaint(&self) -> String {
        match self {
            Self::Grammar(error) => error.to_string(),
            Self::Template(error) => {
                let kind = error.kind().to_string();
                let what = error.detail().unwrap_or(&kind);
                match error.line() {
                    Some(line) => format!("{what} (line {line})"),
                    None => what.to_owned(),
                }
            }
        }
    }
}

impl OwnWords {
    pub(crate) fn new() -> Self {
        // Empty: no functions, tests or filters but these, and no other templates to include.
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_name| AutoEscape::None);
        environment.set_keep_trailing_newline(true);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_fuel(Some(FUEL));
        environment.add_filter("upper", |value: Value| value.to_string().to_uppercase());
        environment.add_filter("lower", |value: Value| value.to_string().to_lowercase());
        environment.add_filter("trim", |value: Value| value.to_string().trim().to_owned());
        environment.add_filter(
            "default",
            |value: Value, other: Value| {
                if value.is_true() { value } else { other }
            },
        );
        environment.add_test("defined", |value: Value| value.is_true());
        Self { environment }
    }

    /// Whether words can be used: they can be read, and do not fail on samples.
    pub(crate) fn check(&self, words: &MessageWords) -> Result<(), WordsError> {
        let samples = samples();
        let try_out = |source: &str| {
            grammar::check(source)?;
            samples
                .iter()
                .try_for_each(|sample| self.render(source, sample).map(|_text| ()))
        };
        if let Some(subject) = &words.subject {
            try_out(subject.as_str()).map_err(|error| WordsError::Subject(error.complaint()))?;
        }
        if let Some(body) = &words.body {
            try_out(body.as_str()).map_err(|error| WordsError::Body(error.complaint()))?;
        }
        Ok(())
    }

    /// A message's own words.
    pub(crate) fn say(&self, notification: &Notification) -> Said {
        let words = &notification.words;
        let subject = words
            .subject
            .as_ref()
            .map(|text| ("subject", text.as_str()));
        let body = words.body.as_ref().map(|text| ("body", text.as_str()));
        let render = |(part, source): (&str, &str)| match self.render(source, notification) {
            Ok(text) => Some(text),
            Err(error) => {
                // Without the words, which are nobody's here to read.
                tracing::warn!(
                    message.id = %notification.id,
                    error = &error as &dyn StdError,
                    "The own words for the {part} of message {} cannot be used, the built-in ones are",
                    notification.id
                );
                None
            }
        };
        let is_said = |text: &String| !text.trim().is_empty();
        Said {
            subject: subject
                .and_then(render)
                .map(|text| subject_line(&text))
                .filter(is_said),
            body: body
                .and_then(render)
                .map(|text| paragraphs(&text))
                .filter(is_said),
        }
    }

    fn render(&self, source: &str, notification: &Notification) -> Result<String, Unusable> {
        // Also here: the stored words may be older than the rules.
        grammar::check(source)?;
        let template = self.environment.template_from_str(source)?;
        let mut out = Bounded(Vec::new());
        template.render_captured_to(variables::values(notification), &mut out)?;
        Ok(String::from_utf8_lossy(&out.0).into_owned())
    }
}

/// One line of a length that mailboxes show.
fn subject_line(text: &str) -> String {
    let line = one_line(text);
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= LONGEST_SUBJECT {
        return line;
    }
    let mut cut: String = line.chars().take(LONGEST_SUBJECT - 1).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// The text without the gaps that empty variables leave.
fn paragraphs(text: &str) -> String {
    let text = plain_text(text);
    let mut kept: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        let is_gap = line.is_empty() && kept.last().is_none_or(|last| last.is_empty());
        if !is_gap {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_BODY {
            return Err(io::Error::other("the text is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
