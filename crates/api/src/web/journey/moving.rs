//! An invitee moves and cancels what is booked, within what the event type allows.

use scheduling_core::event_type::{Approval, ChangeRule, ReasonPolicy};
use scheduling_core::time::Minutes;

use super::*;

/// The fields of the question that a page asks, with others.
fn fields_of<'a>(page: &'a Answer, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("version", page.field("version"))];
    if page.says("name=\"slot\" value") {
        fields.push(("slot", page.field("slot")));
    }
    fields.extend(others);
    fields
}

#[actix_web::test]
async fn an_invitee_moves_a_booking_by_the_same_calendar() {
    let site = Site::northwind().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    assert!(get!(app, &manage).says(&format!("href=\"{manage}/reschedule\">Reschedule</a>")));
    let here = format!("{manage}/reschedule");
    let booker = get!(app, &format!("{here}?date=2026-11-24"));
    assert_eq!(booker.status, StatusCode::OK);
    assert_eq!(booker.header("cache-control"), "no-store");
    assert!(booker.says("Former time<br><s class=\"was\"><time>Tue 24 Nov, 14:00</time></s>"));
    // Its own time is no move; half an hour later is, for it does not stand in its own way.
    assert!(!booker.says("name=\"slot\" value=\"2026-11-24T14:00:00Z\""));
    assert!(booker.says("name=\"slot\" value=\"2026-11-24T14:30:00Z\""));
    assert!(
        booker.says(&format!(
            "<form class=\"scroll\" action=\"{here}\" tabindex"
        )),
        "by GET"
    );

    let question = get!(app, &format!("{here}?slot=2026-11-25T09:00:00Z&clock=24"));
    assert_eq!(question.status, StatusCode::OK, "{}", question.body);
    assert!(question.says("Former time: <s class=\"was\">Tuesday"));
    assert_eq!(
        site.booking().await.interval.start(),
        instant("2026-11-24T14:00:00Z")
    );

    let fields = fields_of(&question, &[("reason", "The train is late")]);
    assert_eq!(post!(app, &here, &fields).location(), manage);
    let booking = site.booking().await;
    assert_eq!(booking.interval.start(), instant("2026-11-25T09:00:00Z"));
    assert_eq!((booking.sequence, booking.version), (1, 2));
    assert!(get!(app, &manage).says("Wednesday 25\u{a0}November"));
    // A second click changes nothing more, and says nothing wrong.
    assert_eq!(post!(app, &here, &fields).location(), manage);
    assert_eq!(site.booking().await.version, 2);
    // The old time is free again.
    assert_eq!(
        post!(app, FORM, &elena(&[("name", "Next")])).status,
        StatusCode::SEE_OTHER
    );
}

#[actix_web::test]
async fn a_time_that_somebody_took_meanwhile_brings_others_and_the_booking_stays() {
    let site = Site::northwind().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let here = format!("{manage}/reschedule");
    let question = get!(
        app,
        &format!("{here}?slot=2026-11-25T09:00:00Z&clock=24&tz=Europe/Lisbon")
    );
    let _ = booked!(
        app,
        &elena(&[("slot", "2026-11-25T09:00:00Z"), ("name", "Quick")])
    );
    let fields = fields_of(&question, &[("reason", "Train"), ("clock", "24")]);
    let taken = post!(app, &here, &fields);
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(taken.says("09:00 was just booked.") && taken.says("stays where it was"));
    assert_eq!(
        taken.body.matches("name=\"slot\" value=").count(),
        3,
        "{}",
        taken.body
    );
    let link = get!(app, &format!("{here}?slot=2026-11-25T09:00:00Z&clock=24"));
    let day = get!(app, link.location());
    assert!(day.says("09:00 was just booked."), "{}", day.body);
}

#[actix_web::test]
async fn what_changed_meanwhile_is_shown_before_it_is_changed_again() {
    let site = Site::northwind().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let (move_it, cancel) = (format!("{manage}/reschedule"), format!("{manage}/cancel"));
    let stale_cancel = get!(app, &cancel);
    let stale_move = get!(app, &format!("{move_it}?slot=2026-11-26T09:00:00Z"));
    let question = get!(app, &format!("{move_it}?slot=2026-11-25T09:00:00Z"));
    post!(app, &move_it, &fields_of(&question, &[])).location();

    let refused = post!(
        app,
        &cancel,
        &fields_of(&stale_cancel, &[("reason", "Ill")])
    );
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.says("This changed while you looked at it"));
    assert!(refused.says("Wednesday 25\u{a0}November") && refused.says("Ill</textarea>"));
    let refused_move = post!(app, &move_it, &fields_of(&stale_move, &[]));
    assert_eq!(refused_move.status, StatusCode::CONFLICT);
    assert!(refused_move.says("Former time: <s class=\"was\">Wednesday"));
    // The page it got is for the booking as it is now.
    let again = fields_of(&refused, &[("reason", "Ill")]);
    assert_eq!(post!(app, &cancel, &again).location(), manage);
    assert!(matches!(
        site.booking().await.state,
        BookingState::Cancelled { .. }
    ));
    // Cancelled: there is nothing left to move.
    assert_eq!(get!(app, &move_it).location(), manage);
    assert_eq!(
        post!(app, &move_it, &fields_of(&stale_move, &[])).location(),
        manage
    );
}

#[actix_web::test]
async fn after_the_cutoff_the_page_says_until_when_and_whom_to_write_to() {
    let site = Site::northwind_with(|event_type| {
        let rule = ChangeRule {
            notice: Minutes(24 * 60),
            ..ChangeRule::default()
        };
        event_type.policy.cancel = rule;
        event_type.policy.reschedule = ChangeRule {
            invitee_may: false,
            ..rule
        };
    })
    .await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let page = get!(app, &manage);
    assert!(
        page.says("You can cancel it until Monday 23\u{a0}November, 14:00."),
        "{}",
        page.body
    );
    assert!(page.says("Only Mara can move this meeting."));
    assert!(!page.says("/reschedule\""));
    let stale = get!(app, &format!("{manage}/cancel"));
    let refused = get!(app, &format!("{manage}/reschedule"));
    assert!(refused.says("Only Mara can move this meeting."));
    let forced = [("slot", "2026-11-25T09:00:00Z"), ("version", "1")];
    assert!(post!(app, &format!("{manage}/reschedule"), &forced).says("Only Mara can move"));

    site.clock.set(instant("2026-11-23T14:00:01Z"));
    let page = get!(app, &manage);
    assert!(page.says("It could be cancelled until Monday 23\u{a0}November, 14:00."));
    assert!(page.says("href=\"mailto:mara@northwind.example?subject=First%20conversation\""));
    let late = get!(app, &format!("{manage}/cancel"));
    assert_eq!(late.status, StatusCode::OK);
    assert!(late.says("It is too late to cancel here.") && late.says("mara@northwind.example"));
    assert!(!late.says("<form"));
    let forced = post!(app, &format!("{manage}/cancel"), &fields_of(&stale, &[]));
    assert!(
        forced.says("It is too late to cancel here."),
        "{}",
        forced.body
    );
    assert!(matches!(
        site.booking().await.state,
        BookingState::Confirmed { .. }
    ));
}

#[actix_web::test]
async fn a_reason_is_asked_for_as_the_event_type_wants_it() {
    for (policy, asked) in [
        (ReasonPolicy::Required, true),
        (ReasonPolicy::Optional, true),
        (ReasonPolicy::Hidden, false),
    ] {
        let site = Site::northwind_with(|event_type| {
            event_type.policy.cancel.invitee_reason = policy;
            event_type.policy.reschedule.invitee_reason = policy;
        })
        .await;
        let app = app!(site);
        let manage = booked!(app, &ELENA);
        let (move_it, cancel) = (format!("{manage}/reschedule"), format!("{manage}/cancel"));
        let question = get!(app, &format!("{move_it}?slot=2026-11-25T09:00:00Z"));
        assert_eq!(question.says("name=\"reason\""), asked, "{policy:?}");
        let answer = post!(app, &move_it, &fields_of(&question, &[("reason", " ")]));
        if policy == ReasonPolicy::Required {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.says("aria-describedby=\"reason-e reason-h\" aria-invalid=\"true\""));
            let with = fields_of(&answer, &[("reason", "Train")]);
            assert_eq!(post!(app, &move_it, &with).status, StatusCode::SEE_OTHER);
        } else {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{policy:?}");
        }
        let question = get!(app, &cancel);
        assert_eq!(question.says("name=\"reason\""), asked);
        let long = "x".repeat(4001);
        let long = post!(app, &cancel, &fields_of(&question, &[("reason", &long)]));
        assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);
        let answer = post!(app, &cancel, &fields_of(&question, &[]));
        let expected = if policy == ReasonPolicy::Required {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::SEE_OTHER
        };
        assert_eq!(answer.status, expected, "{policy:?}");
    }
}

#[actix_web::test]
async fn a_request_waits_can_be_moved_and_withdrawn() {
    let site = Site::northwind_with(|event_type| {
        event_type.policy.approval = Some(Approval::default());
        event_type.appearance.confirmation_message = "Mara usually answers by noon.".parse().ok();
    })
    .await;
    let app = app!(site);
    assert!(get!(app, "/book/northwind/intro").says("You get an answer within two days"));
    let manage = booked!(app, &ELENA);
    let page = get!(app, &manage);
    for text in [
        "</svg> Request sent</span>",
        "Awaiting approval.",
        "Mara decides",
        "By Sunday 22\u{a0}November, 10:16.",
        "Mara usually answers by noon.",
        "Ask for another time",
        "Withdraw request",
    ] {
        assert!(page.says(text), "{text}: {}", page.body);
    }
    assert!(
        !page.says("meet.northwind.example"),
        "the link comes with the approval"
    );
    let here = format!("{manage}/reschedule");
    let question = get!(app, &format!("{here}?slot=2026-11-25T09:00:00Z"));
    assert!(question.says("Mara has to approve the new time."));
    post!(app, &here, &fields_of(&question, &[])).location();
    assert!(matches!(
        site.booking().await.state,
        BookingState::Pending { .. }
    ));
    let question = get!(app, &format!("{manage}/cancel"));
    assert!(question.says("Withdraw this request?"));
    post!(app, &format!("{manage}/cancel"), &fields_of(&question, &[])).location();
    assert!(get!(app, &manage).says("</svg> Cancelled</span>"));
}
