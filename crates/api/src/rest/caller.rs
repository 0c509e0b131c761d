//! Who asks, and what he is in the workspace that the path names.

use std::future::{Ready, ready};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use scheduling_accounts::{AccessError, Membership, Principal, PrincipalKind, Scope, WorkspaceRef};
use scheduling_app::actor::Actor;
use scheduling_core::directory::Role;
use scheduling_core::ids::WorkspaceId;
use serde_json::Value;

use super::access::{Access, Operation};
use crate::Kalends;
use crate::http::ids::WireId;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::rate::Standing;
use crate::http::{client, origin, session_cookie};

/// What the middleware found out about a request, for the handler's extractors.
#[derive(Debug, Clone)]
struct Admitted {
    operation: &'static Operation,
    principal: Option<Principal>,
}

/// Admits a request to an operation, or refuses it. Answers how the client stands with his limit.
///
/// # Errors
/// 401, 403, 415, 429, 503.
pub(super) async fn admit(
    request: &ServiceRequest,
    operation: &'static Operation,
) -> Result<Option<Standing>, Problem> {
    let request = request.request();
    let Some(kalends) = request.app_data::<Data<Kalends>>() else {
        return Err(Problem::new(
            ProblemKind::Internal,
            "The server is not set up.",
        ));
    };
    let mut standing = None;
    if let Some(class) = operation.network_limit() {
        // A test or a socket without an address has nobody to count.
        if let Some(network) = client::counted_network(request, kalends) {
            standing = kalends.rates.network(class, network).await?;
        }
    }
    let principal = match operation.access {
        Access::Public | Access::Anonymous => None,
        _ => {
            let (principal, by_cookie) = authenticate(request, kalends).await?;
            if by_cookie && changes(request.method()) {
                origin::from_our_own_pages(request, kalends.public_url())?;
            }
            let counted = match principal.kind {
                PrincipalKind::Session(id) => id.as_uuid(),
                PrincipalKind::Token { id, .. } => id.as_uuid(),
            };
            standing = kalends.rates.principal(counted)?;
            if operation.access == Access::Session && principal.session().is_none() {
                return Err(session_required());
            }
            Some(principal)
        }
    };
    request.extensions_mut().insert(Admitted {
        operation,
        principal,
    });
    Ok(standing)
}

fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Who asks, and whether a cookie says so.
async fn authenticate(
    request: &HttpRequest,
    kalends: &Kalends,
) -> Result<(Principal, bool), Problem> {
    let accounts = &kalends.accounts;
    // Whoever sends a token means it: a wrong one is not made good by a cookie.
    if request.headers().contains_key(header::AUTHORIZATION) {
        let token = bearer(request.headers()).ok_or_else(Problem::unauthenticated)?;
        let principal = accounts.authenticate_token(token).await?;
        let principal = principal.ok_or_else(Problem::unauthenticated)?;
        return Ok((principal, false));
    }
    let token = session_cookie::read(request, kalends.public_url());
    let token = token.ok_or_else(Problem::unauthenticated)?;
    let principal = accounts.authenticate_session(&token.to_string()).await?;
    Ok((principal.ok_or_else(Problem::unauthenticated)?, true))
}

/// The token of an `Authorization` header, if that has one and nothing else.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION);
    let (scheme, token) = given.next()?.to_str().ok()?.split_once(' ')?;
    let is_one = given.next().is_none() && scheme.eq_ignore_ascii_case("bearer");
    is_one.then(|| token.trim())
}

fn session_required() -> Problem {
    Problem::new(
        ProblemKind::SessionRequired,
        "Somebody must be signed in for that.",
    )
}

fn admitted(request: &HttpRequest) -> Option<Admitted> {
    request.extensions().get::<Admitted>().cloned()
}

/// Somebody who proved who he is.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Principal);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let principal = admitted(request).and_then(|admitted| admitted.principal);
        ready(principal.map(Self).ok_or_else(Problem::unauthenticated))
    }
}

/// A member of the workspace in the path who may use the operation. There is no other way to the `Actor` that the use
/// cases ask for: what belongs to other workspaces is out of reach.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) principal: Principal,
    pub(super) membership: Membership,
}

impl Member {
    /// The workspace.
    pub(super) fn workspace(&self) -> WorkspaceId {
        self.membership.workspace.id
    }

    /// The workspace, as the use cases of accounts name it.
    pub(super) fn reference(&self) -> WorkspaceRef {
        self.workspace().into()
    }

    /// Who acts.
    pub(super) fn actor(&self) -> Actor {
        Actor::Member {
            workspace: self.workspace(),
            user: self.principal.user,
            role: self.membership.role,
        }
    }
}

impl FromRequest for Member {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { member(&request).await })
    }
}

async fn member(request: &HttpRequest) -> Result<Member, Problem> {
    let unknown = || Problem::not_found("workspace");
    let kalends = request.app_data::<Data<Kalends>>().ok_or_else(unknown)?;
    let admitted = admitted(request).ok_or_else(Problem::unauthenticated)?;
    let principal = admitted.principal.ok_or_else(Problem::unauthenticated)?;
    let text = request.match_info().get("workspace").unwrap_or_default();
    let workspace = match WorkspaceId::of_wire(text) {
        Some(id) => WorkspaceRef::Id(id),
        None => WorkspaceRef::Slug(text.parse().map_err(|_no_slug| unknown())?),
    };
    // Membership first: who may not know of the workspace hears nothing about scopes.
    let membership = kalends.accounts.membership(&principal, &workspace).await?;
    let membership = membership.ok_or_else(unknown)?;
    match admitted.operation.access {
        Access::Workspace(scope) if !principal.allows(scope) => Err(insufficient_scope(scope)),
        Access::WorkspaceSession if principal.session().is_none() => Err(session_required()),
        Access::Workspace(_) | Access::WorkspaceSession => Ok(Member {
            principal,
            membership,
        }),
        _ => Err(Problem::new(
            ProblemKind::Internal,
            "The operation is not one of a workspace.",
        )),
    }
}

fn insufficient_scope(scope: Scope) -> Problem {
    let scope = scope.to_string();
    Problem::new(
        ProblemKind::InsufficientScope,
        format!("The token needs the scope {scope}."),
    )
    .header(
        header::WWW_AUTHENTICATE,
        format!(
            "{}, error=\"insufficient_scope\", scope=\"{scope}\"",
            crate::http::problem::CHALLENGE
        ),
    )
    .with("required_scope", Value::String(scope))
}

/// The problem of a role that is not enough.
pub(super) fn insufficient_role(role: Role) -> Problem {
    Problem::new(
        ProblemKind::InsufficientRole,
        format!("That is not for a {role} to do."),
    )
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound => Self::not_found("workspace"),
            AccessError::Role(least) => Self::new(
                ProblemKind::InsufficientRole,
                format!("That is for the role {least} or more to do."),
            ),
            AccessError::Scope(scope) => insufficient_scope(scope),
            AccessError::SessionOnly => session_required(),
        }
    }
}
