//! Ids on the wire carry their kind: `bk_…`, `et_…`.

use scheduling_core::ids::{BookingId, EventTypeId, UserId, WorkspaceId};

macro_rules! wire {
    ($($id:ident),*) => {$(
        impl WireId for $id {
            fn wire(self) -> String {
                format!("{}_{}", Self::KIND, self.as_uuid().simple())
            }
        }
    )*};
}

/// An id that is sent to clients.
pub(crate) trait WireId {
    /// The id with its kind in front.
    fn wire(self) -> String;
}

wire!(BookingId, EventTypeId, UserId, WorkspaceId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_its_kind() {
        let id = EventTypeId::from_uuid(uuid::Uuid::from_u128(1));
        assert_eq!(id.wire(), "et_00000000000000000000000000000001");
    }
}
