//! Where people meet, as pages show it.

use scheduling_core::event_type::{ConferenceProvider, Location, MeetingPlace};
use serde::Serialize;
use url::Url;

/// A location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Place {
    InPerson {
        address: String,
    },
    /// A call at a link. The link is for those who booked.
    Call {
        link: Option<WebLink>,
        text: Option<String>,
    },
    Phone {
        instructions: String,
    },
    /// A host calls. The number is for those who booked.
    HostCalls {
        number: Option<String>,
    },
    Custom {
        text: String,
    },
    /// Where the invitee says; the place is for those who booked.
    AskInvitee {
        place: Option<String>,
    },
}

/// A link that may be followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct WebLink {
    pub href: String,
    /// Without the scheme.
    pub label: String,
}

impl Place {
    /// What everybody may read: not the link of a call.
    pub(super) fn public(location: &Location) -> Self {
        match location {
            Location::InPerson { address } => Self::InPerson {
                address: address.to_string(),
            },
            Location::Link { .. } | Location::Room { .. } | Location::Conference { .. } => {
                Self::Call {
                    link: None,
                    text: None,
                }
            }
            Location::Phone { instructions } => Self::Phone {
                instructions: instructions.to_string(),
            },
            Location::HostCalls => Self::HostCalls { number: None },
            Location::Custom { text } => Self::Custom {
                text: text.to_string(),
            },
            Location::AskInvitee => Self::AskInvitee { place: None },
        }
    }

    /// What those who booked may read.
    pub(super) fn booked(place: &MeetingPlace) -> Self {
        match place {
            MeetingPlace::InPerson { address } => Self::InPerson {
                address: address.to_string(),
            },
            MeetingPlace::Link { url } => Self::Call {
                link: web_link(url.as_str()),
                text: Some(url.to_string()),
            },
            MeetingPlace::Conference { provider, url } => Self::Call {
                link: url.as_ref().and_then(|url| web_link(url.as_str())),
                text: Some(
                    url.as_ref()
                        .map_or_else(|| provider_name(*provider).to_owned(), ToString::to_string),
                ),
            },
            MeetingPlace::Phone { instructions } => Self::Phone {
                instructions: instructions.to_string(),
            },
            MeetingPlace::HostCalls { number } => Self::HostCalls {
                number: Some(number.to_string()),
            },
            MeetingPlace::Custom { text } => Self::Custom {
                text: text.to_string(),
            },
            MeetingPlace::ChosenByInvitee { place } => Self::AskInvitee {
                place: Some(place.to_string()),
            },
        }
    }

    /// On one line, for calendars.
    pub(super) fn line(self) -> String {
        match self {
            Self::InPerson { address: text }
            | Self::Phone { instructions: text }
            | Self::Custom { text } => text,
            Self::Call { text, .. } => text.unwrap_or_default(),
            Self::HostCalls { number } => number.unwrap_or_default(),
            Self::AskInvitee { place } => place.unwrap_or_default(),
        }
    }
}

/// What people call a provider.
fn provider_name(provider: ConferenceProvider) -> &'static str {
    match provider {
        ConferenceProvider::GoogleMeet => "Google Meet",
        ConferenceProvider::MicrosoftTeams => "Microsoft Teams",
        ConferenceProvider::Zoom => "Zoom",
    }
}

/// The text as a link, if it is one to the web: a location is free text, and `javascript:` must stay text.
pub(super) fn web_link(text: &str) -> Option<WebLink> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "https" | "http").then(|| WebLink {
        label: text
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned(),
        href: url.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_the_web_can_be_followed() {
        assert_eq!(
            web_link("https://meet.northwind.example/r/8kd").map(|l| l.label),
            Some("meet.northwind.example/r/8kd".to_owned())
        );
        assert_eq!(web_link("javascript:alert(1)"), None);
        assert_eq!(web_link("data:text/html,x"), None);
        assert_eq!(web_link("room 5"), None);
    }
}
