//! Passwords: the rule for new ones, and how they are hashed.

mod hashing;
mod rule;

pub use hashing::{HashCost, InvalidHashCost};
pub(crate) use hashing::{PasswordHashing, Verdict};
pub(crate) use rule::check;
pub use rule::{LONGEST, PasswordRefused, SHORTEST};
