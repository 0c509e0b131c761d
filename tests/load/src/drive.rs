//! Asks a server, on a fixed number of connections in one thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Failure;
use crate::http::{Answer, Connection, Server};
use crate::process::processor_time;
use crate::tally::{Figures, Tally};

/// Our own timer wakes in whole milliseconds; that much of a delay is not the server's.
const TIMER: Duration = Duration::from_millis(1);

/// One request, with a number by which its source knows the answer.
pub(crate) struct Job {
    pub(crate) request: Rc<[u8]>,
    pub(crate) number: usize,
}

/// Where requests come from and answers go.
pub(crate) trait Source {
    /// The next request; none when there is nothing left to ask.
    fn next(&mut self) -> Option<Job>;

    /// Looks at an answer; the complaint is counted.
    fn judge(&mut self, number: usize, answer: &Answer<'_>) -> Result<(), String>;
}

/// The same requests over and over, each of which must be answered with 200.
pub(crate) struct Round {
    requests: Vec<Rc<[u8]>>,
    next: usize,
}

impl Round {
    /// In this order.
    pub(crate) fn new(requests: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            requests: requests.into_iter().map(Rc::from).collect(),
            next: 0,
        }
    }
}

impl Measured {
    /// The figures.
    pub(crate) fn figures(&self, name: &str) -> Figures {
        let mut figures = self.tally.figures(name, self.took);
        let micros = self.processor.as_secs_f64() * 1e6;
        figures.processor_us = micros / figures.answers.max(1) as f64;
        figures
    }
}

impl Source for Round {
    fn next(&mut self) -> Option<Job> {
        let number = self.next;
        let request = Rc::clone(self.requests.get(number)?);
        self.next = (number + 1) % self.requests.len();
        Some(Job { request, number })
    }

    fn judge(&mut self, _number: usize, answer: &Answer<'_>) -> Result<(), String> {
        expect(200, answer)
    }
}

/// Complains about an answer with another status.
pub(crate) fn expect(status: u16, answer: &Answer<'_>) -> Result<(), String> {
    if answer.status == status {
        return Ok(());
    }
    Err(complaint(answer))
}

/// An answer that should have been another, in a line.
pub(crate) fn complaint(answer: &Answer<'_>) -> String {
    let body: String = String::from_utf8_lossy(answer.body)
        .chars()
        .take(120)
        .collect();
    format!("status {}: {body}", answer.status)
}

/// How hard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How many connections, each of which asks one thing at a time.
    pub(crate) connections: usize,
    /// How long to ask before anything is counted.
    pub(crate) warm_up: Duration,
    /// How long to ask and count.
    pub(crate) length: Duration,
    /// How many requests a second; as many as are answered, when none is given.
    ///
    /// With a rate, a request counts from when it was due, not from when a connection was free for it: a server that
    /// stalls does not hide its stall by keeping the clients from asking.
    pub(crate) rate: Option<f64>,
}

/// What was measured.
pub(crate) struct Measured {
    pub(crate) tally: Tally,
    /// For how long.
    pub(crate) took: Duration,
    /// The processor time that the processes took meanwhile.
    pub(crate) processor: Duration,
}

/// Asks until the time is over or nothing is left. Connections are spread over the servers; the processor time is that of
/// processes and their children.
pub(crate) async fn drive(
    servers: &[Server],
    pace: Pace,
    source: Rc<RefCell<dyn Source>>,
    pids: &[u32],
) -> Result<Measured, Failure> {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let due = Rc::new(RefCell::new(0_u32));
    let mut running = JoinSet::new();
    let mut connections: Vec<Connection> = Vec::new();
    for server in servers.iter().cycle().take(pace.connections) {
        let mut connection = Connection::to(server);
        if let Err(error) = connection.open().await {
            tally.borrow_mut().bad(error.to_string());
        }
        connections.push(connection);
    }
    let begin = Instant::now();
    for mut connection in connections {
        let (source, tally, due) = (Rc::clone(&source), Rc::clone(&tally), Rc::clone(&due));
        running.spawn_local(async move {
            let (count_from, end) = (begin + pace.warm_up, begin + pace.warm_up + pace.length);
            loop {
                let started = match pace.rate {
                    None => Instant::now(),
                    Some(rate) => {
                        let turn = due.replace_with(|turn| *turn + 1);
                        let turn = begin + Duration::from_secs_f64(f64::from(turn) / rate);
                        if turn >= end {
                            return;
                        }
                        wait_for(turn).await
                    }
                };
                if started >= end {
                    return;
                }
                let Some(job) = source.borrow_mut().next() else {
                    return;
                };
                let judged = match connection.ask(&job.request).await {
                    Ok(answer) => {
                        let took = started.elapsed();
                        let judged = source.borrow_mut().judge(job.number, &answer);
                        judged.map(|()| (took, answer.body.len()))
                    }
                    Err(error) => Err(error.to_string()),
                };
                if started < count_from {
                    continue;
                }
                match judged {
                    Ok((took, bytes)) => tally.borrow_mut().good(took, bytes),
                    Err(reason) => {
                        tally.borrow_mut().bad(reason);
                        // A server that is away is not asked in a busy loop.
                        tokio::time::sleep(TIMER).await;
                    }
                }
            }
        });
    }
    sleep_until(begin + pace.warm_up).await;
    let before = processor_time(pids)?;
    while running.join_next().await.is_some() {}
    Ok(Measured {
        tally: tally.replace(Tally::default()),
        took: begin.elapsed().saturating_sub(pace.warm_up),
        processor: processor_time(pids)?.saturating_sub(before),
    })
}

/// Waits for a turn and answers from when it counts.
async fn wait_for(turn: Instant) -> Instant {
    if turn <= Instant::now() {
        return turn;
    }
    sleep_until(turn).await;
    Instant::now().min(turn + TIMER)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::LocalSet;

    use super::*;

    /// A server that answers everything alike, after a delay at every request whose number a stall names.
    async fn server(stall: Option<(u32, Duration)>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::task::spawn_local(async move {
            let mut count = 0;
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                count += 1;
                if let Some((number, delay)) = stall
                    && number == count
                {
                    tokio::time::sleep(delay).await;
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer).await.unwrap();
            }
        });
        url.parse().unwrap()
    }

    fn round(server: &Server) -> Rc<RefCell<dyn Source>> {
        Rc::new(RefCell::new(Round::new([server.get("/", None)])))
    }

    const PACE: Pace = Pace {
        connections: 1,
        warm_up: Duration::ZERO,
        length: Duration::from_millis(400),
        rate: None,
    };

    #[tokio::test(flavor = "current_thread")]
    async fn a_closed_loop_asks_as_fast_as_it_is_answered() {
        LocalSet::new()
            .run_until(async {
                let server = server(None).await;
                let servers = std::slice::from_ref(&server);
                let measured = drive(servers, PACE, round(&server), &[]).await.unwrap();
                let (tally, took) = (measured.tally, measured.took);
                assert!(tally.count() > 50, "{}", tally.count());
                assert!(took >= PACE.length, "{took:?}");
            })
            .await;
    }

    #[tokio::test(flavor = "current_thread")]
    async fn with_a_rate_those_who_had_to_wait_for_a_stall_count_it() {
        LocalSet::new()
            .run_until(async {
                let server = server(Some((10, Duration::from_millis(200)))).await;
                let pace = Pace {
                    rate: Some(100.0),
                    ..PACE
                };
                let servers = std::slice::from_ref(&server);
                let measured = drive(servers, pace, round(&server), &[]).await.unwrap();
                let tally = measured.tally;
                // Forty turns; the one that stalled, and the twenty that fell due meanwhile.
                assert_eq!(tally.count(), 40);
                assert!(tally.quantile(0.7) >= 50_000, "{}", tally.quantile(0.7));
                assert!(tally.quantile(0.2) < 50_000, "{}", tally.quantile(0.2));
            })
            .await;
    }

    #[tokio::test(flavor = "current_thread")]
    async fn another_status_is_an_error_and_no_latency() {
        let answer = Answer {
            status: 503,
            body: b"busy",
        };
        assert_eq!(expect(200, &answer), Err("status 503: busy".to_owned()));
        assert_eq!(expect(503, &answer), Ok(()));
    }
}
