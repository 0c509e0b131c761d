use std::collections::VecDeque;

use async_trait::async_trait;
use chrono::DateTime;
use scheduling_core::ids::OutboxId;
use tokio::time::{advance, sleep};
use uuid::Uuid;

use super::*;
use crate::message::{Letter, Mailbox};

/// Answers as it was told to, and keeps what it was given.
struct Scripted {
    name: &'static str,
    script: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<(String, Duration)>>,
}

/// An answer; a script that has ended takes everything.
#[derive(Clone, Copy)]
enum Answer {
    Takes,
    Fails(DeliveryErrorKind, Fault),
    /// Uses up its time.
    Hangs,
}

use Answer::{Fails, Hangs, Takes};

const DOWN: Answer = Fails(DeliveryErrorKind::Unavailable, Fault::Transport);
const LOCKED_OUT: Answer = Fails(DeliveryErrorKind::Unauthorized, Fault::Transport);
const NOBODY_THERE: Answer = Fails(DeliveryErrorKind::Rejected, Fault::Recipient);
const TOO_LARGE: Answer = Fails(DeliveryErrorKind::Rejected, Fault::Message);
const PUT_OFF: Answer = Fails(DeliveryErrorKind::Unavailable, Fault::Message);
const UNANSWERED: Answer = Fails(DeliveryErrorKind::Unavailable, Fault::Unanswered);

fn slower(seconds: u64) -> Answer {
    let retry_after = Some(Duration::from_secs(seconds));
    Fails(
        DeliveryErrorKind::RateLimited { retry_after },
        Fault::Transport,
    )
}

fn scripted(name: &'static str, script: &[Answer]) -> Arc<Scripted> {
    Arc::new(Scripted {
        name,
        script: Mutex::new(script.iter().copied().collect()),
        seen: Mutex::default(),
    })
}

#[async_trait]
impl Transport for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, mail: &OutgoingMail, time: Duration) -> Result<(), TransportError> {
        self.seen
            .lock()
            .unwrap()
            .push((mail.message_id.clone(), time));
        let answer = self.script.lock().unwrap().pop_front().unwrap_or(Takes);
        let (kind, fault) = match answer {
            Takes => return Ok(()),
            Fails(kind, fault) => (kind, fault),
            Hangs => {
                sleep(time).await;
                (DeliveryErrorKind::Unavailable, Fault::Transport)
            }
        };
        Err(TransportError {
            kind,
            fault,
            source: format!("{fault:?}").into(),
        })
    }
}

impl Scripted {
    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn mail() -> OutgoingMail {
    let mailbox = |address: &str| Mailbox {
        name: String::new(),
        address: address.parse().unwrap(),
    };
    let letter = Letter {
        from: mailbox("meetings@example.org"),
        to: mailbox("elena@example.org"),
        reply_to: None,
        references: Vec::new(),
        subject: "Hello".to_owned(),
        date: DateTime::UNIX_EPOCH,
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        calendar: None,
    };
    let id = OutboxId::from_uuid(Uuid::nil());
    OutgoingMail::new(id, "one@example.org".to_owned(), letter)
}

fn chain(transports: &[&Arc<Scripted>]) -> Failover {
    let first = Failover::first(Arc::clone(transports[0]));
    transports[1..]
        .iter()
        .fold(first, |chain, next| chain.then(Arc::clone(next)))
}

/// The attempts as words, and the kind of the error, if there is one.
async fn sent(chain: &Failover) -> (String, Option<DeliveryErrorKind>) {
    let (attempts, kind) = match chain.send(&mail()).await {
        Ok(delivery) => (delivery.attempts, None),
        Err(error) => (error.attempts, Some(error.kind)),
    };
    let words: Vec<String> = attempts
        .iter()
        .map(|attempt| format!("{} {}", attempt.transport, attempt.outcome.as_str()))
        .collect();
    (words.join(", "), kind)
}

fn taken(words: &str) -> (String, Option<DeliveryErrorKind>) {
    (words.to_owned(), None)
}

fn failed(words: &str, kind: DeliveryErrorKind) -> (String, Option<DeliveryErrorKind>) {
    (words.to_owned(), Some(kind))
}

#[tokio::test(start_paused = true)]
async fn the_first_that_takes_the_message_is_the_last_that_is_asked() {
    let (a, b) = (scripted("a", &[]), scripted("b", &[]));
    assert_eq!(sent(&chain(&[&a, &b])).await, taken("a accepted"));
    assert_eq!(b.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_does_not_work_passes_the_message_on_and_rests() {
    for broken in [DOWN, LOCKED_OUT, slower(30)] {
        let (a, b) = (scripted("a", &[broken]), scripted("b", &[]));
        let chain = chain(&[&a, &b]);
        assert_eq!(sent(&chain).await, taken("a deferred, b accepted"));
        advance(Duration::from_secs(29)).await;
        assert_eq!(sent(&chain).await, taken("b accepted"));
        advance(Duration::from_secs(1)).await;
        assert_eq!(sent(&chain).await, taken("a accepted"));
        assert_eq!(sent(&chain).await, taken("a accepted"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_rests_as_long_as_it_asks_to() {
    let (a, b) = (scripted("a", &[slower(300)]), scripted("b", &[]));
    let chain = chain(&[&a, &b]);
    assert_eq!(sent(&chain).await, taken("a deferred, b accepted"));
    advance(Duration::from_secs(299)).await;
    assert_eq!(sent(&chain).await, taken("b accepted"));
    advance(Duration::from_secs(1)).await;
    assert_eq!(sent(&chain).await, taken("a accepted"));
}

#[tokio::test(start_paused = true)]
async fn a_recipient_that_does_not_exist_is_refused_for_good_by_the_first() {
    let (a, b) = (scripted("a", &[NOBODY_THERE]), scripted("b", &[]));
    let chain = chain(&[&a, &b]);
    let refused = failed("a refused", DeliveryErrorKind::Rejected);
    assert_eq!(sent(&chain).await, refused);
    assert_eq!(b.count(), 0);
    // The transport answered: it does not rest.
    assert_eq!(sent(&chain).await, taken("a accepted"));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_one_does_not_want_goes_to_the_next_and_nobody_rests() {
    for (answer, words) in [(TOO_LARGE, "refused"), (PUT_OFF, "deferred")] {
        let (a, b) = (scripted("a", &[answer]), scripted("b", &[]));
        let chain = chain(&[&a, &b]);
        assert_eq!(sent(&chain).await, taken(&format!("a {words}, b accepted")));
        assert_eq!(sent(&chain).await, taken("a accepted"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_answer_never_came_is_given_to_nobody_else_this_time() {
    let (a, b) = (scripted("a", &[UNANSWERED]), scripted("b", &[]));
    let chain = chain(&[&a, &b]);
    let unknown = failed("a unknown", DeliveryErrorKind::Unavailable);
    assert_eq!(sent(&chain).await, unknown);
    assert_eq!(b.count(), 0);
    // When it is tried again, it is the next one's turn, under the same Message-ID.
    assert_eq!(sent(&chain).await, taken("b accepted"));
    assert_eq!(a.seen.lock().unwrap()[0].0, b.seen.lock().unwrap()[0].0);
}

#[tokio::test(start_paused = true)]
async fn when_all_rest_the_one_that_is_due_first_is_asked() {
    let (a, b) = (
        scripted("a", &[slower(100)]),
        scripted("b", &[slower(50), DOWN]),
    );
    let chain = chain(&[&a, &b]);
    let limited = DeliveryErrorKind::RateLimited {
        retry_after: Some(Duration::from_secs(50)),
    };
    assert_eq!(
        sent(&chain).await,
        failed("a deferred, b deferred", limited)
    );
    let down = failed("b deferred", DeliveryErrorKind::Unavailable);
    assert_eq!(sent(&chain).await, down);
    // Its second failure lets it rest for 60 seconds, still less than the other one has left.
    advance(Duration::from_secs(1)).await;
    assert_eq!(sent(&chain).await, taken("b accepted"));
}

#[tokio::test(start_paused = true)]
async fn the_only_transport_is_asked_for_each_message() {
    let a = scripted("a", &[DOWN, DOWN, DOWN]);
    let chain = chain(&[&a]);
    for _message in 0..3 {
        let down = failed("a deferred", DeliveryErrorKind::Unavailable);
        assert_eq!(sent(&chain).await, down);
    }
    assert_eq!(sent(&chain).await, taken("a accepted"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_final_only_when_everybody_says_so() {
    use DeliveryErrorKind::{RateLimited, Rejected, Unauthorized, Unavailable};
    let limited = |seconds| RateLimited {
        retry_after: Some(Duration::from_secs(seconds)),
    };
    for (first, second, kind) in [
        (TOO_LARGE, TOO_LARGE, Rejected),
        (TOO_LARGE, NOBODY_THERE, Rejected),
        (DOWN, NOBODY_THERE, Rejected),
        (TOO_LARGE, DOWN, Unavailable),
        (TOO_LARGE, LOCKED_OUT, Unauthorized),
        (LOCKED_OUT, slower(9), limited(9)),
        (slower(20), slower(9), limited(9)),
        (slower(9), DOWN, Unavailable),
    ] {
        let (a, b) = (scripted("a", &[first]), scripted("b", &[second]));
        let (words, found) = sent(&chain(&[&a, &b])).await;
        assert_eq!(found, Some(kind), "{words}");
    }
    // One that rests might take it.
    let (a, b) = (scripted("a", &[DOWN]), scripted("b", &[Takes, TOO_LARGE]));
    let chain = chain(&[&a, &b]);
    assert_eq!(sent(&chain).await, taken("a deferred, b accepted"));
    assert_eq!(sent(&chain).await, failed("b refused", Unavailable));
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_leaves_the_others_their_time() {
    let (a, b, c) = (
        scripted("a", &[Hangs]),
        scripted("b", &[Hangs]),
        scripted("c", &[]),
    );
    let chain = chain(&[&a, &b, &c]).within(Duration::from_secs(30));
    let begun = Instant::now();
    let words = taken("a deferred, b deferred, c accepted");
    assert_eq!(sent(&chain).await, words);
    assert_eq!(begun.elapsed().as_secs(), 20);
    let time = |of: &Scripted| of.seen.lock().unwrap()[0].1.as_secs();
    assert_eq!((time(&a), time(&b), time(&c)), (10, 10, 10));
}

#[tokio::test(start_paused = true)]
async fn the_error_names_each_transport_and_what_it_said() {
    let (a, b) = (scripted("a", &[DOWN]), scripted("b", &[TOO_LARGE]));
    let error = chain(&[&a, &b]).send(&mail()).await.unwrap_err();
    assert_eq!(error.source.to_string(), "a: Transport; b: Message");
    assert_eq!(
        error.attempts,
        [
            DeliveryAttempt {
                transport: "a".to_owned(),
                outcome: AttemptOutcome::Deferred("Transport".to_owned()),
            },
            DeliveryAttempt {
                transport: "b".to_owned(),
                outcome: AttemptOutcome::Refused("Message".to_owned()),
            },
        ]
    );
    let alone = chain(&[&scripted("a", &[DOWN])]).send(&mail()).await;
    assert_eq!(alone.unwrap_err().source.to_string(), "Transport");
}
