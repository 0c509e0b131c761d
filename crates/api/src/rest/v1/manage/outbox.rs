//! What is owed to the outside world, as owners and admins see it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono_tz::Tz;
use scheduling_app::outbox::ListOutbox;
use scheduling_core::effect::{Effect, Recipient};
use scheduling_core::ids::OutboxId;
use scheduling_core::ports::{LoggedAttempt, OutboxEntry, OutboxStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::changes;
use crate::Kalends;
use crate::http::fields::{Errors, Query};
use crate::http::ids::WireId;
use crate::http::local_time::in_zone;
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::refusals;

/// Where an effect stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = OutboxStatus)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusView {
    /// Waiting for a worker, or for its time.
    Ready,
    /// Taken by a worker.
    Leased,
    /// Done, or skipped.
    Done,
    /// Given up.
    Failed,
}

const STATUSES: &[(&str, OutboxStatus)] = &[
    ("ready", OutboxStatus::Ready),
    ("leased", OutboxStatus::Leased),
    ("done", OutboxStatus::Done),
    ("failed", OutboxStatus::Failed),
];

/// One thing that is owed to the outside world.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxEntry)]
pub(super) struct EntryView {
    #[schema(example = "ob_0190b0c47d5e70008000000000000001")]
    id: String,
    /// `notify`, `notify_account`, `expire_pending`, or what a later release makes.
    #[schema(example = "notify")]
    kind: String,
    status: StatusView,
    /// What a message about a booking says, such as `confirmed`.
    about: Option<&'static str>,
    /// The booking it is about.
    booking: Option<String>,
    /// The attendee or host it goes to.
    recipient: Option<String>,
    /// How often it was tried.
    attempts: u32,
    /// The last complaint, or why it was skipped.
    last_error: Option<String>,
    due_at: String,
    created_at: String,
    /// When it was done or given up.
    finished_at: Option<String>,
}

impl EntryView {
    fn of(entry: &OutboxEntry) -> Self {
        let utc = |at| in_zone(at, Tz::UTC);
        let (booking, about, recipient) = match &entry.effect {
            Ok(Effect::Notify {
                booking,
                recipient,
                about,
                ..
            }) => {
                let recipient = match recipient {
                    Recipient::Attendee(id) => id.wire(),
                    Recipient::Host(id) => id.wire(),
                };
                (Some(*booking), Some(about.as_str()), Some(recipient))
            }
            Ok(Effect::ExpirePending { booking }) => (Some(*booking), None, None),
            Ok(Effect::NotifyAccount { .. }) | Err(_) => (None, None, None),
        };
        Self {
            id: entry.id.wire(),
            kind: entry.kind.clone(),
            status: match entry.status {
                OutboxStatus::Ready => StatusView::Ready,
                OutboxStatus::Leased => StatusView::Leased,
                OutboxStatus::Done => StatusView::Done,
                OutboxStatus::Failed => StatusView::Failed,
            },
            about,
            booking: booking.map(WireId::wire),
            recipient,
            attempts: entry.attempts,
            last_error: entry.last_error.clone(),
            due_at: utc(entry.due_at),
            created_at: utc(entry.created_at),
            finished_at: entry.finished_at.map(utc),
        }
    }
}

/// One try to hand a message over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub(super) struct AttemptView {
    at: String,
    /// The transport's name in the settings.
    #[schema(example = "smtp")]
    transport: String,
    /// `accepted`, `deferred`, `refused` or `unknown`.
    #[schema(example = "accepted")]
    outcome: &'static str,
    /// What the other side said.
    detail: Option<String>,
}

impl AttemptView {
    fn of(logged: &LoggedAttempt) -> Self {
        Self {
            at: in_zone(logged.at, Tz::UTC),
            transport: logged.attempt.transport.clone(),
            outcome: logged.attempt.outcome.as_str(),
            detail: logged.attempt.outcome.detail().map(ToOwned::to_owned),
        }
    }
}

/// One thing that is owed, with every try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxEntryDetails)]
pub(super) struct DetailsView {
    #[serde(flatten)]
    entry: EntryView,
    /// The first first.
    tries: Vec<AttemptView>,
}

fn entry_id(text: &str) -> Result<OutboxId, Problem> {
    OutboxId::of_wire(text).ok_or_else(|| Problem::not_found("outbox entry"))
}

/// List what is owed
///
/// The newest first; there is no way back but to begin anew. For owners and admins.
#[utoipa::path(
    tag = "outbox",
    operation_id = "list_outbox",
    params(("status" = Option<String>, Query, description = "`ready`, `leased`, `done` or `failed`", example = "failed")),
    responses(
        (status = 200, body = PageOf<EntryView>),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[get("/workspaces/{workspace}/outbox")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::onwards_only(&mut query, true, &mut errors);
    let status = query.choice("status", STATUSES, &mut errors);
    query.finish(&mut errors);
    errors.check()?;
    let asked = ListOutbox {
        status,
        after: paging.cursor.map(|cursor| OutboxId::from_uuid(cursor.id)),
        // The longest list is as long as the longest page.
        limit: paging.limit,
    };
    let (actor, workspace) = (member.actor(), member.workspace());
    let found = kalends.scheduling.outbox(&actor, workspace, &asked).await;
    let found = found.map_err(|error| refusals::not_managed(error, "workspace"))?;
    let is_full = found.len() >= paging.limit as usize;
    let next = found.last().filter(|_| is_full);
    let next = next.map(|last| (last.created_at, last.id.as_uuid()));
    let page = Page::with_next(found, &paging, next);
    Ok(page.respond(&request, |entry| EntryView::of(&entry)))
}

/// Read what is owed, with every try
#[utoipa::path(
    tag = "outbox",
    operation_id = "get_outbox_entry",
    responses(
        (status = 200, body = DetailsView),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[get("/workspaces/{workspace}/outbox/{entry}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = entry_id(&path.1)?;
    let (actor, workspace) = (member.actor(), member.workspace());
    let found = kalends.scheduling.outbox_entry(&actor, workspace, id).await;
    let (entry, tries) = found.map_err(|error| refusals::not_managed(error, "outbox entry"))?;
    Ok(v1::private(&DetailsView {
        entry: EntryView::of(&entry),
        tries: tries.iter().map(AttemptView::of).collect(),
    }))
}

/// Try again what was given up
#[utoipa::path(
    tag = "outbox",
    operation_id = "replay_outbox_entry",
    responses(
        (status = 200, body = EntryView),
        (status = 403, description = "`insufficient-role`"),
        (status = 409, description = "`not-failed`"),
    )
)]
#[post("/workspaces/{workspace}/outbox/{entry}/replay")]
pub(super) async fn replay(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let id = entry_id(&path.1)?;
    let (actor, workspace) = (member.actor(), member.workspace());
    let replayed = kalends
        .scheduling
        .replay_outbox(&actor, workspace, id)
        .await;
    let entry = replayed.map_err(|error| refusals::not_managed(error, "outbox entry"))?;
    changes::note(&kalends, &member, "outbox.replayed", id).await;
    Ok(v1::private(&EntryView::of(&entry)))
}
