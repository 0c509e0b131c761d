//! Answers that are kept in memory while what they are made of stays as it is.
//!
//! An answer is kept with the revisions of its sources as the same transaction saw them. Before it is given again, the
//! storage is asked whether the revisions are still those, in one short query: so it is never staler than the last change
//! that was acknowledged anywhere, on whatever node. What changes by the mere passing of time (the notice, the local
//! date, the end of a hold or a link) bounds how long an answer is kept.
//!
//! Under a rush two things keep the storage quiet. Questions about the revisions of the same sources are asked together:
//! whoever comes while one is under way waits for the next one, which then answers all who came. And of those who find an
//! answer outdated, one works it out while the others wait for it.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use scheduling_core::ports::{Revisions, SlotSources, Storage, StorageError};
use tokio::sync::{Mutex as Turn, MutexGuard, OnceCell};
use tokio::time::timeout;

/// How many different answers are worked out at once at most.
const TURNS: usize = 32;

/// How long one waits for another to work out an answer before doing it oneself.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps answers by their questions, within bounds.
pub(crate) struct Memory<Q, A> {
    kept: Option<Cache<Q, Arc<Kept<A>>, Bytes>>,
    turns: [Turn<()>; TURNS],
    hasher: RandomState,
}

/// An answer, with what is needed to know how long it holds.
pub(crate) struct Answer<A> {
    pub(crate) value: Arc<A>,
    pub(crate) sources: SlotSources,
    /// As the transaction that read the sources saw them.
    pub(crate) revisions: Revisions,
    /// The instant it was worked out for.
    pub(crate) since: DateTime<Utc>,
    /// The first instant at which it may be another one.
    pub(crate) until: DateTime<Utc>,
    /// What it takes in memory, about.
    pub(crate) bytes: usize,
}

/// An answer that is kept.
struct Kept<A> {
    answer: Answer<A>,
    watched: Arc<Watched>,
}

impl<Q: Hash + Eq + Clone, A> Memory<Q, A> {
    /// Keeps answers of so many bytes together; with 0 none.
    pub(crate) fn new(bytes: usize) -> Self {
        // An estimate that only sizes the index.
        let items = (bytes / 8192).max(16);
        Self {
            kept: (bytes > 0).then(|| Cache::with_weighter(items, bytes as u64, Bytes)),
            turns: std::array::from_fn(|_| Turn::new(())),
            hasher: RandomState::new(),
        }
    }

    /// The kept answer to a question, if it still holds.
    ///
    /// # Errors
    /// [`StorageError`] when the revisions cannot be read.
    pub(crate) async fn recall(
        &self,
        storage: &dyn Storage,
        question: &Q,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<A>>, StorageError> {
        let Some(kept) = self.kept.as_ref().and_then(|kept| kept.get(question)) else {
            return Ok(None);
        };
        let answer = &kept.answer;
        // A clock that was set back makes old answers new again: those are not trusted.
        if now < answer.since || answer.until <= now {
            return Ok(None);
        }
        let revisions = kept.watched.revisions(storage, &answer.sources).await?;
        Ok((revisions == answer.revisions).then(|| Arc::clone(&answer.value)))
    }

    /// The kept answer to a question, whether or not it still holds, with the revisions it holds for: for those who compare
    /// them with what they read anyway.
    pub(crate) fn peek(&self, question: &Q, now: DateTime<Utc>) -> Option<(Arc<A>, Revisions)> {
        let kept = self.kept.as_ref()?.get(question)?;
        let answer = &kept.answer;
        let in_time = answer.since <= now && now < answer.until;
        in_time.then(|| (Arc::clone(&answer.value), answer.revisions))
    }

    /// Waits while another works out the answer to the same question. Whoever waited asks [`recall`](Self::recall) again
    /// first. Nobody waits for long: a storage that does not answer keeps each of them, and not all in a row.
    pub(crate) async fn turn(&self, question: &Q) -> Option<MutexGuard<'_, ()>> {
        self.kept.as_ref()?;
        let place = self.hasher.hash_one(question) % TURNS as u64;
        let turn = &self.turns[usize::try_from(place).unwrap_or_default()];
        match turn.try_lock() {
            Ok(free) => Some(free),
            Err(_taken) => timeout(PATIENCE, turn.lock()).await.ok(),
        }
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, question: &Q, answer: Answer<A>) -> Arc<A> {
        let value = Arc::clone(&answer.value);
        if let Some(kept) = &self.kept {
            // Those who are just asking about the answer before are joined by those who ask about this one.
            let before = kept.peek(question);
            let watched = match before {
                Some(before) if before.answer.sources == answer.sources => {
                    Arc::clone(&before.watched)
                }
                _ => Arc::default(),
            };
            kept.insert(question.clone(), Arc::new(Kept { answer, watched }));
        }
        value
    }
}

impl<Q, A> fmt::Debug for Memory<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

/// Weighs answers.
#[derive(Clone)]
struct Bytes;

impl<Q, A> Weighter<Q, Arc<Kept<A>>> for Bytes {
    fn weight(&self, _question: &Q, kept: &Arc<Kept<A>>) -> u64 {
        (kept.answer.bytes + size_of::<Kept<A>>()) as u64
    }
}

/// Asks about the revisions of the same sources for all who want to know.
#[derive(Default)]
struct Watched {
    /// Held while a question is under way.
    asking: Turn<()>,
    /// Those who came since the last question began.
    next: Mutex<Option<Arc<Round>>>,
}

/// Those whom one question answers. What they share of an error is its words.
type Round = OnceCell<Result<Revisions, String>>;

impl Watched {
    /// The revisions as of some instant after the call.
    async fn revisions(
        &self,
        storage: &dyn Storage,
        sources: &SlotSources,
    ) -> Result<Revisions, StorageError> {
        let round = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(next.get_or_insert_default())
        };
        let answered = round.get_or_init(|| async {
            let _asking = self.asking.lock().await;
            // From here on, whoever comes is too late for this question.
            self.close(&round);
            let revisions = storage.revisions(sources).await;
            revisions.map_err(|error| error.to_string())
        });
        match answered.await {
            Ok(revisions) => Ok(*revisions),
            Err(words) => Err(StorageError::Unavailable(words.as_str().into())),
        }
    }

    fn close(&self, round: &Arc<Round>) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.as_ref().is_some_and(|next| Arc::ptr_eq(next, round)) {
            *next = None;
        }
    }
}

#[cfg(test)]
mod tests;
