//! API tokens: one's own, and those of a workspace.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use scheduling_accounts::ids::TokenId;
use scheduling_accounts::tokens::{ApiToken, CreatedToken, NewToken, TokenError, Whose};
use scheduling_accounts::{Scope, Scopes, WorkspaceRef};
use scheduling_core::ids::WorkspaceId;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::utc;
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::idempotency;
use crate::http::ids::WireId as _;
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::{Caller, Member};
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(super) struct TokenView {
    #[schema(example = "tk_0190b0c47d5e70008000000000000001")]
    id: String,
    /// The one workspace it is good in.
    workspace: String,
    /// Whose it is.
    user: String,
    name: String,
    /// The beginning of its text.
    #[schema(example = "kal_live_0190b0c4")]
    visible: String,
    #[schema(example = json!(["bookings:read"]))]
    scopes: Vec<String>,
    created_at: String,
    /// Give or take some minutes.
    last_used_at: Option<String>,
    expires_at: Option<String>,
    /// Its text: given once, in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenView {
    fn of(token: &ApiToken) -> Self {
        Self {
            id: token.id.wire(),
            workspace: token.workspace.wire(),
            user: token.user.wire(),
            name: token.name.to_string(),
            visible: token.visible.clone(),
            scopes: token.scopes.iter().map(|scope| scope.to_string()).collect(),
            created_at: utc(token.created_at),
            last_used_at: token.last_used_at.map(utc),
            expires_at: token.expires_at.map(utc),
            token: None,
        }
    }

    fn created(created: &CreatedToken) -> Self {
        Self {
            token: created.text.as_ref().map(ToString::to_string),
            ..Self::of(&created.token)
        }
    }
}

/// What a new token shall be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenRequest {
    /// The workspace's id or slug.
    #[schema(example = "northwind")]
    workspace: String,
    /// What for.
    #[schema(example = "Nightly export", max_length = 120)]
    name: String,
    /// What it may do: `bookings`, `event_types`, `schedules`, `members`, `workspace` or `outbox`, each with `:read` or
    /// `:write`. Whoever may write may read.
    #[schema(example = json!(["bookings:read"]), min_items = 1)]
    scopes: Vec<String>,
    /// When it ends by itself.
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let mut errors = Errors::default();
        let text = error.to_string();
        match error {
            TokenError::NotFound => return Self::not_found("API token"),
            TokenError::Access(error) => return error.into(),
            TokenError::KeyReused(error) => return error.into(),
            TokenError::Storage(error) => return error.into(),
            TokenError::NoScopes => errors.add("/scopes", "empty", text),
            TokenError::EndsInThePast => errors.add("/expires_at", "in_the_past", text),
            TokenError::TooManyTokens => errors.add("", "too_many", text),
        }
        errors.into_problem()
    }
}

fn paging(request: &HttpRequest) -> Result<Paging, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(request);
    let paging = Paging::of(&mut query, true, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    Ok(paging)
}

fn page(request: &HttpRequest, tokens: Vec<ApiToken>) -> Result<HttpResponse, Problem> {
    let page = Page::of_all(tokens, &paging(request)?, |token| token.id.as_uuid());
    Ok(page.respond(request, |token| TokenView::of(&token)))
}

fn token_id(text: &str) -> Result<TokenId, Problem> {
    TokenId::of_wire(text).ok_or_else(|| Problem::not_found("API token"))
}

/// List one's API tokens
///
/// Of all workspaces, the newest first. Revoked ones are left out, expired ones are not.
#[utoipa::path(
    tag = "me",
    operation_id = "list_my_tokens",
    responses((status = 200, body = PageOf<TokenView>))
)]
#[get("/me/tokens")]
pub(super) async fn list_own(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    paging(&request)?;
    page(&request, kalends.accounts.my_tokens(&caller.0).await?)
}

/// Make an API token
///
/// Its text is in the answer and nowhere else; a repeated request is answered without it.
#[utoipa::path(
    tag = "me",
    operation_id = "create_token",
    request_body = TokenRequest,
    responses(
        (status = 201, body = TokenView, headers(("Location" = String, description = "The token"))),
        (status = 404, description = "`not-found`"),
    )
)]
#[post("/me/tokens")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let at = fields.at("workspace");
    let workspace = fields
        .required_text("workspace", &mut errors)
        .and_then(|text| {
            let workspace = match WorkspaceId::of_wire(&text) {
                Some(id) => Some(WorkspaceRef::Id(id)),
                None => text.parse().ok().map(WorkspaceRef::Slug),
            };
            if workspace.is_none() {
                errors.add(
                    at,
                    "not_a_workspace",
                    "must be the id or slug of a workspace",
                );
            }
            workspace
        });
    let name = fields.required("name", &mut errors);
    let scopes = fields.need("scopes", &mut errors).and_then(|item| {
        item.list(Scope::all().count(), &mut errors, |item, errors| {
            let at = item.pointer().to_owned();
            let scope = item.text(errors)?.parse::<Scope>();
            if let Err(error) = &scope {
                errors.add(at, "unknown_value", error.to_string());
            }
            scope.ok()
        })
    });
    let expires_at = fields.instant("expires_at", &mut errors);
    fields.finish(&mut errors);
    let scope = super::scope(&caller.0);
    let idempotent = idempotency::of(&request, &body, scope, &mut errors);
    errors.check_ref()?;
    let (Some(workspace), Some(name), Some(scopes)) = (workspace, name, scopes) else {
        return Err(errors.into_problem());
    };
    let token = NewToken {
        name,
        scopes: scopes.into_iter().collect::<Scopes>(),
        expires_at,
    };
    let idempotent = idempotency::of_account(idempotent);
    let made = kalends
        .accounts
        .create_token(&caller.0, &workspace, &token, idempotent.as_ref())
        .await?;
    let view = TokenView::created(&made.made);
    let location = format!("/api/v1/me/tokens/{}", view.id);
    Ok(v1::created(location, None, made.replayed, &view))
}

/// Read one of one's API tokens
#[utoipa::path(
    tag = "me",
    operation_id = "get_token",
    responses((status = 200, body = TokenView))
)]
#[get("/me/tokens/{token}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    caller: Caller,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = token_id(&token)?;
    let tokens = kalends.accounts.my_tokens(&caller.0).await?;
    let token = tokens.iter().find(|token| token.id == id);
    let token = token.ok_or_else(|| Problem::not_found("API token"))?;
    Ok(v1::private(&TokenView::of(token)))
}

/// Revoke one of one's API tokens
#[utoipa::path(
    tag = "me",
    operation_id = "revoke_token",
    responses((status = 204, description = "The token is good for nothing"))
)]
#[delete("/me/tokens/{token}")]
pub(super) async fn revoke(
    kalends: Data<Kalends>,
    caller: Caller,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = token_id(&token)?;
    let tokens = kalends.accounts.my_tokens(&caller.0).await?;
    if tokens.iter().all(|token| token.id != id) {
        return Err(Problem::not_found("API token"));
    }
    kalends.accounts.revoke_token(&caller.0, id).await?;
    Ok(v1::gone())
}

/// List a workspace's API tokens
///
/// Everybody's for owners and admins, one's own for members. The newest first.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "list_workspace_tokens",
    responses((status = 200, body = PageOf<TokenView>))
)]
#[get("/workspaces/{workspace}/tokens")]
pub(super) async fn list_all(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    paging(&request)?;
    let tokens = kalends
        .accounts
        .tokens(&member.principal, &member.reference(), whose(&member))
        .await?;
    page(&request, tokens)
}

/// Revoke an API token of a workspace
///
/// Anybody's for owners and admins, one's own for members.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "revoke_workspace_token",
    responses((status = 204, description = "The token is good for nothing"))
)]
#[delete("/workspaces/{workspace}/tokens/{token}")]
pub(super) async fn revoke_any(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = token_id(&path.1)?;
    let tokens = kalends
        .accounts
        .tokens(&member.principal, &member.reference(), whose(&member))
        .await?;
    if tokens.iter().all(|token| token.id != id) {
        return Err(Problem::not_found("API token"));
    }
    kalends.accounts.revoke_token(&member.principal, id).await?;
    Ok(v1::gone())
}

fn whose(member: &Member) -> Whose {
    if member.membership.role.manages() {
        Whose::Everybody
    } else {
        Whose::Own
    }
}
