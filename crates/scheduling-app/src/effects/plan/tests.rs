//! Tests of `plan`.

use std::collections::BTreeSet;

use scheduling_core::booking::{BookingHost, ManageSecret, Party, PendingReason};
use scheduling_core::event_type::{Hosting, Reminder};
use scheduling_core::time::Minutes;
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{self, instant};

use super::*;

/// A booking with a guest and two hosts, on the 24th at nine, and who everybody is. Cem is a third host.
struct Meeting {
    booking: Booking,
    names: Vec<(Recipient, &'static str)>,
    cem: UserId,
    reminders: Reminders,
}

const NOW: &str = "2026-11-20T10:00:00Z";

fn meeting() -> Meeting {
    let ids = SequenceIds::new();
    let workspace = builders::workspace(&ids, "firm");
    let person = |name| builders::person(&ids, name, chrono_tz::Tz::UTC).id;
    let (ann, bob, cem) = (person("Ann"), person("Bob"), person("Cem"));
    let hosting = Hosting::all_hands(vec![ann, bob]).unwrap();
    let event_type = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
    let start = instant("2026-11-24T09:00:00Z");
    let mut booking = builders::booking(&ids, &event_type, &[ann, bob], start);
    let mut guest = builders::invitee(&ids, "Gus Guest");
    guest.role = AttendeeRole::Guest;
    booking.attendees.push(guest);
    let names = vec![
        (Recipient::Attendee(booking.attendees[0].id), "invitee"),
        (Recipient::Attendee(booking.attendees[1].id), "guest"),
        (Recipient::Host(ann), "ann"),
        (Recipient::Host(bob), "bob"),
        (Recipient::Host(cem), "cem"),
    ];
    Meeting {
        booking,
        names,
        cem,
        reminders: Reminders::none(),
    }
}

fn waiting(mut booking: Booking) -> Booking {
    booking.state = BookingState::Pending {
        waiting_for: BTreeSet::from([PendingReason::Approval]),
        expires_at: Some(instant("2026-11-22T10:00:00Z")),
    };
    booking
}

impl Meeting {
    /// The plan as text: who is told what, at which sequence, when if not now.
    fn plan(&self, event: &BookingEvent) -> String {
        self.plan_of(&self.booking, event, None)
    }

    /// The same for the booking after the event, with how it was before, and whether it was ever confirmed.
    fn plan_of(
        &self,
        booking: &Booking,
        event: &BookingEvent,
        before: Option<(&Booking, bool)>,
    ) -> String {
        self.plan_by(Doer::Invitee, booking, event, before)
    }

    fn plan_by(
        &self,
        doer: Doer,
        booking: &Booking,
        event: &BookingEvent,
        before: Option<(&Booking, bool)>,
    ) -> String {
        let now = instant(NOW);
        let ids = SequenceIds::after(1000);
        let mut made = PlanContext::new(booking, &self.reminders, now, &ids).by(doer);
        if let Some((before, was_confirmed)) = before {
            made = made.after(before, was_confirmed);
        }
        let lines = plan(event, &made).into_iter().map(|planned| {
            assert_eq!(planned.created_at, now);
            assert_eq!(planned.dedupe_key, None);
            assert_eq!(planned.workspace, Some(booking.workspace));
            let id = planned.id.as_uuid().as_u128() & 0xffff;
            let what = match planned.effect {
                Effect::Notify {
                    booking: about_booking,
                    recipient,
                    about,
                    sequence,
                } => {
                    assert_eq!(about_booking, booking.id);
                    let name = self.names.iter().find(|(r, _)| *r == recipient).unwrap().1;
                    format!("{name} {about:?} #{sequence}")
                }
                Effect::ExpirePending { .. } => "expire".to_owned(),
                Effect::NotifyAccount { .. } => panic!("no account is concerned"),
            };
            let due = match planned.due_at {
                due if due == now => String::new(),
                due => due.format(" on %dT%H:%M").to_string(),
            };
            format!("{id} {what}{due}\n")
        });
        lines.collect()
    }
}

#[test]
fn a_confirmation_goes_to_everyone_in_order_one_effect_each() {
    let meeting = meeting();
    let event = BookingEvent::Confirmed(meeting.booking.id);
    insta::assert_snapshot!(meeting.plan(&event), @r"
    1001 invitee Confirmed #0
    1002 guest Confirmed #0
    1003 ann Confirmed #0
    1004 bob Confirmed #0
    ");
}

#[test]
fn a_request_goes_to_the_invitee_and_the_hosts_and_ends_by_itself() {
    let meeting = meeting();
    let event = BookingEvent::Requested(meeting.booking.id);
    let booking = waiting(meeting.booking.clone());
    insta::assert_snapshot!(meeting.plan_of(&booking, &event, None), @r"
    1001 invitee Requested #0
    1002 ann Requested #0
    1003 bob Requested #0
    1004 expire on 22T10:00
    ");
}

#[test]
fn an_approval_goes_to_everyone() {
    let meeting = meeting();
    let before = waiting(meeting.booking.clone());
    let event = BookingEvent::Approved(meeting.booking.id);
    insta::assert_snapshot!(meeting.plan_of(&meeting.booking, &event, Some((&before, false))), @r"
    1001 invitee Approved #0
    1002 guest Approved #0
    1003 ann Approved #0
    1004 bob Approved #0
    ");
}

#[test]
fn a_no_goes_to_the_invitee_and_the_other_hosts_and_to_all_who_had_it_in_their_calendars() {
    let meeting = meeting();
    let Recipient::Host(ann) = meeting.names[2].0 else {
        panic!("ann hosts");
    };
    let before = waiting(meeting.booking.clone());
    let (booking, event) = before.clone().decline(None, instant(NOW)).unwrap();
    let by_ann = |was_confirmed| {
        let before = Some((&before, was_confirmed));
        meeting.plan_by(Doer::Member(ann), &booking, &event, before)
    };
    insta::assert_snapshot!(by_ann(false), @r"
    1001 invitee Declined #0
    1002 bob Declined #0
    ");
    insta::assert_snapshot!(by_ann(true), @r"
    1001 invitee Declined #0
    1002 guest Declined #0
    1003 ann Declined #0
    1004 bob Declined #0
    ");
}

#[test]
fn a_cancellation_goes_to_all_who_had_heard_at_the_new_sequence() {
    let meeting = meeting();
    let before = meeting.booking.clone();
    let now = instant(NOW);
    let (booking, event) = before.clone().cancel(Party::Invitee, None, now).unwrap();
    let told = meeting.plan_of(&booking, &event, Some((&before, true)));
    insta::assert_snapshot!(told, @r"
    1001 invitee Cancelled #1
    1002 guest Cancelled #1
    1003 ann Cancelled #1
    1004 bob Cancelled #1
    ");
    // Guests hear nothing of a request, and so nothing of its end.
    let before = waiting(before);
    let (booking, event) = before.clone().cancel(Party::Invitee, None, now).unwrap();
    let told = meeting.plan_of(&booking, &event, Some((&before, false)));
    insta::assert_snapshot!(told, @r"
    1001 invitee Cancelled #1
    1002 ann Cancelled #1
    1003 bob Cancelled #1
    ");
}

#[test]
fn an_expiry_goes_to_invitee_and_hosts() {
    let meeting = meeting();
    let before = waiting(meeting.booking.clone());
    let (booking, event) = before.clone().expire(instant(NOW)).unwrap();
    let told = meeting.plan_of(&booking, &event, Some((&before, false)));
    insta::assert_snapshot!(told, @r"
    1001 invitee Expired #0
    1002 ann Expired #0
    1003 bob Expired #0
    ");
}

/// The booking moved by an hour, from ann and bob to bob and cem.
fn moved(meeting: &Meeting, before: &Booking) -> (Booking, BookingEvent) {
    let cem = BookingHost {
        user: meeting.cem,
        manage: ManageSecret {
            hash: [9; 32],
            sealed: Vec::new(),
        },
        session: None,
    };
    let hosts = vec![before.hosts[1].clone(), cem];
    let to = builders::interval("2026-11-24T10:00:00Z", 30);
    before
        .clone()
        .reschedule(to, hosts, Party::Invitee, None, instant(NOW))
        .unwrap()
}

#[test]
fn a_move_goes_to_everyone_to_each_host_what_it_means_for_him() {
    let meeting = meeting();
    let (booking, event) = moved(&meeting, &meeting.booking);
    let told = meeting.plan_of(&booking, &event, Some((&meeting.booking, true)));
    insta::assert_snapshot!(told, @r"
    1001 invitee Rescheduled #1
    1002 guest Rescheduled #1
    1003 bob Rescheduled #1
    1004 cem Confirmed #1
    1005 ann Released #1
    ");
}

#[test]
fn a_move_that_waits_asks_again_and_tells_no_guest() {
    let meeting = meeting();
    let (booking, event) = moved(&meeting, &meeting.booking);
    let booking = waiting(booking);
    let told = meeting.plan_of(&booking, &event, Some((&meeting.booking, true)));
    insta::assert_snapshot!(told, @r"
    1001 invitee Requested #1
    1002 bob Requested #1
    1003 cem Requested #1
    1004 expire on 22T10:00
    1005 ann Released #1
    ");
}

#[test]
fn reminders_and_follow_ups_are_planned_by_what_is_confirmed() {
    let at = |minutes, to| Reminder {
        minutes: Minutes(minutes),
        to,
    };
    let mut meeting = meeting();
    let before = vec![
        at(24 * 60, ReminderTo::Attendees),
        at(60, ReminderTo::Hosts),
    ];
    let after = vec![at(0, ReminderTo::Everyone)];
    meeting.reminders = Reminders::new(before, after).unwrap();
    let event = BookingEvent::Confirmed(meeting.booking.id);
    let told = meeting.plan(&event);
    let later: Vec<&str> = told.lines().skip(4).collect();
    assert_eq!(
        later,
        [
            "1005 invitee Reminder #0 on 23T09:00",
            "1006 guest Reminder #0 on 23T09:00",
            "1007 ann Reminder #0 on 24T08:00",
            "1008 bob Reminder #0 on 24T08:00",
            "1009 invitee FollowUp #0 on 24T09:30",
            "1010 guest FollowUp #0 on 24T09:30",
            "1011 ann FollowUp #0 on 24T09:30",
            "1012 bob FollowUp #0 on 24T09:30",
        ]
    );
    // A request has none yet, a move has them anew.
    let event = BookingEvent::Requested(meeting.booking.id);
    let told = meeting.plan_of(&waiting(meeting.booking.clone()), &event, None);
    assert!(!told.contains("Reminder"), "{told}");
    let (booking, event) = moved(&meeting, &meeting.booking);
    let told = meeting.plan_of(&booking, &event, Some((&meeting.booking, true)));
    assert!(told.contains("cem Reminder #1 on 24T09:00"), "{told}");
}

#[test]
fn nobody_is_reminded_of_what_he_has_just_been_told() {
    let mut meeting = meeting();
    let start = meeting.booking.interval.start();
    let away = u32::try_from((start - instant(NOW)).num_minutes()).unwrap();
    let at = |minutes| Reminder {
        minutes: Minutes(minutes),
        to: ReminderTo::Hosts,
    };
    let before = vec![at(away + 1), at(away), at(away - 9), at(away - 10)];
    meeting.reminders = Reminders::new(before, vec![]).unwrap();
    let event = BookingEvent::Confirmed(meeting.booking.id);
    let told = meeting.plan(&event);
    let reminders: Vec<&str> = told.lines().skip(4).collect();
    assert_eq!(
        reminders,
        [
            "1005 ann Reminder #0 on 20T10:10",
            "1006 bob Reminder #0 on 20T10:10"
        ]
    );
}

#[test]
fn about_what_hosts_note_nobody_is_told() {
    let meeting = meeting();
    let id = meeting.booking.id;
    for event in [BookingEvent::Completed(id), BookingEvent::NoShow(id)] {
        assert_eq!(meeting.plan(&event), "", "{event:?}");
    }
}
