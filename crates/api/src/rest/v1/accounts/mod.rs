//! Signing in, one's own account, and who belongs to a workspace.

mod audit;
mod auth;
mod invitations;
mod me;
mod members;
mod sessions;
mod tokens;
mod workspaces;

use actix_web::HttpRequest;
use actix_web::http::header;
use scheduling_accounts::Principal;
use scheduling_accounts::sessions::SignInContext;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Kalends;
use crate::http::client;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(auth::sign_in)
        .service(auth::sign_out)
        .service(auth::ask_for_reset)
        .service(auth::reset)
        .service(invitations::inspect)
        .service(invitations::accept)
        .service(me::get)
        .service(me::update)
        .service(invitations::accept_as)
        .service(sessions::list)
        .service(sessions::end_others)
        .service(sessions::end)
        .service(tokens::list_own)
        .service(tokens::create)
        .service(tokens::get)
        .service(tokens::revoke);
    config
        .service(workspaces::list)
        .service(workspaces::create)
        .service(workspaces::get)
        .service(workspaces::replace)
        .service(workspaces::update)
        .service(members::list)
        .service(members::get)
        .service(members::update)
        .service(members::remove)
        .service(invitations::list)
        .service(invitations::invite)
        .service(invitations::resend)
        .service(invitations::revoke)
        .service(tokens::list_all)
        .service(tokens::revoke_any)
        .service(audit::list);
}

/// From where somebody signs in.
fn context(request: &HttpRequest, kalends: &Kalends) -> SignInContext {
    let user_agent = request.headers().get(header::USER_AGENT);
    SignInContext {
        ip: client::address(request, &kalends.trusted_proxies),
        user_agent: user_agent
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned),
    }
}

/// The idempotency keys of one person are his own.
pub(super) fn scope(principal: &Principal) -> String {
    format!("user:{}", principal.user)
}
