//! What tests of a scheduling application need: adapters in memory, a clock that stands still, ids that count, values
//! to begin with, and the contract that every storage must pass.
//!
//! | for | there is |
//! |---|---|
//! | storage | [`MemoryStorage`], as strict as a database |
//! | time, ids, secrets | [`ManualClock`], [`SequenceIds`], [`SequenceSecrets`], [`PlainSealer`] |
//! | messages | [`RecordingNotifier`], [`TestLinks`] |
//! | values | [`builders`] |
//! | an adapter of your own | [`contract`] and [`storage_contract!`] |
#![deny(missing_docs)]

pub mod builders;
mod clock;
pub mod contract;
mod delivery;
mod ids;
mod memory;

pub use clock::ManualClock;
pub use delivery::{RecordingNotifier, TestLinks};
pub use ids::{PlainSealer, SequenceIds, SequenceSecrets};
pub use memory::MemoryStorage;
