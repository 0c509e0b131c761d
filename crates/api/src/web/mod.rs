//! The pages: a workspace's event types, the calendar of one, the form, the booking for its invitee and for its hosts,
//! moving and cancelling it, and what members need.
//!
//! Every page works without JavaScript; the scripts in `static/js` fetch the same pages and put them in place. A
//! handler parses, calls one use case and presents: the contexts that templates show are built by pure functions.

mod account;
mod alternatives;
mod assets;
mod booker;
mod calendar;
mod cancel;
mod carry;
mod changing;
mod details;
mod fields;
mod front;
mod guest;
mod held;
mod history;
mod host;
mod landing;
mod links;
mod look;
mod manage;
mod message;
mod onward;
mod people;
mod place;
mod refusal;
mod reschedule;
#[cfg(test)]
mod sample;
mod security;
mod summary;
mod templates;
mod to_calendar;
mod visit;
mod when;
mod wording;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};
use chrono::{DateTime, Utc};
use minijinja::Environment;
use scheduling_app::availability::EndedLink;
use scheduling_core::ports::{Clock, SecretSource, StorageError};
use url::Url;

use crate::Kalends;
use crate::http::client;
use crate::http::edge::LARGEST_FORM;
use crate::http::rate::{RateClass, Subject, in_seconds};
use links::Paths;
use message::Message;
use templates::Page;

/// The largest form that is read, in bytes; the edge's own limits hold too.
const FORM_LIMIT: usize = LARGEST_FORM;

/// What the pages need beside the use cases.
#[derive(Clone)]
pub(crate) struct WebState {
    inner: Arc<Inner>,
}

struct Inner {
    templates: Environment<'static>,
    paths: Paths,
    public_url: Url,
    /// The right side of invitations' UIDs.
    domain: String,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn SecretSource>,
}

impl WebState {
    /// Reads the templates. `public_url` is where guests reach the pages; `domain` stands behind the `@` in calendar
    /// UIDs, the same as in mails, so that a file and a mail are one entry.
    ///
    /// # Errors
    /// A template that cannot be read. They are part of the program, so this is a mistake in the build.
    pub(crate) fn new(
        public_url: Url,
        domain: String,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Self, minijinja::Error> {
        let paths = Paths::new(public_url.path());
        let templates = templates::environment(paths.base(), &assets::root(paths.base()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                templates,
                paths,
                public_url,
                domain,
                clock,
                secrets,
            }),
        })
    }

    fn paths(&self) -> &Paths {
        &self.inner.paths
    }

    fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    /// A key that makes sending a form twice harmless.
    fn idempotency_key(&self) -> String {
        hex::encode(&self.inner.secrets.secret()[16..])
    }

    /// A root-relative address as a link for other programs.
    fn absolute(&self, path: &str) -> String {
        self.inner
            .public_url
            .join(path)
            .map_or_else(|_not_relative| path.to_owned(), Into::into)
    }

    /// Refuses forms that other sites' pages sent.
    fn require_own_form(&self, request: &HttpRequest) -> Result<(), PageError> {
        if security::is_own_form(request, &self.inner.public_url) {
            Ok(())
        } else {
            Err(PageError::ForeignForm)
        }
    }

    /// A page of whatever status. The reader's browser may keep it, but not show it again without asking.
    fn page<P: Page>(&self, status: StatusCode, page: &P) -> Result<HttpResponse, PageError> {
        let html = self.render(page)?;
        Ok(html_response(status, "private, no-cache", html))
    }

    /// A page that carries a secret or personal data: nobody keeps it, no search engine lists it.
    fn private_page<P: Page>(
        &self,
        status: StatusCode,
        page: &P,
    ) -> Result<HttpResponse, PageError> {
        let mut response = html_response(status, "no-store", self.render(page)?);
        response.headers_mut().insert(
            header::HeaderName::from_static("x-robots-tag"),
            header::HeaderValue::from_static("noindex"),
        );
        Ok(response)
    }

    /// The same for a page whose form may lead to another site: browsers count that as a target of the form.
    fn private_page_leading_to<P: Page>(
        &self,
        status: StatusCode,
        page: &P,
        target: Option<&Url>,
    ) -> Result<HttpResponse, PageError> {
        let mut response = self.private_page(status, page)?;
        let policy = target.map(security::policy_with_target);
        if let Some(policy) = policy.and_then(|text| header::HeaderValue::from_str(&text).ok()) {
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        Ok(response)
    }

    fn render<P: Page>(&self, page: &P) -> Result<String, PageError> {
        self.inner
            .templates
            .get_template(P::TEMPLATE)
            .and_then(|template| template.render(page))
            .map_err(|error| PageError::Internal(error.into()))
    }

    /// The response, or the page that says why there is none.
    fn answer(&self, result: Result<HttpResponse, PageError>) -> HttpResponse {
        let error = match result {
            Ok(response) => return response,
            Err(PageError::Elsewhere { location }) => return see_other(&location),
            Err(error) => error,
        };
        if let PageError::Internal(source) | PageError::Unavailable(source) = &error {
            tracing::error!(
                error = &**source as &dyn StdError,
                "A page could not be made"
            );
        }
        let allowed = match &error {
            PageError::MethodNotAllowed { allowed } => Some(*allowed),
            _ => None,
        };
        let wait = match &error {
            PageError::TooMany { seconds, .. } => Some(*seconds),
            _ => None,
        };
        let (status, message) = Message::about(error, self.paths());
        let mut response = match self.render(&message) {
            Ok(html) => html_response(status, "no-store", html),
            Err(_no_template) => HttpResponse::InternalServerError()
                .content_type("text/plain; charset=utf-8")
                .body("Something is wrong on our side. Try again in a moment."),
        };
        response.headers_mut().insert(
            header::HeaderName::from_static("x-robots-tag"),
            header::HeaderValue::from_static("noindex"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            retry_later(&mut response);
        }
        if let Some(seconds) = wait {
            retry_after(&mut response, seconds);
        }
        if let Some(allowed) = allowed {
            response
                .headers_mut()
                .insert(header::ALLOW, header::HeaderValue::from_static(allowed));
        }
        response
    }
}

/// Counts what somebody asks for from his network.
async fn count(
    kalends: &Kalends,
    request: &HttpRequest,
    class: RateClass,
) -> Result<(), PageError> {
    // A test or a socket without an address has nobody to count.
    let Some(network) = client::counted_network(request, kalends) else {
        return Ok(());
    };
    let counted = kalends.rates.network(class, network).await;
    counted.map(|_standing| ()).map_err(|problem| {
        let answer = problem.respond("");
        let seconds = answer.headers().get(header::RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        PageError::TooMany {
            of: TooMany::Network,
            seconds: seconds.unwrap_or(60),
        }
    })
}

/// Logs what a page tells its reader in calmer words.
fn log(error: &StorageError, what: &'static str) {
    tracing::error!(error = error as &dyn StdError, "{what}");
}

/// Why a request was not worked on to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    /// Too many others wait.
    Overloaded,
    /// It took too long.
    TooLate,
}

/// The page for a request that was not worked on to its end.
pub(crate) fn unready(kalends: &Kalends, why: Unready) -> HttpResponse {
    kalends.web.answer(Err(PageError::Unready(why)))
}

/// Why there is no page.
#[derive(Debug)]
enum PageError {
    /// There is nothing at the address. The workspace's page, when there is one, is the way on.
    NotFound { landing: Option<String> },
    /// The address takes no such request.
    MethodNotAllowed { allowed: &'static str },
    /// The request cannot be understood.
    Malformed,
    /// A form that another site's page sent.
    ForeignForm,
    /// Too many forms came.
    TooMany { of: TooMany, seconds: u64 },
    /// The booking is over, and its link with it. Nothing is told of it.
    Over,
    /// A link to an event type that has expired or is used up.
    LinkEnded(Box<EndedLink>),
    /// What was asked for is elsewhere: signing in comes first, or a form was sent before.
    Elsewhere { location: String },
    /// The server could not look at it.
    Unready(Unready),
    /// The storage does not answer.
    Unavailable(Box<dyn StdError + Send + Sync>),
    /// A mistake of ours.
    Internal(Box<dyn StdError + Send + Sync>),
}

impl PageError {
    const NOT_FOUND: Self = Self::NotFound { landing: None };

    /// Too many guests want the same.
    fn crowded(subject: Subject, wait: Duration) -> Self {
        let of = match subject {
            Subject::Link => TooMany::Link,
            Subject::Address => TooMany::Address,
        };
        let seconds = in_seconds(wait);
        Self::TooMany { of, seconds }
    }
}

/// What there were too many forms of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum TooMany {
    /// From the reader's network.
    Network,
    /// For a link, from everywhere.
    Link,
    /// With a mail address, from everywhere.
    Address,
}

impl From<StorageError> for PageError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Conflict => {
                Self::Unavailable(error.into())
            }
            StorageError::Corrupt { .. } | StorageError::Other(_) => Self::Internal(error.into()),
        }
    }
}

fn html_response(status: StatusCode, caching: &'static str, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, "accept-language"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            security::CONTENT_SECURITY_POLICY,
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, security::REFERRER_POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .body(html)
}

fn retry_later(response: &mut HttpResponse) {
    retry_after(response, 5);
}

fn retry_after(response: &mut HttpResponse, seconds: u64) {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.into());
}

/// Whether a storage's failure may be over in a moment.
fn is_passing(error: &StorageError) -> bool {
    matches!(error, StorageError::Unavailable(_) | StorageError::Conflict)
}

/// Sends the reader on with a GET.
fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, security::REFERRER_POLICY))
        .finish()
}

/// The languages a reader asks for.
fn accept_language(request: &HttpRequest) -> &str {
    request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The fields of the query; all defaults when they cannot be read.
fn query<T: serde::de::DeserializeOwned + Default>(request: &HttpRequest) -> T {
    web::Query::<T>::from_query(request.query_string())
        .map_or_else(|_unreadable| T::default(), web::Query::into_inner)
}

/// Adds the pages' routes. They expect `web::Data` of the use cases, of [`crate::Kalends`] and of [`WebState`].
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::FormConfig::default().limit(FORM_LIMIT))
        .service(read_only(
            "/static/{version}/{file:.*}",
            web::get().to(assets::file),
        ))
        .service(read_only("/book/{workspace}", web::get().to(landing::show)))
        .service(read_only(
            "/book/{workspace}/{event}",
            web::get().to(booker::show),
        ))
        .service(
            form("/book/{workspace}/{event}/details")
                .route(web::get().to(details::show))
                .route(web::post().to(details::choose)),
        )
        .service(
            form("/book/{workspace}/{event}/bookings")
                .route(web::get().to(details::start_again))
                .route(web::post().to(details::book)),
        )
        .service(read_only("/look/{colour}.css", web::get().to(look::sheet)))
        .service(read_only("/images/{image}", web::get().to(look::image)))
        .configure(|config| booking_pages(config, &format!("/b/{{{}}}", visit::MANAGE)))
        .configure(|config| host_pages(config, &format!("/h/{{{}}}", visit::HOST)))
        .configure(|config| host_pages(config, &format!("/bookings/{{{}}}", visit::BOOKING)))
        .configure(account::configure);
}

/// The pages of a booking, below one of the ways to it.
fn booking_pages(config: &mut web::ServiceConfig, root: &str) {
    config
        .service(read_only(root, web::get().to(manage::show)))
        .service(read_only(
            &format!("{root}/invite.ics"),
            web::get().to(to_calendar::file),
        ))
        .service(
            form(&format!("{root}/reschedule"))
                .route(web::get().to(reschedule::show))
                .route(web::post().to(reschedule::submit)),
        )
        .service(
            form(&format!("{root}/cancel"))
                .route(web::get().to(cancel::show))
                .route(web::post().to(cancel::submit)),
        );
}

/// The same for a host, with what only hosts do. Asked for by a link, these addresses do nothing.
fn host_pages(config: &mut web::ServiceConfig, root: &str) {
    booking_pages(config, root);
    let mut only_sent = |name: &str, route: Route| {
        let resource = form(&format!("{root}/{name}")).route(web::get().to(host::back));
        config.service(resource.route(route));
    };
    only_sent("approve", web::post().to(host::approve));
    only_sent("decline", web::post().to(host::decline));
    only_sent("completed", web::post().to(host::completed));
    only_sent("no-show", web::post().to(host::no_show));
}

/// Adds what a server has that serves nothing else: an answer at its bare address, and a page for all other ones.
pub(crate) fn configure_rest(config: &mut web::ServiceConfig) {
    config
        .service(read_only("/", web::get().to(front::show)))
        .default_service(web::to(front::elsewhere));
}

/// An address that can only be read.
fn read_only(path: &str, route: Route) -> Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(async |state: web::Data<WebState>| {
            state.answer(Err(PageError::MethodNotAllowed {
                allowed: "GET, HEAD",
            }))
        }))
}

/// An address that forms are sent to.
fn form(path: &str) -> Resource {
    web::resource(path).default_service(web::to(async |state: web::Data<WebState>| {
        state.answer(Err(PageError::MethodNotAllowed {
            allowed: "GET, HEAD, POST",
        }))
    }))
}

#[cfg(test)]
mod journey;

#[cfg(test)]
mod tests {
    use super::*;

    /// Renders every page with every sample, by name.
    fn rendered() -> Vec<(String, String)> {
        let templates = templates::environment("", &assets::root("")).unwrap();
        let mut pages = Vec::new();
        pages.extend(render(&templates, landing::Landing::samples()));
        pages.extend(render(&templates, booker::Booker::samples()));
        pages.extend(render(&templates, details::Details::samples()));
        pages.extend(render(&templates, manage::Manage::samples()));
        pages.extend(render(&templates, cancel::Cancel::samples()));
        pages.extend(render(&templates, host::HostPage::samples()));
        pages.extend(render(&templates, refusal::Refusal::samples()));
        pages.extend(render(&templates, reschedule::Reschedule::samples()));
        pages.extend(render(&templates, Message::samples()));
        pages.extend(render(&templates, account::SignIn::samples()));
        pages.extend(render(&templates, account::Forgotten::samples()));
        pages.extend(render(&templates, account::NewPassword::samples()));
        pages.extend(render(&templates, account::Invitation::samples()));
        pages.extend(render(&templates, account::Home::samples()));
        pages
    }

    fn render<P: Page>(
        templates: &Environment<'_>,
        samples: Vec<(&'static str, P)>,
    ) -> Vec<(String, String)> {
        let template = templates.get_template(P::TEMPLATE).unwrap();
        let page = P::TEMPLATE
            .trim_start_matches("pages/")
            .trim_end_matches(".html.j2");
        samples
            .into_iter()
            .map(|(name, context)| {
                let html = template.render(&context).unwrap_or_else(|error| {
                    panic!("{page} with {name}: {error:#}");
                });
                (format!("{page}-{name}"), html)
            })
            .collect()
    }

    #[test]
    fn every_page_renders_with_every_sample() {
        let pages = rendered();
        for (name, html) in &pages {
            assert!(html.ends_with("</html>"), "{name}");
            assert!(html.contains("<h1"), "{name}");
            assert!(!html.contains("<title></title>"), "{name}");
        }
        // To look at them: KALENDS_PAGES=folder cargo test -p scheduling-api every_page
        if let Some(folder) = std::env::var_os("KALENDS_PAGES") {
            let folder = std::path::PathBuf::from(folder);
            std::fs::create_dir_all(&folder).unwrap();
            for (name, html) in pages {
                let html = html.replace(&assets::root(""), "static");
                std::fs::write(folder.join(name).with_extension("html"), html).unwrap();
            }
        }
    }

    #[test]
    fn the_confirmation_and_the_refusal_read_as_before() {
        for (name, html) in rendered() {
            if ["manage-confirmed", "details-taken"].contains(&name.as_str()) {
                // What stands between the head's and the icons' noise and the foot.
                let (_, main) = html.split_once("<main").unwrap();
                let (main, _) = main.split_once("</main>").unwrap();
                insta::assert_snapshot!(name, format!("<main{main}</main>"));
            }
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        for (name, html) in rendered() {
            assert!(!html.contains("<script>"), "{name}");
            assert!(!html.contains("</textarea>&lt;/textarea><"), "{name}");
            assert!(!html.contains("href=\"javascript:"), "{name}");
            if name.contains("hostile") {
                assert!(html.contains("&lt;script&gt;alert("), "{name}");
                assert!(html.contains("{{ 7 * 7 }}"), "{name}");
            }
        }
    }

    #[test]
    fn pages_obey_their_own_policy() {
        for (name, html) in rendered() {
            assert!(!html.contains(" style="), "{name} has a style attribute");
            assert!(!html.contains("<style"), "{name} has a style element");
            assert!(!html.contains(" onclick="), "{name}");
            for script in html.split("<script").skip(1) {
                let script = script.split('>').next().unwrap();
                assert!(script.contains(" src=\"/static/"), "{name}: {script}");
            }
        }
    }

    #[test]
    fn every_id_is_used_once_and_every_reference_has_a_target() {
        let values = |html: &str, attribute: &str| -> Vec<String> {
            html.split(&format!(" {attribute}=\""))
                .skip(1)
                .filter_map(|rest| rest.split('"').next().map(str::to_owned))
                .collect()
        };
        for (name, html) in rendered() {
            let ids = values(&html, "id");
            let mut sorted = ids.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(
                sorted.len(),
                ids.len(),
                "{name}: an id is used twice: {ids:?}"
            );
            for attribute in [
                "for",
                "aria-labelledby",
                "aria-describedby",
                "popovertarget",
            ] {
                for target in values(&html, attribute)
                    .iter()
                    .flat_map(|v| v.split_whitespace())
                {
                    assert!(
                        ids.iter().any(|id| id == target),
                        "{name}: {attribute}={target}"
                    );
                }
            }
            for target in values(&html, "href")
                .iter()
                .filter_map(|href| href.strip_prefix('#'))
            {
                assert!(ids.iter().any(|id| id == target), "{name}: #{target}");
            }
        }
    }
}
