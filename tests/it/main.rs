//! What only the whole can prove: journeys, races, crashes, and that the house is in order.
//!
//! The journeys start the real `kalends` and know of it what the book says. See `docs/development/testing.md`.

mod accounts;
mod architecture;
mod backups;
mod book;
mod conformance;
mod contests;
mod crashes;
mod embedder;
mod guide;
mod history;
mod hostile;
mod journey;
mod life;
mod looking;
mod mail_servers;
mod moving;
mod nodes;
mod openapi;
mod overload;
mod proxy;
mod races;
mod refusals;
mod rolling;
mod seeing;
mod startup;
mod support;
mod workers;
