//! Who may ask for what: one table of all operations.
//!
//! The middleware admits requests by it, and the description of the API says what stands here. An operation that is not
//! in it is answered to nobody: a test compares the table with the description.

use std::sync::OnceLock;

use scheduling_accounts::{Resource, Scope};

use crate::http::rate::RateClass;

/// Who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, from any site's pages.
    Public,
    /// Anybody, but no other site's pages: signing in and what is like it.
    Anonymous,
    /// Whoever is signed in or has an API token.
    SignedIn,
    /// Whoever is signed in; no API token.
    Session,
    /// Members of the workspace in the path; a token needs the scope.
    Workspace(Scope),
    /// Members of the workspace in the path who are signed in; no API token.
    WorkspaceSession,
}

/// What `If-Match` is to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// It can be given.
    Optional,
    /// It must be given.
    Required,
}

/// One operation of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    /// Its path under the prefix.
    pub(crate) pattern: &'static str,
    pub(crate) access: Access,
    /// Whether `Idempotency-Key` is honoured.
    pub(crate) keyed: bool,
    pub(crate) precondition: Precondition,
    /// Whether it lists pages.
    pub(crate) paged: bool,
}

impl Operation {
    const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    const fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    const fn versioned(mut self) -> Self {
        self.precondition = Precondition::Required;
        self
    }

    const fn may_be_versioned(mut self) -> Self {
        self.precondition = Precondition::Optional;
        self
    }

    /// Which limit of a network holds for it. What principals do is counted for each of them instead.
    pub(crate) fn network_limit(&self) -> Option<RateClass> {
        match self.access {
            Access::Public if self.method == "POST" && self.pattern.ends_with("/holds") => {
                Some(RateClass::Holds)
            }
            Access::Public if self.method != "GET" => Some(RateClass::Guests),
            Access::Anonymous => Some(RateClass::SignIn),
            _ => None,
        }
    }
}

const fn op(method: &'static str, pattern: &'static str, access: Access) -> Operation {
    Operation {
        method,
        pattern,
        access,
        keyed: false,
        precondition: Precondition::None,
        paged: false,
    }
}

const BOOKINGS_READ: Access = Access::Workspace(Scope::read(Resource::Bookings));
const BOOKINGS_WRITE: Access = Access::Workspace(Scope::write(Resource::Bookings));
const TYPES_READ: Access = Access::Workspace(Scope::read(Resource::EventTypes));
const TYPES_WRITE: Access = Access::Workspace(Scope::write(Resource::EventTypes));
const HOURS_READ: Access = Access::Workspace(Scope::read(Resource::Schedules));
const HOURS_WRITE: Access = Access::Workspace(Scope::write(Resource::Schedules));
const MEMBERS_READ: Access = Access::Workspace(Scope::read(Resource::Members));
const MEMBERS_WRITE: Access = Access::Workspace(Scope::write(Resource::Members));
const SPACE_READ: Access = Access::Workspace(Scope::read(Resource::Workspace));
const SPACE_WRITE: Access = Access::Workspace(Scope::write(Resource::Workspace));
const OUTBOX_READ: Access = Access::Workspace(Scope::read(Resource::Outbox));
const OUTBOX_WRITE: Access = Access::Workspace(Scope::write(Resource::Outbox));

/// All operations under the prefix. Where two patterns fit a path, the first one counts, as with the routes.
#[rustfmt::skip]
pub(crate) const OPERATIONS: &[Operation] = &[
    op("GET", "/public/images/{image}", Access::Public),
    op("GET", "/public/bookings/{manage_token}", Access::Public),
    op("GET", "/public/bookings/{manage_token}/slots", Access::Public),
    op("POST", "/public/bookings/{manage_token}/reschedule", Access::Public).keyed().may_be_versioned(),
    op("POST", "/public/bookings/{manage_token}/cancel", Access::Public).keyed().may_be_versioned(),
    op("PATCH", "/public/holds/{hold_token}", Access::Public),
    op("DELETE", "/public/holds/{hold_token}", Access::Public),
    op("GET", "/public/{workspace}", Access::Public),
    op("GET", "/public/{workspace}/event-types", Access::Public),
    op("GET", "/public/{workspace}/event-types/{event}", Access::Public),
    op("GET", "/public/{workspace}/event-types/{event}/slots", Access::Public),
    op("POST", "/public/{workspace}/event-types/{event}/holds", Access::Public).keyed(),
    op("POST", "/public/{workspace}/event-types/{event}/bookings", Access::Public).keyed(),

    op("POST", "/auth/sign-in", Access::Anonymous),
    op("POST", "/auth/sign-out", Access::Anonymous),
    op("POST", "/auth/password-reset", Access::Anonymous),
    op("POST", "/auth/password-reset/confirm", Access::Anonymous),
    op("POST", "/auth/invitations/look", Access::Anonymous),
    op("POST", "/auth/invitations/accept", Access::Anonymous),

    op("GET", "/me", Access::SignedIn),
    op("PATCH", "/me", Access::Session),
    op("POST", "/me/invitations/accept", Access::Session),
    op("GET", "/me/sessions", Access::Session).paged(),
    op("DELETE", "/me/sessions", Access::Session),
    op("DELETE", "/me/sessions/{session}", Access::Session),
    op("GET", "/me/tokens", Access::Session).paged(),
    op("POST", "/me/tokens", Access::Session).keyed(),
    op("GET", "/me/tokens/{token}", Access::Session),
    op("DELETE", "/me/tokens/{token}", Access::Session),

    op("GET", "/workspaces", Access::SignedIn).paged(),
    op("POST", "/workspaces", Access::Session).keyed(),
    op("GET", "/workspaces/{workspace}", SPACE_READ),
    op("PUT", "/workspaces/{workspace}", SPACE_WRITE).versioned(),
    op("PATCH", "/workspaces/{workspace}", SPACE_WRITE).versioned(),

    op("GET", "/workspaces/{workspace}/members", MEMBERS_READ).paged(),
    op("GET", "/workspaces/{workspace}/members/{member}", MEMBERS_READ),
    op("PATCH", "/workspaces/{workspace}/members/{member}", MEMBERS_WRITE),
    op("DELETE", "/workspaces/{workspace}/members/{member}", MEMBERS_WRITE),
    op("GET", "/workspaces/{workspace}/invitations", MEMBERS_READ).paged(),
    op("POST", "/workspaces/{workspace}/invitations", MEMBERS_WRITE).keyed(),
    op("POST", "/workspaces/{workspace}/invitations/{invitation}/resend", MEMBERS_WRITE),
    op("DELETE", "/workspaces/{workspace}/invitations/{invitation}", MEMBERS_WRITE),
    op("GET", "/workspaces/{workspace}/tokens", Access::WorkspaceSession).paged(),
    op("DELETE", "/workspaces/{workspace}/tokens/{token}", Access::WorkspaceSession),

    op("GET", "/workspaces/{workspace}/event-types", TYPES_READ).paged(),
    op("POST", "/workspaces/{workspace}/event-types", TYPES_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/event-types/{event_type}", TYPES_READ),
    op("PUT", "/workspaces/{workspace}/event-types/{event_type}", TYPES_WRITE).versioned(),
    op("PATCH", "/workspaces/{workspace}/event-types/{event_type}", TYPES_WRITE).versioned(),
    op("DELETE", "/workspaces/{workspace}/event-types/{event_type}", TYPES_WRITE).may_be_versioned(),
    op("POST", "/workspaces/{workspace}/event-types/{event_type}/clone", TYPES_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/event-types/{event_type}/explain", TYPES_READ),
    op("GET", "/workspaces/{workspace}/event-types/{event_type}/links", TYPES_READ).paged(),
    op("POST", "/workspaces/{workspace}/event-types/{event_type}/links", TYPES_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/event-types/{event_type}/links/{link}", TYPES_READ),
    op("PUT", "/workspaces/{workspace}/event-types/{event_type}/links/{link}", TYPES_WRITE).versioned(),
    op("PATCH", "/workspaces/{workspace}/event-types/{event_type}/links/{link}", TYPES_WRITE).versioned(),
    op("DELETE", "/workspaces/{workspace}/event-types/{event_type}/links/{link}", TYPES_WRITE).may_be_versioned(),
    op("PUT", "/workspaces/{workspace}/event-type-order", TYPES_WRITE),
    op("POST", "/workspaces/{workspace}/images", TYPES_WRITE).keyed(),

    op("GET", "/workspaces/{workspace}/schedules", HOURS_READ).paged(),
    op("POST", "/workspaces/{workspace}/schedules", HOURS_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/schedules/{schedule}", HOURS_READ),
    op("PUT", "/workspaces/{workspace}/schedules/{schedule}", HOURS_WRITE).versioned(),
    op("PATCH", "/workspaces/{workspace}/schedules/{schedule}", HOURS_WRITE).versioned(),
    op("DELETE", "/workspaces/{workspace}/schedules/{schedule}", HOURS_WRITE).may_be_versioned(),
    op("POST", "/workspaces/{workspace}/schedules/{schedule}/copy", HOURS_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/time-off", HOURS_READ).paged(),
    op("POST", "/workspaces/{workspace}/time-off", HOURS_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/time-off/{time_off}", HOURS_READ),
    op("PUT", "/workspaces/{workspace}/time-off/{time_off}", HOURS_WRITE).versioned(),
    op("PATCH", "/workspaces/{workspace}/time-off/{time_off}", HOURS_WRITE).versioned(),
    op("DELETE", "/workspaces/{workspace}/time-off/{time_off}", HOURS_WRITE).may_be_versioned(),

    op("GET", "/workspaces/{workspace}/bookings", BOOKINGS_READ).paged(),
    op("POST", "/workspaces/{workspace}/bookings", BOOKINGS_WRITE).keyed(),
    op("GET", "/workspaces/{workspace}/bookings/{booking}", BOOKINGS_READ),
    op("DELETE", "/workspaces/{workspace}/bookings/{booking}", BOOKINGS_WRITE).may_be_versioned(),
    op("POST", "/workspaces/{workspace}/bookings/{booking}/approve", BOOKINGS_WRITE).keyed().may_be_versioned(),
    op("POST", "/workspaces/{workspace}/bookings/{booking}/decline", BOOKINGS_WRITE).keyed().may_be_versioned(),
    op("POST", "/workspaces/{workspace}/bookings/{booking}/reschedule", BOOKINGS_WRITE).keyed().may_be_versioned(),
    op("POST", "/workspaces/{workspace}/bookings/{booking}/cancel", BOOKINGS_WRITE).keyed().may_be_versioned(),
    op("POST", "/workspaces/{workspace}/bookings/{booking}/complete", BOOKINGS_WRITE).keyed().may_be_versioned(),
    op("POST", "/workspaces/{workspace}/bookings/{booking}/no-show", BOOKINGS_WRITE).keyed().may_be_versioned(),
    op("GET", "/workspaces/{workspace}/bookings/{booking}/slots", BOOKINGS_READ),
    op("GET", "/workspaces/{workspace}/bookings/{booking}/attendees", BOOKINGS_READ).paged(),
    op("GET", "/workspaces/{workspace}/bookings/{booking}/timeline", BOOKINGS_READ).paged(),

    op("GET", "/workspaces/{workspace}/outbox", OUTBOX_READ).paged(),
    op("GET", "/workspaces/{workspace}/outbox/{entry}", OUTBOX_READ),
    op("POST", "/workspaces/{workspace}/outbox/{entry}/replay", OUTBOX_WRITE),
    op("GET", "/workspaces/{workspace}/messages", SPACE_READ).paged(),
    op("PUT", "/workspaces/{workspace}/messages", SPACE_WRITE),
    op("GET", "/workspaces/{workspace}/messages/variables", SPACE_READ),
    op("POST", "/workspaces/{workspace}/messages/preview", SPACE_READ),
    op("GET", "/workspaces/{workspace}/audit", SPACE_READ).paged(),
];

/// The operation that a request asks for; its path is the one under the prefix.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static Operation> {
    routes()
        .iter()
        .find(|(pattern, operation)| operation.method == method && fits(pattern, path))
        .map(|(_, operation)| *operation)
}

/// The methods that a path knows; `None` for a path that is none of ours.
pub(crate) fn methods(path: &str) -> Option<Vec<&'static str>> {
    let known: Vec<&str> = routes()
        .iter()
        .filter(|(pattern, _)| fits(pattern, path))
        .map(|(_, operation)| operation.method)
        .collect();
    let mut methods = Vec::new();
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        if known.contains(&method) {
            methods.push(method);
            if method == "GET" {
                methods.push("HEAD");
            }
        }
    }
    if methods.is_empty() {
        return None;
    }
    methods.push("OPTIONS");
    Some(methods)
}

/// Whether any of the operations of a path is open to other sites' pages without credentials.
pub(crate) fn is_public(path: &str) -> bool {
    routes()
        .iter()
        .any(|(pattern, operation)| operation.access == Access::Public && fits(pattern, path))
}

/// Whether any of the operations of a path takes an API token.
pub(crate) fn takes_tokens(path: &str) -> bool {
    routes().iter().any(|(pattern, operation)| {
        matches!(operation.access, Access::SignedIn | Access::Workspace(_)) && fits(pattern, path)
    })
}

type Route = (Vec<&'static str>, &'static Operation);

fn routes() -> &'static [Route] {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    ROUTES.get_or_init(|| {
        OPERATIONS
            .iter()
            .map(|operation| (operation.pattern.split('/').collect(), operation))
            .collect()
    })
}

fn fits(pattern: &[&str], path: &str) -> bool {
    let mut segments = path.split('/');
    pattern.iter().all(|part| {
        segments.next().is_some_and(|segment| {
            *part == segment || (part.starts_with('{') && !segment.is_empty())
        })
    }) && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_and_the_description_have_the_same_operations() {
        let document: serde_json::Value =
            serde_json::from_str(crate::rest::openapi_json()).unwrap();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let Some(path) = path.strip_prefix(crate::rest::PREFIX) else {
                continue;
            };
            for method in item.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let table: BTreeSet<String> = OPERATIONS
            .iter()
            .map(|o| format!("{} {}", o.method, o.pattern))
            .collect();
        assert_eq!(table.len(), OPERATIONS.len(), "nothing stands there twice");
        assert_eq!(table, described);
    }

    #[test]
    fn a_path_finds_its_operation() {
        let access = |method, path| operation(method, path).map(|o| o.access);
        assert_eq!(access("GET", "/public/acme"), Some(Access::Public));
        assert_eq!(access("GET", "/public//"), None);
        assert_eq!(access("GET", "/public/acme/"), None);
        assert_eq!(access("GET", "/me"), Some(Access::SignedIn));
        assert_eq!(access("PATCH", "/me"), Some(Access::Session));
        assert_eq!(access("DELETE", "/public/acme"), None);
        let known = methods("/workspaces/acme/event-types/et_1").unwrap();
        assert_eq!(known, ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]);
        assert_eq!(methods("/nothing"), None);
        assert!(is_public("/public/acme") && !is_public("/me"));
        assert!(takes_tokens("/me") && !takes_tokens("/auth/sign-in"));
    }

    #[test]
    fn nothing_but_the_guests_side_is_open_to_everybody() {
        for operation in OPERATIONS {
            let open = matches!(operation.access, Access::Public | Access::Anonymous);
            let expected = operation.pattern.starts_with("/public/")
                || operation.pattern.starts_with("/auth/");
            assert_eq!(open, expected, "{operation:?}");
            let in_workspace = operation.pattern.starts_with("/workspaces/{workspace}");
            let by_membership = matches!(
                operation.access,
                Access::Workspace(_) | Access::WorkspaceSession
            );
            assert_eq!(in_workspace, by_membership, "{operation:?}");
        }
    }

    #[test]
    fn whoever_changes_needs_the_scope_to_write() {
        for operation in OPERATIONS {
            if let Access::Workspace(scope) = operation.access {
                // A preview shows words and changes nothing.
                let reads = operation.method == "GET" || operation.pattern.ends_with("/preview");
                let expected = if reads {
                    Scope::read(scope.resource)
                } else {
                    Scope::write(scope.resource)
                };
                assert_eq!(scope, expected, "{operation:?}");
            }
        }
    }
}
