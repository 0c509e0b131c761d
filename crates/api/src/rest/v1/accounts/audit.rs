//! Who did what in a workspace.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use scheduling_accounts::AuthorizeError;
use scheduling_accounts::audit::{AuditCursor, AuditEntry};
use scheduling_accounts::ids::AuditId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::auth::utc;
use crate::Kalends;
use crate::http::fields::{Errors, Query};
use crate::http::ids::WireId;
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1::model::list::PageOf;

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct AuditView {
    #[schema(example = "au_0190b0c47d5e70008000000000000001")]
    id: String,
    at: String,
    /// By whom; null for what the server's operator did.
    user: Option<String>,
    /// With which API token.
    token: Option<String>,
    #[schema(example = "member.role_changed")]
    action: String,
    /// To what.
    subject: String,
    /// What else there is to say.
    #[schema(value_type = Object)]
    detail: Value,
}

impl AuditView {
    fn of(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.wire(),
            at: utc(entry.at),
            user: entry.note.user.map(WireId::wire),
            token: entry.note.token.map(WireId::wire),
            action: entry.note.action,
            subject: entry.note.subject,
            detail: entry.note.detail,
        }
    }
}

impl From<AuthorizeError> for Problem {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Access(error) => error.into(),
            AuthorizeError::Storage(error) => error.into(),
        }
    }
}

/// List who did what
///
/// The newest first; there is no way back but to begin anew. For owners and admins.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "list_audit_entries",
    responses(
        (status = 200, body = PageOf<AuditView>),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[get("/workspaces/{workspace}/audit")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::onwards_only(&mut query, true, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let after = paging.cursor.map(|cursor| AuditCursor {
        at: cursor.at,
        id: AuditId::from_uuid(cursor.id),
    });
    let page = kalends
        .accounts
        .audit(&member.principal, &member.reference(), after, paging.limit)
        .await?;
    let next = page.next.map(|next| (next.at, next.id.as_uuid()));
    let page = Page::with_next(page.entries, &paging, next);
    Ok(page.respond(&request, AuditView::of))
}
