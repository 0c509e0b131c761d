//! How a guest reads times: the zone and the clock, from the link or the best guess.

use chrono_tz::Tz;
use serde::Serialize;

/// A clock with 12 or 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum HourCycle {
    #[serde(rename = "12")]
    H12,
    #[serde(rename = "24")]
    H24,
}

impl HourCycle {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::H12 => "12",
            Self::H24 => "24",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "12" => Some(Self::H12),
            "24" => Some(Self::H24),
            _ => None,
        }
    }

    /// The clock that the first language of an `Accept-Language` header is mostly written with.
    fn of_language(header: &str) -> Self {
        let first = header.split([',', ';']).next().unwrap_or_default().trim();
        let mut parts = first.split('-');
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let region = parts
            .next_back()
            .filter(|part| part.len() == 2)
            .map(str::to_ascii_uppercase);
        let twelve = match language.as_str() {
            "en" => matches!(
                region.as_deref(),
                Some("US" | "CA" | "AU" | "NZ" | "IN" | "PH" | "PK" | "SG" | "HK" | "MY")
            ),
            "es" => matches!(region.as_deref(), Some("US" | "MX" | "CO" | "PR" | "DO")),
            "ar" | "hi" | "bn" | "ur" | "ko" | "ta" | "te" | "mr" | "gu" => true,
            _ => false,
        };
        if twelve { Self::H12 } else { Self::H24 }
    }
}

/// Zones that browsers still call by a name their cities no longer bear, and today's name.
pub(super) const RENAMED: [(Tz, Tz); 12] = [
    (Tz::Africa__Asmera, Tz::Africa__Asmara),
    (
        Tz::America__Buenos_Aires,
        Tz::America__Argentina__Buenos_Aires,
    ),
    (Tz::America__Godthab, Tz::America__Nuuk),
    (Tz::Asia__Calcutta, Tz::Asia__Kolkata),
    (Tz::Asia__Katmandu, Tz::Asia__Kathmandu),
    (Tz::Asia__Rangoon, Tz::Asia__Yangon),
    (Tz::Asia__Saigon, Tz::Asia__Ho_Chi_Minh),
    (Tz::Atlantic__Faeroe, Tz::Atlantic__Faroe),
    (Tz::Europe__Kiev, Tz::Europe__Kyiv),
    (Tz::Pacific__Enderbury, Tz::Pacific__Kanton),
    (Tz::Pacific__Ponape, Tz::Pacific__Pohnpei),
    (Tz::Pacific__Truk, Tz::Pacific__Chuuk),
];

fn todays_name(zone: Tz) -> Tz {
    RENAMED
        .iter()
        .find(|(old, _)| *old == zone)
        .map_or(zone, |(_, new)| *new)
}

/// How the guest reads times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    pub zone: Tz,
    pub cycle: HourCycle,
    /// Whether the link says the zone. If not, a script may put the browser's.
    pub zone_chosen: bool,
    /// Whether the link says the clock.
    pub cycle_chosen: bool,
}

impl View {
    /// The zone and clock that a link names, or the host's zone and the clock of the reader's language.
    pub(super) fn new(
        tz: Option<&str>,
        clock: Option<&str>,
        accept_language: &str,
        fallback: Tz,
    ) -> Self {
        let zone = tz.and_then(|name| scheduling_core::time::zone::parse(name).ok());
        let zone = zone.map(todays_name);
        let cycle = clock.and_then(HourCycle::parse);
        Self {
            zone: zone.unwrap_or(fallback),
            cycle: cycle.unwrap_or_else(|| HourCycle::of_language(accept_language)),
            zone_chosen: zone.is_some(),
            cycle_chosen: cycle.is_some(),
        }
    }

    /// The query fields that keep what was chosen.
    pub(super) fn fields(self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if self.zone_chosen {
            fields.push(("tz", self.zone.name().to_owned()));
        }
        if self.cycle_chosen {
            fields.push(("clock", self.cycle.as_str().to_owned()));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_zone_and_clock_and_a_wrong_one_falls_back() {
        let view = View::new(Some("Asia/Tokyo"), Some("12"), "de", Tz::Europe__Berlin);
        assert_eq!((view.zone, view.cycle), (Tz::Asia__Tokyo, HourCycle::H12));
        assert!(view.zone_chosen && view.cycle_chosen);
        let view = View::new(Some("Mars/Base"), Some("13"), "de", Tz::Europe__Berlin);
        assert_eq!(
            (view.zone, view.cycle),
            (Tz::Europe__Berlin, HourCycle::H24)
        );
        assert!(view.fields().is_empty());
    }

    #[test]
    fn a_city_is_called_by_todays_name() {
        let zone = |name| View::new(Some(name), None, "", Tz::UTC).zone;
        assert_eq!(zone("Asia/Calcutta"), Tz::Asia__Kolkata);
        assert_eq!(zone("Europe/Kiev"), Tz::Europe__Kyiv);
        assert_eq!(zone("Europe/Berlin"), Tz::Europe__Berlin);
    }

    #[test]
    fn the_clock_follows_the_first_language() {
        assert_eq!(HourCycle::of_language("en-US,en;q=0.9"), HourCycle::H12);
        assert_eq!(HourCycle::of_language("en-GB,en-US;q=0.9"), HourCycle::H24);
        assert_eq!(HourCycle::of_language("en"), HourCycle::H24);
        assert_eq!(HourCycle::of_language(""), HourCycle::H24);
        assert_eq!(HourCycle::of_language("es-419,es"), HourCycle::H24);
    }
}
