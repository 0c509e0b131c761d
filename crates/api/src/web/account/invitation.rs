//! `/invitations/{token}`: joining a workspace.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;
use scheduling_accounts::Principal;
use scheduling_accounts::invitations::{AcceptError, InvitationView, NewAccount};
use scheduling_core::text::PersonName;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::password::said;
use super::{context, signed_in, signed_in_to};
use crate::Kalends;
use crate::http::rate::RateClass;
use crate::web::templates::Page;
use crate::web::{PageError, WebState, count, see_other};
use scheduling_accounts::password::SHORTEST;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::web) struct Invitation {
    stage: Stage,
    action: String,
    sign_in: String,
    sign_out: String,
    shortest: usize,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Stage {
    /// The link was used, withdrawn, is too old, or never was one.
    Gone,
    /// Somebody new makes an account.
    New {
        about: About,
        name: String,
        timezone: String,
        problems: Problems,
    },
    /// The address has an account, and nobody is signed in.
    SignIn { about: About },
    /// The one who is invited is signed in.
    Accept { about: About },
    /// Somebody else is signed in.
    AnotherAddress { about: About },
}

/// What the invitation says.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct About {
    workspace: String,
    inviter: Option<String>,
    email: String,
    role: String,
}

/// What is wrong with which field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Problems {
    name: Option<String>,
    timezone: Option<String>,
    password: Option<String>,
}

impl Page for Invitation {
    const TEMPLATE: &'static str = "pages/invitation.html.j2";
}

/// What the form sends. Who has an account sends nothing.
#[derive(Deserialize)]
pub(super) struct Submission {
    #[serde(default)]
    name: String,
    #[serde(default)]
    timezone: String,
    #[serde(default)]
    password: String,
}

impl About {
    fn new(view: &InvitationView) -> Self {
        Self {
            workspace: view.workspace.name.to_string(),
            inviter: view.inviter.as_ref().map(ToString::to_string),
            email: view.invitation.email.to_string(),
            role: view.invitation.role.to_string(),
        }
    }
}

fn page(state: &WebState, token: &str, step: Stage) -> Invitation {
    let action = state.paths().invitation(token);
    Invitation {
        stage: step,
        sign_in: state.paths().sign_in_and_go_on(&action),
        sign_out: state.paths().sign_out(),
        action,
        shortest: SHORTEST,
    }
}

/// What an invitation asks of whoever looks at it.
async fn stage_of(
    kalends: &Kalends,
    view: Option<InvitationView>,
    reader: Option<&Principal>,
) -> Result<Stage, PageError> {
    let Some(view) = view else {
        return Ok(Stage::Gone);
    };
    let about = About::new(&view);
    let Some(reader) = reader else {
        return Ok(if view.has_account {
            Stage::SignIn { about }
        } else {
            Stage::New {
                about,
                name: String::new(),
                timezone: String::new(),
                problems: Problems::default(),
            }
        });
    };
    let is_invited = kalends
        .scheduling
        .person(reader.user)
        .await?
        .is_some_and(|person| {
            let (own, invited) = (person.email.as_str(), view.invitation.email.as_str());
            own.to_lowercase() == invited.to_lowercase()
        });
    Ok(if is_invited {
        Stage::Accept { about }
    } else {
        Stage::AnotherAddress { about }
    })
}

/// Shows the invitation. Looking changes nothing.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    token: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let response = async {
        let reader = signed_in(&kalends, &request).await?;
        let view = kalends.accounts.invitation(&token).await?;
        let step = stage_of(&kalends, view, reader.as_ref()).await?;
        let status = match step {
            Stage::Gone => StatusCode::GONE,
            _ => StatusCode::OK,
        };
        state.private_page(status, &page(&state, &token, step))
    };
    state.answer(response.await)
}

/// Accepts it.
pub(super) async fn accept(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    token: web::Path<String>,
    request: HttpRequest,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        count(&kalends, &request, RateClass::SignIn).await?;
        let submission = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let reader = signed_in(&kalends, &request).await?;
        let refused = match &reader {
            Some(reader) => match kalends.accounts.accept_as(&token, reader).await {
                Ok(_membership) => return Ok(see_other(&state.paths().home())),
                Err(error) => error,
            },
            None => match new_account(&submission) {
                Ok(account) => {
                    let context = context(&kalends, &request);
                    match kalends.accounts.accept(&token, &account, &context).await {
                        Ok(accepted) => {
                            let home = state.paths().home();
                            return Ok(signed_in_to(&kalends, &accepted.session, &home));
                        }
                        Err(AcceptError::Password(refused)) => {
                            let problems = Problems {
                                password: Some(said(refused)),
                                ..Problems::default()
                            };
                            return again(&kalends, &state, &token, submission, problems).await;
                        }
                        Err(error) => error,
                    }
                }
                Err(problems) => {
                    return again(&kalends, &state, &token, submission, problems).await;
                }
            },
        };
        if let AcceptError::Storage(error) = refused {
            return Err(error.into());
        }
        // The page as it is now says why: used meanwhile, for another address, or for an account that there is.
        let view = kalends.accounts.invitation(&token).await?;
        let step = stage_of(&kalends, view, reader.as_ref()).await?;
        let status = match step {
            Stage::Gone => StatusCode::GONE,
            _ => StatusCode::CONFLICT,
        };
        state.private_page(status, &page(&state, &token, step))
    };
    state.answer(response.await)
}

fn new_account(submission: &Submission) -> Result<NewAccount, Problems> {
    let name = submission.name.parse::<PersonName>();
    let timezone = submission.timezone.parse::<Tz>();
    match (name, timezone) {
        (Ok(name), Ok(timezone)) => Ok(NewAccount {
            name,
            timezone,
            password: SecretString::from(submission.password.clone()),
        }),
        (name, timezone) => Err(Problems {
            name: name.err().map(|error| format!("Your name {error}")),
            timezone: timezone
                .err()
                .map(|_unknown| "Choose the zone you live in".to_owned()),
            password: None,
        }),
    }
}

/// The form once more, with what was given and what is wrong with it.
async fn again(
    kalends: &Kalends,
    state: &WebState,
    token: &str,
    submission: Submission,
    wrong: Problems,
) -> Result<HttpResponse, PageError> {
    let view = kalends.accounts.invitation(token).await?;
    let mut step = stage_of(kalends, view, None).await?;
    if let Stage::New {
        name,
        timezone,
        problems,
        ..
    } = &mut step
    {
        (*name, *timezone) = (submission.name, submission.timezone);
        *problems = wrong;
    }
    let status = match step {
        Stage::Gone => StatusCode::GONE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    state.private_page(status, &page(state, token, step))
}

#[cfg(test)]
impl Invitation {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        use crate::web::sample;

        let about = |workspace: &str| About {
            workspace: workspace.to_owned(),
            inviter: Some("Mara Lindqvist".to_owned()),
            email: "tomas@northwind.example".to_owned(),
            role: "member".to_owned(),
        };
        let make = |stage| Self {
            stage,
            action: "/invitations/ab".to_owned(),
            sign_in: "/sign-in?next=%2Finvitations%2Fab".to_owned(),
            sign_out: "/sign-out".to_owned(),
            shortest: SHORTEST,
        };
        let northwind = || about("Northwind Advisory");
        vec![
            ("gone", make(Stage::Gone)),
            (
                "new",
                make(Stage::New {
                    about: northwind(),
                    name: String::new(),
                    timezone: "Europe/Berlin".to_owned(),
                    problems: Problems::default(),
                }),
            ),
            (
                "hostile-refused",
                make(Stage::New {
                    about: about(sample::HOSTILE),
                    name: sample::HOSTILE.to_owned(),
                    timezone: String::new(),
                    problems: Problems {
                        name: Some("Your name must not be empty".to_owned()),
                        timezone: Some("Choose the zone you live in".to_owned()),
                        password: Some("The password must have at least 12 characters".to_owned()),
                    },
                }),
            ),
            ("sign-in", make(Stage::SignIn { about: northwind() })),
            ("accept", make(Stage::Accept { about: northwind() })),
            (
                "another-address",
                make(Stage::AnotherAddress { about: northwind() }),
            ),
        ]
    }
}
