//! What slices share that change things: merge patches, versions, notes in the audit trail.

use std::fmt::Display;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use scheduling_accounts::audit::AuditNote;
use scheduling_app::idempotency::Idempotent;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Kalends;
use crate::http::conditions::Expected;
use crate::http::fields::{Errors, Fields, Query};
use crate::http::idempotency;
use crate::http::page::Paging;
use crate::http::problem::{Problem, ProblemKind, causes};
use crate::rest::caller::Member;
use crate::rest::v1::accounts;

/// What stands there now with a merge patch on it (RFC 7396), to be read as if it had been sent as a whole.
pub(in crate::rest::v1) fn patched<T: Serialize>(
    now: &T,
    patch: Map<String, Value>,
) -> Result<Fields, Problem> {
    let now = serde_json::to_value(now).map_err(|error| {
        tracing::error!(%error, "What is patched could not be written");
        Problem::new(
            ProblemKind::Internal,
            "What is patched could not be written.",
        )
    })?;
    let Value::Object(merged) = merge(now, Value::Object(patch)) else {
        return Err(Problem::new(
            ProblemKind::Internal,
            "What is patched is no object.",
        ));
    };
    Ok(Fields::new("", merged))
}

/// RFC 7396, section 2. The parser has bounded how deep it goes.
fn merge(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch;
    };
    let mut target = match target {
        Value::Object(target) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            let old = target.remove(&name).unwrap_or(Value::Null);
            target.insert(name, merge(old, value));
        }
    }
    Value::Object(target)
}

/// The version that a change must find: the one that was read, if it is one of those that the client expects. A patch was
/// put together from it.
pub(super) fn unchanged(expected: &Expected, current: u32) -> Result<Option<u32>, Problem> {
    expected.against(current)?;
    Ok(Some(current))
}

/// The idempotency key of a member's request.
pub(super) fn idempotent(
    request: &HttpRequest,
    member: &Member,
    body: &Bytes,
    errors: &mut Errors,
) -> Option<Idempotent> {
    idempotency::of(request, body, accounts::scope(&member.principal), errors)
}

/// Reads a query that has nothing but a page.
pub(super) fn page_alone(request: &HttpRequest, descending: bool) -> Result<Paging, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(request);
    let paging = Paging::of(&mut query, descending, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    Ok(paging)
}

/// Notes in the audit trail what a member did. It was done, whatever becomes of the note.
pub(in crate::rest::v1) async fn note(
    kalends: &Kalends,
    member: &Member,
    action: &str,
    subject: impl Display,
) {
    let note = AuditNote::by(&member.principal, action, subject).within(member.workspace());
    if let Err(error) = kalends.accounts.record(note).await {
        tracing::error!(action, causes = causes(&error), "Could not note {action}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_rfc_7396_come_out_as_it_says() {
        for (target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (
                json!({"a":"b","b":"c"}),
                json!({"a":null}),
                json!({"b":"c"}),
            ),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (
                json!({"a":{"b":"c"}}),
                json!({"a":{"b":"d","c":null}}),
                json!({"a":{"b":"d"}}),
            ),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (
                json!({}),
                json!({"a":{"bb":{"ccc":null}}}),
                json!({"a":{"bb":{}}}),
            ),
        ] {
            assert_eq!(
                merge(target.clone(), patch.clone()),
                result,
                "{target} {patch}"
            );
        }
    }
}
