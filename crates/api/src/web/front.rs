//! What stands outside the pages' own addresses: the server's bare address, and everything else.

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use scheduling_app::Scheduling;
use scheduling_app::availability::FrontDoor;

use super::links::Paths;
use super::message::Message;
use super::{PageError, WebState, see_other};

/// Leads to the only workspace. Of several, it names none: not everybody's page is meant for everybody.
pub(super) async fn show(app: web::Data<Scheduling>, state: web::Data<WebState>) -> HttpResponse {
    let page = async {
        match app.front_door().await? {
            FrontDoor::To(workspace) => Ok(see_other(&state.paths().landing(&workspace))),
            FrontDoor::Empty => state.page(StatusCode::OK, &Message::EMPTY),
            FrontDoor::Closed => state.page(StatusCode::OK, &Message::CLOSED),
        }
    };
    state.answer(page.await)
}

/// The page for an address that nothing stands at, or the way to where it was meant.
pub(super) async fn elsewhere(state: web::Data<WebState>, request: HttpRequest) -> HttpResponse {
    if let Some(location) = without_slash(&request, state.paths())
        .filter(|_| [Method::GET, Method::HEAD].contains(request.method()))
    {
        return HttpResponse::PermanentRedirect()
            .insert_header((header::LOCATION, location))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish();
    }
    state.answer(Err(PageError::NOT_FOUND))
}

/// The address of one of our pages without the slash at its end. Other paths are left alone: `//example.org/` must not
/// lead to another site.
fn without_slash(request: &HttpRequest, paths: &Paths) -> Option<String> {
    const OURS: [&str; 4] = ["/book/", "/b/", "/h/", "/bookings/"];
    let uri = request.uri();
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    let is_ours = trimmed != path && OURS.iter().any(|p| trimmed.starts_with(p));
    is_ours.then(|| match uri.query() {
        Some(query) => format!("{}{trimmed}?{query}", paths.base()),
        None => format!("{}{trimmed}", paths.base()),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_slash_too_many_is_taken_away_and_leads_to_no_other_site() {
        let trimmed = |uri: &str| {
            let request = TestRequest::get().uri(uri).to_http_request();
            without_slash(&request, &Paths::new("/meet/"))
        };
        assert_eq!(trimmed("/book/a/").as_deref(), Some("/meet/book/a"));
        assert_eq!(
            trimmed("/book/a/b//?tz=UTC&x=%0d%0a").as_deref(),
            Some("/meet/book/a/b?tz=UTC&x=%0d%0a")
        );
        for other in ["//example.org/", "/book/", "/b//", "/", "/book/a", "/x/"] {
            assert_eq!(trimmed(other), None, "{other}");
        }
    }
}
