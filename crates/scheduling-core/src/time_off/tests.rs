use uuid::Uuid;

use super::*;
use crate::time::zone;

fn days(from: &str, to: &str) -> TimeOffSpan {
    TimeOffSpan::Days {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

fn hours(from: &str, to: &str) -> TimeOffSpan {
    TimeOffSpan::Hours {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

fn period(span: TimeOffSpan, rule: &str) -> Result<TimeOffPeriod, TimeOffError> {
    let berlin = zone::parse("Europe/Berlin").unwrap();
    let rule = (!rule.is_empty()).then(|| rule.parse().unwrap());
    TimeOffPeriod::new(berlin, span, rule)
}

fn time_off(span: TimeOffSpan, rule: &str) -> TimeOff {
    TimeOff {
        id: TimeOffId::from_uuid(Uuid::from_u128(1)),
        workspace: WorkspaceId::from_uuid(Uuid::from_u128(2)),
        scope: TimeOffScope::Person(UserId::from_uuid(Uuid::from_u128(3))),
        title: Some("Dentist".parse().unwrap()),
        visible: false,
        period: period(span, rule).unwrap(),
        version: 1,
        created_at: "2026-11-20T09:00:00Z".parse().unwrap(),
    }
}

fn window(from: &str, to: &str) -> Interval {
    Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

fn busy(time_off: &TimeOff, from: &str, to: &str) -> Vec<String> {
    let busy = time_off.busy_within(window(from, to));
    assert!(busy.iter().all(|b| b.source == BusySource::TimeOff));
    busy.iter().map(|b| b.interval.to_string()).collect()
}

#[test]
fn whole_days_are_taken_from_the_first_midnight_to_the_last() {
    let christmas = time_off(days("2026-12-24", "2026-12-26"), "FREQ=YEARLY");
    assert_eq!(
        busy(&christmas, "2027-12-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        ["2027-12-23T23:00:00Z/2027-12-26T23:00:00Z"]
    );
    // The day on which the clocks go forward has 23 hours.
    let sunday = time_off(days("2026-03-29", "2026-03-29"), "");
    assert_eq!(
        busy(&sunday, "2026-03-29T12:00:00Z", "2026-03-29T12:01:00Z"),
        ["2026-03-28T23:00:00Z/2026-03-29T22:00:00Z"]
    );
    assert!(busy(&sunday, "2026-03-29T22:00:00Z", "2027-03-29T22:00:00Z").is_empty());
}

#[test]
fn hours_are_taken_by_the_wall_clock_all_year_round() {
    let school = time_off(
        hours("2026-03-26T15:00:00", "2026-03-26T16:30:00"),
        "FREQ=WEEKLY",
    );
    assert_eq!(
        busy(&school, "2026-03-26T00:00:00Z", "2026-04-03T00:00:00Z"),
        [
            "2026-03-26T14:00:00Z/2026-03-26T15:30:00Z",
            "2026-04-02T13:00:00Z/2026-04-02T14:30:00Z",
        ]
    );
}

#[test]
fn occurrences_that_overlap_or_touch_are_taken_once() {
    let always = time_off(
        days("2026-01-01", "2026-01-03"),
        "FREQ=DAILY;INTERVAL=2;COUNT=3",
    );
    assert_eq!(
        busy(&always, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ["2025-12-31T23:00:00Z/2026-01-07T23:00:00Z"]
    );
    let evenings = time_off(days("2026-01-01", "2026-01-01"), "FREQ=DAILY");
    assert_eq!(
        busy(&evenings, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
        ["2026-01-04T23:00:00Z/2026-01-06T23:00:00Z"]
    );
}

#[test]
fn a_window_whose_occurrences_cannot_be_told_is_taken_whole() {
    let daily = time_off(
        hours("1971-01-01T09:00:00", "1971-01-01T10:00:00"),
        "FREQ=DAILY;COUNT=400000",
    );
    let (near, far) = (
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("2150-01-01T00:00:00Z", "2150-02-01T00:00:00Z"),
    );
    assert_eq!(daily.check(window(near.0, near.1)), Ok(()));
    assert_eq!(
        busy(&daily, near.0, near.1),
        ["2026-01-01T08:00:00Z/2026-01-01T09:00:00Z"]
    );
    assert_eq!(
        daily.check(window(far.0, far.1)),
        Err(RecurrenceError::TooManySteps)
    );
    assert_eq!(busy(&daily, far.0, far.1), [format!("{}/{}", far.0, far.1)]);
}

#[test]
fn a_period_that_makes_no_sense_is_refused() {
    let refused = |span, rule| period(span, rule).unwrap_err();
    let backwards = days("2026-01-02", "2026-01-01");
    assert_eq!(refused(backwards, ""), TimeOffError::EndsBeforeItStarts);
    let nothing = hours("2026-01-02T09:00:00", "2026-01-02T09:00:00");
    assert_eq!(refused(nothing, ""), TimeOffError::EndsBeforeItStarts);
    // A year off once is fine, even two; each year only one, and not more than five at all.
    assert!(period(days("2026-01-01", "2027-12-31"), "").is_ok());
    assert!(period(days("2028-01-01", "2028-12-31"), "FREQ=YEARLY").is_ok());
    let two_years = refused(days("2026-01-01", "2027-12-31"), "FREQ=YEARLY");
    assert_eq!(two_years, TimeOffError::TooLong { days: 366 });
    let six_years = refused(days("2026-01-01", "2031-12-31"), "");
    assert_eq!(six_years, TimeOffError::TooLong { days: 1830 });
    for span in [
        days("1969-12-31", "1970-01-01"),
        days("2200-12-31", "2201-01-01"),
    ] {
        assert_eq!(refused(span, ""), TimeOffError::OutOfRange);
    }
    let max = TimeOffSpan::Days {
        from: NaiveDate::MAX,
        to: NaiveDate::MAX,
    };
    assert_eq!(refused(max, ""), TimeOffError::OutOfRange);
    let over = refused(
        days("2026-01-01", "2026-01-01"),
        "FREQ=DAILY;UNTIL=20251231",
    );
    assert_eq!(over, TimeOffError::Never);
}

#[test]
fn guests_read_what_it_is_only_where_they_may() {
    let mut dentist = time_off(days("2026-01-01", "2026-01-01"), "");
    assert_eq!(dentist.guest_title(), None);
    dentist.visible = true;
    assert_eq!(dentist.guest_title().map(Title::as_str), Some("Dentist"));
}

#[test]
fn time_off_keeps_its_stored_form_and_is_checked_when_read() {
    let school = time_off(
        hours("2026-03-26T15:00:00", "2026-03-26T16:30:00"),
        "freq=weekly",
    );
    let json = serde_json::json!({
        "timezone": "Europe/Berlin",
        "span": { "kind": "hours", "from": "2026-03-26T15:00:00", "to": "2026-03-26T16:30:00" },
        "recurrence": "FREQ=WEEKLY",
    });
    assert_eq!(serde_json::to_value(&school.period).unwrap(), json);
    let stored = serde_json::to_string(&school).unwrap();
    assert_eq!(serde_json::from_str::<TimeOff>(&stored).unwrap(), school);
    for (wrong, why) in [
        (
            stored.replace("FREQ=WEEKLY", "FREQ=SECONDLY"),
            "more often than every day",
        ),
        (
            stored.replace("T16:30", "T14:30"),
            "must end after it starts",
        ),
        (
            stored.replace("Europe/Berlin", "Europe/Atlantis"),
            "not an IANA time zone",
        ),
    ] {
        let error = serde_json::from_str::<TimeOff>(&wrong)
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
    }
    let scope = |scope| serde_json::to_string(&scope).unwrap();
    assert_eq!(scope(TimeOffScope::Workspace), r#"{"kind":"workspace"}"#);
    assert_eq!(
        scope(school.scope),
        r#"{"kind":"person","id":"00000000-0000-0000-0000-000000000003"}"#
    );
}
