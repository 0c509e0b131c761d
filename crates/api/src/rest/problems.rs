//! The addresses that a problem's `type` names.

use actix_web::web::Path;
use actix_web::{HttpResponse, get};

use crate::http::problem::{Problem, ProblemKind};

#[get("/problems")]
pub(super) async fn index() -> HttpResponse {
    let lines: Vec<String> = ProblemKind::ALL
        .iter()
        .map(|kind| format!("/problems/{}\n    {}.\n", kind.slug(), kind.title()))
        .collect();
    text(lines.join("\n"))
}

#[get("/problems/{slug}")]
pub(super) async fn page(slug: Path<String>) -> Result<HttpResponse, Problem> {
    let kind = ProblemKind::ALL
        .iter()
        .find(|kind| kind.slug() == slug.as_str())
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, "There is no such problem."))?;
    Ok(text(format!(
        "{}\n\nStatus {}, code {}.\n\n{}\n",
        kind.title(),
        kind.status().as_u16(),
        kind.slug(),
        kind.about()
    )))
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(body)
}
