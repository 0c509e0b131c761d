//! Holds answers against the description: the status must be one that is described, the body fit its schema, and have
//! nothing that the schema does not know.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::Answer;

pub(super) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(crate::rest::openapi_json()).unwrap())
}

/// The described operation that a request asks for.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let fits = |pattern: &str| {
        let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return true,
                (Some(p), Some(s)) if p == s || (p.starts_with('{') && !s.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let method = if method == "HEAD" { "GET" } else { method };
    let paths = document()["paths"].as_object().unwrap();
    let mut found: Vec<_> = paths
        .iter()
        .filter(|(pattern, item)| fits(pattern) && !item[method.to_lowercase()].is_null())
        .collect();
    // Words go before holes.
    found.sort_by_key(|(pattern, _)| pattern.matches('{').count());
    found.first().map(|(_, item)| &item[method.to_lowercase()])
}

pub(super) fn assert_described(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else {
        return;
    };
    let status = answer.status.as_u16().to_string();
    let response = &operation["responses"][&status];
    assert!(
        response.is_object(),
        "{method} {path} answers {status}, which is not described: {}",
        answer.text
    );
    if let Some(code) = answer.body["code"]
        .as_str()
        .filter(|_| answer.status.as_u16() >= 400)
    {
        let said = response["description"].as_str().unwrap();
        assert!(
            said.contains(&format!("`{code}`")),
            "{method} {path}: {status} is described as {said}, not {code}"
        );
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{method} {path}: {status} has no body");
        return;
    };
    let media = answer.header("content-type").split(';').next().unwrap();
    let Some(described) = content.get(media) else {
        panic!("{method} {path}: {media} is not described");
    };
    if media.ends_with("json") && method != "HEAD" {
        let mut wrong = Vec::new();
        check(&described["schema"], &answer.body, "", &mut wrong);
        assert!(
            wrong.is_empty(),
            "{method} {path}: {wrong:#?}\n{}",
            answer.text
        );
    }
}

fn resolve(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            resolve(document().pointer(pointer).expect(reference))
        }
        None => schema,
    }
}

/// The members that a schema of an object knows, with whether any others may be there.
fn members(schema: &'static Value) -> (Map<String, Value>, bool) {
    let schema = resolve(schema);
    let mut known = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let is_free =
        schema["properties"].is_null() && schema["allOf"].is_null() && schema["oneOf"].is_null();
    let mut open = is_free || schema["additionalProperties"] != Value::Null;
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, part_open) = members(part);
        known.extend(more);
        open |= part_open;
    }
    (known, open)
}

/// Notes what of a value does not fit a schema.
pub(super) fn check(schema: &'static Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    check_known(schema, value, at, wrong);
    let schema = resolve(schema);
    if let Some(object) = value.as_object()
        && schema["oneOf"].is_null()
    {
        let (known, open) = members(schema);
        for name in object.keys() {
            if !open && !known.contains_key(name) {
                wrong.push(format!("{at}/{name} is not described"));
            }
        }
    }
}

fn check_known(schema: &'static Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = resolve(schema);
    if let Some(kinds) = schema["oneOf"].as_array() {
        let fitting = kinds.iter().filter(|kind| {
            let mut wrong = Vec::new();
            check(kind, value, at, &mut wrong);
            wrong.is_empty()
        });
        if fitting.count() == 0 {
            wrong.push(format!("{at}: {value} fits none of {}", schema["oneOf"]));
        }
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check_known(part, value, at, wrong);
    }
    let types: BTreeSet<&str> = match &schema["type"] {
        Value::String(one) => [one.as_str()].into(),
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    };
    let is = match value {
        Value::Null => vec!["null"],
        Value::Bool(_) => vec!["boolean"],
        Value::Number(number) if number.is_i64() || number.is_u64() => vec!["integer", "number"],
        Value::Number(_) => vec!["number"],
        Value::String(_) => vec!["string"],
        Value::Array(_) => vec!["array"],
        Value::Object(_) => vec!["object"],
    };
    if !types.is_empty() && !is.iter().any(|kind| types.contains(kind)) {
        wrong.push(format!("{at}: {value} is no {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
        && !value.is_null()
    {
        wrong.push(format!("{at}: {value} is not among {words:?}"));
    }
    if let Some(list) = value.as_array() {
        for (place, entry) in list.iter().enumerate() {
            if !schema["items"].is_null() {
                check(&schema["items"], entry, &format!("{at}/{place}"), wrong);
            }
        }
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                wrong.push(format!("{at}/{name} is missing"));
            }
        }
        if let Some(properties) = schema["properties"].as_object() {
            for (name, property) in properties {
                if let Some(value) = object.get(name) {
                    check(property, value, &format!("{at}/{name}"), wrong);
                }
            }
        }
    }
}

#[test]
fn a_wrong_answer_is_told_from_a_right_one() {
    let schema = &document()["components"]["schemas"]["Slot"];
    let wrong = |value: Value| {
        let mut wrong = Vec::new();
        check(schema, &value, "", &mut wrong);
        wrong
    };
    assert_eq!(
        wrong(json!({ "start": "a", "end": "b" })),
        Vec::<String>::new()
    );
    assert_eq!(
        wrong(json!({ "start": "a", "end": "b", "seats_left": 2 })),
        Vec::<String>::new()
    );
    for value in [
        json!({ "start": "a" }),
        json!({ "start": "a", "end": 1 }),
        json!({ "start": "a", "end": "b", "more": 1 }),
        json!({ "start": "a", "end": "b", "seats_left": 1.5 }),
        json!([]),
        json!(null),
    ] {
        assert!(!wrong(value.clone()).is_empty(), "{value}");
    }
}

/// The members of a body that the description has.
fn described_members(operation: &'static Value) -> Option<Map<String, Value>> {
    let content = operation["requestBody"]["content"].as_object()?;
    let schema = &content.get("application/json")?["schema"];
    let schema = match schema["oneOf"].as_array() {
        Some(kinds) => kinds.iter().find(|kind| kind["type"] != "null").unwrap(),
        None => schema,
    };
    let (known, _open) = members(schema);
    let nothing = known.keys().map(|name| (name.clone(), Value::Null));
    Some(nothing.collect())
}

/// Bodies are read by hand, so that one answer names everything that is wrong. What the description has is known there,
/// and what it has not is not.
#[actix_web::test]
async fn every_body_is_read_as_it_is_described() {
    let server = super::Server::new().await;
    let mut things = super::isolation::things(&server).await;
    // Guests know slugs alone.
    things.insert("workspace", "acme".to_owned());
    let ann = server.signed_in("ann@acme.example").await;
    let mut bodies = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(mut body) = described_members(operation) else {
                continue;
            };
            bodies += 1;
            let path = super::isolation::fill(path, &things);
            let unknown = |answer: &Answer| -> Vec<String> {
                let errors = answer.errors().into_iter();
                errors.filter(|error| error.ends_with(" unknown")).collect()
            };
            let method = method.to_uppercase();
            // What nobody knows first: the answer changes nothing.
            body.insert("surprise".to_owned(), Value::Null);
            let answer = ann
                .change(&method, &path, Value::Object(body.clone()))
                .await;
            if method != "PATCH" || described_versions(operation).is_none() {
                assert_eq!(
                    unknown(&answer),
                    ["/surprise unknown"],
                    "{method} {path}: {}",
                    answer.text
                );
            }
            body.remove("surprise");
            let answer = ann.change(&method, &path, Value::Object(body)).await;
            assert_eq!(unknown(&answer), Vec::<String>::new(), "{method} {path}");
        }
    }
    assert!(bodies > 30, "{bodies}");
}

/// Whether it is a merge patch, where null takes away what is not there anyway.
fn described_versions(operation: &Value) -> Option<&Value> {
    operation["requestBody"]["content"].get("application/merge-patch+json")
}

#[test]
fn every_operation_says_what_it_needs() {
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["operationId"].is_string(), "{name}");
            assert!(operation["tags"].is_array(), "{name}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{name}"
            );
            if path.starts_with(super::super::PREFIX) {
                assert!(operation["security"].is_array(), "{name}");
            }
        }
    }
}
