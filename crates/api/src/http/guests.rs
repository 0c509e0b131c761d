//! What guests do to a host's calendar: in line, and bounded for each link and each mail address.
//!
//! Networks are counted when a request comes in. That keeps one network from much, but not somebody with many of them
//! from filling a host's calendar, nor from having Kalends fill a stranger's mailbox. So what succeeds is counted here.

use std::time::Duration;

use scheduling_app::bookings::{BookError, BookSlot, Booked, Held, HoldError, HoldSlot};
use scheduling_core::text::{EmailAddress, Slug};

use super::problem::Problem;
use super::rate::{CountKey, Subject, key};
use crate::Kalends;

/// Why a guest's wish was not looked at.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Too many wait.
    Overloaded(Problem),
    /// A link or a mail address has had its share for now.
    TooMany {
        subject: Subject,
        wait: Duration,
        problem: Problem,
    },
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Overloaded(problem) | Refused::TooMany { problem, .. } => problem,
        }
    }
}

fn link(workspace: &Slug, event_type: &Slug) -> (Subject, CountKey) {
    let parts = [
        workspace.as_str().as_bytes(),
        event_type.as_str().as_bytes(),
    ];
    (Subject::Link, key("link", &parts))
}

/// The mailbox of an address: its case tells nothing, and what stands after a `+` reaches the same one.
fn mailbox(address: &EmailAddress) -> (Subject, CountKey) {
    let address = address.as_str().to_lowercase();
    let (local, domain) = address.rsplit_once('@').unwrap_or((&address, ""));
    let local = local.split('+').next().unwrap_or(local);
    let parts = [local.as_bytes(), domain.as_bytes()];
    (Subject::Address, key("address", &parts))
}

impl Kalends {
    /// Books for a guest.
    ///
    /// # Errors
    /// [`Refused`] before anything was looked at; inside, what the use case says.
    pub(crate) async fn book_as_guest(
        &self,
        command: &BookSlot,
    ) -> Result<Result<Booked, BookError>, Refused> {
        // Who holds the time was counted when he took it.
        let link = command
            .hold
            .is_none()
            .then(|| link(&command.workspace, &command.event_type));
        let guests = command.guests.iter().map(|guest| &guest.email);
        let people = std::iter::once(&command.invitee.email).chain(guests);
        let subjects = link.into_iter().chain(people.map(mailbox));
        let _place = self.gate.enter().await.map_err(Refused::Overloaded)?;
        let reservation = self.reserve(subjects).await?;
        let booked = self.scheduling.book(command).await;
        if booked.as_ref().is_ok_and(|booked| !booked.replayed) {
            reservation.keep();
        }
        Ok(booked)
    }

    /// Holds a slot for a guest.
    ///
    /// # Errors
    /// As [`book_as_guest`](Self::book_as_guest).
    pub(crate) async fn hold_as_guest(
        &self,
        command: &HoldSlot,
    ) -> Result<Result<Held, HoldError>, Refused> {
        let subjects = [link(&command.workspace, &command.event_type)];
        let _place = self.gate.enter().await.map_err(Refused::Overloaded)?;
        let reservation = self.reserve(subjects).await?;
        let held = self.scheduling.hold(command).await;
        if held.as_ref().is_ok_and(|held| !held.replayed) {
            reservation.keep();
        }
        Ok(held)
    }

    async fn reserve(
        &self,
        subjects: impl IntoIterator<Item = (Subject, CountKey)>,
    ) -> Result<super::rate::Reservation, Refused> {
        let reserved = self.rates.reserve(subjects).await;
        reserved.map_err(|(subject, wait, problem)| Refused::TooMany {
            subject,
            wait,
            problem,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_however_it_is_written() {
        let of = |text: &str| mailbox(&text.parse().unwrap());
        let ann = of("ann@example.org");
        for same in [
            "Ann@Example.ORG",
            "ann+1@example.org",
            "ANN+x+y@example.org",
        ] {
            assert_eq!(of(same), ann, "{same}");
        }
        for other in ["ann@example.com", "bob@example.org", "ann.b@example.org"] {
            assert_ne!(of(other), ann, "{other}");
        }
    }
}
