//! Durations as clients give them: whole minutes, or ISO 8601 such as `PT1H30M`.

use scheduling_core::event_type::Durations;
use scheduling_core::time::Length;

use super::fields::{Errors, Fields, Query};

/// Reads a duration; `None` when it is none.
fn parse(text: &str) -> Option<u32> {
    if let Ok(minutes) = text.parse::<u32>() {
        return Some(minutes);
    }
    let mut rest = text.strip_prefix("PT")?;
    let mut minutes: u32 = 0;
    let mut units = [('H', 60), ('M', 1)].into_iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u32 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let (_, worth) = units.find(|(letter, _)| *letter == unit)?;
        minutes = minutes.checked_add(number.checked_mul(worth)?)?;
        rest = rest.get(digits + 1..)?;
    }
    (minutes > 0).then_some(minutes)
}

fn checked(pointer: &str, minutes: Option<u32>, errors: &mut Errors) -> Option<Length> {
    let length = minutes
        .and_then(|minutes| Length::new(minutes).ok())
        .filter(|length| Durations::check(*length).is_ok());
    if length.is_none() {
        let detail = "must be 5 to 1440 minutes, such as 30 or PT30M";
        errors.add(pointer, "not_a_duration", detail);
    }
    length
}

/// Takes `duration` out of a query.
pub(crate) fn of_query(query: &mut Query, errors: &mut Errors) -> Option<Length> {
    let text = query.take("duration", errors)?;
    checked("/query/duration", parse(&text), errors)
}

/// Takes `duration_minutes`, or `duration` as ISO 8601 has it, out of a body.
pub(crate) fn of_body(fields: &mut Fields, errors: &mut Errors) -> Option<Length> {
    let at = fields.at("duration");
    let written = fields.text("duration", errors);
    let range = Durations::SHORTEST..=Durations::LONGEST;
    let minutes = fields.number("duration_minutes", range, errors);
    match (written, minutes) {
        (Some(_), Some(_)) => {
            errors.add(at, "conflict", "stands in place of duration_minutes");
            None
        }
        (Some(written), None) => checked(&at, parse(&written), errors),
        (None, minutes) => minutes.and_then(|minutes| Length::new(minutes).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_iso_8601_are_read() {
        for (text, minutes) in [
            ("30", Some(30)),
            ("PT30M", Some(30)),
            ("PT1H", Some(60)),
            ("PT1H30M", Some(90)),
            ("PT", None),
            ("PT0M", None),
            ("PT30", None),
            ("PT30M1H", None),
            ("PT1H1H", None),
            ("PT9999999999M", None),
            ("PT4294967295H", None),
            ("PTéM", None),
            ("P1D", None),
            ("-30", None),
            ("", None),
        ] {
            assert_eq!(parse(text), minutes, "{text}");
        }
    }
}
