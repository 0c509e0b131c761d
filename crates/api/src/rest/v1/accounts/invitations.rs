//! Invitations into a workspace.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use scheduling_accounts::ids::InvitationId;
use scheduling_accounts::invitations::{
    AcceptError, Invitation, InvitationView as Look, InviteError, NewAccount, NewInvitation,
};
use scheduling_core::directory::Role;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{password_refused, secret, short_text, signed_in, utc};
use super::me::{AccountView, MembershipView};
use super::members::sentence;
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::idempotency;
use crate::http::ids::WireId as _;
use crate::http::page::{Page, Paging};
use crate::http::problem::{Problem, ProblemKind};
use crate::rest::caller::{Caller, Member};
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::model::person::{ROLES, RoleView};
use crate::rest::v1::{self, refusals};

/// An open invitation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    #[schema(example = "iv_0190b0c47d5e70008000000000000001")]
    id: String,
    email: String,
    role: RoleView,
    /// The member who invited.
    invited_by: String,
    created_at: String,
    /// Until when it can be accepted.
    expires_at: String,
}

impl InvitationView {
    fn of(invitation: &Invitation) -> Self {
        Self {
            id: invitation.id.wire(),
            email: invitation.email.to_string(),
            role: invitation.role.into(),
            invited_by: invitation.invited_by.wire(),
            created_at: utc(invitation.created_at),
            expires_at: utc(invitation.expires_at),
        }
    }
}

/// Whom to invite.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationRequest {
    #[schema(example = "bo@example.org", max_length = 254)]
    email: String,
    /// `member`, unless it is said.
    role: Option<RoleView>,
}

/// The secret of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationToken {
    /// The secret at the end of the mail's link.
    token: String,
}

/// An invitation, as the reader of its mail sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvitationOffer)]
pub(super) struct OfferView {
    /// The workspace's name.
    workspace: String,
    role: RoleView,
    /// Who invites, if he is still there.
    inviter: Option<String>,
    email: String,
    expires_at: String,
    /// Whether the address has an account: then its owner signs in, and accepts as who he is.
    has_account: bool,
}

impl OfferView {
    fn of(look: &Look) -> Self {
        Self {
            workspace: look.workspace.name.to_string(),
            role: look.invitation.role.into(),
            inviter: look.inviter.as_ref().map(ToString::to_string),
            email: look.invitation.email.to_string(),
            expires_at: utc(look.invitation.expires_at),
            has_account: look.has_account,
        }
    }
}

/// The account that a new person makes when accepting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewAccountRequest {
    /// The secret at the end of the mail's link.
    token: String,
    #[schema(example = "Bo Example", max_length = 120)]
    name: String,
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    #[schema(format = Password, min_length = 12, max_length = 128)]
    password: String,
}

impl From<InviteError> for Problem {
    fn from(error: InviteError) -> Self {
        let text = error.to_string();
        let already =
            |text: &str| Self::new(ProblemKind::AlreadyMember, format!("The person {text}."));
        match error {
            InviteError::NotFound => Self::not_found("invitation"),
            InviteError::AlreadyMember => already(&text),
            InviteError::AlreadyInvited(id) => already(&text).with("invitation", id.wire()),
            InviteError::OwnersOnly => Self::new(ProblemKind::InsufficientRole, sentence(&text)),
            InviteError::TooManyInvitations => {
                let mut errors = Errors::default();
                errors.add("", "too_many", text);
                errors.into_problem()
            }
            InviteError::TooMany { retry_after } => refusals::too_many(retry_after),
            InviteError::Access(error) => error.into(),
            InviteError::KeyReused(error) => error.into(),
            InviteError::Storage(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        let text = error.to_string();
        match error {
            AcceptError::NotFound => refusals::token_gone(),
            AcceptError::AccountExists | AcceptError::AnotherAddress => {
                Self::new(ProblemKind::AccountMismatch, sentence(&text))
            }
            AcceptError::Password(error) => password_refused("/password", error),
            AcceptError::Access(error) => error.into(),
            AcceptError::Storage(error) => error.into(),
        }
    }
}

fn invitation_id(text: &str) -> Result<InvitationId, Problem> {
    InvitationId::of_wire(text).ok_or_else(|| Problem::not_found("invitation"))
}

/// List the open invitations
///
/// The newest first; expired ones are among them. For owners and admins.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "list_invitations",
    responses(
        (status = 200, body = PageOf<InvitationView>),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[get("/workspaces/{workspace}/invitations")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, true, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let invitations = kalends
        .accounts
        .invitations(&member.principal, &member.reference())
        .await?;
    let page = Page::of_all(invitations, &paging, |invitation| invitation.id.as_uuid());
    Ok(page.respond(&request, |invitation| InvitationView::of(&invitation)))
}

/// Invite somebody
///
/// A mail with a link goes to the address. For owners and admins; only owners invite owners.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "create_invitation",
    request_body = InvitationRequest,
    responses(
        (status = 201, body = InvitationView, headers(("Location" = String, description = "The invitations"))),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`already-member`"),
    )
)]
#[post("/workspaces/{workspace}/invitations")]
pub(super) async fn invite(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let email = fields.required("email", &mut errors);
    let role = fields.choice("role", ROLES, &mut errors);
    fields.finish(&mut errors);
    let scope = super::scope(&member.principal);
    let idempotent = idempotency::of(&request, &body, scope, &mut errors);
    errors.check_ref()?;
    let invitation = NewInvitation {
        email: email.ok_or_else(|| errors.into_problem())?,
        role: role.unwrap_or(Role::Member),
    };
    let idempotent = idempotency::of_account(idempotent);
    let (principal, workspace) = (&member.principal, member.reference());
    let made = kalends
        .accounts
        .invite(principal, &workspace, &invitation, idempotent.as_ref())
        .await?;
    let view = InvitationView::of(&made.made);
    let location = format!(
        "/api/v1/workspaces/{}/invitations",
        member.workspace().wire()
    );
    Ok(v1::created(location, None, made.replayed, &view))
}

/// Send an invitation again
///
/// With a new link, which takes the place of the old one.
#[utoipa::path(
    tag = "workspaces",
    operation_id = "resend_invitation",
    responses(
        (status = 200, body = InvitationView),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[post("/workspaces/{workspace}/invitations/{invitation}/resend")]
pub(super) async fn resend(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = invitation_id(&path.1)?;
    let (principal, workspace) = (&member.principal, member.reference());
    let sent = kalends
        .accounts
        .resend_invitation(principal, &workspace, id)
        .await?;
    Ok(v1::private(&InvitationView::of(&sent)))
}

/// Withdraw an invitation
#[utoipa::path(
    tag = "workspaces",
    operation_id = "revoke_invitation",
    responses(
        (status = 204, description = "The link is good for nothing"),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[delete("/workspaces/{workspace}/invitations/{invitation}")]
pub(super) async fn revoke(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = invitation_id(&path.1)?;
    let (principal, workspace) = (&member.principal, member.reference());
    kalends
        .accounts
        .revoke_invitation(principal, &workspace, id)
        .await?;
    Ok(v1::gone())
}

/// Takes an invitation's secret out of a body that has nothing else.
fn read_token(request: &HttpRequest, body: &Bytes) -> Result<String, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(request, body)?);
    let token = short_text("token", &mut fields, &mut errors);
    fields.finish(&mut errors);
    errors.check_ref()?;
    token.ok_or_else(|| errors.into_problem())
}

/// Look at an invitation
///
/// By the secret in the mail's link. Changes nothing.
#[utoipa::path(
    tag = "auth",
    operation_id = "look_at_invitation",
    request_body = InvitationToken,
    responses(
        (status = 200, body = OfferView),
        (status = 410, description = "`link-expired`"),
    )
)]
#[post("/auth/invitations/look")]
pub(super) async fn inspect(
    request: HttpRequest,
    kalends: Data<Kalends>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let token = read_token(&request, &body)?;
    let found = kalends.accounts.invitation(&token).await?;
    let found = found.ok_or_else(refusals::token_gone)?;
    Ok(v1::private(&OfferView::of(&found)))
}

/// Accept an invitation with a new account
///
/// Whoever has an account signs in and accepts under `/me` instead. Signs the new person in.
#[utoipa::path(
    tag = "auth",
    operation_id = "accept_invitation",
    request_body = NewAccountRequest,
    responses(
        (status = 200, body = AccountView, headers(("Set-Cookie" = String, description = "The session"))),
        (status = 409, description = "`account-mismatch`"),
        (status = 410, description = "`link-expired`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[post("/auth/invitations/accept")]
pub(super) async fn accept(
    request: HttpRequest,
    kalends: Data<Kalends>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let token = short_text("token", &mut fields, &mut errors);
    let name = fields.required("name", &mut errors);
    let timezone = fields
        .need("timezone", &mut errors)
        .and_then(|item| item.zone(&mut errors));
    let password = secret("password", &mut fields, &mut errors);
    fields.finish(&mut errors);
    errors.check_ref()?;
    let (Some(token), Some(name), Some(timezone), Some(password)) =
        (token, name, timezone, password)
    else {
        return Err(errors.into_problem());
    };
    let account = NewAccount {
        name,
        timezone,
        password,
    };
    let context = super::context(&request, &kalends);
    let accepted = kalends.accounts.accept(&token, &account, &context).await?;
    signed_in(&kalends, &accepted.session).await
}

/// Accept an invitation
///
/// As who one is; the invitation must be for one's own address.
#[utoipa::path(
    tag = "me",
    operation_id = "accept_invitation_as_me",
    request_body = InvitationToken,
    responses(
        (status = 200, body = MembershipView),
        (status = 409, description = "`account-mismatch`"),
        (status = 410, description = "`link-expired`"),
    )
)]
#[post("/me/invitations/accept")]
pub(super) async fn accept_as(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let token = read_token(&request, &body)?;
    let membership = kalends.accounts.accept_as(&token, &caller.0).await?;
    Ok(v1::private(&MembershipView::of(&membership)))
}
