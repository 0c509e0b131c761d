//! The engine against plainer ways to the same answers, over random worlds.

mod hostile;
mod properties;
mod reference;
mod world;
