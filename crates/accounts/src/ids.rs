//! Ids of what accounts are made of. They print as the core's do: bare with `Display`, named with `Debug`.

use std::fmt;
use std::str::FromStr;

use scheduling_core::ports::IdSource;
use uuid::Uuid;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix that names this kind of id on the wire, without the underscore.
            pub const KIND: &'static str = $kind;

            /// Mints a new id.
            pub fn generate(ids: &dyn IdSource) -> Self {
                Self(ids.next_id())
            }

            /// Takes an id that exists already, from storage or from the wire.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

typed_id!(
    /// A session: one browser in which somebody is signed in. (A *group* session is the core's and another thing.)
    SessionId, "ss"
);
typed_id!(
    /// An API token.
    TokenId, "tk"
);
typed_id!(
    /// An invitation into a workspace.
    InvitationId, "iv"
);
typed_id!(
    /// An entry in the audit trail.
    AuditId, "au"
);
