//! How dates, times and names are written. Sentences live in the templates; this is what they are made of.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::guest::HourCycle;

/// "Tuesday 24 November 2026".
pub(super) fn full_date(date: NaiveDate) -> String {
    date.format("%A %-d %B %Y").to_string()
}

/// "Tuesday 24 November", with the year when it is another than this one.
pub(super) fn headline(date: NaiveDate, today: NaiveDate) -> String {
    // A day and its month stay on one line.
    let format = if date.year() == today.year() {
        "%A %-d\u{a0}%B"
    } else {
        "%A %-d\u{a0}%B %Y"
    };
    date.format(format).to_string()
}

/// "Tue 24 Nov".
pub(super) fn short_date(date: NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}

/// "14:00" or "2:00 pm".
pub(super) fn time(time: NaiveTime, cycle: HourCycle) -> String {
    let format = match cycle {
        HourCycle::H24 => "%H:%M",
        HourCycle::H12 => "%-I:%M\u{a0}%P",
    };
    time.format(format).to_string()
}

/// The wall time of an instant that is already in its zone.
pub(super) fn clock_time(instant: &DateTime<Tz>, cycle: HourCycle) -> String {
    time(instant.time(), cycle)
}

/// "GMT+1", "GMT−5", "GMT+5:30": the offset of a zone at an instant.
pub(super) fn offset(instant: &DateTime<Tz>) -> String {
    let minutes = offset_minutes(instant);
    let sign = if minutes < 0 { '\u{2212}' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    if rest == 0 {
        format!("GMT{sign}{hours}")
    } else {
        format!("GMT{sign}{hours}:{rest:02}")
    }
}

/// Minutes east of Greenwich.
pub(super) fn offset_minutes<Z: TimeZone>(instant: &DateTime<Z>) -> i32 {
    instant.offset().fix().local_minus_utc() / 60
}

/// The city in a zone's name: "Sao Paulo" for `America/Sao_Paulo`.
pub(super) fn city(zone: Tz) -> String {
    let name = zone.name();
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// A number of minutes as people say it: "one hour", "5½ hours", "45 minutes".
pub(super) fn apart(minutes: i32) -> String {
    let minutes = minutes.abs();
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (1, 0) => "one hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (0, rest) => format!("{rest} minutes"),
        (hours, 15) => format!("{hours}¼ hours"),
        (hours, 30) => format!("{hours}½ hours"),
        (hours, 45) => format!("{hours}¾ hours"),
        (hours, rest) => format!("{hours} hours {rest} minutes"),
    }
}

/// How long a meeting is: "30 min", "90 min", "2 hours", "2 h 30 min".
pub(super) fn lasting(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0 | 1, _) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} hours"),
        (hours, rest) => format!("{hours} h {rest} min"),
    }
}

/// A span that somebody has for something: "two days", "12 hours", "one hour", "45 minutes".
pub(super) fn span(minutes: u32) -> String {
    let say = |number: u32, unit: &str| {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        format!(
            "{} {unit}{}",
            count(number),
            if number == 1 { "" } else { "s" }
        )
    };
    match (minutes / 1440, minutes % 1440 / 60, minutes % 60) {
        (days, 0, 0) if days > 0 => say(days, "day"),
        (_, _, 0) if minutes > 0 => say(minutes / 60, "hour"),
        _ => say(minutes, "minute"),
    }
}

/// "Saturday 21 November, 10:18".
pub(super) fn moment(instant: &DateTime<Tz>, today: NaiveDate, cycle: HourCycle) -> String {
    let date = headline(instant.date_naive(), today);
    format!("{date}, {}", clock_time(instant, cycle))
}

/// "A", "A and B", "A, B and C", with the given last word.
pub(super) fn list(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} {word} {last}", start.join(", ")),
    }
}

/// Small numbers in letters, others in digits.
pub(super) fn count(number: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    WORDS
        .get(number)
        .map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// The first word of a name.
pub(super) fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

/// The paragraphs of a text, each as its lines.
pub(super) fn paragraphs(text: &str) -> Vec<Vec<String>> {
    text.split("\n\n")
        .map(|paragraph| {
            paragraph
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|lines| !lines.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    fn at(zone: Tz) -> DateTime<Tz> {
        Utc.with_ymd_and_hms(2026, 11, 24, 14, 0, 0)
            .unwrap()
            .with_timezone(&zone)
    }

    #[test]
    fn offsets_are_written_with_a_minus_sign_and_minutes_only_where_there_are_some() {
        assert_eq!(offset(&at(Tz::Europe__Lisbon)), "GMT+0");
        assert_eq!(offset(&at(Tz::America__New_York)), "GMT\u{2212}5");
        assert_eq!(offset(&at(Tz::Asia__Kolkata)), "GMT+5:30");
        assert_eq!(offset(&at(Tz::America__St_Johns)), "GMT\u{2212}3:30");
    }

    #[test]
    fn noon_and_midnight_are_twelve_on_the_short_clock() {
        let says = |hour| time(NaiveTime::from_hms_opt(hour, 5, 0).unwrap(), HourCycle::H12);
        assert_eq!(says(0), "12:05\u{a0}am");
        assert_eq!(says(12), "12:05\u{a0}pm");
        assert_eq!(says(13), "1:05\u{a0}pm");
    }

    #[test]
    fn lengths_are_told_in_the_unit_that_people_use() {
        let told: Vec<_> = [5, 60, 90, 120, 150, 1440]
            .into_iter()
            .map(lasting)
            .collect();
        assert_eq!(
            told,
            [
                "5 min",
                "60 min",
                "90 min",
                "2 hours",
                "2 h 30 min",
                "24 hours"
            ]
        );
        let told: Vec<_> = [45, 60, 720, 1440, 2880, 1500]
            .into_iter()
            .map(span)
            .collect();
        assert_eq!(
            told,
            [
                "45 minutes",
                "one hour",
                "twelve hours",
                "one day",
                "two days",
                "25 hours"
            ]
        );
    }

    #[test]
    fn another_year_is_named() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let day = |y, m, d| headline(NaiveDate::from_ymd_opt(y, m, d).unwrap(), today);
        assert_eq!(day(2026, 11, 24), "Tuesday 24\u{a0}November");
        assert_eq!(day(2027, 1, 5), "Tuesday 5\u{a0}January 2027");
    }

    #[test]
    fn zones_and_lists_read_as_people_say_them() {
        assert_eq!(city(Tz::America__Argentina__Buenos_Aires), "Buenos Aires");
        assert_eq!(apart(-60), "one hour");
        assert_eq!(apart(330), "5½ hours");
        assert_eq!(apart(-480), "8 hours");
        let names = ["Ann", "Ben", "Cleo"].map(str::to_owned);
        assert_eq!(list(&names, "or"), "Ann, Ben or Cleo");
        assert_eq!(list(&names[..2], "and"), "Ann and Ben");
        assert_eq!(paragraphs("a\nb\n\n\nc"), [vec!["a", "b"], vec!["c"]]);
    }
}
