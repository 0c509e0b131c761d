//! The starts in an answer of slots, found without reading it as JSON.

use crate::http::Answer;

const START: &[u8] = b"\"start\":\"";

/// Where bytes stand in others, if they do.
pub(crate) fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = within[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        if within[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// All starts, as they are written.
pub(crate) fn all(body: &[u8]) -> Vec<String> {
    let mut starts = Vec::new();
    let mut rest = body;
    while let Some(at) = find(rest, START) {
        rest = &rest[at + START.len()..];
        let end = rest
            .iter()
            .position(|byte| *byte == b'"')
            .unwrap_or(rest.len());
        starts.push(String::from_utf8_lossy(&rest[..end]).into_owned());
        rest = &rest[end..];
    }
    starts
}

/// Whether an answer offers a start.
pub(crate) fn offers(answer: &Answer<'_>, start: &str) -> bool {
    find(answer.body, format!("\"start\":\"{start}\"").as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"days":[{"date":"2026-11-24","slots":[{"start":"2026-11-24T09:00:00+01:00","end":"2026-11-24T09:30:00+01:00"},{"start":"2026-11-24T09:30:00+01:00","end":"x"}]}]}"#;

    #[test]
    fn starts_are_found_in_the_text() {
        let starts = ["2026-11-24T09:00:00+01:00", "2026-11-24T09:30:00+01:00"];
        assert_eq!(all(BODY), starts);
        assert_eq!(all(b"{}"), Vec::<String>::new());
        assert_eq!(all(br#"{"start":"cut"#), ["cut"]);
    }

    #[test]
    fn an_end_is_no_start() {
        let answer = Answer {
            status: 200,
            body: BODY,
        };
        assert!(offers(&answer, "2026-11-24T09:30:00+01:00"));
        assert!(!offers(&answer, "x"));
        assert!(!offers(&answer, "2026-11-24T09:30:00"));
    }
}
