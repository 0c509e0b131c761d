//! The addresses of pages.

use chrono::{DateTime, Datelike as _, Utc};
use scheduling_app::{HostToken, ManageToken};
use scheduling_core::ids::BookingId;
use scheduling_core::text::Slug;
use url::form_urlencoded;

use crate::http::ids::WireId as _;
use crate::http::local_time::YEARS;

/// Builds root-relative addresses, below the path that the server is reached under.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    base: String,
}

impl Paths {
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn sign_in(&self) -> String {
        format!("{}/sign-in", self.base)
    }

    /// Signing in, and then going on to an address of ours.
    pub(super) fn sign_in_and_go_on(&self, next: &str) -> String {
        with_query(&self.sign_in(), [("next", next)])
    }

    pub(super) fn sign_out(&self) -> String {
        format!("{}/sign-out", self.base)
    }

    pub(super) fn forgotten_password(&self) -> String {
        format!("{}/forgotten-password", self.base)
    }

    pub(super) fn reset_password(&self, token: &str) -> String {
        format!("{}/reset-password/{}", self.base, segment(token))
    }

    pub(super) fn invitation(&self, token: &str) -> String {
        format!("{}/invitations/{}", self.base, segment(token))
    }

    pub(super) fn home(&self) -> String {
        format!("{}/home", self.base)
    }

    /// A booking, for a member who is signed in.
    pub(super) fn member_booking(&self, booking: BookingId) -> String {
        format!("{}/bookings/{}", self.base, booking.wire())
    }

    pub(super) fn landing(&self, workspace: &Slug) -> String {
        format!("{}/book/{workspace}", self.base)
    }

    pub(super) fn event(&self, workspace: &Slug, event: &Slug) -> String {
        format!("{}/book/{workspace}/{event}", self.base)
    }

    pub(super) fn details(&self, workspace: &Slug, event: &Slug) -> String {
        format!("{}/details", self.event(workspace, event))
    }

    pub(super) fn bookings(&self, workspace: &Slug, event: &Slug) -> String {
        format!("{}/bookings", self.event(workspace, event))
    }

    pub(super) fn manage(&self, token: &ManageToken) -> String {
        format!("{}/b/{token}", self.base)
    }

    /// A booking, for a host who has its link.
    pub(super) fn host(&self, token: &HostToken) -> String {
        format!("{}/h/{token}", self.base)
    }
}

/// The addresses of one booking's pages, all below the one by which its reader came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BookingPaths(String);

impl BookingPaths {
    pub(super) fn below(page: String) -> Self {
        Self(page)
    }

    pub(super) fn page(&self) -> &str {
        &self.0
    }

    pub(super) fn reschedule(&self) -> String {
        format!("{}/reschedule", self.0)
    }

    pub(super) fn cancel(&self) -> String {
        format!("{}/cancel", self.0)
    }

    pub(super) fn invite(&self) -> String {
        format!("{}/invite.ics", self.0)
    }

    pub(super) fn approve(&self) -> String {
        format!("{}/approve", self.0)
    }

    pub(super) fn decline(&self) -> String {
        format!("{}/decline", self.0)
    }

    pub(super) fn completed(&self) -> String {
        format!("{}/completed", self.0)
    }

    pub(super) fn no_show(&self) -> String {
        format!("{}/no-show", self.0)
    }
}

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// `path?a=b`, with everything encoded; just the path when there is nothing to ask.
pub(super) fn with_query<'a>(
    path: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields);
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// An instant as links carry it: `2026-11-24T14:00:00Z`.
pub(super) fn instant(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads an instant from a link, of the years that the API knows too. A form encodes `+` as a space, so an offset's plus
/// may arrive as one.
pub(super) fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&text.trim().replace(' ', "+"))
        .ok()
        .map(|instant| instant.with_timezone(&Utc))
        .filter(|instant| YEARS.contains(&instant.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        assert_eq!(
            with_query("/x", [("tz", "Etc/GMT+1"), ("q", "a&b=\"<")]),
            "/x?tz=Etc%2FGMT%2B1&q=a%26b%3D%22%3C"
        );
        assert_eq!(with_query("/x", []), "/x");
    }

    #[test]
    fn instants_survive_a_link() {
        let start = parse_instant("2026-11-24T15:00:00 01:00").unwrap();
        assert_eq!(instant(start), "2026-11-24T14:00:00Z");
        assert_eq!(parse_instant(&instant(start)), Some(start));
        assert_eq!(parse_instant("24 November"), None);
        assert_eq!(parse_instant("9999-12-31T23:59:59Z"), None);
    }
}
