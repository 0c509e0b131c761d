//! Ids on the wire carry their kind: `bk_…`, `et_…`.

use scheduling_accounts::ids::{AuditId, InvitationId, SessionId as SignInId, TokenId};
use scheduling_core::ids::{
    AttendeeId, BookingId, BookingLinkId, EventTypeId, HistoryId, HoldId, ImageId, OutboxId,
    ScheduleId, TimeOffId, UserId, WorkspaceId,
};
use uuid::Uuid;

macro_rules! wire {
    ($($id:ident),* $(,)?) => {$(
        impl WireId for $id {
            const KIND: &'static str = $id::KIND;

            fn of_uuid(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
            }

            fn uuid(self) -> Uuid {
                self.as_uuid()
            }
        }
    )*};
}

/// An id that is sent to clients.
pub(crate) trait WireId: Copy {
    /// What stands before the underscore.
    const KIND: &'static str;

    /// Takes an id that exists already.
    fn of_uuid(uuid: Uuid) -> Self;

    /// The bare UUID.
    fn uuid(self) -> Uuid;

    /// The id with its kind in front.
    fn wire(self) -> String {
        format!("{}_{}", Self::KIND, self.uuid().simple())
    }

    /// Reads an id as it is sent; `None` for a text that is none of this kind.
    fn of_wire(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::KIND)?.strip_prefix('_')?;
        // One id has one text: neither capitals nor dashes.
        let is_plain = digits.len() == 32
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let uuid = Uuid::try_parse(digits).ok().filter(|_| is_plain)?;
        Some(Self::of_uuid(uuid))
    }
}

wire!(
    AttendeeId,
    AuditId,
    BookingId,
    BookingLinkId,
    EventTypeId,
    HistoryId,
    HoldId,
    ImageId,
    InvitationId,
    OutboxId,
    ScheduleId,
    SignInId,
    TimeOffId,
    TokenId,
    UserId,
    WorkspaceId,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_its_kind_and_is_read_as_it_is_written() {
        let id = EventTypeId::from_uuid(Uuid::from_u128(0xab));
        assert_eq!(id.wire(), "et_000000000000000000000000000000ab");
        assert_eq!(EventTypeId::of_wire(&id.wire()), Some(id));
        for text in [
            "",
            "et_",
            "et_ab",
            "bk_000000000000000000000000000000ab",
            "000000000000000000000000000000ab",
            "et_000000000000000000000000000000AB",
            "et_00000000-0000-0000-0000-0000000000ab",
            "et_0000000000000000000000000000000000ab",
        ] {
            assert_eq!(EventTypeId::of_wire(text), None, "{text}");
        }
    }
}
