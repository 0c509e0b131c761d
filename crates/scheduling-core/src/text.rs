//! Texts that people give: parsed once at the edge, bounded, and free of control characters from then on.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text was refused. The message is a sentence fragment that can stand beside the field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than the kind of text allows.
    #[error("must have at most {limit} characters")]
    TooLong {
        /// The largest number of characters.
        limit: usize,
    },
    /// A control character, or a line break where one line is meant.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// A slug with anything but lower-case letters, digits and single hyphens inside.
    #[error("must consist of lower-case letters a to z, digits and single hyphens between them")]
    NotASlug,
    /// Not an address of the web.
    #[error("must be a web address that begins with https:// or http://")]
    NotAWebAddress,
    /// Not an address by RFC 5321 and 5322.
    #[error("must be an e-mail address such as ann@example.org")]
    NotAnAddress,
    /// Not a telephone number.
    #[error("must be a telephone number such as +49 30 1234567")]
    NotAPhoneNumber,
}

/// Characters that end a line or control a terminal, a mail header or an iCalendar line.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Characters that reorder what follows them, so that a name could read as another one (Unicode TR 36, section 2.6).
/// Marks that only tell a direction stay: names in right-to-left scripts need them.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that show nothing: a text of nothing else is empty to whoever reads it.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn one_line(text: &str, limit: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.chars().all(is_invisible) {
        return Err(TextError::Empty);
    }
    if text.chars().count() > limit {
        return Err(TextError::TooLong { limit });
    }
    if text.chars().any(|c| is_control(c) || reorders(c)) {
        return Err(TextError::ControlCharacter);
    }
    Ok(text.to_owned())
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $limit:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "String", into = "String"))]
        pub struct $name(String);

        impl $name {
            /// The largest number of characters.
            pub const LIMIT: usize = $limit;

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                let parse: fn(&str) -> Result<String, TextError> = $parse;
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// The part of a link that names a workspace or an event type, such as `first-conversation`.
    Slug,
    64,
    |text| {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > Slug::LIMIT {
            return Err(TextError::TooLong { limit: Slug::LIMIT });
        }
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !plain || text.starts_with('-') || text.ends_with('-') || text.contains("--") {
            return Err(TextError::NotASlug);
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// The name of an event type, a schedule or a workspace: one line.
    Title,
    120,
    |text| one_line(text, Title::LIMIT)
);

text_type!(
    /// A person's name: one line.
    PersonName,
    120,
    |text| one_line(text, PersonName::LIMIT)
);

text_type!(
    /// One line of free text, such as the answer to a question.
    Line,
    500,
    |text| one_line(text, Line::LIMIT)
);

text_type!(
    /// A longer text: a description, a reason, what the invitee wants to say. It may have several lines.
    Note,
    4000,
    |text| {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.chars().count() > Note::LIMIT {
            return Err(TextError::TooLong { limit: Note::LIMIT });
        }
        if text.chars().any(|c| is_control(c) && c != '\n' && c != '\t') {
            return Err(TextError::ControlCharacter);
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// An address that a browser opens: `https://…` or `http://…`, on one line and without blanks.
    WebAddress,
    1000,
    |text| {
        let text = one_line(text, WebAddress::LIMIT)?;
        let is_good = text.split_once("://").is_some_and(|(scheme, rest)| {
            ["https", "http"].iter().any(|s| scheme.eq_ignore_ascii_case(s))
                && !rest.is_empty()
                && !rest.starts_with('/')
                && !rest.contains(char::is_whitespace)
        });
        if is_good {
            Ok(text)
        } else {
            Err(TextError::NotAWebAddress)
        }
    }
);

text_type!(
    /// An e-mail address as RFC 5321 and 5322 have it, without a display name.
    ///
    /// ```
    /// use scheduling_core::text::EmailAddress;
    ///
    /// assert!("ann@example.org".parse::<EmailAddress>().is_ok());
    /// assert!("ann@example.org\r\nBcc: all@example.org".parse::<EmailAddress>().is_err());
    /// ```
    EmailAddress,
    254,
    |text| {
        let text = one_line(text, EmailAddress::LIMIT)?;
        let options = email_address::Options::default().without_display_text().without_domain_literal();
        // A quoted local part may hold nearly anything; no mailbox that people use needs one, and headers are safer without.
        match email_address::EmailAddress::parse_with_options(&text, options) {
            Ok(address) if !address.local_part().starts_with('"') => Ok(text),
            _ => Err(TextError::NotAnAddress),
        }
    }
);

text_type!(
    /// A telephone number: digits, after a plus where it is international. Blanks, brackets and what else people put
    /// between the digits are taken out; a trunk zero in brackets, `+49 (0)30`, goes with them.
    ///
    /// ```
    /// use scheduling_core::text::PhoneNumber;
    ///
    /// assert_eq!("+49 (0)30 / 123-45".parse::<PhoneNumber>().unwrap().as_str(), "+493012345");
    /// assert!("call me".parse::<PhoneNumber>().is_err());
    /// ```
    PhoneNumber,
    40,
    |text| {
        let text = one_line(text, PhoneNumber::LIMIT)?;
        let (plus, rest) = match text.strip_prefix('+') {
            Some(rest) => ("+", rest.replace("(0)", "")),
            None => ("", text),
        };
        let between = |c: char| {
            c == ' ' || c == '\u{a0}' || c == '\u{202f}' || "()-./\u{2010}\u{2011}\u{2012}\u{2013}".contains(c)
        };
        let digits: String = rest.chars().filter(|&c| !between(c)).collect();
        let are_digits = digits.bytes().all(|b| b.is_ascii_digit());
        if are_digits && (5..=20).contains(&digits.len()) {
            Ok(format!("{plus}{digits}"))
        } else {
            Err(TextError::NotAPhoneNumber)
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_quotes_and_any_script_but_no_line_break() {
        assert!(r#"Zoë "Z" O'Hara, 李"#.parse::<PersonName>().is_ok());
        for hostile in [
            "Ann\r\nBcc: x@example.org",
            "Ann\nB",
            "Ann\u{0}",
            "Ann\u{2028}B",
            "Ann\u{85}B",
        ] {
            assert_eq!(
                hostile.parse::<PersonName>(),
                Err(TextError::ControlCharacter),
                "{hostile:?}"
            );
        }
        assert_eq!("  ".parse::<PersonName>(), Err(TextError::Empty));
        assert_eq!(
            "a".repeat(121).parse::<PersonName>(),
            Err(TextError::TooLong { limit: 120 })
        );
    }

    #[test]
    fn a_slug_is_what_a_link_can_carry() {
        for good in ["intro", "first-conversation", "1on1"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "Intro",
            "a b",
            "-a",
            "a-",
            "a--b",
            "ä",
            "a/b",
            "..",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_note_keeps_its_lines_and_loses_carriage_returns() {
        assert_eq!(
            " one\r\ntwo\rthree ".parse::<Note>().unwrap().as_str(),
            "one\ntwo\nthree"
        );
        assert_eq!("a\u{7}".parse::<Note>(), Err(TextError::ControlCharacter));
    }

    #[test]
    fn an_address_cannot_carry_a_second_header() {
        assert!(
            "elena.vaszary+kalends@halden-mills.example"
                .parse::<EmailAddress>()
                .is_ok()
        );
        for bad in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "Ann <ann@example.org>",
            "\"a b\"@example.org",
            "a@[127.0.0.1]",
            "a b@example.org",
            "a@b\r\nc",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_cannot_turn_itself_round_or_show_nothing() {
        assert_eq!(
            "Ann \u{202e}nnA".parse::<PersonName>(),
            Err(TextError::ControlCharacter)
        );
        assert_eq!(
            "\u{200b}\u{2060}".parse::<PersonName>(),
            Err(TextError::Empty)
        );
        // Hebrew with a mark, and an emoji that is joined of several.
        assert!("דנה\u{200f} כהן".parse::<PersonName>().is_ok());
        assert!("Ann 👩\u{200d}🔬".parse::<PersonName>().is_ok());
    }

    #[test]
    fn a_web_address_opens_in_a_browser_and_runs_nothing() {
        for good in [
            "https://meet.example.org/room?pwd=1",
            "http://127.0.0.1:8000",
            "HTTPS://example.org",
        ] {
            assert!(good.parse::<WebAddress>().is_ok(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:///x",
            "https://a b",
            "meet.example.org",
        ] {
            assert_eq!(
                bad.parse::<WebAddress>(),
                Err(TextError::NotAWebAddress),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_telephone_number_is_its_digits() {
        for (typed, kept) in [
            ("+1 (415) 555-2671", "+14155552671"),
            ("+49 (0)30 1234567", "+49301234567"),
            ("030/123.45\u{2013}67", "0301234567"),
            ("\u{a0}+44\u{a0}20 7946\u{202f}0958 ", "+442079460958"),
            ("(030) 12345", "03012345"),
        ] {
            let number: PhoneNumber = typed.parse().unwrap();
            assert_eq!(number.as_str(), kept, "{typed}");
            assert_eq!(kept.parse::<PhoneNumber>().unwrap(), number);
        }
        for bad in [
            "+",
            "1234",
            "++4930123456",
            "4930+123456",
            "+49 30 1234 ext. 5",
            "٠٣٠١٢٣٤٥٦",
            "030123456;phone-context=x",
            "123456789012345678901",
        ] {
            assert_eq!(
                bad.parse::<PhoneNumber>(),
                Err(TextError::NotAPhoneNumber),
                "{bad}"
            );
        }
        assert_eq!(
            "+4930123456\r\nX: y".parse::<PhoneNumber>(),
            Err(TextError::ControlCharacter)
        );
    }
}
