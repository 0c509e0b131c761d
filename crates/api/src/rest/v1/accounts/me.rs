//! One's own account.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, patch};
use chrono_tz::Tz;
use scheduling_accounts::me::{MeError, MyChange};
use scheduling_accounts::password_change::ChangePasswordError;
use scheduling_accounts::{Membership, Principal};
use scheduling_core::text::PersonName;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{password_refused, secret};
use crate::Kalends;
use crate::http::client;
use crate::http::fields::{self, Errors, Fields};
use crate::http::ids::WireId as _;
use crate::http::problem::Problem;
use crate::rest::caller::Caller;
use crate::rest::v1::model::person::RoleView;
use crate::rest::v1::{self, refusals};

/// A workspace of one's own, and what one is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Membership)]
pub(super) struct MembershipView {
    #[schema(example = "ws_0190b0c47d5e70008000000000000001")]
    id: String,
    slug: String,
    name: String,
    role: RoleView,
}

impl MembershipView {
    pub(super) fn of(membership: &Membership) -> Self {
        Self {
            id: membership.workspace.id.wire(),
            slug: membership.workspace.slug.to_string(),
            name: membership.workspace.name.to_string(),
            role: membership.role.into(),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountView {
    #[schema(example = "us_0190b0c47d5e70008000000000000001")]
    id: String,
    name: String,
    email: String,
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// The workspaces, by slug. For an API token it is the one it belongs to.
    workspaces: Vec<MembershipView>,
}

impl AccountView {
    pub(super) async fn load(kalends: &Kalends, principal: &Principal) -> Result<Self, Problem> {
        let person = kalends.accounts.me(principal).await?;
        let memberships = kalends.accounts.memberships(principal).await?;
        Ok(Self {
            id: person.id.wire(),
            name: person.name.to_string(),
            email: person.email.to_string(),
            timezone: person.timezone.name().to_owned(),
            workspaces: memberships.iter().map(MembershipView::of).collect(),
        })
    }
}

impl From<MeError> for Problem {
    fn from(error: MeError) -> Self {
        match error {
            // Whoever is gone has no session any more.
            MeError::NotFound => Self::unauthenticated(),
            MeError::Access(error) => error.into(),
            MeError::Storage(error) => error.into(),
        }
    }
}

/// A new password, and the present one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordChange {
    #[schema(format = Password)]
    present: String,
    #[schema(format = Password, min_length = 12, max_length = 128)]
    new: String,
}

/// What changes of an account. Members that are not given stay.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountChange {
    #[schema(max_length = 120)]
    name: Option<String>,
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// One's other sessions end.
    password: Option<PasswordChange>,
}

/// Read one's own account
#[utoipa::path(
    tag = "me",
    operation_id = "get_me",
    responses((status = 200, body = AccountView))
)]
#[get("/me")]
pub(super) async fn get(kalends: Data<Kalends>, caller: Caller) -> Result<HttpResponse, Problem> {
    Ok(v1::private(&AccountView::load(&kalends, &caller.0).await?))
}

/// Change one's own account
///
/// The name, the zone, and the password. The mail address stays: an administrator invites the new one.
#[utoipa::path(
    tag = "me",
    operation_id = "update_me",
    request_body = AccountChange,
    responses(
        (status = 200, body = AccountView),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[patch("/me")]
pub(super) async fn update(
    request: HttpRequest,
    kalends: Data<Kalends>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let name = if fields.has("name") {
        fields.required::<PersonName>("name", &mut errors)
    } else {
        None
    };
    let timezone: Option<Tz> = fields.zone("timezone", &mut errors);
    let password = fields
        .object("password", &mut errors)
        .and_then(|mut password| {
            let present = secret("present", &mut password, &mut errors);
            let new = secret("new", &mut password, &mut errors);
            password.finish(&mut errors);
            present.zip(new)
        });
    fields.ignore(&["name", "timezone", "password"]);
    fields.finish(&mut errors);
    errors.check()?;
    // First, since it is what can be refused.
    if let Some((present, new)) = password {
        change_password(&request, &kalends, &caller.0, &present, &new).await?;
    }
    if name.is_some() || timezone.is_some() {
        let change = MyChange { name, timezone };
        kalends.accounts.update_me(&caller.0, &change).await?;
    }
    Ok(v1::private(&AccountView::load(&kalends, &caller.0).await?))
}

async fn change_password(
    request: &HttpRequest,
    kalends: &Kalends,
    principal: &Principal,
    present: &SecretString,
    new: &SecretString,
) -> Result<(), Problem> {
    let ip = client::address(request, &kalends.trusted_proxies);
    let changed = kalends
        .accounts
        .change_password(principal, present, new, ip)
        .await;
    match changed {
        Ok(()) => Ok(()),
        Err(ChangePasswordError::WrongPassword) => {
            let mut errors = Errors::default();
            errors.add(
                "/password/present",
                "wrong_password",
                "is not the present password",
            );
            Err(errors.into_problem())
        }
        Err(ChangePasswordError::TooMany { retry_after }) => Err(refusals::too_many(retry_after)),
        Err(ChangePasswordError::Password(error)) => Err(password_refused("/password/new", error)),
        Err(ChangePasswordError::Access(error)) => Err(error.into()),
        Err(ChangePasswordError::Storage(error)) => Err(error.into()),
    }
}
