//! Booking links: further links to an event type.

use std::num::NonZeroU32;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use scheduling_app::links::{AddLink, LinkSettings, UpdateLink};
use scheduling_core::event_type::{BookingLink, EventType};
use scheduling_core::ids::BookingLinkId;
use scheduling_core::ports::Links as _;
use scheduling_core::text::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use super::changes;
use super::event_types::find;
use crate::Kalends;
use crate::http::conditions::{self, Expected};
use crate::http::fields::{self, Errors, Fields};
use crate::http::ids::WireId as _;
use crate::http::local_time::in_zone;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::model::question::{self, QuestionView};
use crate::rest::v1::refusals;

/// What can be decided about a booking link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingLinkSettings)]
pub(super) struct SettingsView {
    /// Its part of the link; one that nobody can guess where none is given.
    #[schema(max_length = 64, required = false)]
    slug: String,
    /// What its maker calls it; guests do not see it.
    #[schema(max_length = 120)]
    name: Option<String>,
    /// Questions in place of the event type's; null for the event type's own.
    #[schema(max_items = 50)]
    questions: Option<Vec<QuestionView>>,
    /// Where an invitee is sent afterwards, in place of the event type's address.
    #[schema(max_length = 1000)]
    redirect_url: Option<String>,
    /// It leads nowhere from then on.
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
    /// How many bookings can be made with it: 1 makes it a single-use link.
    #[schema(minimum = 1)]
    max_uses: Option<u32>,
    /// Whether it is withdrawn.
    #[schema(required = false)]
    revoked: bool,
}

impl SettingsView {
    fn of(link: &BookingLink) -> Self {
        Self {
            slug: link.slug.to_string(),
            name: link.name.as_ref().map(ToString::to_string),
            questions: link.questions.as_ref().map(QuestionView::list),
            redirect_url: link.redirect_url.as_ref().map(ToString::to_string),
            expires_at: link.expires_at.map(|at| in_zone(at, chrono_tz::UTC)),
            max_uses: link.max_uses.map(NonZeroU32::get),
            revoked: link.revoked,
        }
    }
}

/// A booking link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingLink)]
pub(super) struct LinkView {
    #[schema(example = "bl_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change but a use; also the `ETag`.
    version: u32,
    #[serde(flatten)]
    settings: SettingsView,
    /// How many bookings were made with it.
    uses: u32,
    /// Whether it still leads to a booking.
    open: bool,
    /// The page for guests.
    url: String,
    created_at: String,
}

impl LinkView {
    fn of(link: &BookingLink, member: &Member, kalends: &Kalends) -> Self {
        let workspace = &member.membership.workspace.slug;
        Self {
            id: link.id.wire(),
            version: link.version,
            settings: SettingsView::of(link),
            uses: link.uses,
            open: link.ended(kalends.clock.now()).is_none(),
            url: kalends.urls.event_type(workspace, &link.slug),
            created_at: in_zone(link.created_at, chrono_tz::UTC),
        }
    }

    fn respond(link: &BookingLink, member: &Member, kalends: &Kalends) -> HttpResponse {
        let view = Self::of(link, member, kalends);
        conditions::versioned(HttpResponse::Ok(), view.version, &view)
    }
}

fn read(mut fields: Fields, errors: &mut Errors) -> (Option<Slug>, LinkSettings) {
    fields.ignore(&["id", "version", "uses", "open", "url", "created_at"]);
    let slug = fields.optional("slug", errors);
    let settings = LinkSettings {
        name: fields.optional("name", errors),
        questions: question::read_questions(&mut fields, errors),
        redirect_url: fields.optional("redirect_url", errors),
        expires_at: fields.instant("expires_at", errors),
        max_uses: fields
            .number("max_uses", 1..=u32::MAX, errors)
            .and_then(NonZeroU32::new),
        revoked: fields.flag("revoked", false, errors),
    };
    fields.finish(errors);
    (slug, settings)
}

type InPath = Path<(String, String, String)>;

/// The link that a path names, by its id or its slug. One of another event type is not there.
async fn find_link(
    kalends: &Kalends,
    member: &Member,
    path: &InPath,
) -> Result<(EventType, BookingLink), Problem> {
    let unknown = || Problem::not_found("booking link");
    let event_type = find(kalends, member, &path.1).await?;
    let actor = member.actor();
    let links = kalends.scheduling.links(&actor, event_type.id).await;
    let links = links.map_err(|error| refusals::not_managed(error, "booking link"))?;
    let id = BookingLinkId::of_wire(&path.2);
    let found = links.into_iter().find(|link| match id {
        Some(id) => link.id == id,
        None => link.slug.as_str() == path.2,
    });
    Ok((event_type, found.ok_or_else(unknown)?))
}

/// List an event type's booking links
///
/// The newest first; those that have ended are among them.
#[utoipa::path(
    tag = "event types",
    operation_id = "list_booking_links",
    responses((status = 200, body = PageOf<LinkView>))
)]
#[get("/workspaces/{workspace}/event-types/{event_type}/links")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let paging = changes::page_alone(&request, true)?;
    let event_type = find(&kalends, &member, &path.1).await?;
    let links = kalends
        .scheduling
        .links(&member.actor(), event_type.id)
        .await;
    let links = links.map_err(|error| refusals::not_managed(error, "event type"))?;
    let page = Page::of_all(links, &paging, |link| link.id.as_uuid());
    Ok(page.respond(&request, |link| LinkView::of(&link, &member, &kalends)))
}

/// Make a booking link
#[utoipa::path(
    tag = "event types",
    operation_id = "create_booking_link",
    request_body = SettingsView,
    responses(
        (status = 201, body = LinkView, headers(("Location" = String, description = "The link"))),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
    )
)]
#[post("/workspaces/{workspace}/event-types/{event_type}/links")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let fields = Fields::new("", fields::object(&request, &body)?);
    let (slug, settings) = read(fields, &mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check()?;
    let event_type = find(&kalends, &member, &path.1).await?;
    let command = AddLink {
        event_type: event_type.id,
        slug,
        settings,
        idempotency,
    };
    let created = kalends.scheduling.add_link(&member.actor(), &command).await;
    let created = created.map_err(|error| refusals::not_managed(error, "event type"))?;
    if !created.replayed {
        changes::note(&kalends, &member, "booking_link.created", created.made.id).await;
    }
    let view = LinkView::of(&created.made, &member, &kalends);
    let location = format!(
        "/api/v1/workspaces/{}/event-types/{}/links/{}",
        member.workspace().wire(),
        event_type.id.wire(),
        view.id
    );
    Ok(v1::created(
        location,
        Some(view.version),
        created.replayed,
        &view,
    ))
}

/// Read a booking link
#[utoipa::path(
    tag = "event types",
    operation_id = "get_booking_link",
    responses((status = 200, body = LinkView, headers(("ETag" = String, description = "The version"))))
)]
#[get("/workspaces/{workspace}/event-types/{event_type}/links/{link}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
) -> Result<HttpResponse, Problem> {
    let (_, link) = find_link(&kalends, &member, &path).await?;
    Ok(LinkView::respond(&link, &member, &kalends))
}

/// Replace a booking link
///
/// Without a `slug` it keeps the one it has.
#[utoipa::path(
    tag = "event types",
    operation_id = "replace_booking_link",
    request_body = SettingsView,
    responses(
        (status = 200, body = LinkView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
    )
)]
#[put("/workspaces/{workspace}/event-types/{event_type}/links/{link}")]
pub(super) async fn replace(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let fields = Fields::new("", fields::object(&request, &body)?);
    let (_, link) = find_link(&kalends, &member, &path).await?;
    store(&kalends, &member, &link, &expected, fields).await
}

/// Change a booking link
#[utoipa::path(
    tag = "event types",
    operation_id = "update_booking_link",
    request_body = SettingsView,
    responses(
        (status = 200, body = LinkView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`slug-taken`"),
    )
)]
#[patch("/workspaces/{workspace}/event-types/{event_type}/links/{link}")]
pub(super) async fn update(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let change = fields::object(&request, &body)?;
    let (_, link) = find_link(&kalends, &member, &path).await?;
    let fields = changes::patched(&SettingsView::of(&link), change)?;
    store(&kalends, &member, &link, &expected, fields).await
}

async fn store(
    kalends: &Kalends,
    member: &Member,
    link: &BookingLink,
    expected: &Expected,
    fields: Fields,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let (slug, settings) = read(fields, &mut errors);
    errors.check()?;
    let command = UpdateLink {
        id: link.id,
        slug,
        settings,
        expected: changes::unchanged(expected, link.version)?,
    };
    let updated = kalends
        .scheduling
        .update_link(&member.actor(), &command)
        .await;
    let updated = updated.map_err(|error| refusals::not_managed(error, "booking link"))?;
    changes::note(kalends, member, "booking_link.updated", updated.id).await;
    Ok(LinkView::respond(&updated, member, kalends))
}

/// Delete a booking link
///
/// The bookings that were made with it stay.
#[utoipa::path(
    tag = "event types",
    operation_id = "delete_booking_link",
    responses(
        (status = 204, description = "The link is gone"),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[delete("/workspaces/{workspace}/event-types/{event_type}/links/{link}")]
pub(super) async fn remove(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: InPath,
) -> Result<HttpResponse, Problem> {
    let (_, link) = find_link(&kalends, &member, &path).await?;
    let expected = Expected::of(request.headers()).against(link.version)?;
    let deleted = kalends
        .scheduling
        .delete_link(&member.actor(), link.id, expected)
        .await;
    deleted.map_err(|error| refusals::not_managed(error, "booking link"))?;
    changes::note(&kalends, &member, "booking_link.deleted", link.id).await;
    Ok(v1::gone())
}
