//! What guests may see and do; nobody signs in.

mod bookings;
mod event_types;
mod holds;
mod images;
mod rendered;
mod slots;
mod workspaces;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) use bookings::{
    AskedBooking, AskedChange, BookingRequest, NothingRequest, ReasonRequest, RescheduleRequest,
    expected, read_move,
};
pub(crate) use rendered::Rendered;
pub(super) use slots::{SlotsParams, SlotsQuery, SlotsView};

pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    // `/public/{workspace}/…` would fit these as well, so they come first.
    config
        .service(images::get)
        .service(bookings::get)
        .service(bookings::slots)
        .service(bookings::reschedule)
        .service(bookings::cancel)
        .service(holds::renew)
        .service(holds::release);
    config
        .service(workspaces::get)
        .service(event_types::list)
        .service(event_types::get)
        .service(slots::list)
        .service(holds::keep)
        .service(bookings::create);
}
