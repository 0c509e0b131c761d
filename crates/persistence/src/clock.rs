//! The database's clock as the clock of every node that shares the database.
//!
//! Nodes whose clocks disagree would disagree about which hold has expired and which slot is still far enough away. So
//! they all go by the database's. It is asked now and then; in between, time goes on by the machine's monotonic clock,
//! which nobody sets. What is shown never goes backwards: a clock that turns out to be ahead runs at half speed until it
//! agrees again.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use scheduling_core::ports::{Clock, StorageError};
use sea_orm::{ConnectionTrait, DbBackend};
use thiserror::Error;

use crate::convert::Row;
use crate::{SeaOrmStorage, sql};

/// How long a database may take to say what time it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// The clock of a PostgreSQL database, shown between two askings by the machine's monotonic clock. Clones show the same
/// time.
///
/// It goes on while the database is away.
#[derive(Clone)]
pub struct DatabaseClock {
    storage: SeaOrmStorage,
    machine: Arc<dyn Clock>,
    began: Instant,
    hand: Arc<Mutex<Hand>>,
}

impl fmt::Debug for DatabaseClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseClock({})", self.now())
    }
}

/// How far a machine's clock is from the database's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offset {
    /// By how much it is ahead; negative when it is behind.
    pub ahead: TimeDelta,
    /// How exact that is: half of what asking took.
    pub within: TimeDelta,
}

#[derive(Debug, Error)]
#[error("the database did not say what time it is within {} seconds", PATIENCE.as_secs())]
struct NoAnswer;

impl DatabaseClock {
    /// Asks a database for its time. None on SQLite: a file belongs to one machine and has no clock of its own.
    ///
    /// # Errors
    /// [`StorageError`] when the database does not answer.
    pub async fn start(
        storage: &SeaOrmStorage,
        machine: Arc<dyn Clock>,
    ) -> Result<Option<Self>, StorageError> {
        let began = Instant::now();
        let Some(answer) = ask(storage, began).await? else {
            return Ok(None);
        };
        let offset = answer.offset(machine.now());
        let hand = Hand::first(&answer, offset);
        Ok(Some(Self {
            storage: storage.clone(),
            machine,
            began,
            hand: Arc::new(Mutex::new(hand)),
        }))
    }

    /// Asks again, and corrects itself. Call it every few seconds. Answers how far the machine's own clock is off.
    ///
    /// # Errors
    /// [`StorageError`] when the database does not answer; then time goes on as before.
    pub async fn ask(&self) -> Result<Offset, StorageError> {
        let Some(answer) = ask(&self.storage, self.began).await? else {
            return Ok(self.offset());
        };
        let offset = answer.offset(self.machine.now());
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        hand.learn(&answer, offset);
        Ok(offset)
    }

    /// How far the machine's own clock was off when the database was last asked.
    pub fn offset(&self) -> Offset {
        let hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        hand.offset
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> DateTime<Utc> {
        let hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that no two threads see their readings in another order.
        hand.shown(self.began.elapsed()).trunc_subsecs(6)
    }
}

/// What a database said, and between which two moments: those of a monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Answer {
    asked: Duration,
    answered: Duration,
    told: DateTime<Utc>,
}

impl Answer {
    fn took(&self) -> TimeDelta {
        length(self.answered.saturating_sub(self.asked))
    }

    /// The earliest and the latest that the database's clock can show when the answer is there.
    fn bounds(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.told, self.told + self.took())
    }

    /// Most likely it took as long to come as to go.
    fn middle(&self) -> DateTime<Utc> {
        self.told + self.took() / 2
    }

    fn offset(&self, machine: DateTime<Utc>) -> Offset {
        Offset {
            ahead: machine - self.middle(),
            within: self.took() / 2,
        }
    }
}

/// A line through what the database said: at one moment of the monotonic clock it is such and such a time, and from then on
/// both go equally fast.
#[derive(Debug, Clone, Copy)]
struct Hand {
    from: Duration,
    time: DateTime<Utc>,
    /// What has been shown beyond the line, and still is until half as much again has passed.
    beyond: TimeDelta,
    offset: Offset,
}

impl Hand {
    fn first(answer: &Answer, offset: Offset) -> Self {
        Self {
            from: answer.answered,
            time: answer.middle(),
            beyond: TimeDelta::zero(),
            offset,
        }
    }

    /// The line moves as little as the answer demands, so that slow answers, which say little, move nothing.
    fn learn(&mut self, answer: &Answer, offset: Offset) {
        let shown = self.shown(answer.answered);
        let (earliest, latest) = answer.bounds();
        let time = self.line(answer.answered).clamp(earliest, latest);
        *self = Self {
            from: answer.answered,
            time,
            beyond: (shown - time).max(TimeDelta::zero()),
            offset,
        };
    }

    fn line(&self, at: Duration) -> DateTime<Utc> {
        self.time + length(at.saturating_sub(self.from))
    }

    fn shown(&self, at: Duration) -> DateTime<Utc> {
        let passed = length(at.saturating_sub(self.from));
        let beyond = (self.beyond - passed / 2).max(TimeDelta::zero());
        self.time + passed + beyond
    }
}

/// A process does not run for as long as this cannot tell.
fn length(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::zero())
}

async fn ask(storage: &SeaOrmStorage, began: Instant) -> Result<Option<Answer>, StorageError> {
    let asking = async {
        if storage.reader().get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        // Waiting for a connection is no part of what is measured.
        let transaction = storage.begin_reading().await?;
        let asked = began.elapsed();
        let told = read(&transaction).await?;
        let answered = began.elapsed();
        Ok(told.map(|told| Answer {
            asked,
            answered,
            told,
        }))
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => answer,
        Err(_elapsed) => Err(StorageError::Unavailable(NoAnswer.into())),
    }
}

/// What the database's clock shows. None on SQLite.
pub(crate) async fn read(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, StorageError> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let query = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
    let Some(found) = sql::row(db, query, []).await? else {
        return Ok(None);
    };
    let row = Row {
        table: "clock",
        id: "now",
    };
    row.instant("now", sql::get(&found, 0)?).map(Some)
}

#[cfg(test)]
mod tests {
    use scheduling_testkit::builders::instant;

    use super::*;

    /// What a database said whose clock showed `time` in the middle of asking, so many milliseconds after the beginning.
    fn answer(asked: u64, took: u64, time: &str) -> Answer {
        Answer {
            asked: Duration::from_millis(asked),
            answered: Duration::from_millis(asked + took),
            told: instant(time),
        }
    }

    fn shown(hand: &Hand, millis: u64) -> String {
        let shown = hand.shown(Duration::from_millis(millis));
        shown.format("%H:%M:%S%.3f").to_string()
    }

    fn begun() -> Hand {
        Hand::first(&answer(1000, 10, "2026-11-20T09:00:00Z"), Offset::default())
    }

    #[test]
    fn time_goes_on_by_the_monotonic_clock() {
        let hand = begun();
        assert_eq!(shown(&hand, 1010), "09:00:00.005");
        assert_eq!(shown(&hand, 11_010), "09:00:10.005");
        assert_eq!(shown(&hand, 3_601_010), "10:00:00.005");
        // Nobody reads before it began.
        assert_eq!(shown(&hand, 0), "09:00:00.005");
    }

    #[test]
    fn an_answer_that_agrees_moves_nothing_however_slow_it_is() {
        let mut hand = begun();
        hand.learn(
            &answer(11_000, 4_000, "2026-11-20T09:00:10.100Z"),
            Offset::default(),
        );
        assert_eq!(shown(&hand, 15_000), "09:00:13.995");
    }

    #[test]
    fn a_clock_that_is_behind_jumps_to_the_nearest_time_that_can_be() {
        let mut hand = begun();
        hand.learn(
            &answer(11_000, 20, "2026-11-20T09:05:00Z"),
            Offset::default(),
        );
        assert_eq!(shown(&hand, 11_020), "09:05:00.000");
        assert_eq!(shown(&hand, 12_020), "09:05:01.000");
    }

    #[test]
    fn a_clock_that_is_ahead_never_goes_back_and_slows_down_until_it_agrees() {
        let mut hand = begun();
        hand.learn(
            &answer(11_000, 10, "2026-11-20T09:00:04.990Z"),
            Offset::default(),
        );
        let before = "09:00:10.005";
        assert_eq!(shown(&hand, 11_010), before);
        assert_eq!(shown(&hand, 13_010), "09:00:11.005");
        // Twice what it was ahead, and it agrees.
        assert_eq!(shown(&hand, 21_020), "09:00:15.010");
        assert_eq!(shown(&hand, 31_020), "09:00:25.010");
        // Also when it is asked in between.
        hand.learn(
            &answer(13_000, 10, "2026-11-20T09:00:06.990Z"),
            Offset::default(),
        );
        assert_eq!(shown(&hand, 13_010), "09:00:11.005");
        let mut last = String::new();
        for millis in (13_010..40_000).step_by(7) {
            let next = shown(&hand, millis);
            assert!(next >= last, "{last} then {next}");
            last = next;
        }
    }

    #[test]
    fn an_offset_is_told_with_its_exactness() {
        let answer = answer(0, 200, "2026-11-20T09:00:00Z");
        let offset = answer.offset(instant("2026-11-20T08:57:00.100Z"));
        assert_eq!(offset.ahead, TimeDelta::seconds(-180));
        assert_eq!(offset.within, TimeDelta::milliseconds(100));
    }
}
