//! Faces and names: who hosts, as pages show it.

use scheduling_core::directory::Person;
use scheduling_core::event_type::{AssignmentKind, EventType, Required};
use serde::Serialize;

use super::wording::first_name;

/// How many faces stand in a stack.
const STACK: usize = 4;
/// Up to how many hosts are named one by one.
const NAMED: usize = 5;

/// A circle with initials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Face {
    pub initials: String,
    /// One of the sheet's hues, always the same for a person.
    pub hue: &'static str,
}

impl Face {
    pub(super) fn of(person: &Person) -> Self {
        const HUES: [&str; 7] = ["", "h1", "h2", "h3c", "h4", "h5", "h6"];
        let sum: usize = person
            .id
            .as_uuid()
            .as_bytes()
            .iter()
            .map(|b| usize::from(*b))
            .sum();
        Self {
            initials: initials(person.name.as_str()),
            hue: HUES[sum % HUES.len()],
        }
    }
}

/// The first letters of a name's first and last word.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    [first, words.next_back()]
        .into_iter()
        .flatten()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()))
        .flat_map(char::to_uppercase)
        .collect()
}

/// How the hosts of a booking come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Meet {
    /// The one host.
    Single,
    /// One of them.
    OneOf,
    /// All of them.
    All,
    /// Some of them.
    Some,
}

/// Who hosts an event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Hosts {
    pub faces: Vec<Face>,
    pub meet: Meet,
    /// Full names.
    pub names: Vec<String>,
    /// First names, when they are few enough to be told one by one.
    pub first_names: Vec<String>,
    /// How many hosts there are.
    pub total: usize,
    /// How many of them meet the guest.
    pub required: usize,
}

impl Hosts {
    pub(super) fn of(event_type: &EventType, people: &[Person]) -> Self {
        let total = people.len();
        let required = match event_type.hosting.kind() {
            AssignmentKind::Single | AssignmentKind::RoundRobin | AssignmentKind::AnyAvailable => 1,
            AssignmentKind::AllHands => total,
            AssignmentKind::Collective | AssignmentKind::Panel => event_type
                .hosting
                .groups()
                .iter()
                .map(|group| Required::count(group.required, group.hosts.len()))
                .sum(),
        };
        let meet = match (required, total) {
            (_, 0 | 1) => Meet::Single,
            (1, _) => Meet::OneOf,
            (required, total) if required >= total => Meet::All,
            _ => Meet::Some,
        };
        Self {
            faces: people.iter().take(STACK).map(Face::of).collect(),
            meet,
            names: people.iter().map(|p| p.name.to_string()).collect(),
            first_names: if total <= NAMED {
                people
                    .iter()
                    .map(|p| first_name(p.name.as_str()).to_owned())
                    .collect()
            } else {
                Vec::new()
            },
            total,
            required,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_the_first_and_last_word() {
        assert_eq!(initials("Mara Lindqvist"), "ML");
        assert_eq!(initials("Ana de la Cruz"), "AC");
        assert_eq!(initials("Odile"), "O");
        assert_eq!(initials("\"Zoë\" (\u{df})"), "ZSS");
        assert_eq!(initials("!!"), "");
    }
}
