//! The canonical form `relaxed` of RFC 6376, section 3.4: what is signed in place of the bytes themselves.

/// A header in its canonical form: a lower-case name, a colon, and the value unfolded with single spaces.
pub(super) struct Header {
    text: Vec<u8>,
    name: usize,
}

impl Header {
    pub(super) fn is(&self, name: &str) -> bool {
        self.text[..self.name].eq_ignore_ascii_case(name.as_bytes())
    }

    pub(super) fn canonical(&self) -> &[u8] {
        &self.text
    }
}

/// The headers and the body. The empty line between them belongs to neither.
pub(super) fn split(message: &[u8]) -> (&[u8], &[u8]) {
    match message.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(end) => (&message[..end + 2], &message[end + 4..]),
        None => (message, &[]),
    }
}

/// All headers, in order.
pub(super) fn headers(head: &[u8]) -> Vec<Header> {
    let mut unfolded: Vec<Vec<u8>> = Vec::new();
    for line in lines(head) {
        match unfolded.last_mut() {
            Some(header) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                header.extend_from_slice(line);
            }
            _ => unfolded.push(line.to_vec()),
        }
    }
    unfolded.iter().filter_map(|line| header(line)).collect()
}

fn header(line: &[u8]) -> Option<Header> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let mut text = line[..colon].trim_ascii_end().to_ascii_lowercase();
    let name = text.len();
    text.push(b':');
    text.extend_from_slice(&single_spaced(line[colon + 1..].trim_ascii()));
    Some(Header { text, name })
}

/// White space within lines is one space, at their ends it is none; empty lines at the end of the body are none.
pub(super) fn body(body: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(body.len());
    let mut empty_lines = 0;
    for line in lines(body) {
        let mut line = single_spaced(line);
        if line.ends_with(b" ") {
            line.pop();
        }
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            canonical.extend_from_slice(b"\r\n");
        }
        canonical.extend_from_slice(&line);
        canonical.extend_from_slice(b"\r\n");
    }
    canonical
}

/// The lines, without their line ends.
fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let end = text.windows(2).position(|two| two == b"\r\n");
        let line = &text[..end.unwrap_or(text.len())];
        text = end.map_or(&[], |end| &text[end + 2..]);
        Some(line)
    })
}

fn single_spaced(text: &[u8]) -> Vec<u8> {
    let mut spaced = Vec::with_capacity(text.len());
    for &byte in text {
        if !matches!(byte, b' ' | b'\t') {
            spaced.push(byte);
        } else if spaced.last() != Some(&b' ') {
            spaced.push(b' ');
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// The examples of RFC 6376, section 3.4.5.
    #[test]
    fn the_examples_of_the_standard_come_out_as_they_do_there() {
        let message = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let (head, text) = split(message);
        let found: Vec<String> = headers(head).iter().map(|h| shown(h.canonical())).collect();
        assert_eq!(found, ["a:X", "b:Y Z"]);
        assert_eq!(shown(&body(text)), " C\r\nD E\r\n");
    }

    #[test]
    fn a_body_of_nothing_is_nothing_and_a_last_line_ends() {
        for (text, canonical) in [
            ("", ""),
            ("\r\n", ""),
            (" \t\r\n\r\n", ""),
            ("a", "a\r\n"),
            ("a\r\n\r\n b\t\t c \r\n\r\n", "a\r\n\r\n b c\r\n"),
        ] {
            assert_eq!(shown(&body(text.as_bytes())), canonical, "{text:?}");
        }
    }

    #[test]
    fn a_message_without_a_body_is_all_headers() {
        let (head, text) = split(b"A: b\r\n");
        assert_eq!(headers(head).len(), 1);
        assert!(text.is_empty());
    }
}
