//! The history checker: what was acknowledged, held to what is there.
//!
//! A [run](run) starts several servers and workers over one database and lets random clients hold, book, move, cancel and
//! approve, while nodes are killed, stopped and frozen and the database is restarted. Every request is written into the
//! [record] before it is sent and again when it is answered. Afterwards the database, the mails and the API are read into
//! [facts], and the [judges](judge) compare the two.
//!
//! | module | what it has |
//! |---|---|
//! | [`field`] | who can be booked, and for what |
//! | [`record`] | what clients asked, and what they were told |
//! | [`facts`] | what is there afterwards |
//! | [`life`] | what may become of a booking, written down once more, apart from the program that is judged |
//! | [`held`] | which time was surely taken, from when to when, by the record alone |
//! | [`judge`] | what should not be |
//! | [`run`] | nodes, clients, chaos |
//!
//! A judge is a plain function of a [`Case`]; its tests show it histories that are wrong, so that each was seen to find
//! something.

pub mod case;
pub mod dice;
pub mod facts;
pub mod field;
pub mod held;
pub mod judge;
pub mod life;
pub mod record;
pub mod run;
#[cfg(test)]
mod testing;

pub use case::Case;
pub use judge::Finding;

/// Why a run could not be led to its end. What a judge finds is no failure but a [`Finding`].
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
