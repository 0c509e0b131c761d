//! The pages for members: signing in and out, a forgotten password, an invitation, and what is theirs.
//!
//! Nothing here tells whether an address has an account: who may not know reads the same words either way.

mod home;
mod invitation;
mod password;
mod sign_in;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use scheduling_accounts::Principal;
use scheduling_accounts::sessions::{NewSession, SignInContext};

#[cfg(test)]
pub(super) use home::Home;
#[cfg(test)]
pub(super) use invitation::Invitation;
#[cfg(test)]
pub(super) use password::{Forgotten, NewPassword};
#[cfg(test)]
pub(super) use sign_in::SignIn;

use super::{PageError, WebState, form, read_only, see_other};
use crate::Kalends;
use crate::http::{client, session_cookie};

/// Adds the routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(
            form("/sign-in")
                .route(web::get().to(sign_in::show))
                .route(web::post().to(sign_in::submit)),
        )
        .service(
            form("/sign-out")
                .route(web::get().to(home::back))
                .route(web::post().to(sign_in::leave)),
        )
        .service(
            form("/forgotten-password")
                .route(web::get().to(password::forgotten))
                .route(web::post().to(password::ask)),
        )
        .service(
            form("/reset-password/{token}")
                .route(web::get().to(password::show))
                .route(web::post().to(password::set)),
        )
        .service(
            form("/invitations/{token}")
                .route(web::get().to(invitation::show))
                .route(web::post().to(invitation::accept)),
        )
        .service(read_only("/home", web::get().to(home::show)))
        .service(
            form("/home/password")
                .route(web::get().to(home::back))
                .route(web::post().to(home::change_password)),
        )
        .service(
            form("/home/sessions")
                .route(web::get().to(home::back))
                .route(web::post().to(home::end_sessions)),
        );
}

/// Who is signed in, by the cookie of the request.
pub(super) async fn signed_in(
    kalends: &Kalends,
    request: &HttpRequest,
) -> Result<Option<Principal>, PageError> {
    let Some(token) = session_cookie::read(request, kalends.public_url()) else {
        return Ok(None);
    };
    let accounts = &kalends.accounts;
    Ok(accounts.authenticate_session(&token.to_string()).await?)
}

/// From where somebody signs in, for the list of his sessions.
fn context(kalends: &Kalends, request: &HttpRequest) -> SignInContext {
    let user_agent = request.headers().get(header::USER_AGENT);
    SignInContext {
        ip: client::address(request, &kalends.trusted_proxies),
        user_agent: user_agent
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    }
}

/// Sends a reader on who is signed in from now on.
fn signed_in_to(kalends: &Kalends, session: &NewSession, location: &str) -> HttpResponse {
    let lasts = session
        .session
        .expires_at
        .signed_duration_since(kalends.clock.now())
        .to_std()
        .unwrap_or_default();
    let mut response = see_other(location);
    let cookie = session_cookie::of(&session.token, kalends.public_url(), lasts);
    // A cookie made of our own parts is a header.
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::error!(error = %error, "The session's cookie could not be set");
    }
    response
}

/// Where a reader goes on after signing in: a path of ours, or the home page. Other sites' addresses are not followed.
fn onward<'a>(state: &'a WebState, next: &'a str) -> String {
    let is_path = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_path {
        next.to_owned()
    } else {
        state.paths().home()
    }
}
