//! Whether the server can do its work: asked of the database, and answered in time whatever the database does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use scheduling_persistence::{Schema, SeaOrmStorage};
use tokio::sync::watch;

use crate::Readiness;
use crate::database_file::DatabaseFile;
use crate::http::problem::causes;

/// How long the database may take. Whoever asks more often than that usually waits no longer himself.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is missing, in a sentence, or nothing.
type Found = Result<(), String>;

/// Looks at the database, once.
type Look = Box<dyn Fn() -> BoxFuture<'static, Found> + Send + Sync>;

/// The database answers, and its schema is one that this program can work with.
pub(super) struct DatabaseReadiness {
    look: Look,
    file: Option<DatabaseFile>,
    /// The look that goes on, if one does. A database that hangs is looked at by one, however many ask: each look takes a
    /// connection.
    looking: Mutex<Option<watch::Receiver<Option<Found>>>>,
}

impl DatabaseReadiness {
    pub(super) fn new(storage: Arc<SeaOrmStorage>, file: Option<DatabaseFile>) -> Self {
        let look: Look = Box::new(move || schema_of(Arc::clone(&storage)).boxed());
        Self {
            look,
            file,
            looking: Mutex::new(None),
        }
    }

    /// The look that goes on, or a new one.
    fn looking(&self) -> watch::Receiver<Option<Found>> {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(going_on) = looking.as_ref().filter(|look| look.borrow().is_none())
            // A look whose task has died brings nothing any more.
            && going_on.has_changed().is_ok()
        {
            return going_on.clone();
        }
        let (told, hears) = watch::channel(None);
        let look = (self.look)();
        tokio::spawn(async move {
            let found = look.await;
            told.send_replace(Some(found));
        });
        *looking = Some(hears.clone());
        hears
    }
}

#[async_trait]
impl Readiness for DatabaseReadiness {
    async fn check(&self) -> Result<(), String> {
        if self.file.as_ref().is_some_and(|file| !file.is_in_place()) {
            tracing::error!(
                "The database's file was deleted or replaced; what is stored now is lost"
            );
            return Err("The database's file was deleted or replaced.".to_owned());
        }
        let mut looking = self.looking();
        let found = looking.wait_for(Option::is_some);
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Ok(found)) => found.clone().unwrap_or_else(|| Err(silent())),
            Ok(Err(_died)) => Err(silent()),
            Err(_elapsed) => {
                tracing::warn!(
                    "The database does not answer within {} seconds",
                    PATIENCE.as_secs()
                );
                Err(silent())
            }
        }
    }
}

fn silent() -> String {
    "The database does not answer.".to_owned()
}

async fn schema_of(storage: Arc<SeaOrmStorage>) -> Found {
    match storage.schema().await {
        Ok(Schema::UpToDate | Schema::Ahead(_)) => Ok(()),
        Ok(Schema::Behind(_)) => Err("The schema is out of date; run kalends migrate.".to_owned()),
        Ok(Schema::Foreign(reason)) => {
            tracing::error!("This release cannot work with the database: {reason}");
            Err("The database was migrated for a later release.".to_owned())
        }
        Err(error) => {
            tracing::warn!(error = causes(&error), "The database does not answer");
            Err(silent())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// A database that answers when it is told to; and how often it was asked.
    fn hanging() -> (DatabaseReadiness, Arc<Notify>, Arc<AtomicUsize>) {
        let (answer, asked) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (Arc::clone(&answer), Arc::clone(&asked));
        let look: Look = Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let told = Arc::clone(&told);
            async move {
                told.notified().await;
                Ok(())
            }
            .boxed()
        });
        let readiness = DatabaseReadiness {
            look,
            file: None,
            looking: Mutex::new(None),
        };
        (readiness, answer, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_hangs_is_waited_for_briefly_and_asked_once() {
        let (readiness, answer, asked) = hanging();
        let began = tokio::time::Instant::now();
        let many = (0..100).map(|_| readiness.check());
        for found in futures_util::future::join_all(many).await {
            assert_eq!(found, Err(silent()));
        }
        assert_eq!(began.elapsed(), PATIENCE);
        readiness.check().await.unwrap_err();
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // What it says late is no answer to who asks later.
        answer.notify_one();
        tokio::time::sleep(Duration::from_millis(1)).await;
        readiness.check().await.unwrap_err();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        answer.notify_one();
        tokio::time::sleep(Duration::from_millis(1)).await;
        answer.notify_one();
        assert_eq!(readiness.check().await, Ok(()));
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_look_that_dies_is_no_answer_and_followed_by_another() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let look: Look = Box::new(move || {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(nth > 0, "a fault");
                Ok(())
            }
            .boxed()
        });
        let readiness = DatabaseReadiness {
            look,
            file: None,
            looking: Mutex::new(None),
        };
        assert_eq!(readiness.check().await, Err(silent()));
        assert_eq!(readiness.check().await, Ok(()));
    }
}
