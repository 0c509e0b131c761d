//! Where people meet: what an event type offers, what an invitee chooses, and where a booking takes place.

use scheduling_core::event_type::{
    ConferenceProvider, Location, LocationChoice, LocationChoiceError, Locations, MeetingPlace,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{Errors, Fields, Item};

/// A service that makes video rooms.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ConferenceProvider)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum ProviderView {
    GoogleMeet,
    MicrosoftTeams,
    Zoom,
}

const PROVIDERS: &[(&str, ConferenceProvider)] = &[
    ("google_meet", ConferenceProvider::GoogleMeet),
    ("microsoft_teams", ConferenceProvider::MicrosoftTeams),
    ("zoom", ConferenceProvider::Zoom),
];

impl From<ConferenceProvider> for ProviderView {
    fn from(provider: ConferenceProvider) -> Self {
        match provider {
            ConferenceProvider::GoogleMeet => Self::GoogleMeet,
            ConferenceProvider::MicrosoftTeams => Self::MicrosoftTeams,
            ConferenceProvider::Zoom => Self::Zoom,
        }
    }
}

/// A place that an event type offers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::rest::v1) enum LocationView {
    /// At an address.
    InPerson { address: String },
    /// A video call at a fixed link.
    Link { url: String },
    /// A video room of its own for each booking; `{room}` stands for its name.
    Room { template: String },
    /// A video room that a provider makes.
    Conference { provider: ProviderView },
    /// By phone, as the text says.
    Phone { instructions: String },
    /// By phone; a host calls the number that the invitee gives.
    HostCalls,
    /// Anything else, in the host's words.
    Custom { text: String },
    /// The invitee says where.
    AskInvitee,
}

impl LocationView {
    fn of(location: &Location) -> Self {
        match location {
            Location::InPerson { address } => Self::InPerson {
                address: address.to_string(),
            },
            Location::Link { url } => Self::Link {
                url: url.to_string(),
            },
            Location::Room { template } => Self::Room {
                template: template.to_string(),
            },
            Location::Conference { provider } => Self::Conference {
                provider: (*provider).into(),
            },
            Location::Phone { instructions } => Self::Phone {
                instructions: instructions.to_string(),
            },
            Location::HostCalls => Self::HostCalls,
            Location::Custom { text } => Self::Custom {
                text: text.to_string(),
            },
            Location::AskInvitee => Self::AskInvitee,
        }
    }

    pub(in crate::rest::v1) fn list(locations: &Locations) -> Vec<Self> {
        locations.all().iter().map(Self::of).collect()
    }
}

/// A place that an event type offers, as guests see it before they have booked: not where exactly.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferedLocation)]
pub(in crate::rest::v1) struct OfferedLocationView {
    /// `in_person`, `link`, `conference`, `phone`, `host_calls` (give a number), `custom` or `ask_invitee` (say where).
    #[schema(example = "link")]
    kind: &'static str,
    /// The service that makes the video room, for `conference`.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<ProviderView>,
}

impl OfferedLocationView {
    pub(in crate::rest::v1) fn list(locations: &Locations) -> Vec<Self> {
        locations
            .all()
            .iter()
            .map(|location| {
                let (kind, provider) = match location {
                    Location::InPerson { .. } => ("in_person", None),
                    // That each booking has a room of its own is no business of guests.
                    Location::Link { .. } | Location::Room { .. } => ("link", None),
                    Location::Conference { provider } => ("conference", Some((*provider).into())),
                    Location::Phone { .. } => ("phone", None),
                    Location::HostCalls => ("host_calls", None),
                    Location::Custom { .. } => ("custom", None),
                    Location::AskInvitee => ("ask_invitee", None),
                };
                Self { kind, provider }
            })
            .collect()
    }
}

/// Where a booking takes place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeetingPlace)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::rest::v1) enum PlaceView {
    /// At an address.
    InPerson { address: String },
    /// A video call at a link.
    Link { url: String },
    /// A video room that a provider makes; null until it is made.
    Conference {
        provider: ProviderView,
        url: Option<String>,
    },
    /// By phone, as the text says.
    Phone { instructions: String },
    /// By phone; a host calls the invitee's number.
    HostCalls { number: String },
    /// Anything else, in the host's words.
    Custom { text: String },
    /// Where the invitee said.
    ChosenByInvitee { place: String },
}

impl PlaceView {
    pub(in crate::rest::v1) fn of(place: &MeetingPlace) -> Self {
        match place {
            MeetingPlace::InPerson { address } => Self::InPerson {
                address: address.to_string(),
            },
            MeetingPlace::Link { url } => Self::Link {
                url: url.to_string(),
            },
            MeetingPlace::Conference { provider, url } => Self::Conference {
                provider: (*provider).into(),
                url: url.as_ref().map(ToString::to_string),
            },
            MeetingPlace::Phone { instructions } => Self::Phone {
                instructions: instructions.to_string(),
            },
            MeetingPlace::HostCalls { number } => Self::HostCalls {
                number: number.to_string(),
            },
            MeetingPlace::Custom { text } => Self::Custom {
                text: text.to_string(),
            },
            MeetingPlace::ChosenByInvitee { place } => Self::ChosenByInvitee {
                place: place.to_string(),
            },
        }
    }
}

/// What the invitee says about the place.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct LocationChoiceRequest {
    /// Which of the event type's `locations`, from 0; the first where nothing is said.
    #[schema(minimum = 0, maximum = 9)]
    index: Option<u32>,
    /// The number to call, where a host calls.
    #[schema(example = "+49 30 1234567", max_length = 40)]
    phone: Option<String>,
    /// The place, where the invitee is asked for one.
    #[schema(max_length = 120)]
    place: Option<String>,
}

/// Reads a place that an event type offers.
pub(super) fn read(item: Item, errors: &mut Errors) -> Option<Location> {
    let mut fields = item.object(errors)?;
    let location = read_fields(&mut fields, errors);
    fields.finish(errors);
    location
}

fn read_fields(fields: &mut Fields, errors: &mut Errors) -> Option<Location> {
    let at = fields.at("kind");
    let kind = fields.required_text("kind", errors)?;
    Some(match kind.as_str() {
        "in_person" => Location::InPerson {
            address: fields.required("address", errors)?,
        },
        "link" => Location::Link {
            url: fields.required("url", errors)?,
        },
        "room" => Location::Room {
            template: fields.required("template", errors)?,
        },
        "conference" => Location::Conference {
            provider: fields.need("provider", errors)?.choice(PROVIDERS, errors)?,
        },
        "phone" => Location::Phone {
            instructions: fields.required("instructions", errors)?,
        },
        "host_calls" => Location::HostCalls,
        "custom" => Location::Custom {
            text: fields.required("text", errors)?,
        },
        "ask_invitee" => Location::AskInvitee,
        _ => {
            errors.add(
                at,
                "unknown_value",
                "must be one of in_person, link, room, conference, phone, host_calls, custom, ask_invitee",
            );
            return None;
        }
    })
}

/// Reads what the invitee says about the place.
pub(in crate::rest::v1) fn read_choice(fields: &mut Fields, errors: &mut Errors) -> LocationChoice {
    let Some(mut fields) = fields.object("location", errors) else {
        return LocationChoice::default();
    };
    let choice = LocationChoice {
        index: fields
            .number("index", 0..=u32::MAX, errors)
            .and_then(|index| usize::try_from(index).ok()),
        phone: fields.optional("phone", errors),
        place: fields.optional("place", errors),
    };
    fields.finish(errors);
    choice
}

/// Notes what is wrong with what the invitee says about the place.
pub(in crate::rest::v1) fn note_choice(error: LocationChoiceError, errors: &mut Errors) {
    let (pointer, code) = match error {
        LocationChoiceError::NoSuchLocation => ("/location/index", "no_such_location"),
        LocationChoiceError::PhoneNeeded => ("/location/phone", "required"),
        LocationChoiceError::PlaceNeeded => ("/location/place", "required"),
    };
    errors.add(pointer, code, error.to_string());
}
