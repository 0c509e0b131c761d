//! What happens around those who book and host.

use chrono::TimeDelta;
use scheduling_app::manage::ManageError;
use scheduling_core::ports::DeliveryErrorKind;

use super::{Kind, Life};

impl Life {
    /// Up to six minutes, or up to ninety: holds last five, and requests wait forty-five or ninety.
    pub(super) fn let_time_pass(&mut self) {
        let minutes = if self.dice.one_in(2) { 90 } else { 6 };
        let seconds = self.dice.roll(minutes * 60);
        self.world
            .clock
            .advance(TimeDelta::seconds(i64::from(seconds)));
    }

    pub(super) fn mail_stumbles(&self) {
        self.world.mailbox.fail_next(DeliveryErrorKind::Unavailable);
    }

    pub(super) async fn work(&mut self) {
        let worker = self.world.worker();
        let tried = worker.run_due().await.map_err(ManageError::from);
        let swept = worker.sweep_holds().await.map_err(ManageError::from);
        self.note(Kind::Work, &tried);
        self.note(Kind::Work, &swept);
    }
}
