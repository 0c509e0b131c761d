//! Managing a workspace: event types, hours, bookings, mails.

mod bookings;
pub(super) mod changes;
mod changes_of_bookings;
mod event_types;
mod explain;
mod images;
mod links;
mod messages;
mod outbox;
mod schedules;
mod time_off;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(event_types::list)
        .service(event_types::create)
        .service(event_types::get)
        .service(event_types::replace)
        .service(event_types::update)
        .service(event_types::remove)
        .service(event_types::clone)
        .service(event_types::reorder)
        .service(explain::explain)
        .service(links::list)
        .service(links::create)
        .service(links::get)
        .service(links::replace)
        .service(links::update)
        .service(links::remove)
        .service(images::upload);
    config
        .service(schedules::list)
        .service(schedules::create)
        .service(schedules::get)
        .service(schedules::replace)
        .service(schedules::update)
        .service(schedules::remove)
        .service(schedules::copy)
        .service(time_off::list)
        .service(time_off::create)
        .service(time_off::get)
        .service(time_off::replace)
        .service(time_off::update)
        .service(time_off::remove);
    config
        .service(bookings::list)
        .service(bookings::create)
        .service(bookings::get)
        .service(bookings::slots)
        .service(bookings::attendees)
        .service(bookings::timeline)
        .service(changes_of_bookings::remove)
        .service(changes_of_bookings::approve)
        .service(changes_of_bookings::decline)
        .service(changes_of_bookings::reschedule)
        .service(changes_of_bookings::cancel)
        .service(changes_of_bookings::complete)
        .service(changes_of_bookings::no_show);
    config
        .service(outbox::list)
        .service(outbox::get)
        .service(outbox::replay)
        .service(messages::variables)
        .service(messages::preview)
        .service(messages::list)
        .service(messages::put);
}
