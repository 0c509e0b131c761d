//! `Idempotency-Key`: repeating a request makes nothing twice (draft-ietf-httpapi-idempotency-key-header-07).

use actix_web::HttpRequest;
use scheduling_app::idempotency::{IdempotencyKey, Idempotent, fingerprint};
use serde_json::Value;

use super::fields::Errors;

/// Reads the key.
pub(crate) fn key(request: &HttpRequest, errors: &mut Errors) -> Option<IdempotencyKey> {
    const POINTER: &str = "/headers/idempotency-key";
    let mut given = request.headers().get_all("idempotency-key");
    let value = given.next()?;
    if given.next().is_some() {
        errors.add(POINTER, "repeated", "must be given once");
    }
    // The draft standard has a quoted string; most clients send the bare key.
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    match bare.parse::<IdempotencyKey>() {
        Ok(key) => Some(key),
        Err(error) => {
            errors.add(POINTER, "malformed", error.to_string());
            None
        }
    }
}

/// The key of a request with what it asks for: its method, its path and its body. `scope` keeps the keys of different
/// askers apart.
pub(crate) fn of(
    request: &HttpRequest,
    body: &[u8],
    scope: impl Into<String>,
    errors: &mut Errors,
) -> Option<Idempotent> {
    let key = key(request, errors)?;
    // JSON that says the same is the same request, however it is laid out.
    let body = match serde_json::from_slice::<Value>(body) {
        Ok(value) => value.to_string().into_bytes(),
        Err(_no_json) => body.to_vec(),
    };
    let parts = [
        request.method().as_str().as_bytes(),
        request.path().as_bytes(),
        &body,
    ];
    Some(Idempotent::new(scope, key, fingerprint(parts.map(Some))))
}

/// The same for the use cases of accounts.
pub(crate) fn of_account(
    idempotent: Option<Idempotent>,
) -> Option<scheduling_accounts::Idempotent> {
    idempotent.map(|idempotent| scheduling_accounts::Idempotent {
        scope: idempotent.scope,
        key: idempotent.key.as_str().to_owned(),
        fingerprint: idempotent.fingerprint,
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn of_request(path: &str, key: &str, body: &str) -> Result<Option<Idempotent>, ()> {
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("idempotency-key", key.to_owned()))
            .to_http_request();
        let mut errors = Errors::default();
        let idempotent = of(&request, body.as_bytes(), "user:1", &mut errors);
        errors.check().map(|()| idempotent).map_err(drop)
    }

    #[test]
    fn the_same_request_is_the_same_however_it_is_laid_out() {
        let first = of_request("/a", "k", r#"{"a":1,"b":[2]}"#).unwrap();
        assert_eq!(
            of_request("/a", "\"k\"", "{ \"b\": [2],\n\"a\": 1 }"),
            Ok(first.clone())
        );
        for (path, body) in [
            ("/b", r#"{"a":1,"b":[2]}"#),
            ("/a", r#"{"a":1}"#),
            ("/a", ""),
        ] {
            assert_ne!(
                of_request(path, "k", body),
                Ok(first.clone()),
                "{path} {body}"
            );
        }
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for key in ["", "a b", "ü", &"k".repeat(256)] {
            assert_eq!(of_request("/a", key, ""), Err(()), "{key:?}");
        }
    }
}
