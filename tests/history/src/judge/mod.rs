//! What should not be. Each judge looks at one thing, and knows nothing of the others.
//!
//! | judge | what is asked |
//! |---|---|
//! | [`acknowledged`](asked::acknowledged) | Each change that was acknowledged is there, as it was told. |
//! | [`refused`](asked::refused) | Nothing happened that was refused. |
//! | [`promised`](asked::promised) | Whoever was told that nothing was changed was told the truth. |
//! | [`repeated`](asked::repeated) | However often a request was repeated, it did one thing. |
//! | [`accounted`](asked::accounted) | Nothing is there that nobody asked for. |
//! | [`holds`](asked::holds) | A hold that was acknowledged is there until it ends. |
//! | [`life`](lives::life) | Each history is a possible life, and leads to what the booking is. |
//! | [`whole`](lives::whole) | Each booking is there with all that belongs to it. |
//! | [`views`](lives::views) | Invitees see what is stored. |
//! | [`claims`](time::claims) | Claims are disjoint, and those that bookings, sessions and holds should have. |
//! | [`double-booked`](time::double_booked) | No host is in two places, buffers included. |
//! | [`limits`](time::limits) | No host takes more a day than wanted. |
//! | [`seats`](time::seats) | No session has more guests than seats, and each is counted. |
//! | [`constraint`](time::constraint) | The database refuses a claim on time that is claimed. |
//! | [`rotation`](rotation::rotation) | Credits sum to zero, and are what the bookings' steps lead to. |
//! | [`told`](telling::told) | Whoever should know of the present sequence was told, under one id. |
//! | [`untrue`](telling::untrue) | Nobody was told what did not happen, or was not meant for him. |
//! | [`calendars`](telling::calendars) | Calendar parts say what happened, under its sequence. |
//! | [`reads`](seen::reads) | No server offers what was acknowledged as taken before it was asked. |
//! | [`order`](seen::order) | What was acknowledged could have happened one after the other. |
//! | [`nodes`](nodes::nodes) | Who is told to stop finishes what was begun. |
//! | [`verify`](nodes::verify) | `kalends verify` is content, and nothing is owed any more. |

pub mod asked;
pub mod lives;
pub mod nodes;
pub mod rotation;
pub mod seen;
pub mod telling;
pub mod time;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Case;

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Who found it.
    pub judge: String,
    /// What it is.
    pub said: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.judge, self.said)
    }
}

/// A judge: what is wrong, in words.
pub type Judge = fn(&Case) -> Vec<String>;

/// All judges, by name.
pub const JUDGES: [(&str, Judge); 22] = [
    ("acknowledged", asked::acknowledged),
    ("refused", asked::refused),
    ("promised", asked::promised),
    ("repeated", asked::repeated),
    ("accounted", asked::accounted),
    ("holds", asked::holds),
    ("life", lives::life),
    ("whole", lives::whole),
    ("views", lives::views),
    ("claims", time::claims),
    ("double-booked", time::double_booked),
    ("limits", time::limits),
    ("seats", time::seats),
    ("constraint", time::constraint),
    ("rotation", rotation::rotation),
    ("told", telling::told),
    ("untrue", telling::untrue),
    ("calendars", telling::calendars),
    ("reads", seen::reads),
    ("order", seen::order),
    ("nodes", nodes::nodes),
    ("verify", nodes::verify),
];

/// Everything that any judge finds.
pub fn all(case: &Case) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, judge) in JUDGES {
        findings.extend(judge(case).into_iter().map(|said| Finding {
            judge: name.to_owned(),
            said,
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn nobody_finds_anything_in_a_history_that_is_as_it_should_be() {
        assert_eq!(all(&testing::good()), []);
    }

    #[test]
    fn a_finding_says_who_found_it() {
        let mut case = testing::good();
        case.facts.verify = Some("a row is damaged".to_owned());
        let findings: Vec<String> = all(&case).iter().map(ToString::to_string).collect();
        assert_eq!(findings, ["verify: a row is damaged"]);
    }
}
