//! What becomes of a booking's links when it is over.

use super::*;

#[actix_web::test]
async fn links_end_with_the_booking_and_tell_nothing_of_it() {
    let site = Site::northwind().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    site.clock.set(instant("2026-11-24T14:29:59Z"));
    assert_eq!(get!(app, &manage).status, StatusCode::OK);
    site.clock.set(instant("2026-11-24T14:30:00Z"));
    for root in [&manage, &host] {
        for path in ["", "/cancel", "/reschedule", "/invite.ics"] {
            let answer = get!(app, &format!("{root}{path}"));
            assert_eq!(answer.status, StatusCode::GONE, "{root}{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("x-robots-tag"), "noindex");
            assert!(answer.says("This meeting is over"));
            for personal in [
                "Elena",
                "elena@",
                "Mara",
                "First conversation",
                "Shift plans",
            ] {
                assert!(!answer.says(personal), "{root}{path}: {personal}");
            }
        }
        let fields = [("version", "1"), ("slot", "2026-11-25T09:00:00Z")];
        for path in ["cancel", "reschedule"] {
            let answer = post!(app, &format!("{root}/{path}"), &fields);
            assert_eq!(answer.status, StatusCode::GONE, "{root}/{path}");
        }
    }
    let before = site.booking().await;
    assert_eq!(
        post!(app, &format!("{host}/no-show"), &[]).status,
        StatusCode::GONE
    );
    assert_eq!(site.booking().await, before);
}
