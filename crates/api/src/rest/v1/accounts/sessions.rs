//! Where one is signed in.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get};
use scheduling_accounts::ids::SessionId;
use scheduling_accounts::sessions::{Session, SessionError};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::utc;
use crate::Kalends;
use crate::http::fields::{Errors, Query};
use crate::http::ids::WireId as _;
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::Caller;
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;

/// A browser in which one is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    #[schema(example = "ss_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    created_at: String,
    /// Give or take some minutes.
    last_seen_at: String,
    /// When it ends if it is not used again.
    expires_at: String,
    user_agent: Option<String>,
    ip: Option<String>,
}

impl SessionView {
    fn of(session: &Session, own: Option<SessionId>) -> Self {
        Self {
            id: session.id.wire(),
            current: own == Some(session.id),
            created_at: utc(session.created_at),
            last_seen_at: utc(session.last_seen_at),
            expires_at: utc(session.expires_at),
            user_agent: session.user_agent.clone(),
            ip: session.ip.map(|ip| ip.to_string()),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::not_found("session"),
            SessionError::Access(error) => error.into(),
            SessionError::Storage(error) => error.into(),
        }
    }
}

/// List one's sessions
///
/// The last seen first.
#[utoipa::path(
    tag = "me",
    operation_id = "list_sessions",
    responses((status = 200, body = PageOf<SessionView>))
)]
#[get("/me/sessions")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, false, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let sessions = kalends.accounts.sessions(&caller.0).await?;
    let own = caller.0.session();
    let page = Page::of_all(sessions, &paging, |session| session.id.as_uuid());
    Ok(page.respond(&request, |session| SessionView::of(&session, own)))
}

/// End one's other sessions
#[utoipa::path(
    tag = "me",
    operation_id = "end_other_sessions",
    responses((status = 204, description = "Only the session that asks is left"))
)]
#[delete("/me/sessions")]
pub(super) async fn end_others(
    kalends: Data<Kalends>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    kalends.accounts.revoke_other_sessions(&caller.0).await?;
    Ok(v1::gone())
}

/// End a session
#[utoipa::path(
    tag = "me",
    operation_id = "end_session",
    responses((status = 204, description = "The session has ended"))
)]
#[delete("/me/sessions/{session}")]
pub(super) async fn end(
    kalends: Data<Kalends>,
    caller: Caller,
    session: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = match session.as_str() {
        "current" => caller.0.session(),
        text => SessionId::of_wire(text),
    };
    let id = id.ok_or_else(|| Problem::not_found("session"))?;
    kalends.accounts.revoke_session(&caller.0, id).await?;
    Ok(v1::gone())
}
