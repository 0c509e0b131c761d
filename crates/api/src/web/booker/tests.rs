//! The calendar with samples, and what it shows when.

use super::super::sample;
use super::times::{DayTimes, PartOfDay, host_days};
use super::*;

impl Booker {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("single", booker(&Ask::default())),
            (
                "twelve-hours",
                booker(&Ask {
                    view: View {
                        cycle: HourCycle::H12,
                        cycle_chosen: true,
                        zone_chosen: false,
                        ..sample::view(Tz::America__Sao_Paulo)
                    },
                    ..Ask::default()
                }),
            ),
            (
                "team",
                booker(&Ask {
                    page: sample::rotating(),
                    date: Some("2026-11-26"),
                    ..Ask::default()
                }),
            ),
            (
                "seats",
                booker(&Ask {
                    page: sample::seats(),
                    offers: sample::offers()
                        .into_iter()
                        .zip((1..13).cycle())
                        .map(|(offer, seats)| Offer {
                            seats_left: Some(seats),
                            ..offer
                        })
                        .collect(),
                    view: sample::view(Tz::Pacific__Auckland),
                    ..Ask::default()
                }),
            ),
            (
                "taken",
                booker(&Ask {
                    date: Some("2026-11-24"),
                    gone: Some("2026-11-24T11:00:00Z"),
                    ..Ask::default()
                }),
            ),
            (
                "full-day",
                booker(&Ask {
                    date: Some("2026-11-27"),
                    ..Ask::default()
                }),
            ),
            (
                "full-month",
                booker(&Ask {
                    offers: Vec::new(),
                    next_available: Some("2026-12-22T09:00:00Z"),
                    ..Ask::default()
                }),
            ),
            (
                "nothing",
                booker(&Ask {
                    offers: Vec::new(),
                    ..Ask::default()
                }),
            ),
            (
                "durations",
                booker(&Ask {
                    page: sample::asking(),
                    query: "duration=90&name=Elena+Vaszary&a_topic=Data",
                    ..Ask::default()
                }),
            ),
            (
                "moving",
                booker(&Ask {
                    moving: Some(Moving {
                        former: "Tue 24\u{a0}Nov, 14:00".to_owned(),
                        back: "/b/ab".to_owned(),
                        approval: true,
                    }),
                    ..Ask::default()
                }),
            ),
            (
                "hostile",
                booker(&Ask {
                    page: sample::hostile(),
                    query: "name=%3Cscript%3Ealert(1)%3C/script%3E%22onclick=x&a_x=%00",
                    ..Ask::default()
                }),
            ),
        ]
    }
}

/// What a page is asked for: by default, the first conversation from Lisbon.
struct Ask {
    page: EventTypePage,
    view: View,
    query: &'static str,
    month: Option<&'static str>,
    date: Option<&'static str>,
    offers: Vec<Offer>,
    next_available: Option<&'static str>,
    gone: Option<&'static str>,
    moving: Option<Moving>,
    now: DateTime<Utc>,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            page: sample::single(),
            view: sample::view(Tz::Europe__Lisbon),
            query: "",
            month: None,
            date: None,
            offers: sample::offers(),
            next_available: None,
            gone: None,
            moving: None,
            now: sample::now(),
        }
    }
}

fn booker(ask: &Ask) -> Booker {
    let today = ask.now.with_timezone(&ask.view.zone).date_naive();
    let question = Question {
        month: ask.month.map(str::to_owned),
        date: ask.date.map(str::to_owned),
        ..Question::default()
    };
    let wanted = Wanted::new(&question, today);
    let paths = Paths::new("");
    let page = &ask.page;
    let carry = Carry::new(&Fields::of_query(ask.query), ask.view, &page.event_type);
    Booker::new(&Sources {
        subject: Subject {
            page,
            paths: &paths,
            here: paths.event(&page.workspace.slug, slug(page)),
            choose: paths.details(&page.workspace.slug, slug(page)),
            others: &page.hosts,
            durations: page.event_type.all_durations(),
            length: carry.length(&page.event_type),
            moving: ask.moving.clone(),
        },
        carry,
        now: ask.now,
        sheet: Sheet::new(wanted.month.unwrap_or(Month::of(today)), today),
        date: wanted.date,
        offers: ask.offers.clone(),
        next_available: ask.next_available.map(sample::at),
        gone: ask.gone.map(sample::at),
    })
}

fn offers(starts: &[&str]) -> Vec<Offer> {
    starts
        .iter()
        .map(|start| Offer {
            start: sample::at(start),
            seats_left: None,
        })
        .collect()
}

fn day(times: Times) -> DayTimes {
    match times {
        Times::Day(day) => day,
        other => panic!("{other:?}"),
    }
}

fn wanted(month: &str, date: &str) -> (Option<String>, Option<NaiveDate>) {
    let question = Question {
        month: Some(month.to_owned()),
        date: Some(date.to_owned()),
        ..Question::default()
    };
    let wanted = Wanted::new(&question, "2026-11-20".parse().unwrap());
    (wanted.month.map(|month| month.to_string()), wanted.date)
}

#[test]
fn a_link_names_month_and_date_and_nonsense_is_left_out() {
    let date = |text: &str| text.parse::<NaiveDate>().ok();
    assert_eq!(
        wanted("2026-11", "2026-11-24"),
        (Some("2026-11".to_owned()), date("2026-11-24"))
    );
    // A day that the month's sheet shows at its end stays on that sheet; others bring their month.
    assert_eq!(
        wanted("2026-11", "2026-12-02"),
        (Some("2026-11".to_owned()), date("2026-12-02"))
    );
    assert_eq!(
        wanted("2026-11", "2027-02-02"),
        (Some("2027-02".to_owned()), date("2027-02-02"))
    );
    assert_eq!(wanted("0000-00", "2026-02-30"), (None, None));
    assert_eq!(
        wanted("1999-01", "1999-01-01"),
        (Some("2026-11".to_owned()), None)
    );
    assert_eq!(wanted("", "+262143-12-31"), (None, None));
}

#[test]
fn the_first_open_day_is_chosen_and_its_times_stand_in_parts() {
    let booker = booker(&Ask::default());
    assert_eq!(booker.kept.date.as_deref(), Some("2026-11-23"));
    let day = day(booker.times);
    assert_eq!((day.short.as_str(), day.count), ("Mon 23 Nov", 5));
    assert_eq!(day.parts.len(), 1, "few times need no headings");
    assert_eq!(day.parts[0].slots[0].value, "2026-11-23T14:00:00Z");
    assert_eq!(day.parts[0].slots[0].end, "14:30");
}

#[test]
fn many_times_stand_under_morning_and_afternoon() {
    let day = day(booker(&Ask {
        date: Some("2026-11-24"),
        ..Ask::default()
    })
    .times);
    let parts: Vec<_> = day
        .parts
        .iter()
        .map(|part| (part.name, part.slots.len()))
        .collect();
    assert_eq!(
        parts,
        [
            (Some(PartOfDay::Morning), 3),
            (Some(PartOfDay::Afternoon), 5)
        ]
    );
}

#[test]
fn links_keep_what_was_chosen_and_only_that() {
    let chosen = booker(&Ask::default());
    let day = chosen.month.weeks[1][1].clone();
    assert_eq!(
        day.href.as_deref(),
        Some(
            "/book/northwind/first-conversation?month=2026-11&date=2026-11-24&tz=Europe%2FLisbon#times"
        )
    );
    let guessed = booker(&Ask {
        view: View {
            zone_chosen: false,
            ..sample::view(Tz::Europe__Lisbon)
        },
        ..Ask::default()
    });
    assert_eq!(
        guessed.month.next.as_deref(),
        Some("/book/northwind/first-conversation?month=2026-12")
    );
    assert_eq!(guessed.month.previous, None);
}

#[test]
fn a_chosen_duration_and_what_a_link_fills_in_go_along_everywhere() {
    let chosen = booker(&Ask {
        page: sample::asking(),
        query: "duration=90&name=Elena+V&utm_source=x",
        ..Ask::default()
    });
    let labels: Vec<_> = chosen
        .durations
        .iter()
        .map(|choice| (choice.label.as_str(), choice.chosen))
        .collect();
    assert_eq!(
        labels,
        [("30 min", false), ("90 min", true), ("4 hours", false)]
    );
    assert_eq!(chosen.about.lasting, "90 min");
    let link = chosen.month.weeks[1][1].href.clone().unwrap();
    assert!(link.contains("&duration=90&name=Elena+V#times"), "{link}");
    assert!(!link.contains("utm_source"), "{link}");
    let day = day(chosen.times);
    assert_eq!(
        day.parts[0].slots[0].end, "15:30",
        "an hour and a half from 14:00"
    );
    // What is not offered is not chosen, and one duration is no choice.
    let wrong = booker(&Ask {
        query: "duration=90",
        ..Ask::default()
    });
    assert_eq!(
        (wrong.about.lasting.as_str(), wrong.durations.len()),
        ("30 min", 0)
    );
}

#[test]
fn the_next_day_for_the_host_is_said() {
    let tokyo = EventTypePage {
        hosts: vec![sample::person(9, "Aiko Mori", Tz::Asia__Tokyo)],
        ..sample::single()
    };
    let evening = Ask {
        page: tokyo,
        view: sample::view(Tz::America__New_York),
        offers: offers(&["2026-11-24T14:30:00Z", "2026-11-24T23:00:00Z"]),
        ..Ask::default()
    };
    let day = day(booker(&evening).times);
    let slots = &day.parts[0].slots;
    assert_eq!((slots[0].start.as_str(), slots[0].host_days), ("09:30", 0));
    assert_eq!((slots[1].start.as_str(), slots[1].host_days), ("18:00", 1));
    assert_eq!(slots[1].host.as_deref(), Some("Aiko"));
}

#[test]
fn hosts_on_different_dates_get_no_day_of_their_own() {
    let page = sample::rotating();
    let start = sample::at("2026-11-24T23:30:00Z").with_timezone(&Tz::Europe__Lisbon);
    assert_eq!(host_days(&start, &page.hosts), 0);
    assert_eq!(host_days(&start, &[sample::mara()]), 1);
    assert_eq!(host_days(&start, &[]), 0);
}

#[test]
fn an_hour_that_comes_twice_is_told_apart_by_its_offset() {
    let berlin = Ask {
        view: sample::view(Tz::Europe__Berlin),
        now: sample::at("2026-10-20T10:00:00Z"),
        offers: offers(&[
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:30:00Z",
        ]),
        ..Ask::default()
    };
    let day = day(booker(&berlin).times);
    assert_eq!(day.clock_change, -60);
    let slots: Vec<_> = day.parts[0]
        .slots
        .iter()
        .map(|slot| (slot.start.as_str(), slot.offset.as_deref()))
        .collect();
    assert_eq!(
        slots,
        [
            ("02:30", Some("GMT+2")),
            ("02:30", Some("GMT+1")),
            ("03:30", None)
        ]
    );
}

#[test]
fn an_empty_month_leads_to_the_next_time_and_an_empty_calendar_says_so() {
    let empty = |month, next_available| {
        booker(&Ask {
            month,
            next_available,
            offers: Vec::new(),
            ..Ask::default()
        })
        .times
    };
    let Times::FullMonth {
        month,
        next: Some(next),
    } = empty(None, Some("2027-01-05T09:00:00Z"))
    else {
        panic!("a month without times leads on");
    };
    assert_eq!(
        (month.as_str(), next.date.as_deref()),
        ("November", Some("Tue 5 Jan"))
    );
    assert!(
        next.href.contains("month=2027-01&date=2027-01-05"),
        "{}",
        next.href
    );
    assert_eq!(empty(None, None), Times::Nothing);
    // A later month knows nothing of earlier ones: the page without a month does.
    let Times::FullMonth {
        next: Some(next), ..
    } = empty(Some("2027-06"), None)
    else {
        panic!("a later month leads back");
    };
    assert_eq!(
        next.href,
        "/book/northwind/first-conversation?tz=Europe%2FLisbon"
    );
}

#[test]
fn a_full_day_leads_to_the_next_open_one() {
    let full = booker(&Ask {
        date: Some("2026-11-27"),
        ..Ask::default()
    });
    let Times::FullDay {
        full,
        next: Some(next),
    } = full.times
    else {
        panic!("nothing is open on the 27th");
    };
    assert_eq!(full, "Friday 27 November 2026");
    assert_eq!(next.date.as_deref(), Some("Mon 30 Nov"));
}

#[test]
fn a_time_that_is_offered_is_not_called_gone() {
    let gone = |gone| {
        booker(&Ask {
            gone: Some(gone),
            ..Ask::default()
        })
        .gone
    };
    assert_eq!(gone("2026-11-24T11:00:00Z").as_deref(), Some("11:00"));
    assert_eq!(gone("2026-11-24T14:00:00Z"), None);
}

#[test]
fn the_hosts_distance_is_told_only_where_clocks_differ() {
    let ahead = |zone| {
        booker(&Ask {
            view: sample::view(zone),
            ..Ask::default()
        })
        .zone
        .host
        .map(|host| host.ahead)
    };
    assert_eq!(ahead(Tz::Europe__Lisbon), Some(60));
    assert_eq!(ahead(Tz::Asia__Kolkata), Some(-270));
    assert_eq!(ahead(Tz::Europe__Paris), None);
}

#[test]
fn every_day_of_the_sheet_is_there_and_only_open_ones_lead_on() {
    let booker = booker(&Ask::default());
    assert_eq!(booker.month.weeks.len(), 5);
    assert!(booker.month.weeks.iter().all(|week| week.len() == 7));
    let days: Vec<_> = booker.month.weeks.concat();
    assert!(days.iter().all(|day| day.href.is_some() == (day.times > 0)));
    assert_eq!(days.iter().filter(|day| day.today).count(), 1);
    assert_eq!(days.iter().filter(|day| day.selected).count(), 1);
    assert_eq!(
        days.iter().find_map(|day| day.month.as_deref()),
        Some("Dec")
    );
}
