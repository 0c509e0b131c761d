//! Accounts for a scheduling server: workspaces with members and roles, invitations, sign-in with sessions, API tokens,
//! and the audit trail.
//!
//! [`Accounts`] has one method a use case, each one transaction. Who asks is a [`Principal`]: the answer of
//! [`Accounts::authenticate_session`] or [`Accounts::authenticate_token`]. What he may do in a workspace is his
//! [`Membership`]; the use cases look at it themselves, inside their transactions, and [`Accounts::authorize`] does so for
//! what other crates offer.
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`sign_in`], [`sessions`] | signing in and out, who is signed in where |
//! | [`tokens`], [`scope`] | API tokens and what they may do |
//! | [`password_change`], [`password`] | forgotten, changed and first passwords; the rule for new ones |
//! | [`principal`], [`me`] | who asks, what he is where, and what he says of himself |
//! | [`workspaces`], [`members`], [`invitations`] | who belongs together |
//! | [`audit`] | who did what |
//! | [`throttle`], [`settings`] | how often things may be tried, how long they last |
//! | [`ports`] | what is asked of storage |
//!
//! # What always holds
//!
//! - **Nobody hears whether something exists that he may not know of.** A foreign workspace and none at all are both
//!   *not found*; an unknown address and a wrong password are one answer, in about the same time; a link that was used,
//!   has expired or never was is one answer.
//! - **Secrets are kept as hashes**: passwords by argon2id, the rest, which is random, by SHA-256. What a mail must carry is
//!   sealed in the outbox.
//! - **A token never has more power than its owner has now.** Whoever is removed from a workspace takes his tokens along.
//! - **A workspace always has an owner**, whoever changes roles at the same time.
//! - **An address proves nothing until a mail was read there.** An account is joined to a workspace by its owner only.
#![deny(missing_docs)]

mod accounts;
pub mod audit;
mod first_hours;
pub mod idempotent;
pub mod ids;
pub mod invitations;
pub mod me;
pub mod members;
mod notices;
pub mod password;
pub mod password_change;
pub mod ports;
pub mod principal;
pub mod scope;
mod secret;
pub mod sessions;
pub mod settings;
pub mod sign_in;
mod sweep;
pub mod throttle;
pub mod tokens;
pub mod workspaces;

pub use accounts::{Accounts, AccountsBuilder};
pub use idempotent::{Idempotent, KeyReused, Made};
pub use principal::{
    AccessError, AuthorizeError, Membership, Principal, PrincipalKind, WorkspaceRef,
};
pub use scope::{Resource, Scope, Scopes};
pub use secret::{ApiTokenText, MalformedToken, SecretToken};
pub use sweep::Swept;
