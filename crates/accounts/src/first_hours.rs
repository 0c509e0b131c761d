//! The hours that a new person starts with, so that he can host from the first minute.

use chrono_tz::Tz;
use scheduling_core::ids::{ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner, WeeklyHours};
use scheduling_core::time::{DayHours, TimeWindow};

use crate::Accounts;
use crate::ports::AccountUnitOfWork;

/// When most people work. Whoever does not changes it.
const FROM: &str = "09:00";
const TO: &str = "17:00";

impl Accounts {
    /// Gives a new person a default schedule: Monday to Friday, nine to five in his own zone.
    pub(crate) async fn first_hours(
        &self,
        work: &mut dyn AccountUnitOfWork,
        workspace: WorkspaceId,
        person: UserId,
        timezone: Tz,
    ) -> Result<(), StorageError> {
        let schedule = AvailabilitySchedule {
            id: ScheduleId::generate(&*self.ports().ids),
            workspace,
            owner: ScheduleOwner::Person(person),
            name: "Working hours".parse().expect("it is a title"),
            is_default: true,
            availability: nine_to_five(timezone),
            version: 1,
        };
        work.schedules().insert(&schedule).await
    }
}

fn nine_to_five(timezone: Tz) -> Availability {
    let window = TimeWindow {
        start: FROM.parse().expect("it is a time"),
        end: TO.parse().expect("it is a time"),
    };
    let hours = DayHours::new(vec![window]).expect("one window overlaps no other");
    Availability::new(timezone, WeeklyHours::working_week(&hours), Vec::new())
        .expect("no override names a date twice")
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;

    #[test]
    fn the_first_hours_are_a_working_week_in_the_persons_own_zone() {
        let hours = nine_to_five(Tz::Asia__Tokyo);
        assert_eq!(hours.timezone(), Tz::Asia__Tokyo);
        let on = |day| hours.weekly_hours().on(day).windows().len();
        assert_eq!(
            [on(Weekday::Mon), on(Weekday::Fri), on(Weekday::Sat)],
            [1, 1, 0]
        );
    }
}
