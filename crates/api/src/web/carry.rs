//! What the pages of one booking carry along in links and forms: how times are read, how long the meeting shall be,
//! and what a link fills into the form.

use scheduling_core::event_type::EventType;
use scheduling_core::time::Length;

use super::fields::Fields;
use super::guest::View;

/// What is carried along.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Carry {
    pub view: View,
    /// The duration that the link names, where it is one of the event type's.
    pub duration: Option<Length>,
    /// Fields of the form that the link fills in.
    pub prefill: Vec<(String, String)>,
}

/// Fields of the form that a link may fill in, beside the answers to questions.
const PREFILLED: [&str; 9] = [
    "name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "place",
    "notes",
    "guests",
    "location",
];

/// What stands before a question's key in the name of its field.
pub(super) const ANSWER: &str = "a_";

/// A link fills in at most so many bytes: they stand in every link of the calendar.
const MOST: usize = 2_000;

impl Carry {
    /// Reads it from a link or a form. A duration that the event type does not offer is left out.
    pub(super) fn new(fields: &Fields, view: View, event_type: &EventType) -> Self {
        Self {
            view,
            duration: duration(fields).filter(|wanted| event_type.all_durations().contains(wanted)),
            prefill: prefill(fields),
        }
    }

    /// How long the meeting shall be.
    pub(super) fn length(&self, event_type: &EventType) -> Length {
        self.duration.unwrap_or(event_type.rules.duration)
    }

    /// What goes into a query beside the zone and the clock.
    pub(super) fn more(&self) -> Vec<(String, String)> {
        let duration = self
            .duration
            .map(|d| ("duration".to_owned(), d.get().to_string()));
        duration
            .into_iter()
            .chain(self.prefill.iter().cloned())
            .collect()
    }

    /// The whole query.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let view = self.view.fields().into_iter();
        let view = view.map(|(name, value)| (name.to_owned(), value));
        view.chain(self.more()).collect()
    }
}

/// The duration that fields name, in minutes.
pub(super) fn duration(fields: &Fields) -> Option<Length> {
    Length::new(fields.get("duration")?.parse().ok()?).ok()
}

fn prefill(fields: &Fields) -> Vec<(String, String)> {
    let mut left = MOST;
    fields
        .iter()
        .filter(|(name, _)| PREFILLED.contains(name) || name.starts_with(ANSWER))
        .take_while(|(name, value)| {
            let size = name.len() + value.len();
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_link_carries_a_duration_that_is_offered_and_what_it_fills_in() {
        let event_type = sample::single().event_type;
        let view = sample::view(chrono_tz::Tz::UTC);
        let read = |query: &str| Carry::new(&Fields::of_query(query), view, &event_type);
        let carry = read("duration=30&name=Ann&a_size=3&month=2026-11&hold=x&utm_source=y");
        let names: Vec<_> = carry.fields().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["tz", "duration", "name", "a_size"]);
        for bad in ["duration=31", "duration=0", "duration=-1", "duration=x", ""] {
            assert_eq!(read(bad).duration, None, "{bad}");
        }
    }

    #[test]
    fn a_link_that_fills_in_too_much_fills_in_what_fits() {
        let long = "x".repeat(MOST);
        let query = format!("name=Ann&notes={long}&email=a");
        assert_eq!(prefill(&Fields::of_query(&query)).len(), 1);
    }
}
