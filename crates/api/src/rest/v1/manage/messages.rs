//! Words of one's own for messages.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use scheduling_app::messages::PreviewMessage;
use scheduling_core::effect::NotificationKind;
use scheduling_core::ids::{BookingId, EventTypeId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes;
use super::event_types::find;
use crate::Kalends;
use crate::http::fields::{self, Errors, Fields};
use crate::http::ids::WireId;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::refusals;

/// What a message says.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = MessageKind)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindView {
    Requested,
    Confirmed,
    Approved,
    Declined,
    Rescheduled,
    Released,
    Cancelled,
    Expired,
    Reminder,
    FollowUp,
}

impl From<NotificationKind> for KindView {
    fn from(kind: NotificationKind) -> Self {
        match kind {
            NotificationKind::Requested => Self::Requested,
            NotificationKind::Confirmed => Self::Confirmed,
            NotificationKind::Approved => Self::Approved,
            NotificationKind::Declined => Self::Declined,
            NotificationKind::Rescheduled => Self::Rescheduled,
            NotificationKind::Released => Self::Released,
            NotificationKind::Cancelled => Self::Cancelled,
            NotificationKind::Expired => Self::Expired,
            NotificationKind::Reminder => Self::Reminder,
            NotificationKind::FollowUp => Self::FollowUp,
        }
    }
}

/// To which side a message goes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Audience)]
#[serde(rename_all = "snake_case")]
pub(super) enum AudienceView {
    Invitee,
    Guest,
    Host,
}

const AUDIENCES: &[(&str, Audience)] = &[
    ("invitee", Audience::Invitee),
    ("guest", Audience::Guest),
    ("host", Audience::Host),
];

impl From<Audience> for AudienceView {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Invitee => Self::Invitee,
            Audience::Guest => Self::Guest,
            Audience::Host => Self::Host,
        }
    }
}

/// Words of one's own for a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageWords)]
pub(super) struct WordsView {
    kind: KindView,
    audience: AudienceView,
    /// For this event type alone: its id or slug. They go before the workspace's.
    event_type: Option<String>,
    /// The subject line, with variables such as `{{ title }}`; null for the usual one.
    #[schema(max_length = 120)]
    subject: Option<String>,
    /// What stands before the details of the meeting; null for the usual words.
    #[schema(max_length = 4000)]
    body: Option<String>,
}

impl WordsView {
    fn of(words: &MessageOverride) -> Self {
        Self {
            kind: words.kind.into(),
            audience: words.audience.into(),
            event_type: words.event_type.map(WireId::wire),
            subject: words.words.subject.as_ref().map(ToString::to_string),
            body: words.words.body.as_ref().map(ToString::to_string),
        }
    }
}

/// A message to look at before it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewRequest {
    kind: KindView,
    audience: AudienceView,
    /// Of this event type: its id or slug.
    event_type: Option<String>,
    /// With this subject; the stored words hold where neither it nor `body` is given.
    #[schema(max_length = 120)]
    subject: Option<String>,
    /// With these words.
    #[schema(max_length = 4000)]
    body: Option<String>,
    /// About this booking; about one that is made up where none is given.
    #[schema(example = "bk_0190b0c47d5e70008000000000000001")]
    booking: Option<String>,
}

/// A message as its reader gets it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePreview)]
pub(super) struct PreviewView {
    subject: String,
    text: String,
    html: String,
}

/// What words of one's own can say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageVariable)]
pub(super) struct VariableView {
    #[schema(example = "title")]
    name: &'static str,
    about: &'static str,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageVariables)]
pub(super) struct VariablesView {
    data: Vec<VariableView>,
}

/// Which message, and with which words.
struct Asked {
    kind: NotificationKind,
    audience: Audience,
    event_type: Option<EventTypeId>,
    words: MessageWords,
}

async fn read(
    kalends: &Kalends,
    member: &Member,
    mut fields: Fields,
    mut errors: Errors,
) -> Result<Asked, Problem> {
    let kinds = NotificationKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = fields
        .need("kind", &mut errors)
        .and_then(|item| item.choice(&kinds, &mut errors));
    let audience = fields
        .need("audience", &mut errors)
        .and_then(|item| item.choice(AUDIENCES, &mut errors));
    let event_type = fields.text("event_type", &mut errors);
    let words = MessageWords {
        subject: fields.optional("subject", &mut errors),
        body: fields.optional("body", &mut errors),
    };
    fields.finish(&mut errors);
    errors.check_ref()?;
    let (Some(kind), Some(audience)) = (kind, audience) else {
        return Err(errors.into_problem());
    };
    let event_type = match event_type {
        Some(text) => Some(find(kalends, member, &text).await?.id),
        None => None,
    };
    Ok(Asked {
        kind,
        audience,
        event_type,
        words,
    })
}

/// List the words of one's own
///
/// All of them for owners and admins; for members those of event types they alone host.
#[utoipa::path(
    tag = "messages",
    operation_id = "list_message_words",
    responses((status = 200, body = PageOf<WordsView>))
)]
#[get("/workspaces/{workspace}/messages")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let paging = changes::page_alone(&request, false)?;
    let (actor, workspace) = (member.actor(), member.workspace());
    let found = kalends.scheduling.message_words(&actor, workspace).await;
    let found = found.map_err(|error| refusals::not_managed(error, "workspace"))?;
    let page = Page::of_all(found, &paging, place);
    Ok(page.respond(&request, |words| WordsView::of(&words)))
}

/// Words have no id; what they are for names them.
fn place(words: &MessageOverride) -> Uuid {
    use sha2::{Digest as _, Sha256};

    let event_type = words
        .event_type
        .map(EventTypeId::as_uuid)
        .unwrap_or_default();
    let digest = Sha256::new()
        .chain_update(event_type.as_bytes())
        .chain_update([words.audience as u8])
        .chain_update(words.kind.as_str())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

/// Set words of one's own
///
/// For a kind of message to one side, of the workspace or of one event type. Where neither subject nor body is given,
/// the usual words hold again.
#[utoipa::path(
    tag = "messages",
    operation_id = "set_message_words",
    request_body = WordsView,
    responses(
        (status = 204, description = "Messages read so from now on"),
        (status = 403, description = "`insufficient-role`"),
        (status = 404, description = "`not-found`"),
    )
)]
#[put("/workspaces/{workspace}/messages")]
pub(super) async fn put(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let fields = Fields::new("", fields::object(&request, &body)?);
    let asked = read(&kalends, &member, fields, Errors::default()).await?;
    let words = MessageOverride {
        workspace: member.workspace(),
        event_type: asked.event_type,
        kind: asked.kind,
        audience: asked.audience,
        words: asked.words,
    };
    let (actor, wording) = (member.actor(), &*kalends.wording);
    let set = kalends
        .scheduling
        .set_message_words(&actor, wording, &words)
        .await;
    set.map_err(|error| refusals::not_managed(error, "event type"))?;
    changes::note(&kalends, &member, "message.words_set", words.kind.as_str()).await;
    Ok(v1::gone())
}

/// Look at a message before it is sent
///
/// With words that need not be stored. Nothing is sent and nothing changes.
#[utoipa::path(
    tag = "messages",
    operation_id = "preview_message",
    request_body = PreviewRequest,
    responses(
        (status = 200, body = PreviewView),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[post("/workspaces/{workspace}/messages/preview")]
pub(super) async fn preview(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut fields = Fields::new("", fields::object(&request, &body)?);
    let about = fields.id::<BookingId>("booking", &mut errors);
    let asked = read(&kalends, &member, fields, errors).await?;
    let given = asked.words != MessageWords::default();
    let query = PreviewMessage {
        workspace: member.workspace(),
        event_type: asked.event_type,
        kind: asked.kind,
        audience: asked.audience,
        words: given.then_some(asked.words),
        about,
    };
    let (actor, wording) = (member.actor(), &*kalends.wording);
    let rendered = kalends
        .scheduling
        .preview_message(&actor, wording, &query)
        .await;
    let rendered = rendered.map_err(|error| refusals::not_managed(error, "event type"))?;
    Ok(v1::private(&PreviewView {
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
    }))
}

/// List the variables that words of one's own can use
#[utoipa::path(
    tag = "messages",
    operation_id = "list_message_variables",
    responses((status = 200, body = VariablesView))
)]
#[get("/workspaces/{workspace}/messages/variables")]
pub(super) async fn variables(
    kalends: Data<Kalends>,
    _member: Member,
) -> Result<HttpResponse, Problem> {
    let variables = kalends.wording.variables().iter();
    let data = variables.map(|(name, about)| VariableView { name, about });
    Ok(v1::private(&VariablesView {
        data: data.collect(),
    }))
}
