//! The beginning of a mail in the workspace's own words, taken apart for a page.

use scheduling_core::notification::{Audience, Notification};
use serde::Serialize;

use super::{join_url, one_line_keeping_indent};

/// Own words as a template sees them: the text, and the same in paragraphs of lines of pieces.
#[derive(Debug, Serialize)]
pub(super) struct OwnLead {
    text: String,
    paragraphs: Vec<Vec<Vec<Piece>>>,
}

/// A stretch of text, or a link.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Piece {
    text: String,
    is_link: bool,
}

impl OwnLead {
    pub(super) fn new(text: &str, notification: &Notification) -> Self {
        let links = known_links(notification);
        let text: Vec<String> = text.lines().map(one_line_keeping_indent).collect();
        let paragraphs = text
            .split(String::is_empty)
            .filter(|lines| !lines.is_empty())
            .map(|lines| lines.iter().map(|line| pieces(line, &links)).collect())
            .collect();
        Self {
            text: text.join("\n"),
            paragraphs,
        }
    }
}

/// The links of the message, the longest first, since one may begin another. Any other address stays text: an
/// invitee's name must not become a link in somebody else's mail.
fn known_links(notification: &Notification) -> Vec<&str> {
    let links = &notification.links;
    let own = [
        &links.manage,
        &links.answer,
        &links.reschedule,
        &links.cancel,
        &links.book_again,
    ];
    let own = own
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|_| notification.audience != Audience::Guest);
    let mut known: Vec<&str> = own.chain(join_url(&notification.booking.place)).collect();
    known.retain(|link| !link.is_empty());
    known.sort_by_key(|link| (std::cmp::Reverse(link.len()), *link));
    known.dedup();
    known
}

fn pieces(text: &str, known: &[&str]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // The first link in the line; of several that begin there, the longest.
        let next = known
            .iter()
            .filter_map(|link| rest.find(link).map(|at| (at, *link)))
            .min_by_key(|(at, link)| (*at, std::cmp::Reverse(link.len())));
        let (before, link, after) = match next {
            Some((at, link)) => {
                let (before, from) = rest.split_at(at);
                (before, link, from.get(link.len()..).unwrap_or_default())
            }
            None => (rest, "", ""),
        };
        for (piece, is_link) in [(before, false), (link, true)] {
            if !piece.is_empty() {
                pieces.push(Piece {
                    text: piece.to_owned(),
                    is_link,
                });
            }
        }
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_link_is_a_link_and_nothing_else() {
        let links = ["https://a.example/b/cancel", "https://a.example/b"];
        let said = |line: &str| -> Vec<String> {
            let mark = |piece: Piece| {
                if piece.is_link {
                    format!("[{}]", piece.text)
                } else {
                    piece.text
                }
            };
            pieces(line, &links).into_iter().map(mark).collect()
        };
        assert_eq!(
            said("See https://a.example/b/cancel, or https://a.example/b."),
            [
                "See ",
                "[https://a.example/b/cancel]",
                ", or ",
                "[https://a.example/b]",
                "."
            ]
        );
        assert_eq!(said("https://evil.example"), ["https://evil.example"]);
        assert_eq!(said(""), Vec::<String>::new());
    }
}
