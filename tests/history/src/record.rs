//! What clients asked, when, and what they were told.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// Who asks for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The invitee, with the manage token.
    Invitee,
    /// A host, with an API token.
    Member,
    /// A host, with the form behind the link of his mail.
    HostLink,
}

/// What is asked for.
///
/// Each booking is asked for by an address of its own, and each change but an approval gives a reason of its own, its
/// *mark*: so every row and every entry of a history says which request made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Keep a start.
    Hold {
        /// The event type.
        event: String,
        /// When.
        start: i64,
    },
    /// Keep it longer.
    Renew {
        /// The hold's token.
        hold: String,
    },
    /// Give it back.
    Release {
        /// The hold's token.
        hold: String,
    },
    /// Book a start.
    Book {
        /// The event type.
        event: String,
        /// When.
        start: i64,
        /// Who asks: nobody else has this address.
        email: String,
        /// Who comes along.
        guests: Vec<String>,
        /// The token of a hold.
        hold: Option<String>,
    },
    /// Move a booking.
    Move {
        /// The booking's id.
        booking: String,
        /// Where to.
        start: i64,
        /// The reason that is given.
        mark: String,
        /// Who asks.
        by: By,
    },
    /// Call a booking off.
    Cancel {
        /// The booking's id.
        booking: String,
        /// The reason that is given.
        mark: String,
        /// Who asks.
        by: By,
    },
    /// Say yes to a request.
    Approve {
        /// The booking's id.
        booking: String,
        /// Who answers.
        by: By,
    },
    /// Say no to a request.
    Decline {
        /// The booking's id.
        booking: String,
        /// The reason that is given.
        mark: String,
        /// Who answers.
        by: By,
    },
    /// Look at what is offered.
    Read {
        /// The event type.
        event: String,
    },
}

impl Act {
    /// What only this operation has: the invitee's address or the mark. Repeated requests share it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Book { email, .. } => Some(email),
            Self::Move { mark, .. } | Self::Cancel { mark, .. } | Self::Decline { mark, .. } => {
                Some(mark)
            }
            _ => None,
        }
    }

    /// The booking that is to be changed.
    pub fn booking(&self) -> Option<&str> {
        match self {
            Self::Move { booking, .. }
            | Self::Cancel { booking, .. }
            | Self::Approve { booking, .. }
            | Self::Decline { booking, .. } => Some(booking),
            _ => None,
        }
    }

    /// Who asks for the change.
    pub fn by(&self) -> Option<By> {
        match self {
            Self::Move { by, .. }
            | Self::Cancel { by, .. }
            | Self::Approve { by, .. }
            | Self::Decline { by, .. } => Some(*by),
            Self::Book { .. } => Some(By::Invitee),
            _ => None,
        }
    }
}

/// What an answer says, as far as anybody judges it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Whether it says that an earlier request with the same key did it.
    pub replayed: bool,
    /// The booking's id.
    pub booking: Option<String>,
    /// The booking's version after the change.
    pub version: Option<usize>,
    /// What the booking is.
    pub state: Option<String>,
    /// When the meeting, or what is held, begins.
    pub start: Option<i64>,
    /// When it ends.
    pub end: Option<i64>,
    /// The hosts' keys.
    pub hosts: Vec<String>,
    /// The token of a hold.
    pub hold: Option<String>,
    /// When the hold ends by itself.
    pub expires_at: Option<i64>,
    /// The starts that are offered.
    pub starts: Vec<i64>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, says the server.
    Acknowledged(Box<Reply>),
    /// It was not done, says the server.
    Refused {
        /// The status.
        status: u16,
        /// The problem's code.
        code: String,
    },
    /// Nobody said: the connection broke, time ran out, or the server had an error of its own.
    Unknown {
        /// The status, where there was an answer.
        status: Option<u16>,
        /// What was seen.
        why: String,
    },
    /// It never reached a server.
    Unreached,
}

impl Outcome {
    /// The answer, if it was done.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Acknowledged(reply) => Some(reply),
            _ => None,
        }
    }

    /// Whether it was surely not done.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unreached)
    }

    /// Whether nobody can say from the answer.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which client sent it.
    pub client: usize,
    /// To which server.
    pub server: usize,
    /// When it was sent, in microseconds since 1970.
    pub sent: i64,
    /// When the answer was there, or it was known that none comes.
    pub answered: i64,
    /// The idempotency key.
    pub key: Option<String>,
    /// What it asks for.
    pub act: Act,
    /// What became of it.
    pub outcome: Outcome,
}

/// What was done to a node, or to the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: i64,
    /// To whom: `server 0`, `worker 2`, `database`.
    pub whom: String,
    /// What.
    pub what: Deed,
}

/// What can be done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It was started, and was ready.
    Started,
    /// SIGKILL.
    Killed,
    /// SIGTERM.
    ToldToStop,
    /// It ended by itself, with success.
    Ended,
    /// It ended by itself, and said that something was wrong, or did not end at all.
    EndedBadly,
    /// SIGSTOP.
    Frozen,
    /// SIGCONT.
    Thawed,
    /// Crashed and started again.
    Restarted,
    /// Some of its connections were cut.
    ConnectionsCut,
}

/// Everything that was asked and done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The seed.
    pub seed: u64,
    /// The requests, in the order in which they were sent.
    pub requests: Vec<Request>,
    /// What was done to nodes, in order.
    pub events: Vec<Event>,
}

/// All requests for one thing.
#[derive(Debug, Clone, Default)]
pub struct Operation<'a> {
    /// The requests, in the order in which they were sent.
    pub requests: Vec<&'a Request>,
}

impl Operation<'_> {
    /// Whether a server said that it was done.
    pub fn is_acknowledged(&self) -> bool {
        self.requests.iter().any(|r| r.outcome.reply().is_some())
    }

    /// Whether it was surely not done.
    pub fn is_refused(&self) -> bool {
        self.requests.iter().all(|r| r.outcome.is_refused())
    }
}

impl Record {
    /// The operations that have a name of their own, by it.
    pub fn operations(&self) -> BTreeMap<&str, Operation<'_>> {
        let mut operations: BTreeMap<&str, Operation<'_>> = BTreeMap::new();
        for request in &self.requests {
            if let Some(name) = request.act.name() {
                operations.entry(name).or_default().requests.push(request);
            }
        }
        operations
    }
}

/// A record that is being written by many.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Record>);

impl Recorder {
    /// A record without an entry.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Record {
            seed,
            ..Record::default()
        }))
    }

    fn with<T>(&self, write: impl FnOnce(&mut Record) -> T) -> T {
        // Whoever panicked while he wrote has lost the run anyhow.
        let mut record = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        write(&mut record)
    }

    /// Notes a request before it is sent; answers its place.
    pub fn sent(&self, request: Request) -> usize {
        self.with(|record| {
            record.requests.push(request);
            record.requests.len() - 1
        })
    }

    /// Notes what became of it.
    pub fn answered(&self, place: usize, at: i64, outcome: Outcome) {
        self.with(|record| {
            if let Some(request) = record.requests.get_mut(place) {
                (request.answered, request.outcome) = (at, outcome);
            }
        });
    }

    /// Notes what was done to a node.
    pub fn happened(&self, at: i64, whom: &str, what: Deed) {
        let whom = whom.to_owned();
        self.with(|record| record.events.push(Event { at, whom, what }));
    }

    /// What was written so far.
    pub fn so_far(&self) -> Record {
        self.with(|record| record.clone())
    }
}
