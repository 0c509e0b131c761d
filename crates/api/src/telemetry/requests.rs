//! Counting requests: by method, the route's pattern and status.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use metrics::{Counter, Histogram};

use super::metrics::Metrics;
use super::names;

/// The figures of requests so far. Entering a figure anew for each request would cost more than many a request does.
#[derive(Default)]
pub(super) struct RequestFigures(RwLock<HashMap<String, Vec<Route>>>);

/// One method of one route.
struct Route {
    method: &'static str,
    duration: Histogram,
    answers: Vec<(u16, Counter)>,
}

/// A method's name. What is no method of ours is not counted by whatever name somebody invents for it.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// What requests are counted as that no route takes.
const NO_ROUTE: &str = "(none)";

impl Metrics {
    /// Counts a request that was answered. `route` is the pattern of the route, never a path.
    pub(crate) fn request(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, route) = (name(method), route.unwrap_or(NO_ROUTE));
        let status = status.as_u16();
        if status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
            self.0.refused_rate.increment(1);
        }
        let known = self.0.requests.0.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if count(&known, method, route, status, took) {
            return;
        }
        drop(known);
        self.learn(method, route, status);
        let known = self.0.requests.0.read();
        count(
            &known.unwrap_or_else(PoisonError::into_inner),
            method,
            route,
            status,
            took,
        );
    }

    /// Enters the figures of an answer that was not given before.
    fn learn(&self, method: &'static str, route: &str, status: u16) {
        let known = self.0.requests.0.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let methods = known.entry(route.to_owned()).or_default();
        let place = methods.iter().position(|known| known.method == method);
        let place = place.unwrap_or_else(|| {
            let labels = [("method", method), ("route", route)];
            methods.push(Route {
                method,
                duration: self.register().histogram(names::REQUEST_DURATION, &labels),
                answers: Vec::new(),
            });
            methods.len() - 1
        });
        let answers = &mut methods[place].answers;
        if answers.iter().all(|(known, _)| *known != status) {
            let code = status.to_string();
            let labels = [("method", method), ("route", route), ("status", &code)];
            answers.push((status, self.register().counter(names::REQUESTS, &labels)));
        }
    }
}

fn count(
    known: &HashMap<String, Vec<Route>>,
    method: &str,
    route: &str,
    status: u16,
    took: Duration,
) -> bool {
    let methods = known.get(route).map_or(&[][..], Vec::as_slice);
    let Some(route) = methods.iter().find(|route| route.method == method) else {
        return false;
    };
    let answers = &mut route.answers.iter();
    let Some((_, counter)) = answers.find(|(known, _)| *known == status) else {
        return false;
    };
    counter.increment(1);
    route.duration.record(took);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_counted_under_its_route() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(3);
        let route = Some("/book/{workspace}");
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND] {
            metrics.request(&Method::GET, route, status, took);
        }
        metrics.request(&Method::POST, route, StatusCode::OK, took);
        let text = metrics.render();
        for line in [
            r#"kalends_http_requests_total{method="GET",route="/book/{workspace}",status="200"} 2"#,
            r#"kalends_http_requests_total{method="GET",route="/book/{workspace}",status="404"} 1"#,
            r#"kalends_http_requests_total{method="POST",route="/book/{workspace}",status="200"} 1"#,
            r#"kalends_http_request_duration_seconds_bucket{method="GET",route="/book/{workspace}",le="0.0025"} 0"#,
            r#"kalends_http_request_duration_seconds_bucket{method="GET",route="/book/{workspace}",le="0.005"} 3"#,
            r#"kalends_http_request_duration_seconds_count{method="GET",route="/book/{workspace}"} 3"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn strangers_cannot_make_more_figures() {
        let metrics = Metrics::new();
        for n in 0..1000 {
            let method = Method::from_bytes(format!("X{n}").as_bytes()).unwrap();
            metrics.request(&method, None, StatusCode::NOT_FOUND, Duration::ZERO);
        }
        let text = metrics.render();
        let counted = text
            .lines()
            .filter(|line| line.starts_with("kalends_http_requests_total{"));
        assert_eq!(
            counted.collect::<Vec<_>>(),
            [r#"kalends_http_requests_total{method="other",route="(none)",status="404"} 1000"#]
        );
    }
}
