//! `/forgotten-password` and `/reset-password/{token}`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use scheduling_accounts::password::{PasswordRefused, SHORTEST};
use scheduling_accounts::password_change::ResetPasswordError;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::Kalends;
use crate::http::client;
use crate::http::rate::RateClass;
use crate::web::templates::Page;
use crate::web::{PageError, WebState, count};

/// The page that asks for the address, and then says that a mail is on its way if there is an account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::web) struct Forgotten {
    asked: bool,
    action: String,
    sign_in: String,
}

impl Page for Forgotten {
    const TEMPLATE: &'static str = "pages/forgotten-password.html.j2";
}

/// The page that takes a new password.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::web) struct NewPassword {
    stage: Stage,
    action: String,
    sign_in: String,
    forgotten: String,
    shortest: usize,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Stage {
    /// The link works.
    Ask {
        name: String,
        email: String,
        problem: Option<String>,
    },
    /// The link was used, is too old, or never was one.
    Gone,
    /// The password is set.
    Done,
}

impl Page for NewPassword {
    const TEMPLATE: &'static str = "pages/new-password.html.j2";
}

/// What the first form sends.
#[derive(Deserialize)]
pub(super) struct Ask {
    #[serde(default)]
    email: String,
}

/// What the second form sends.
#[derive(Deserialize)]
pub(super) struct Set {
    #[serde(default)]
    password: String,
}

fn forgotten_page(state: &WebState, asked: bool) -> Forgotten {
    Forgotten {
        asked,
        action: state.paths().forgotten_password(),
        sign_in: state.paths().sign_in(),
    }
}

/// Asks for the address.
pub(super) async fn forgotten(state: web::Data<WebState>) -> HttpResponse {
    state.answer(state.private_page(StatusCode::OK, &forgotten_page(&state, false)))
}

/// Sends a link, if there is an account. The page is the same if there is none.
pub(super) async fn ask(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: Result<web::Form<Ask>, actix_web::Error>,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        count(&kalends, &request, RateClass::SignIn).await?;
        let Ask { email } = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let ip = client::address(&request, &kalends.trusted_proxies);
        kalends.accounts.request_password_reset(&email, ip).await?;
        kalends.scheduling.wake_worker();
        state.private_page(StatusCode::OK, &forgotten_page(&state, true))
    };
    state.answer(response.await)
}

fn page(state: &WebState, token: &str, step: Stage) -> NewPassword {
    NewPassword {
        stage: step,
        action: state.paths().reset_password(token),
        sign_in: state.paths().sign_in(),
        forgotten: state.paths().forgotten_password(),
        shortest: SHORTEST,
    }
}

/// Asks for the new password. Looking changes nothing: the link still works afterwards.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    token: web::Path<String>,
) -> HttpResponse {
    let response = async {
        let (status, step) = match kalends.accounts.password_link(&token).await? {
            Some(person) => (
                StatusCode::OK,
                Stage::Ask {
                    name: person.name.to_string(),
                    email: person.email.to_string(),
                    problem: None,
                },
            ),
            None => (StatusCode::GONE, Stage::Gone),
        };
        state.private_page(status, &page(&state, &token, step))
    };
    state.answer(response.await)
}

/// Sets it.
pub(super) async fn set(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    token: web::Path<String>,
    request: HttpRequest,
    form: Result<web::Form<Set>, actix_web::Error>,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        count(&kalends, &request, RateClass::SignIn).await?;
        let Set { password } = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let password = SecretString::from(password);
        let accounts = &kalends.accounts;
        let ip = client::address(&request, &kalends.trusted_proxies);
        let reset = accounts.reset_password(&token, &password, ip).await;
        let (status, step) = match reset {
            Ok(_person) => {
                kalends.scheduling.wake_worker();
                (StatusCode::OK, Stage::Done)
            }
            Err(ResetPasswordError::NotFound) => (StatusCode::GONE, Stage::Gone),
            Err(ResetPasswordError::Password(refused)) => {
                let person = accounts.password_link(&token).await?;
                match person {
                    Some(person) => (
                        StatusCode::UNPROCESSABLE_ENTITY,
                        Stage::Ask {
                            name: person.name.to_string(),
                            email: person.email.to_string(),
                            problem: Some(said(refused)),
                        },
                    ),
                    None => (StatusCode::GONE, Stage::Gone),
                }
            }
            Err(ResetPasswordError::Storage(error)) => return Err(error.into()),
        };
        state.private_page(status, &page(&state, &token, step))
    };
    state.answer(response.await)
}

/// The complaint as it stands beside the field.
pub(super) fn said(refused: PasswordRefused) -> String {
    format!("The password {refused}")
}

#[cfg(test)]
impl Forgotten {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        let make = |asked| Self {
            asked,
            action: "/forgotten-password".to_owned(),
            sign_in: "/sign-in".to_owned(),
        };
        vec![("ask", make(false)), ("asked", make(true))]
    }
}

#[cfg(test)]
impl NewPassword {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        use crate::web::sample;

        let make = |stage| Self {
            stage,
            action: "/reset-password/ab".to_owned(),
            sign_in: "/sign-in".to_owned(),
            forgotten: "/forgotten-password".to_owned(),
            shortest: SHORTEST,
        };
        let ask = |name: &str, problem| Stage::Ask {
            name: name.to_owned(),
            email: "mara@northwind.example".to_owned(),
            problem,
        };
        vec![
            ("ask", make(ask("Mara Lindqvist", None))),
            (
                "hostile-refused",
                make(ask(sample::HOSTILE, Some(said(PasswordRefused::TooCommon)))),
            ),
            ("gone", make(Stage::Gone)),
            ("done", make(Stage::Done)),
        ]
    }
}
