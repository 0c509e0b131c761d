//! The members of a workspace.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch};
use scheduling_accounts::members::MemberError;
use scheduling_core::directory;
use scheduling_core::ids::UserId;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::utc;
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::ids::WireId as _;
use crate::http::page::{Page, Paging};
use crate::http::problem::{Problem, ProblemKind};
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::model::person::{ROLES, RoleView};

/// A member of a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(super) struct MemberView {
    #[schema(example = "us_0190b0c47d5e70008000000000000001")]
    id: String,
    name: String,
    email: String,
    timezone: String,
    role: RoleView,
    joined_at: String,
}

impl MemberView {
    fn of(member: &directory::Member) -> Self {
        Self {
            id: member.person.id.wire(),
            name: member.person.name.to_string(),
            email: member.person.email.to_string(),
            timezone: member.person.timezone.name().to_owned(),
            role: member.role.into(),
            joined_at: utc(member.joined_at),
        }
    }
}

/// What a member shall be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberChange {
    role: RoleView,
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        let text = error.to_string();
        match error {
            MemberError::NotFound => Self::not_found("member"),
            MemberError::OwnersOnly => Self::new(ProblemKind::InsufficientRole, sentence(&text)),
            MemberError::LastOwner => Self::new(ProblemKind::LastOwner, sentence(&text)),
            MemberError::StillHosts(hosting) => {
                let event_types = hosting.event_types.iter().map(|hosted| {
                    json!({
                        "kind": "event_type",
                        "id": hosted.id.wire(),
                        "slug": hosted.slug.as_str(),
                        "title": hosted.title.as_str(),
                    })
                });
                let bookings = hosting
                    .bookings
                    .iter()
                    .map(|hosted| json!({ "kind": "booking", "id": hosted.id.wire() }));
                let used_by: Vec<Value> = event_types.chain(bookings).collect();
                Self::new(
                    ProblemKind::InUse,
                    "The member still hosts; let others host first.",
                )
                .with("used_by", used_by)
            }
            MemberError::Access(error) => error.into(),
            MemberError::Storage(error) => error.into(),
        }
    }
}

/// A fragment as a sentence.
pub(super) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.", letters.as_str())
}

/// The person that a path names.
fn person(member: &Member, text: &str) -> Result<UserId, Problem> {
    if text == "me" {
        return Ok(member.principal.user);
    }
    UserId::of_wire(text).ok_or_else(|| Problem::not_found("member"))
}

async fn find(
    kalends: &Kalends,
    member: &Member,
    id: UserId,
) -> Result<directory::Member, Problem> {
    let members = kalends
        .accounts
        .members(&member.principal, &member.reference())
        .await?;
    let found = members.into_iter().find(|found| found.person.id == id);
    found.ok_or_else(|| Problem::not_found("member"))
}

/// List the members
///
/// By name.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "list_members",
    responses((status = 200, body = PageOf<MemberView>))
)]
#[get("/workspaces/{workspace}/members")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, false, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let members = kalends
        .accounts
        .members(&member.principal, &member.reference())
        .await?;
    let page = Page::of_all(members, &paging, |member| member.person.id.as_uuid());
    Ok(page.respond(&request, |member| MemberView::of(&member)))
}

/// Read a member
#[utoipa::path(
    tag = "workspaces",
    operation_id = "get_member",
    responses((status = 200, body = MemberView))
)]
#[get("/workspaces/{workspace}/members/{member}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = person(&member, &path.1)?;
    Ok(v1::private(&MemberView::of(
        &find(&kalends, &member, id).await?,
    )))
}

/// Give a member another role
///
/// For owners and admins; only owners make or unmake owners.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "update_member",
    request_body = MemberChange,
    responses(
        (status = 200, body = MemberView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`last-owner`"),
    )
)]
#[patch("/workspaces/{workspace}/members/{member}")]
pub(super) async fn update(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let id = person(&member, &path.1)?;
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let role = fields
        .need("role", &mut errors)
        .and_then(|item| item.choice(ROLES, &mut errors));
    fields.finish(&mut errors);
    errors.check_ref()?;
    let role = role.ok_or_else(|| errors.into_problem())?;
    let changed = kalends
        .accounts
        .change_role(&member.principal, &member.reference(), id, role)
        .await?;
    Ok(v1::private(&MemberView::of(&changed)))
}

/// End a membership
///
/// Somebody else's, for owners and admins, or one's own. Whoever still hosts stays until others do.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "remove_member",
    responses(
        (status = 204, description = "No member any more"),
        (status = 403, description = "`insufficient-role`, `session-required`"),
        (status = 409, description = "`last-owner`, `in-use`"),
    )
)]
#[delete("/workspaces/{workspace}/members/{member}")]
pub(super) async fn remove(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = person(&member, &path.1)?;
    let (accounts, workspace) = (&kalends.accounts, member.reference());
    if id == member.principal.user {
        accounts.leave(&member.principal, &workspace).await?;
    } else {
        accounts
            .remove_member(&member.principal, &workspace, id)
            .await?;
    }
    Ok(v1::gone())
}
