//! What a calendar entry says below its title.

use scheduling_core::event_type::MeetingPlace;
use scheduling_core::notification::BookingFacts;

use super::{is_cancelled, location_text};
use crate::address::one_line;
use crate::context::people;

/// What differs between the copies of one entry.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one part of the entry is there"
)]
pub(super) struct About<'a> {
    pub(super) manage_link: Option<&'a str>,
    /// What the invitee wrote, which is not for everyone.
    pub(super) with_note: bool,
    /// What the invitee answered: for hosts.
    pub(super) with_answers: bool,
    /// The event type's message: for the invitee.
    pub(super) with_message: bool,
    /// The number that a host calls: not for those whom the invitee brings.
    pub(super) with_number: bool,
}

impl About<'_> {
    /// Where the meeting is, as far as the reader may know.
    pub(super) fn place<'a>(&self, facts: &'a BookingFacts) -> &'a str {
        match &facts.place {
            MeetingPlace::HostCalls { .. } if !self.with_number => "By phone",
            place => location_text(place),
        }
    }
}

/// The longest answer and the longest list of them, in characters. Calendars cut long descriptions off, and the mail has
/// them in full.
const LONGEST_ANSWER: usize = 500;
const LONGEST_ANSWERS: usize = 3000;

pub(super) fn description(facts: &BookingFacts, about: &About<'_>) -> String {
    let mut everybody: Vec<String> = facts
        .hosts
        .iter()
        .map(|host| one_line(host.name.as_str()))
        .collect();
    everybody.push(one_line(facts.invitee.name.as_str()));
    everybody.extend(
        facts
            .guests
            .iter()
            .map(|guest| one_line(guest.name.as_str())),
    );
    let mut paragraphs = vec![format!(
        "{}\nWho: {}\nWhere: {}",
        facts.title,
        people(&everybody),
        about.place(facts)
    )];
    if let Some(message) = facts
        .confirmation_message
        .as_ref()
        .filter(|_| about.with_message)
    {
        paragraphs.push(message.to_string());
    }
    if let Some(note) = facts.note.as_ref().filter(|_| about.with_note) {
        paragraphs.push(format!(
            "{} wrote:\n{note}",
            one_line(facts.invitee.name.as_str())
        ));
    }
    if about.with_answers && !facts.answers.is_empty() {
        paragraphs.push(answers(facts));
    }
    let reason = facts.decision.as_ref().and_then(|d| d.reason.as_ref());
    if let Some(reason) = reason.filter(|_| is_cancelled(facts)) {
        paragraphs.push(format!("Cancelled:\n{reason}"));
    }
    if let Some(link) = about.manage_link {
        let what = if is_cancelled(facts) {
            "See the booking"
        } else {
            "See or change the booking"
        };
        paragraphs.push(format!("{what}:\n{link}"));
    }
    paragraphs.join("\n\n")
}

fn answers(facts: &BookingFacts) -> String {
    let mut said = String::new();
    let mut left = LONGEST_ANSWERS;
    for answer in &facts.answers {
        let text = cut(&answer.value.to_text(), LONGEST_ANSWER);
        let line = format!("{}\n{text}", one_line(answer.label.as_str()));
        let length = line.chars().count();
        if length > left {
            said.push_str("\n…");
            break;
        }
        left -= length;
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&line);
    }
    said
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest).collect();
    format!("{}…", kept.trim_end())
}
