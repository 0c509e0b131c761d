//! Where people meet: what an event type offers, and what a booking has settled on.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::{Note, PhoneNumber, TextError, Title, WebAddress};

/// A service that makes a video room for each meeting, through a calendar or an account that a host has connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ConferenceProvider {
    /// Google Meet.
    GoogleMeet,
    /// Microsoft Teams.
    MicrosoftTeams,
    /// Zoom.
    Zoom,
}

/// Where an event type's meetings can take place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum Location {
    /// At an address.
    InPerson {
        /// The address, as the invitation gives it.
        address: Title,
    },
    /// A video call at a fixed link.
    Link {
        /// The link.
        url: WebAddress,
    },
    /// A video room of its own for each booking, under a name nobody can guess: Jitsi, Whereby, a server of one's own.
    Room {
        /// The address with `{room}` where the name goes.
        template: RoomTemplate,
    },
    /// A video room that a provider makes.
    Conference {
        /// Which provider.
        provider: ConferenceProvider,
    },
    /// By phone; the text says who calls whom and at which number.
    Phone {
        /// Such as a number to dial.
        instructions: Title,
    },
    /// By phone; a host calls the number that the invitee gives.
    HostCalls,
    /// Anything else, in the host's words.
    Custom {
        /// The words.
        text: Note,
    },
    /// The invitee says where.
    AskInvitee,
}

/// A web address with a place for a room's name.
///
/// ```
/// use scheduling_core::event_type::RoomTemplate;
///
/// let template: RoomTemplate = "https://meet.example.org/{room}".parse()?;
/// assert_eq!(template.room("k3v9").as_str(), "https://meet.example.org/k3v9");
/// assert!("https://meet.example.org/".parse::<RoomTemplate>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct RoomTemplate {
    text: WebAddress,
}

/// Why a room template was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RoomTemplateError {
    /// It is no web address, or too long to hold a name.
    #[error(transparent)]
    Address(#[from] TextError),
    /// It does not say where the name goes, says it twice, or before its path begins.
    #[error("must have {{room}} once, after the server's name")]
    NoPlace,
}

impl RoomTemplate {
    /// What stands for the name.
    pub const PLACE: &'static str = "{room}";
    const LONGEST: usize = 500;

    /// The room of this name. The name is letters and digits of ASCII; anything else is left out.
    ///
    /// # Panics
    /// Never: a short name in the place of `{room}` leaves an address an address.
    pub fn room(&self, name: &str) -> WebAddress {
        let name: String = name
            .chars()
            .filter(|c| is_room_name(*c))
            .take(Self::LONGEST)
            .collect();
        let text = self.text.as_str().replacen(Self::PLACE, &name, 1);
        text.parse()
            .unwrap_or_else(|_longer_than_allowed| self.text.clone())
    }
}

/// Whether a character may stand in a room's name: letters and digits of ASCII.
fn is_room_name(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

impl FromStr for RoomTemplate {
    type Err = RoomTemplateError;

    fn from_str(text: &str) -> Result<Self, RoomTemplateError> {
        let text: WebAddress = text.parse()?;
        if text.as_str().len() > Self::LONGEST {
            let limit = Self::LONGEST;
            return Err(TextError::TooLong { limit }.into());
        }
        let after_server = text
            .as_str()
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, path)| path);
        if after_server.matches(Self::PLACE).count() == 1
            && text.as_str().matches(Self::PLACE).count() == 1
        {
            Ok(Self { text })
        } else {
            Err(RoomTemplateError::NoPlace)
        }
    }
}

impl TryFrom<String> for RoomTemplate {
    type Error = RoomTemplateError;

    fn try_from(text: String) -> Result<Self, RoomTemplateError> {
        text.parse()
    }
}

impl From<RoomTemplate> for String {
    fn from(template: RoomTemplate) -> Self {
        template.text.into()
    }
}

impl fmt::Display for RoomTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// Why a list of locations was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LocationsError {
    /// There is none.
    #[error("there must be at least one location")]
    Empty,
    /// There are too many.
    #[error("there must be at most {} locations", Locations::MOST)]
    TooMany,
    /// One stands there twice.
    #[error("a location stands there twice")]
    Twice,
}

/// The places an invitee can choose from, at least one; the first is the default.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<Location>", into = "Vec<Location>")
)]
pub struct Locations(Vec<Location>);

/// What the invitee says about the place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocationChoice {
    /// Which of the event type's locations, from 0; the first where nothing is said.
    pub index: Option<usize>,
    /// The number to call, where a host calls.
    pub phone: Option<PhoneNumber>,
    /// The place, where the invitee is asked for one.
    pub place: Option<Title>,
}

/// Why a choice of place was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LocationChoiceError {
    /// The event type has no such location.
    #[error("there is no such location")]
    NoSuchLocation,
    /// A host calls, and there is no number.
    #[error("a phone number is needed")]
    PhoneNeeded,
    /// The invitee is asked for a place, and says none.
    #[error("a place is needed")]
    PlaceNeeded,
}

impl Locations {
    /// The largest number of locations.
    pub const MOST: usize = 10;

    /// Takes a list.
    ///
    /// # Errors
    /// [`LocationsError`].
    pub fn new(locations: Vec<Location>) -> Result<Self, LocationsError> {
        if locations.is_empty() {
            return Err(LocationsError::Empty);
        }
        if locations.len() > Self::MOST {
            return Err(LocationsError::TooMany);
        }
        let twice = locations
            .iter()
            .enumerate()
            .any(|(place, location)| locations[..place].contains(location));
        if twice {
            return Err(LocationsError::Twice);
        }
        Ok(Self(locations))
    }

    /// A single one.
    pub fn one(location: Location) -> Self {
        Self(vec![location])
    }

    /// All of them.
    pub fn all(&self) -> &[Location] {
        &self.0
    }

    /// The default.
    pub fn first(&self) -> &Location {
        &self.0[0]
    }

    /// The place of a booking, by what the invitee says. `room` names a room of its own, where one is made.
    ///
    /// # Errors
    /// [`LocationChoiceError`].
    pub fn settle(
        &self,
        choice: &LocationChoice,
        room: &str,
    ) -> Result<MeetingPlace, LocationChoiceError> {
        let location = self
            .0
            .get(choice.index.unwrap_or(0))
            .ok_or(LocationChoiceError::NoSuchLocation)?;
        Ok(match location {
            Location::InPerson { address } => MeetingPlace::InPerson {
                address: address.clone(),
            },
            Location::Link { url } => MeetingPlace::Link { url: url.clone() },
            Location::Room { template } => MeetingPlace::Link {
                url: template.room(room),
            },
            Location::Conference { provider } => MeetingPlace::Conference {
                provider: *provider,
                url: None,
            },
            Location::Phone { instructions } => MeetingPlace::Phone {
                instructions: instructions.clone(),
            },
            Location::HostCalls => MeetingPlace::HostCalls {
                number: choice
                    .phone
                    .clone()
                    .ok_or(LocationChoiceError::PhoneNeeded)?,
            },
            Location::Custom { text } => MeetingPlace::Custom { text: text.clone() },
            Location::AskInvitee => MeetingPlace::ChosenByInvitee {
                place: choice
                    .place
                    .clone()
                    .ok_or(LocationChoiceError::PlaceNeeded)?,
            },
        })
    }
}

impl TryFrom<Vec<Location>> for Locations {
    type Error = LocationsError;

    fn try_from(locations: Vec<Location>) -> Result<Self, LocationsError> {
        Self::new(locations)
    }
}

impl From<Locations> for Vec<Location> {
    fn from(locations: Locations) -> Self {
        locations.0
    }
}

/// Where a booked meeting takes place. It stays as it was booked, whatever becomes of the event type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum MeetingPlace {
    /// At an address.
    InPerson {
        /// The address.
        address: Title,
    },
    /// A video call at a link.
    Link {
        /// The link.
        url: WebAddress,
    },
    /// A video room that a provider makes.
    Conference {
        /// Which provider.
        provider: ConferenceProvider,
        /// The link, once the provider has made the room.
        url: Option<WebAddress>,
    },
    /// By phone, as the text says.
    Phone {
        /// Such as a number to dial.
        instructions: Title,
    },
    /// By phone; a host calls.
    HostCalls {
        /// The invitee's number.
        number: PhoneNumber,
    },
    /// Anything else, in the host's words.
    Custom {
        /// The words.
        text: Note,
    },
    /// Where the invitee said.
    ChosenByInvitee {
        /// The place.
        place: Title,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Location {
        Location::Room {
            template: "https://meet.example.org/kalends-{room}?lang=en"
                .parse()
                .unwrap(),
        }
    }

    #[test]
    fn a_room_template_names_its_place_once_behind_the_server() {
        for bad in [
            "https://meet.example.org/",
            "https://{room}.example.org/",
            "https://{room}.example.org/{room}",
            "https://meet.example.org/{room}/{room}",
            "javascript:{room}",
            "meet.example.org/{room}",
        ] {
            assert!(bad.parse::<RoomTemplate>().is_err(), "{bad}");
        }
        let long = format!("https://meet.example.org/{{room}}{}", "a".repeat(500));
        assert!(long.parse::<RoomTemplate>().is_err());
    }

    #[test]
    fn a_rooms_name_cannot_leave_its_place() {
        let Location::Room { template } = room() else {
            unreachable!()
        };
        assert_eq!(
            template.room("a/../b?c#d e\r\n9").as_str(),
            "https://meet.example.org/kalends-abcde9?lang=en"
        );
        assert_eq!(template.room(&"x".repeat(10_000)).as_str().len(), 541);
    }

    #[test]
    fn a_booking_takes_the_chosen_place_with_what_it_needs() {
        let locations = Locations::new(vec![room(), Location::HostCalls, Location::AskInvitee]);
        let locations = locations.unwrap();
        let settle = |index, phone: Option<&str>, place: Option<&str>| {
            let choice = LocationChoice {
                index,
                phone: phone.map(|p| p.parse().unwrap()),
                place: place.map(|p| p.parse().unwrap()),
            };
            locations.settle(&choice, "r00m")
        };
        assert_eq!(
            settle(None, None, None),
            Ok(MeetingPlace::Link {
                url: "https://meet.example.org/kalends-r00m?lang=en"
                    .parse()
                    .unwrap()
            })
        );
        assert_eq!(
            settle(Some(1), None, Some("at mine")),
            Err(LocationChoiceError::PhoneNeeded)
        );
        assert_eq!(
            settle(Some(1), Some("+49 30 123456"), None),
            Ok(MeetingPlace::HostCalls {
                number: "+4930123456".parse().unwrap()
            })
        );
        assert_eq!(
            settle(Some(2), None, None),
            Err(LocationChoiceError::PlaceNeeded)
        );
        assert_eq!(
            settle(Some(2), None, Some("Café Einstein")),
            Ok(MeetingPlace::ChosenByInvitee {
                place: "Café Einstein".parse().unwrap()
            })
        );
        assert_eq!(
            settle(Some(3), None, None),
            Err(LocationChoiceError::NoSuchLocation)
        );
        assert_eq!(
            settle(Some(usize::MAX), None, None),
            Err(LocationChoiceError::NoSuchLocation)
        );
    }

    #[test]
    fn a_list_of_locations_has_one_at_least_and_none_twice() {
        assert_eq!(Locations::new(vec![]), Err(LocationsError::Empty));
        assert_eq!(
            Locations::new(vec![Location::HostCalls, Location::HostCalls]),
            Err(LocationsError::Twice)
        );
        let many = (0..11)
            .map(|n| Location::Phone {
                instructions: format!("+{n}").parse().unwrap(),
            })
            .collect();
        assert_eq!(Locations::new(many), Err(LocationsError::TooMany));
    }
}
