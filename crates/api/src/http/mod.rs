//! What all handlers share: problems, reading requests, who is asking, how often, the outermost middleware.

pub(crate) mod admission;
mod catalogue;
pub(crate) mod client;
pub(crate) mod conditions;
pub(crate) mod connections;
pub(crate) mod cursor;
pub(crate) mod duration;
pub(crate) mod edge;
pub(crate) mod fields;
pub(crate) mod gate;
pub(crate) mod guests;
pub(crate) mod idempotency;
pub(crate) mod ids;
pub(crate) mod local_time;
pub(crate) mod negotiation;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod problem;
pub(crate) mod rate;
pub(crate) mod session_cookie;
pub(crate) mod watched;
