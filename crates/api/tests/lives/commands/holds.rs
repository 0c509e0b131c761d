//! Keeping slots, and giving them back.

use scheduling_app::HoldToken;
use scheduling_app::bookings::HoldSlot;

use super::known::{KnownHold, lock};
use super::{Kind, Life};
use crate::world::length;

impl Life {
    pub(super) async fn hold(&mut self) {
        let (workspace, event_type) = self.link_to_book();
        let start = self.likely_start(&workspace, &event_type).await;
        let mut command = HoldSlot::new(workspace, event_type, start);
        command.duration = self.dice.one_in(8).then(|| length(60));
        let held = self.world.scheduling.hold(&command).await;
        if let Ok(held) = &held {
            let kept = KnownHold {
                workspace: command.workspace,
                event_type: command.event_type,
                start: command.start,
                duration: command.duration,
                token: held.token.clone(),
            };
            self.known().holds.push(kept);
        }
        self.note(Kind::Hold, &held.map(|held| (held.hold, held.replayed)));
    }

    pub(super) async fn renew_hold(&mut self) {
        let Some(token) = self.hold_token() else {
            return;
        };
        let renewed = self.world.scheduling.renew_hold(&token).await;
        self.note(Kind::RenewHold, &renewed);
    }

    /// Gives a hold back; others may still try to use it.
    pub(super) async fn release_hold(&mut self) {
        let Some(token) = self.hold_token() else {
            return;
        };
        let released = self.world.scheduling.release_hold(&token).await;
        self.note(Kind::ReleaseHold, &released);
    }

    /// Takes a hold in order to use it. Mostly nobody else will; now and then somebody tries.
    pub(super) fn take_hold(&mut self) -> Option<KnownHold> {
        let mut known = lock(&self.known);
        let place = self.dice.place(&known.holds)?;
        Some(if self.dice.one_in(4) {
            known.holds[place].clone()
        } else {
            known.holds.remove(place)
        })
    }

    /// The latest, which has hardly expired, or any.
    fn hold_token(&mut self) -> Option<HoldToken> {
        let known = lock(&self.known);
        let latest = known.holds.len().checked_sub(1)?;
        let any = self.dice.place(&known.holds)?;
        let place = if self.dice.one_in(2) { latest } else { any };
        Some(known.holds[place].token.clone())
    }
}
