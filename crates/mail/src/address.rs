//! Names and addresses on their way into headers, calendar entries and envelopes.

use std::fmt::Write;

use scheduling_core::text::EmailAddress;

/// The address as mail servers write it: a domain beyond ASCII in its ASCII form. The local part stays as it is.
pub(crate) fn ascii_address(address: &EmailAddress) -> String {
    let text = address.as_str();
    let Some((local, domain)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    format!("{local}@{}", ascii_domain(domain))
}

/// The domain in its ASCII form; as it is where it has none.
pub(crate) fn ascii_domain(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_no_ascii_form| domain.to_owned())
}

/// What mailbox providers treat as one address, for telling people apart.
pub(crate) fn address_key(address: &EmailAddress) -> String {
    ascii_address(address).to_lowercase()
}

/// The address as a `mailto:` link (RFC 6068): what would mean something else in a link is percent-encoded.
pub(crate) fn mailto(address: &EmailAddress) -> String {
    let mut link = String::from("mailto:");
    for byte in ascii_address(address).bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"@.!$'*+-_~".contains(&byte);
        if plain {
            link.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

/// A text for one line of a header or a calendar entry: no control characters, and none of the marks that make a
/// reader show the rest of the line backwards.
pub(crate) fn one_line(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|&c| !is_line_separator(c) && !is_direction_override(c))
        .collect();
    // `=?` begins an encoded word (RFC 2047): a reader would show something else than what is written.
    kept.replace("=?", "= ?").trim().to_owned()
}

/// The same for a text of several lines: line breaks and tabs stay.
pub(crate) fn plain_text(text: &str) -> String {
    text.chars()
        .filter(|&c| matches!(c, '\n' | '\t') || !c.is_control())
        .filter(|&c| !is_line_separator(c) && !is_direction_override(c))
        .collect()
}

fn is_line_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates. The plain marks U+200E and U+200F stay: names need them.
fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        text.parse().unwrap()
    }

    #[test]
    fn a_domain_beyond_ascii_travels_in_its_ascii_form() {
        assert_eq!(
            ascii_address(&address("ann@müller.example")),
            "ann@xn--mller-kva.example"
        );
        assert_eq!(
            ascii_address(&address("jörg@example.org")),
            "jörg@example.org"
        );
    }

    #[test]
    fn a_link_to_an_address_means_that_address() {
        assert_eq!(
            mailto(&address("a+b@example.org")),
            "mailto:a+b@example.org"
        );
        assert_eq!(
            mailto(&address("what?cc=all&x%y#z@example.org")),
            "mailto:what%3Fcc%3Dall%26x%25y%23z@example.org"
        );
        assert_eq!(
            mailto(&address("jörg@example.org")),
            "mailto:j%C3%B6rg@example.org"
        );
    }

    #[test]
    fn one_line_is_one_line_that_reads_forwards() {
        assert_eq!(one_line(" a\r\nBcc: b\u{2028}c\u{0} "), "a  Bcc: bc");
        assert_eq!(one_line("Ann \u{202e}gro.live"), "Ann gro.live");
        assert_eq!(one_line("👩‍🚀 אבג"), "👩‍🚀 אבג");
        assert_eq!(one_line("=?utf-8?q?x?="), "= ?utf-8?q?x?=");
    }
}
