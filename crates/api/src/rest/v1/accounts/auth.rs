//! Signing in and out, and forgotten passwords.

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::{DateTime, Utc};
use scheduling_accounts::password::PasswordRefused;
use scheduling_accounts::password_change::ResetPasswordError;
use scheduling_accounts::sessions::NewSession;
use scheduling_accounts::sign_in::SignInError;
use scheduling_accounts::{Principal, PrincipalKind};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use super::me::AccountView;
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields};
use crate::http::problem::{CHALLENGE, Problem, ProblemKind};
use crate::http::{client, origin, session_cookie};
use crate::rest::v1::{self, refusals};

/// The longest text that is taken for a mail address or a password: what is longer is none.
const LONGEST: usize = 1024;

/// Who signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignInRequest {
    #[schema(example = "ann@example.org")]
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// Whose password is forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordResetRequest {
    #[schema(example = "ann@example.org")]
    email: String,
}

/// A new password, by the secret in a mail's link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewPasswordRequest {
    /// The secret at the end of the link.
    token: String,
    #[schema(format = Password, min_length = 12, max_length = 128)]
    password: String,
}

/// Takes a text that must be there, and is not longer than any that makes sense.
pub(super) fn short_text(name: &str, fields: &mut Fields, errors: &mut Errors) -> Option<String> {
    let at = fields.at(name);
    let text = fields.required_text(name, errors)?;
    if text.len() > LONGEST {
        errors.add(at, "too_long", format!("must have at most {LONGEST} bytes"));
        return None;
    }
    Some(text)
}

/// Takes a secret that must be there.
pub(super) fn secret(name: &str, fields: &mut Fields, errors: &mut Errors) -> Option<SecretString> {
    short_text(name, fields, errors).map(SecretString::from)
}

/// The problem of a password that was refused.
pub(super) fn password_refused(pointer: &str, error: PasswordRefused) -> Problem {
    let code = match error {
        PasswordRefused::TooShort => "too_short",
        PasswordRefused::TooLong => "too_long",
        PasswordRefused::ControlCharacter => "control_character",
        PasswordRefused::TooCommon => "too_common",
        PasswordRefused::LikeTheAccount => "like_the_account",
    };
    let mut errors = Errors::default();
    errors.add(pointer, code, error.to_string());
    errors.into_problem()
}

/// The answer to somebody who is signed in from now on: the account, and the cookie.
pub(super) async fn signed_in(
    kalends: &Kalends,
    session: &NewSession,
) -> Result<HttpResponse, Problem> {
    let principal = Principal {
        user: session.session.user,
        kind: PrincipalKind::Session(session.session.id),
    };
    let account = AccountView::load(kalends, &principal).await?;
    let lasts = kalends.accounts.settings().sessions.longest;
    let cookie = session_cookie::of(
        &session.token,
        kalends.public_url(),
        lasts.to_std().unwrap_or_default(),
    );
    Ok(HttpResponse::Ok()
        .cookie(cookie)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(account))
}

/// Sign in
///
/// Sets the session's cookie. Whether an address is unknown or a password wrong is not told.
#[utoipa::path(
    tag = "auth",
    operation_id = "sign_in",
    request_body = SignInRequest,
    responses(
        (status = 200, body = AccountView, headers(("Set-Cookie" = String, description = "The session"))),
        (status = 401, description = "`sign-in-refused`"),
    )
)]
#[post("/auth/sign-in")]
pub(super) async fn sign_in(
    request: HttpRequest,
    kalends: Data<Kalends>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let email = short_text("email", &mut fields, &mut errors);
    let password = secret("password", &mut fields, &mut errors);
    fields.finish(&mut errors);
    errors.check_ref()?;
    let (Some(email), Some(password)) = (email, password) else {
        return Err(errors.into_problem());
    };
    let context = super::context(&request, &kalends);
    let session = match kalends.accounts.sign_in(&email, &password, &context).await {
        Ok(session) => session,
        Err(SignInError::WrongCredentials) => {
            return Err(Problem::new(
                ProblemKind::SignInRefused,
                "The mail address or the password is wrong.",
            )
            .header(header::WWW_AUTHENTICATE, CHALLENGE));
        }
        Err(SignInError::TooMany { retry_after }) => return Err(refusals::too_many(retry_after)),
        Err(SignInError::Storage(error)) => return Err(error.into()),
    };
    tracing::info!(user = %session.session.user, "Signed in");
    signed_in(&kalends, &session).await
}

/// Sign out
///
/// Ends the session of the cookie, if there is one, and takes the cookie away.
#[utoipa::path(
    tag = "auth",
    operation_id = "sign_out",
    responses(
        (status = 204, description = "Nobody is signed in", headers(("Set-Cookie" = String, description = "Takes the cookie away"))),
        (status = 403, description = "`cross-site-request`"),
    )
)]
#[post("/auth/sign-out")]
pub(super) async fn sign_out(
    request: HttpRequest,
    kalends: Data<Kalends>,
) -> Result<HttpResponse, Problem> {
    let public = kalends.public_url();
    if session_cookie::is_there(&request, public) {
        origin::from_our_own_pages(&request, public)?;
    }
    if let Some(token) = session_cookie::read(&request, public) {
        kalends.accounts.sign_out(&token.to_string()).await?;
    }
    Ok(HttpResponse::NoContent()
        .cookie(session_cookie::none(public))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// Ask for a link that sets a new password
///
/// The answer is the same whether or not there is such an account. A mail comes if there is.
#[utoipa::path(
    tag = "auth",
    operation_id = "request_password_reset",
    request_body = PasswordResetRequest,
    responses((status = 202, description = "A mail is on its way if there is such an account"))
)]
#[post("/auth/password-reset")]
pub(super) async fn ask_for_reset(
    request: HttpRequest,
    kalends: Data<Kalends>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let email = short_text("email", &mut fields, &mut errors);
    fields.finish(&mut errors);
    errors.check_ref()?;
    let email = email.ok_or_else(|| errors.into_problem())?;
    let ip = client::address(&request, &kalends.trusted_proxies);
    kalends.accounts.request_password_reset(&email, ip).await?;
    Ok(HttpResponse::Accepted()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// Set a new password by a mail's link
///
/// Once; all sessions of the account end.
#[utoipa::path(
    tag = "auth",
    operation_id = "reset_password",
    request_body = NewPasswordRequest,
    responses(
        (status = 204, description = "The password is set"),
        (status = 410, description = "`link-expired`"),
    )
)]
#[post("/auth/password-reset/confirm")]
pub(super) async fn reset(
    request: HttpRequest,
    kalends: Data<Kalends>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let token = short_text("token", &mut fields, &mut errors);
    let password = secret("password", &mut fields, &mut errors);
    fields.finish(&mut errors);
    errors.check_ref()?;
    let (Some(token), Some(password)) = (token, password) else {
        return Err(errors.into_problem());
    };
    let ip = client::address(&request, &kalends.trusted_proxies);
    match kalends.accounts.reset_password(&token, &password, ip).await {
        Ok(_person) => Ok(v1::gone()),
        Err(ResetPasswordError::NotFound) => Err(refusals::token_gone()),
        Err(ResetPasswordError::Password(error)) => Err(password_refused("/password", error)),
        Err(ResetPasswordError::Storage(error)) => Err(error.into()),
    }
}

/// An instant as lists of accounts have it.
pub(super) fn utc(instant: DateTime<Utc>) -> String {
    crate::http::local_time::in_zone(instant, chrono_tz::UTC)
}
