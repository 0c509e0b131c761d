//! The catalogue of problems: every kind there is, with its slug, its status and what it means.

use actix_web::http::StatusCode;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $kind:ident, $slug:literal, $status:ident, $title:literal, $about:literal;)*) => {
        /// What kind of problem it is. Slugs are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProblemKind {
            $($(#[$doc])* $kind,)*
        }

        impl ProblemKind {
            /// All kinds, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name in addresses and in `code`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)* }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)* }
            }

            /// A short line that is the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }

            /// What it means and what a client does about it.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$kind => $about,)* }
            }
        }
    };
}

catalogue! {
    /// Somebody else has the time.
    SlotTaken, "slot-taken", CONFLICT, "The slot is taken",
        "Somebody else booked or holds this time, or one so close to it that no host is free. `alternatives` names up to three starts that are offered, the nearest first.";
    /// The start is not one that is offered.
    SlotOutsideAvailability, "slot-outside-availability", UNPROCESSABLE_ENTITY, "The start is not offered",
        "The start lies outside the hours of the event type or its hosts, or is not one of the event type's starting times. Book a start that the slots endpoint lists. `alternatives` names up to three.";
    /// Too soon.
    NoticeTooShort, "notice-too-short", UNPROCESSABLE_ENTITY, "The start is too soon",
        "The start has passed, or the event type asks for more notice. `alternatives` names up to three later starts.";
    /// Too far ahead.
    BookingWindow, "booking-window", UNPROCESSABLE_ENTITY, "The date cannot be booked",
        "The date lies outside those on which the event type can be booked. `alternatives` names up to three starts that can.";
    /// No host takes more.
    LimitReached, "limit-reached", CONFLICT, "The hosts take no more bookings then",
        "Every host who could take the start has as many bookings of this event type as a day, week or month allows. `alternatives` names up to three starts.";
    /// A hold is over.
    HoldExpired, "hold-expired", GONE, "The hold has expired",
        "A hold lasts five minutes, and five more when it is renewed. What was held may be free still: hold it anew, or book it without a hold.";
    /// A hold was renewed before.
    HoldRenewed, "hold-renewed", CONFLICT, "The hold was renewed before",
        "A hold can be renewed once. Book while it lasts.";
    /// A link's time has passed.
    LinkExpired, "link-expired", GONE, "The link has expired",
        "A booking's links end with the meeting; a booking link ends at its date or when it is withdrawn; links for passwords and invitations end after a time.";
    /// A link was used as often as it can be.
    LinkUsedUp, "link-used-up", GONE, "The link was used before",
        "The link leads to a limited number of bookings, and those were made.";
    /// Too late to change.
    CutoffPassed, "cutoff-passed", CONFLICT, "It is too late for that",
        "The event type lets invitees cancel or move a booking only until some time before its start, and that time has passed. `cutoff` names it. The host can still do it.";
    /// Not for invitees.
    ChangeNotAllowed, "change-not-allowed", FORBIDDEN, "Invitees cannot do that",
        "The event type does not let invitees cancel, or move, their bookings. The host can.";
    /// Why is asked.
    ReasonRequired, "reason-required", UNPROCESSABLE_ENTITY, "A reason is required",
        "The event type asks for a reason. Send it as `reason`.";
    /// The booking's state does not allow it.
    TransitionNotAllowed, "transition-not-allowed", CONFLICT, "The booking's state does not allow that",
        "A booking that is cancelled, declined, expired or over cannot become what was asked. `from` names the state it is in and `to` what was asked for.";
    /// No IANA zone.
    InvalidTimezone, "invalid-timezone", UNPROCESSABLE_ENTITY, "The time zone is unknown",
        "A time zone must be an IANA name such as `Europe/Berlin`. `errors` says where.";
    /// The clocks jump over it.
    NonexistentLocalTime, "nonexistent-local-time", UNPROCESSABLE_ENTITY, "The local time does not exist",
        "The clocks of the zone jump over this local time. `candidates` names the instants before and after the jump; send one of them with its offset.";
    /// The clocks show it twice.
    AmbiguousLocalTime, "ambiguous-local-time", UNPROCESSABLE_ENTITY, "The local time comes twice",
        "The clocks of the zone show this local time twice. `candidates` names both instants; send one of them with its offset.";
    /// Another request had the key.
    IdempotencyKeyReused, "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request",
        "An `Idempotency-Key` belongs to one request. Send the same body as before, or another key.";
    /// A field is wrong.
    Validation, "validation", UNPROCESSABLE_ENTITY, "Some values cannot be used",
        "`errors` names each value: `pointer` is a JSON pointer into the body, or `/query/…` and `/headers/…`; `code` is for programs and `detail` for people.";
    /// Something else has the name.
    SlugTaken, "slug-taken", CONFLICT, "The slug is taken",
        "Another workspace, or another event type or booking link of the workspace, has this slug. Choose another.";
    /// Something depends on it.
    InUse, "in-use", CONFLICT, "Something still depends on it",
        "It cannot go while something depends on it: a schedule that an event type names, or a member who hosts. `used_by` names what does.";
    /// There is nothing to try again.
    NotFailed, "not-failed", CONFLICT, "It has not failed",
        "Only what was given up can be tried again.";
    /// Somebody changed it meanwhile.
    VersionConflict, "version-conflict", PRECONDITION_FAILED, "It was changed meanwhile",
        "`If-Match` names a version that is no longer the present one. `current` is; read it again and repeat the change.";
    /// The version is asked for.
    PreconditionRequired, "precondition-required", PRECONDITION_REQUIRED, "The version must be named",
        "PUT and PATCH need `If-Match` with the `ETag` that was read, or `*` for whichever is the present one, so that nobody overwrites what he has not seen.";
    /// Nobody proved who he is.
    Unauthenticated, "unauthenticated", UNAUTHORIZED, "Nobody is signed in",
        "Send `Authorization: Bearer kal_live_…` with an API token, or sign in. A token that is unknown, revoked or expired is answered alike.";
    /// Address and password do not fit.
    SignInRefused, "sign-in-refused", UNAUTHORIZED, "The mail address and the password do not match",
        "There is no such pair. Whether there is such an account is not told.";
    /// The token may not.
    InsufficientScope, "insufficient-scope", FORBIDDEN, "The API token lacks a scope",
        "`required_scope` names the scope that the token needs.";
    /// The role is not enough.
    InsufficientRole, "insufficient-role", FORBIDDEN, "The role is not enough",
        "Members manage what is their own, admins and owners what is the workspace's; only owners manage owners.";
    /// No token may.
    SessionRequired, "session-required", FORBIDDEN, "No API token can do that",
        "Accounts, sessions and API tokens are managed by somebody who is signed in.";
    /// A page of another site asked.
    CrossSiteRequest, "cross-site-request", FORBIDDEN, "The request came from another site",
        "Requests with the cookie of a session change things only from the server's own pages: `Sec-Fetch-Site` must be `same-origin`, or `Origin` the server's own. Programs use an API token instead.";
    /// There must be an owner.
    LastOwner, "last-owner", CONFLICT, "A workspace must have an owner",
        "The last owner can neither leave nor become something else. Make somebody else an owner first.";
    /// He is in already.
    AlreadyMember, "already-member", CONFLICT, "The person is a member or invited already",
        "The workspace has a member with this mail address, or an open invitation for it: `invitation` names that, and it can be sent again.";
    /// Another account is meant.
    AccountMismatch, "account-mismatch", CONFLICT, "The invitation is for another account",
        "The invited address has an account, so that its owner signs in and accepts; or somebody is signed in whose address is another.";
    /// Too often.
    RateLimited, "rate-limited", TOO_MANY_REQUESTS, "Too many requests",
        "The header `Retry-After` says in how many seconds to try again; `RateLimit` and `RateLimit-Policy` say how much is left and allowed.";
    /// The body is no JSON.
    MalformedBody, "malformed-body", BAD_REQUEST, "The body is not readable",
        "The body is not JSON, is nested too deeply, or was not sent in time.";
    /// Nothing is there.
    NotFound, "not-found", NOT_FOUND, "There is nothing here",
        "The address names nothing that the asker may know of, or no endpoint.";
    /// The address knows other methods.
    MethodNotAllowed, "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "The header `Allow` names the methods that are.";
    /// We cannot answer in that format.
    NotAcceptable, "not-acceptable", NOT_ACCEPTABLE, "The answer exists only as JSON",
        "The header `Accept` rules `application/json` out.";
    /// We cannot read that format.
    UnsupportedMediaType, "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON",
        "Send `Content-Type: application/json`, without a content coding. A PATCH is a JSON Merge Patch (RFC 7396) and may say `application/merge-patch+json`.";
    /// Too much.
    PayloadTooLarge, "payload-too-large", PAYLOAD_TOO_LARGE, "The body is too large",
        "Bodies are read up to a limit: 64 KiB unless the server is set otherwise, more for bookings and for pictures.";
    /// Not now.
    Unavailable, "unavailable", SERVICE_UNAVAILABLE, "The server cannot answer right now",
        "The database does not answer. Nothing was changed. The header `Retry-After` says when to try again.";
    /// More than we can do.
    Overloaded, "overloaded", SERVICE_UNAVAILABLE, "The server has more to do than it can",
        "Too many requests wait in line, or this one waited for too long. Nothing was looked at and nothing was changed. The header `Retry-After` says when to try again.";
    /// We gave it up.
    TookTooLong, "took-too-long", SERVICE_UNAVAILABLE, "The answer took too long",
        "The server worked on the request for as long as it may and gave it up. What it was about to change was taken back, unless it was being stored at that very moment: read it again, or repeat the request with the same `Idempotency-Key`, which changes nothing twice.";
    /// Our fault.
    Internal, "internal", INTERNAL_SERVER_ERROR, "Something went wrong",
        "The fault is the server's. Its log has more under the `request_id`.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique() {
        let mut slugs: Vec<_> = ProblemKind::ALL.iter().map(|k| k.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
    }
}
