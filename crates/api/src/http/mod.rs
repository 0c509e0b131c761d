//! What all handlers share: problems, reading requests, the outermost middleware.

pub(crate) mod edge;
pub(crate) mod fields;
pub(crate) mod gate;
pub(crate) mod ids;
pub(crate) mod local_time;
pub(crate) mod negotiation;
pub(crate) mod problem;
