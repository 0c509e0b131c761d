//! `/sign-in` and `/sign-out`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use scheduling_accounts::sign_in::SignInError;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{context, onward, signed_in, signed_in_to};
use crate::Kalends;
use crate::http::rate::RateClass;
use crate::http::session_cookie;
use crate::web::templates::Page;
use crate::web::{PageError, WebState, count, query, see_other};

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::web) struct SignIn {
    email: String,
    next: String,
    problem: Option<Problem>,
    action: String,
    forgotten: String,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Problem {
    WrongCredentials,
    TooMany { minutes: u64 },
}

impl Page for SignIn {
    const TEMPLATE: &'static str = "pages/sign-in.html.j2";
}

/// What the link says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    next: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Submission {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

fn page(state: &WebState, email: String, next: String, problem: Option<Problem>) -> SignIn {
    SignIn {
        email,
        next,
        problem,
        action: state.paths().sign_in(),
        forgotten: state.paths().forgotten_password(),
    }
}

/// Asks who it is.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let response = async {
        let Query { next } = query(&request);
        if signed_in(&kalends, &request).await?.is_some() {
            return Ok(see_other(&onward(&state, &next)));
        }
        state.private_page(StatusCode::OK, &page(&state, String::new(), next, None))
    };
    state.answer(response.await)
}

/// Signs somebody in.
pub(super) async fn submit(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        count(&kalends, &request, RateClass::SignIn).await?;
        let Submission {
            email,
            password,
            next,
        } = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let password = SecretString::from(password);
        let context = context(&kalends, &request);
        let refused = match kalends.accounts.sign_in(&email, &password, &context).await {
            Ok(session) => return Ok(signed_in_to(&kalends, &session, &onward(&state, &next))),
            Err(SignInError::WrongCredentials) => {
                (StatusCode::UNAUTHORIZED, Problem::WrongCredentials, None)
            }
            Err(SignInError::TooMany { retry_after }) => {
                let seconds = retry_after.as_secs().max(1);
                let problem = Problem::TooMany {
                    minutes: seconds.div_ceil(60),
                };
                (StatusCode::TOO_MANY_REQUESTS, problem, Some(seconds))
            }
            Err(SignInError::Storage(error)) => return Err(error.into()),
        };
        let (status, problem, retry_after) = refused;
        let page = page(&state, email, next, Some(problem));
        let mut response = state.private_page(status, &page)?;
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        Ok(response)
    };
    state.answer(response.await)
}

/// Signs out.
pub(super) async fn leave(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        if let Some(token) = session_cookie::read(&request, kalends.public_url()) {
            kalends.accounts.sign_out(&token.to_string()).await?;
        }
        let mut response = see_other(&state.paths().sign_in());
        let gone = session_cookie::none(kalends.public_url());
        if let Err(error) = response.add_cookie(&gone) {
            tracing::error!(error = %error, "The session's cookie could not be taken away");
        }
        Ok(response)
    };
    state.answer(response.await)
}

#[cfg(test)]
impl SignIn {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        use crate::web::sample;

        let plain = |problem| Self {
            email: String::new(),
            next: String::new(),
            problem,
            action: "/sign-in".to_owned(),
            forgotten: "/forgotten-password".to_owned(),
        };
        vec![
            ("empty", plain(None)),
            (
                "wrong",
                Self {
                    email: "mara@northwind.example".to_owned(),
                    ..plain(Some(Problem::WrongCredentials))
                },
            ),
            (
                "too-many",
                Self {
                    email: sample::HOSTILE.to_owned(),
                    next: sample::HOSTILE.to_owned(),
                    ..plain(Some(Problem::TooMany { minutes: 12 }))
                },
            ),
        ]
    }
}
