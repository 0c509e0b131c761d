//! What the tests stand on.

pub(crate) mod acme;
pub(crate) mod api;
pub(crate) mod counterpart;
pub(crate) mod http;
pub(crate) mod judge;
pub(crate) mod line;
pub(crate) mod mails;
pub(crate) mod measure;
pub(crate) mod place;
pub(crate) mod server;
pub(crate) mod sink;
