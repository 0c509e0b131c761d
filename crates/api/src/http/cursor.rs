//! Cursors: where a page of a list begins, in a text that clients hand back and do not read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Which way a page runs from its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Onwards in the list's order.
    Next,
    /// Back to where the list begins.
    Previous,
}

/// A place in a list: just behind or before an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// By what the list is ordered first; the epoch for lists that only know ids.
    pub(crate) at: DateTime<Utc>,
    /// The entry's id.
    pub(crate) id: Uuid,
    /// Which way the page runs.
    pub(crate) way: Way,
    /// Whether the list runs from its largest entry to its smallest.
    pub(crate) descending: bool,
}

const LENGTH: usize = 1 + 8 + 16;

impl Cursor {
    /// The cursor as clients have it.
    pub(crate) fn text(&self) -> String {
        let mut bytes = [0; LENGTH];
        bytes[0] = u8::from(self.way == Way::Previous) | u8::from(self.descending) << 1;
        bytes[1..9].copy_from_slice(&self.at.timestamp_micros().to_be_bytes());
        bytes[9..].copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor; `None` for a text that is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let [kind, rest @ ..] = bytes;
        let (at, id) = rest.split_at(8);
        if kind > 3 {
            return None;
        }
        Some(Self {
            at: DateTime::from_timestamp_micros(i64::from_be_bytes(at.try_into().ok()?))?,
            id: Uuid::from_slice(id).ok()?,
            way: if kind & 1 == 0 {
                Way::Next
            } else {
                Way::Previous
            },
            descending: kind & 2 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for (micros, way, descending) in [
            (0, Way::Next, false),
            (-1, Way::Previous, false),
            (1_795_000_000_123_456, Way::Next, true),
            (i64::MAX / 1_000_000, Way::Previous, true),
        ] {
            let cursor = Cursor {
                at: DateTime::from_timestamp_micros(micros).unwrap(),
                id: Uuid::from_u128(7),
                way,
                descending,
            };
            let text = cursor.text();
            assert!(
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
            assert_eq!(Cursor::parse(&text), Some(cursor));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let beyond =
            URL_SAFE_NO_PAD.encode([[0].as_slice(), &i64::MAX.to_be_bytes(), &[0; 16]].concat());
        let kind = URL_SAFE_NO_PAD.encode([4; LENGTH]);
        for text in [
            "",
            "a",
            "AAAA",
            "====",
            &"A".repeat(1000),
            &beyond,
            &kind,
            "ü",
        ] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
