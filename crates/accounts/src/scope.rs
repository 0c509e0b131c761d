//! What an API token may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What a scope is about. Tokens themselves are never among it: no token makes, sees or ends tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Bookings.
    Bookings,
    /// Event types and their links.
    EventTypes,
    /// Schedules and time off.
    Schedules,
    /// Members and invitations.
    Members,
    /// The workspace itself, and its audit trail.
    Workspace,
    /// The list of what could not be sent.
    Outbox,
}

/// Reading, or writing as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// One permission of a token, such as `bookings:read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// About what.
    pub resource: Resource,
    /// To do what.
    pub access: Access,
}

/// A text that is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a scope such as bookings:read or event_types:write")]
pub struct UnknownScope;

impl Resource {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Bookings,
        Self::EventTypes,
        Self::Schedules,
        Self::Members,
        Self::Workspace,
        Self::Outbox,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::EventTypes => "event_types",
            Self::Schedules => "schedules",
            Self::Members => "members",
            Self::Workspace => "workspace",
            Self::Outbox => "outbox",
        }
    }
}

impl Scope {
    /// Looking at a resource.
    pub const fn read(resource: Resource) -> Self {
        Self {
            resource,
            access: Access::Read,
        }
    }

    /// Looking at a resource and changing it.
    pub const fn write(resource: Resource) -> Self {
        Self {
            resource,
            access: Access::Write,
        }
    }

    /// All scopes there are, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        Resource::ALL
            .into_iter()
            .flat_map(|resource| [Self::read(resource), Self::write(resource)])
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{}:{access}", self.resource.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::all()
            .find(|scope| scope.to_string() == text)
            .ok_or(UnknownScope)
    }
}

/// The scopes of a token. `bookings:write` allows what `bookings:read` does.
///
/// As text they stand side by side with a blank between them, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Whether they allow what this scope names.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0
            .iter()
            .any(|held| held.resource == scope.resource && held.access >= scope.access)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            scope.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace().map(Scope::from_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        let written: Vec<String> = Scope::all().map(|scope| scope.to_string()).collect();
        assert_eq!(written.len(), 12);
        assert_eq!(written[3], "event_types:write");
        for scope in Scope::all() {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for bad in [
            "",
            "bookings",
            "bookings:",
            "Bookings:read",
            "bookings:read ",
            "tokens:read",
            "tokens:write",
            "*",
        ] {
            assert_eq!(bad.parse::<Scope>(), Err(UnknownScope), "{bad}");
        }
    }

    #[test]
    fn writing_allows_reading_of_the_same_and_of_nothing_else() {
        let scopes: Scopes = "members:read bookings:write".parse().unwrap();
        assert!(scopes.allow(Scope::read(Resource::Bookings)));
        assert!(scopes.allow(Scope::write(Resource::Bookings)));
        assert!(scopes.allow(Scope::read(Resource::Members)));
        assert!(!scopes.allow(Scope::write(Resource::Members)));
        assert!(!scopes.allow(Scope::read(Resource::Outbox)));
        assert_eq!(scopes.to_string(), "bookings:write members:read");
        assert!("".parse::<Scopes>().unwrap().is_empty());
    }
}
