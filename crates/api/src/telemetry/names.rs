//! What the figures are called, and what they mean.

macro_rules! names {
    ($($constant:ident $name:literal $about:literal;)+) => {
        $(pub(super) const $constant: &str = $name;)+

        /// All of them, with their meanings.
        pub(super) const ALL: &[(&str, &str)] = &[$(($name, $about)),+];
    };
}

names! {
    REQUESTS "kalends_http_requests_total"
        "Requests that were answered.";
    REQUEST_DURATION "kalends_http_request_duration_seconds"
        "From a request's first line to its answer's.";
    REFUSED "kalends_refused_total"
        "Requests that were sent away before any work was done.";
    LINE_INSIDE "kalends_line_inside"
        "Requests that are worked on right now, by line.";
    LINE_WAITING "kalends_line_waiting"
        "Requests that wait in line right now, by line.";
    ANSWERS "kalends_slots_answers_total"
        "Questions for slots that were answered, from memory or computed.";
    COMPUTE_DURATION "kalends_slots_compute_duration_seconds"
        "Computing the slots of one question, reading included.";
    BOOKINGS "kalends_bookings_total"
        "Bookings that were tried.";
    HOLDS "kalends_holds_total"
        "Holds that were tried.";
    CHANGES "kalends_booking_changes_total"
        "Changes of bookings that were tried.";
    CONFLICTS "kalends_booking_conflicts_total"
        "Transactions that met another one and were undone; mostly they start again.";
    EFFECTS "kalends_effects_total"
        "Effects of the outbox that were tried.";
    EFFECT_DURATION "kalends_effect_duration_seconds"
        "Doing one effect.";
    PROVIDER_CALLS "kalends_provider_calls_total"
        "Messages that were handed to a way of sending.";
    OUTBOX_READY "kalends_outbox_ready"
        "Effects that wait for a worker or for their time; 100000 is that many or more.";
    OUTBOX_DUE "kalends_outbox_due"
        "Effects whose time has come and that no worker has; 100000 is that many or more.";
    OUTBOX_LEASED "kalends_outbox_leased"
        "Effects that workers have.";
    OUTBOX_FAILED "kalends_outbox_failed"
        "Effects that were given up.";
    OUTBOX_AGE "kalends_outbox_oldest_due_seconds"
        "For how long the oldest effect has been due that no worker has.";
    DATABASE_UP "kalends_database_up"
        "Whether the database answered when the outbox was last looked at.";
    POOL_CONNECTIONS "kalends_database_pool_connections"
        "Connections to the database that are open.";
    POOL_IDLE "kalends_database_pool_idle"
        "Open connections that nobody uses.";
    POOL_MOST "kalends_database_pool_max"
        "Connections that may be open at most.";
    BUILD "kalends_build_info"
        "1, with the version of this program.";
}

/// Figures that are times: they are counted in buckets.
pub(super) const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
