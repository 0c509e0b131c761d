//! Tests of what observers hear.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use scheduling_core::ports::{AttemptOutcome, EffectOutcome, Observer};

use super::*;
use crate::testing::World;

/// Writes down what it hears.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    /// What was heard since the last time.
    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(", ")
    }
}

impl Observer for Heard {
    fn booked(&self, outcome: BookingOutcome) {
        self.note(format!("booked {}", outcome.as_str()));
    }
    fn held(&self, outcome: BookingOutcome) {
        self.note(format!("held {}", outcome.as_str()));
    }
    fn changed(&self, change: ChangeKind, outcome: ChangeOutcome) {
        self.note(format!("{} {}", change.as_str(), outcome.as_str()));
    }
    fn conflict(&self) {
        self.note("conflict".to_owned());
    }
    fn effect_done(&self, kind: &'static str, outcome: EffectOutcome, _took: Duration) {
        self.note(format!("{kind} {}", outcome.as_str()));
    }
    fn delivery_tried(&self, transport: &str, outcome: &AttemptOutcome) {
        self.note(format!("{transport} {}", outcome.as_str()));
    }
}

async fn watched(text: &str) -> (World, Heard) {
    let mut world = World::new(text).await;
    let heard = Heard::default();
    world.scheduling = world.scheduling.with_observer(Arc::new(heard.clone()));
    (world, heard)
}

#[tokio::test]
async fn an_observer_hears_what_became_of_each_wish() {
    let (world, heard) = watched("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    world.held("intro", "24T09:00").await;
    assert_eq!(heard.take(), "held confirmed");
    world.hold("intro", "24T09:00").await.unwrap_err();
    assert_eq!(heard.take(), "held taken");
    let booked = world.booked("intro", "24T10:00").await;
    assert_eq!(heard.take(), "booked confirmed");
    world.book("intro", "24T10:00").await;
    assert_eq!(heard.take(), "booked taken");
    world.book("intro", "24T20:00").await;
    assert_eq!(heard.take(), "booked not_offered");
    world.book("nothing", "24T10:00").await;
    assert_eq!(heard.take(), "booked refused");
    world.cancel(&booked.manage_token).await;
    assert_eq!(heard.take(), "cancel done");
    world.cancel(&booked.manage_token).await;
    assert_eq!(heard.take(), "cancel refused");
}

#[tokio::test]
async fn an_observer_hears_of_conflicts_and_of_a_storage_that_fails() {
    let (mut world, heard) = watched("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    let flaky = world.flaky();
    world.scheduling = world.scheduling.with_observer(Arc::new(heard.clone()));
    let command = World::command("intro", "24T10:00");
    flaky
        .conflicts
        .store(1, std::sync::atomic::Ordering::SeqCst);
    world.scheduling.book(&command).await.unwrap();
    assert_eq!(heard.take(), "conflict, booked confirmed");
    flaky.outages.store(1, std::sync::atomic::Ordering::SeqCst);
    world.scheduling.book(&command).await.unwrap_err();
    assert_eq!(heard.take(), "booked failed");
}

#[tokio::test]
async fn an_observer_hears_what_the_worker_does() {
    let (world, heard) = watched("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    let booked = world.booked("intro", "24T10:00").await;
    heard.take();
    world.worker().run_due().await.unwrap();
    let done = heard.take();
    assert_eq!(done.matches("notify done").count(), 2, "{done}");
    assert_eq!(done.matches("accepted").count(), 2, "{done}");
    world.advance(60);
    world.cancel(&booked.manage_token).await;
    world.worker().run_due().await.unwrap();
    let done = heard.take();
    assert!(done.starts_with("cancel done"), "{done}");
}
