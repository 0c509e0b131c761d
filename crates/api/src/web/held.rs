//! The slot that is kept for a guest who fills in the form: in the form itself, and in a cookie, so that going back to
//! the times does not find the own slot taken.
//!
//! The token is all that counts. What stands beside it is only shown: whoever changes it fools himself.

use std::fmt;
use std::str::FromStr;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_app::HoldToken;
use scheduling_app::bookings::Held;
use scheduling_core::hold::Hold;
use serde::Serialize;
use url::Url;

use super::guest::View;
use super::wording::clock_time;

/// A slot that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldSlot {
    pub token: HoldToken,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// Whether it was renewed. It can be once.
    pub renewed: bool,
}

/// A text that names no held slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotHeld;

const COOKIE: &str = "kalends_hold";

impl HeldSlot {
    pub(super) fn of(held: &Held) -> Self {
        Self::with(held.token.clone(), &held.hold)
    }

    pub(super) fn with(token: HoldToken, hold: &Hold) -> Self {
        Self {
            token,
            start: hold.interval.start(),
            end: hold.interval.end(),
            until: hold.expires_at,
            renewed: hold.renewed,
        }
    }

    /// The one that a field names, or else the cookie.
    pub(super) fn of_request(field: Option<&str>, request: &HttpRequest) -> Option<Self> {
        match field {
            Some(field) => field.parse().ok(),
            None => request.cookie(COOKIE)?.value().parse().ok(),
        }
    }

    pub(super) fn is_kept(&self, now: DateTime<Utc>) -> bool {
        now < self.until
    }

    /// Remembers it for the pages below an address.
    pub(super) fn remember(&self, response: &mut HttpResponse, public: &Url, path: &str) {
        let kept = cookie(self.to_string(), public, path, Duration::minutes(15));
        set(response, &kept);
    }

    /// Forgets whichever slot was kept.
    pub(super) fn forget(response: &mut HttpResponse, public: &Url, path: &str) {
        let nothing = cookie(String::new(), public, path, Duration::ZERO);
        set(response, &nothing);
    }
}

fn set(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    // Our own parts make a header; without the cookie, only the way back to the times is less smooth.
    if let Err(error) = response.add_cookie(cookie) {
        tracing::warn!(error = %error, "A held slot could not be remembered");
    }
}

fn cookie(value: String, public: &Url, path: &str, lasts: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path(path.to_owned())
        .http_only(true)
        .secure(public.scheme() == "https")
        .same_site(SameSite::Lax)
        .max_age(lasts)
        .finish()
}

impl fmt::Display for HeldSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |at: DateTime<Utc>| at.timestamp();
        write!(
            f,
            "{}.{}.{}.{}.{}",
            self.token,
            seconds(self.start),
            seconds(self.end),
            seconds(self.until),
            u8::from(self.renewed)
        )
    }
}

impl FromStr for HeldSlot {
    type Err = NotHeld;

    fn from_str(text: &str) -> Result<Self, NotHeld> {
        let parts: Vec<&str> = text.split('.').collect();
        let [token, start, end, until, renewed] = parts.as_slice() else {
            return Err(NotHeld);
        };
        let at = |text: &str| {
            let seconds = text.parse().ok();
            seconds
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
                .ok_or(NotHeld)
        };
        Ok(Self {
            token: token.parse().map_err(|_no_token| NotHeld)?,
            start: at(start)?,
            end: at(end)?,
            until: at(until)?,
            renewed: *renewed != "0",
        })
    }
}

/// What the form says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct HoldNote {
    /// For the form.
    pub value: String,
    pub renewed: bool,
    /// Seconds that are left; 0 when it ran out.
    pub left: i64,
    /// Until when, on the reader's clock.
    pub until: String,
}

impl HoldNote {
    pub(super) fn new(held: &HeldSlot, view: View, now: DateTime<Utc>) -> Self {
        let until: DateTime<Tz> = held.until.with_timezone(&view.zone);
        Self {
            value: held.to_string(),
            renewed: held.renewed,
            left: (held.until - now).num_seconds().clamp(0, 3600),
            until: clock_time(&until, view.cycle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_held_slot_survives_the_way_through_a_form_and_nonsense_is_none() {
        let held = sample::held();
        assert_eq!(held.to_string().parse(), Ok(held.clone()));
        let token = held.token.to_string();
        for text in [
            String::new(),
            token.clone(),
            format!("{token}.1.2.3"),
            format!("{token}.1.2.3.0.5"),
            format!("{token}.x.2.3.0"),
            format!("{token}.99999999999999999.2.3.0"),
            "hold_zz.1.2.3.0".to_owned(),
        ] {
            assert_eq!(text.parse::<HeldSlot>(), Err(NotHeld), "{text}");
        }
    }

    #[test]
    fn a_far_end_is_not_counted_down() {
        let mut held = sample::held();
        let note = |held: &HeldSlot| HoldNote::new(held, sample::view(Tz::UTC), sample::now()).left;
        assert_eq!(note(&held), 300);
        held.until = DateTime::<Utc>::MAX_UTC;
        assert_eq!(note(&held), 3600);
        held.until = DateTime::<Utc>::MIN_UTC;
        assert_eq!((note(&held), held.is_kept(sample::now())), (0, false));
    }
}
