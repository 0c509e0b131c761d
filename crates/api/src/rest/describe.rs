//! Completes the description of the API with what the table of operations says: who may ask, which headers there are,
//! and which problems every operation of a kind can answer.

use serde_json::{Map, Value, json};

use super::PREFIX;
use super::access::{self, Access, Operation, Precondition};
use crate::http::problem::ProblemKind as P;

/// What the parts of paths are.
const PATH_PARTS: &[(&str, &str)] = &[
    ("booking", "The booking's id"),
    ("entry", "The entry's id"),
    ("event", "The slug of an event type or of a booking link"),
    ("event_type", "The event type's id or slug"),
    ("hold_token", "The hold's token"),
    ("image", "The picture's id"),
    ("invitation", "The invitation's id"),
    ("link", "The booking link's id or slug"),
    ("manage_token", "The booking's manage token"),
    ("member", "The person's id, or `me`"),
    ("schedule", "The schedule's id"),
    ("session", "The session's id, or `current`"),
    ("time_off", "The id of the time off"),
    ("token", "The API token's id"),
    ("workspace", "The workspace's id or slug"),
];

/// Personal data: schemas, and which of their members say something about a person.
const PERSONAL: &[(&str, &[&str])] = &[
    ("Account", &["name", "email", "timezone"]),
    ("AccountChange", &["name", "timezone"]),
    ("Answer", &["value"]),
    ("Attendee", &["name", "email", "timezone"]),
    ("Booking", &["note", "guests", "cancellation_reason"]),
    ("BookingRequest", &["note", "answers", "guests"]),
    ("Guest", &["name", "email"]),
    ("GuestRequest", &["name", "email"]),
    ("Host", &["name"]),
    ("HostedBooking", &["note", "attendees"]),
    ("Invitation", &["email"]),
    ("InvitationRequest", &["email"]),
    ("Invitee", &["name", "email", "timezone"]),
    ("InviteeRequest", &["name", "email", "timezone"]),
    ("Member", &["name", "email", "timezone"]),
    ("NewAccountRequest", &["name", "timezone"]),
    ("PasswordResetRequest", &["email"]),
    ("Session", &["ip", "user_agent"]),
    ("SignInRequest", &["email"]),
];

/// Adds what the table says to the description.
pub(super) fn complete(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "kal_live_…",
            "description": "An API token. It is good in one workspace, for the scopes that it was made with, and never for more than its owner's role allows."
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-kalends_session",
            "description": "The cookie that signing in sets; over plain HTTP it is called `kalends_session`. Requests that change something must come from the server's own pages: `Sec-Fetch-Site: same-origin`, or `Origin` with the server's address."
        }
    });
    let mut patches = Vec::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let Some(items) = item.as_object_mut() else {
                continue;
            };
            for (method, described) in items {
                explain_problems(described);
                let Some(pattern) = path.strip_prefix(PREFIX) else {
                    continue;
                };
                let known = access::OPERATIONS
                    .iter()
                    .find(|o| o.pattern == pattern && o.method.eq_ignore_ascii_case(method));
                if let Some(operation) = known {
                    complete_operation(described, operation);
                    patches.extend(patched(described, operation));
                }
            }
        }
    }
    let schemas = &mut document["components"]["schemas"];
    for name in patches {
        let patch = merge_patch_of(&schemas[&name]);
        schemas[format!("{name}Patch")] = patch;
    }
    mark_personal(schemas);
    name_pages(document);
}

/// Calls pages after what they list, and lets them refer to it.
fn name_pages(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    let generic: Vec<String> = schemas
        .keys()
        .filter_map(|name| Some(name.strip_prefix("PageOf_")?.to_owned()))
        .collect();
    for entry in &generic {
        let page = &mut schemas[&format!("PageOf_{entry}")];
        page["properties"]["data"]["items"] =
            json!({ "$ref": format!("#/components/schemas/{entry}") });
    }
    let mut text = document.to_string();
    for entry in generic {
        text = text.replace(&format!("\"PageOf_{entry}\""), &format!("\"{entry}Page\""));
        text = text.replace(&format!("/PageOf_{entry}\""), &format!("/{entry}Page\""));
    }
    if let Ok(renamed) = serde_json::from_str(&text) {
        *document = renamed;
    }
}

fn complete_operation(described: &mut Value, operation: &Operation) {
    describe_parameters(described, operation);
    let (security, scope) = match operation.access {
        Access::Public | Access::Anonymous => (json!([]), None),
        Access::SignedIn => (json!([{ "token": [] }, { "session": [] }]), None),
        Access::Session | Access::WorkspaceSession => (json!([{ "session": [] }]), None),
        Access::Workspace(scope) => {
            let scope = scope.to_string();
            (
                json!([{ "token": [scope] }, { "session": [] }]),
                Some(scope),
            )
        }
    };
    described["security"] = security;
    if let Some(scope) = scope {
        described["x-required-scope"] = json!(scope);
    }
    for kind in problems_of(described, operation) {
        add_problem(described, kind);
    }
    if operation.network_limit().is_some() || is_signed_in(operation) {
        describe_limits(described);
    }
}

fn is_signed_in(operation: &Operation) -> bool {
    !matches!(operation.access, Access::Public | Access::Anonymous)
}

fn changes(operation: &Operation) -> bool {
    operation.method != "GET"
}

/// The problems that every operation of a kind can answer.
fn problems_of(described: &Value, operation: &Operation) -> Vec<P> {
    let mut problems = vec![P::Unavailable, P::Overloaded, P::TookTooLong];
    if operation.pattern != "/public/images/{image}" {
        problems.push(P::NotAcceptable);
    }
    if is_signed_in(operation) {
        problems.push(P::Unauthenticated);
        if changes(operation) {
            problems.push(P::CrossSiteRequest);
        }
    }
    match operation.access {
        Access::Session | Access::WorkspaceSession => problems.push(P::SessionRequired),
        Access::Workspace(_) => problems.push(P::InsufficientScope),
        Access::Public | Access::Anonymous | Access::SignedIn => {}
    }
    if operation.pattern.contains('{') {
        problems.push(P::NotFound);
    }
    if operation.network_limit().is_some() || is_signed_in(operation) {
        problems.push(P::RateLimited);
    }
    if changes(operation) {
        problems.extend([
            P::UnsupportedMediaType,
            P::MalformedBody,
            P::PayloadTooLarge,
        ]);
    }
    let has_query = described["parameters"]
        .as_array()
        .is_some_and(|parameters| parameters.iter().any(|p| p["in"] == "query"));
    if has_query || operation.keyed || !described["requestBody"].is_null() {
        problems.push(P::Validation);
    }
    if operation.keyed {
        problems.push(P::IdempotencyKeyReused);
    }
    match operation.precondition {
        Precondition::None => {}
        Precondition::Optional => problems.push(P::VersionConflict),
        Precondition::Required => {
            problems.extend([P::VersionConflict, P::PreconditionRequired]);
        }
    }
    problems
}

/// Adds a problem to the answers of an operation.
fn add_problem(described: &mut Value, kind: P) {
    let status = kind.status().as_u16().to_string();
    let slug = format!("`{}`", kind.slug());
    let response = &mut described["responses"][&status];
    let description = match response["description"].as_str() {
        Some(said) if said.contains(&slug) => said.to_owned(),
        Some(said) if !said.is_empty() => format!("{said}, {slug}"),
        _ => slug,
    };
    *response = problem_response(&description, response["headers"].take());
}

fn problem_response(description: &str, headers: Value) -> Value {
    let mut response = json!({
        "description": description,
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" }
        } }
    });
    if headers.is_object() {
        response["headers"] = headers;
    }
    response
}

/// Gives the problems that handlers name the body that all problems have.
fn explain_problems(described: &mut Value) {
    let Some(responses) = described["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in responses {
        if status.starts_with('4') || status.starts_with('5') {
            let description = response["description"].as_str().unwrap_or("").to_owned();
            *response = problem_response(&description, response["headers"].take());
        }
    }
}

fn describe_parameters(described: &mut Value, operation: &Operation) {
    let mut parameters = described["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let names = operation
        .pattern
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for (place, name) in names.enumerate() {
        parameters.retain(|p| p["name"] != name || p["in"] != "path");
        let about = PATH_PARTS.iter().find(|(part, _)| *part == name);
        let parameter = json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": about.map_or("", |(_, about)| *about),
            "schema": { "type": "string" }
        });
        parameters.insert(place, parameter);
    }
    if operation.paged {
        parameters.push(json!({
            "name": "limit",
            "in": "query",
            "description": "How many entries a page has",
            "schema": {
                "type": "integer", "minimum": 1, "maximum": crate::http::page::LARGEST_LIMIT,
                "default": crate::http::page::DEFAULT_LIMIT
            }
        }));
        parameters.push(json!({
            "name": "cursor",
            "in": "query",
            "description": "Where the page begins: `next_cursor` or `prev_cursor` of another page of the same list",
            "schema": { "type": "string" }
        }));
    }
    if operation.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1 to 255 visible ASCII characters, bare or as a quoted string. Within 24 hours, the same request with the same key does nothing twice and is answered alike",
            "schema": { "type": "string" }
        }));
    }
    if operation.precondition != Precondition::None {
        parameters.push(json!({
            "name": "If-Match",
            "in": "header",
            "required": operation.precondition == Precondition::Required,
            "description": "The `ETag` that was read, or `*`: nothing is changed that somebody else changed meanwhile",
            "schema": { "type": "string" },
            "example": "\"1\""
        }));
    }
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    let headers: &[(&str, &str)] = match (operation.keyed, operation.paged) {
        (true, _) => &[(
            "Idempotency-Replayed",
            "`true` when an earlier request with the same key did it",
        )],
        (_, true) => &[(
            "Link",
            "The neighbouring pages: `next` and `prev` (RFC 8288)",
        )],
        _ => &[],
    };
    for (name, about) in headers {
        for_each_success(described, |response| {
            response["headers"][*name] = header(about);
        });
    }
    if operation.precondition == Precondition::Required {
        for_each_success(described, |response| {
            response["headers"]["ETag"] = header("The version; send it as `If-Match`");
        });
    }
}

fn header(about: &str) -> Value {
    json!({ "description": about, "schema": { "type": "string" } })
}

fn for_each_success(described: &mut Value, mut act: impl FnMut(&mut Value)) {
    let responses = described["responses"].as_object_mut().into_iter().flatten();
    for (status, response) in responses {
        if status.starts_with('2') {
            act(response);
        }
    }
}

fn describe_limits(described: &mut Value) {
    let too_many = &mut described["responses"]["429"];
    for (name, about) in [
        ("Retry-After", "Seconds until the next request is answered"),
        (
            "RateLimit",
            "How the client stands (draft-ietf-httpapi-ratelimit-headers); on other answers too",
        ),
        ("RateLimit-Policy", "What is allowed; on other answers too"),
    ] {
        too_many["headers"][name] = header(about);
    }
}

/// Gives a merge patch its own body, and names the schema it is a patch of.
fn patched(described: &mut Value, operation: &Operation) -> Option<String> {
    if operation.method != "PATCH" || operation.precondition != Precondition::Required {
        return None;
    }
    let content = &mut described["requestBody"]["content"];
    let schema = content["application/json"]["schema"]["$ref"].as_str()?;
    let name = schema.rsplit('/').next()?.to_owned();
    let body = json!({ "schema": { "$ref": format!("#/components/schemas/{name}Patch") } });
    *content = json!({ "application/merge-patch+json": body, "application/json": body });
    Some(name)
}

/// A schema with every member optional: null takes the value away (RFC 7396).
fn merge_patch_of(schema: &Value) -> Value {
    let mut properties = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (_, property) in &mut properties {
        let is_nullable = property["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("null")))
            || property["oneOf"]
                .as_array()
                .is_some_and(|kinds| kinds.contains(&json!({ "type": "null" })));
        if !is_nullable {
            let own = property.take();
            *property = json!({ "oneOf": [{ "type": "null" }, own] });
        }
    }
    json!({
        "type": "object",
        "description": "What changes (RFC 7396): members that are not given stay, null takes a value away.",
        "properties": properties
    })
}

fn mark_personal(schemas: &mut Value) {
    let none = Map::new();
    for (schema, members) in PERSONAL {
        let known = schemas[*schema]["properties"].as_object().unwrap_or(&none);
        let known: Vec<&str> = members
            .iter()
            .copied()
            .filter(|m| known.contains_key(*m))
            .collect();
        for member in known {
            let property = &mut schemas[*schema]["properties"][member];
            // Beside a reference, members of other names are allowed since OpenAPI 3.1.
            property["x-pii"] = json!(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_personal_member_is_there_and_marked() {
        let document: Value = serde_json::from_str(crate::rest::openapi_json()).unwrap();
        for (schema, members) in PERSONAL {
            for member in *members {
                let property = &document["components"]["schemas"][schema]["properties"][member];
                assert_eq!(property["x-pii"], true, "{schema}.{member}");
            }
        }
    }

    #[test]
    fn every_part_of_a_path_is_explained() {
        let document: Value = serde_json::from_str(crate::rest::openapi_json()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let parts = path.matches('{').count();
                let parameters = operation["parameters"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let described = parameters
                    .iter()
                    .filter(|p| p["in"] == "path" && p["required"] == true)
                    .filter(|p| !p["description"].as_str().unwrap_or("").is_empty())
                    .count();
                assert_eq!(described, parts, "{method} {path}");
            }
        }
    }
}
