//! The nodes that requests are sent to, as a proxy would: the next one where one does not answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::api::{Answer, Api};
use crate::support::server::Server;

/// How long anything is asked again. A guard against hanging.
const PATIENCE: Duration = Duration::from_mins(1);

/// A node, asked by guests and by two members.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: &'static str,
    pub(super) guest: Api,
    pub(super) ann: Api,
    pub(super) ben: Api,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller {
    Guest,
    Ann,
    Ben,
}

/// The API tokens of the two members.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) ann: String,
    pub(super) ben: String,
}

/// What is asked for. A change bears a key, so that it may be asked for again.
pub(super) struct Request<'a> {
    pub(super) by: Caller,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    pub(super) key: Option<&'a str>,
}

/// What it took.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// How many changes each node has acknowledged.
    pub(super) acknowledged: Vec<(&'static str, usize)>,
    /// How often a connection broke before the answer, and another node was asked.
    pub(super) broken: usize,
    /// How often a node said 503.
    pub(super) turned_away: usize,
    /// The longest that a request took, with whatever was asked again.
    pub(super) longest: Duration,
}

#[derive(Default)]
struct Inner {
    nodes: Vec<Node>,
    tally: Tally,
}

/// All nodes that requests are sent to. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Rotation(Arc<Mutex<Inner>>);

impl Rotation {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().expect("nobody panics with it"))
    }

    pub(super) fn add(&self, name: &'static str, server: &Server, tokens: &Tokens) {
        let guest = Api::of(&server.url());
        let member = |token: &str| guest.with_token(token).with("if-match", "*");
        let node = Node {
            name,
            ann: member(&tokens.ann),
            ben: member(&tokens.ben),
            guest,
        };
        self.with(|inner| inner.nodes.push(node));
    }

    pub(super) fn remove(&self, name: &str) {
        self.with(|inner| inner.nodes.retain(|node| node.name != name));
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        self.with(|inner| inner.nodes.clone())
    }

    fn has(&self, name: &str) -> bool {
        self.with(|inner| inner.nodes.iter().any(|node| node.name == name))
    }

    pub(super) fn tally(&self) -> Tally {
        self.with(|inner| inner.tally.clone())
    }

    /// Forgets the longest time so far.
    pub(super) fn forget_longest(&self) {
        self.with(|inner| inner.tally.longest = Duration::ZERO);
    }

    /// Asks one node, and the next where it breaks off or turns the request away, until one answers.
    pub(super) async fn ask(&self, turn: usize, request: &Request<'_>) -> Answer {
        let began = Instant::now();
        for attempt in turn.. {
            let nodes = self.nodes();
            let node = &nodes[attempt % nodes.len()];
            let answer = ask_node(node, request).await;
            match answer {
                Ok(answer) if answer.status == 503 => {
                    self.with(|inner| inner.tally.turned_away += 1);
                }
                Ok(answer) => {
                    self.note(node.name, request, &answer, began.elapsed());
                    return answer;
                }
                Err(_broken) => self.with(|inner| inner.tally.broken += 1),
            }
            let (method, path) = (request.method, request.path);
            assert!(
                began.elapsed() < PATIENCE,
                "no node answers {method} {path}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        unreachable!("there is always another attempt")
    }

    fn note(&self, node: &'static str, request: &Request<'_>, answer: &Answer, took: Duration) {
        self.with(|inner| {
            let tally = &mut inner.tally;
            tally.longest = tally.longest.max(took);
            if request.method != "GET" && answer.status.is_success() {
                match tally
                    .acknowledged
                    .iter_mut()
                    .find(|(name, _)| *name == node)
                {
                    Some((_, count)) => *count += 1,
                    None => tally.acknowledged.push((node, 1)),
                }
            }
        });
    }

    /// Asks each node by itself. One that goes away meanwhile need not answer.
    pub(super) async fn ask_each(&self, path: &str) -> Vec<(&'static str, Answer)> {
        let request = Request {
            by: Caller::Guest,
            method: "GET",
            path,
            body: None,
            key: None,
        };
        let mut answers = Vec::new();
        for node in self.nodes() {
            let began = Instant::now();
            while self.has(node.name) {
                if let Ok(answer) = ask_node(&node, &request).await
                    && answer.status != 503
                {
                    answers.push((node.name, answer));
                    break;
                }
                assert!(
                    began.elapsed() < PATIENCE,
                    "{} does not answer {path}",
                    node.name
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        answers
    }
}

async fn ask_node(
    node: &Node,
    request: &Request<'_>,
) -> Result<Answer, impl std::error::Error + use<>> {
    let api = match request.by {
        Caller::Guest => &node.guest,
        Caller::Ann => &node.ann,
        Caller::Ben => &node.ben,
    };
    let api = match request.key {
        Some(key) => &api.with("idempotency-key", key),
        None => api,
    };
    api.try_ask(request.method, request.path, request.body)
        .await
}
