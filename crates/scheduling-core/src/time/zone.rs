//! From civil time to instants: the only code that does it.

use chrono_tz::Tz;
use thiserror::Error;

/// A name that is no IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not an IANA time zone such as Europe/Berlin")]
pub struct UnknownZone(String);

/// Reads a zone's IANA name.
///
/// # Errors
/// [`UnknownZone`] when this build's zone rules do not have it.
pub fn parse(name: &str) -> Result<Tz, UnknownZone> {
    name.parse()
        .map_err(|_unknown| UnknownZone(name.chars().take(64).collect()))
}

/// serde for a zone as its IANA name.
#[cfg(feature = "serde")]
pub mod by_name {
    use std::borrow::Cow;

    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the IANA name.
    ///
    /// # Errors
    /// Only the serializer's own.
    pub fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    /// Reads an IANA name.
    ///
    /// # Errors
    /// [`UnknownZone`](super::UnknownZone), as the deserializer's error.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        super::parse(&name).map_err(serde::de::Error::custom)
    }
}
