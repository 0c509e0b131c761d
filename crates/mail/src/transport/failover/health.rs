//! How a transport is: whether it works, or rests after failures.

use std::time::Duration;

use tokio::time::Instant;

/// After the first failure.
const FIRST_REST: Duration = Duration::from_secs(30);
/// After many.
pub(super) const LONGEST_REST: Duration = Duration::from_mins(10);
/// When the other side asks for it.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// How a transport is. It works until the first failure.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Failures since the last success.
    failures: u32,
    until: Option<Instant>,
}

impl Health {
    /// Until when it rests, if it does.
    pub(super) fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }

    /// It took a message.
    pub(super) fn works(&mut self) {
        *self = Self::default();
    }

    /// It failed, and may have said how long it wants to be left alone.
    pub(super) fn fails(&mut self, asked: Option<Duration>, now: Instant) {
        let doublings = self.failures.min(10);
        self.failures = self.failures.saturating_add(1);
        let usual = (FIRST_REST * 2_u32.pow(doublings)).min(LONGEST_REST);
        let rest = asked.map_or(usual, |asked| asked.min(LONGEST_ASKED));
        self.until = now.checked_add(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(health: &Health, now: Instant) -> Option<Duration> {
        health.rests_until(now).map(|until| until - now)
    }

    #[test]
    fn rests_double_up_to_ten_minutes_and_end_with_a_success() {
        let now = Instant::now();
        let mut health = Health::default();
        assert_eq!(rest(&health, now), None);
        let mut rests = Vec::new();
        for _failure in 0..7 {
            health.fails(None, now);
            rests.push(rest(&health, now).unwrap().as_secs());
        }
        assert_eq!(rests, [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(rest(&health, now + LONGEST_REST), None);
        health.works();
        assert_eq!(rest(&health, now), None);
        health.fails(None, now);
        assert_eq!(rest(&health, now), Some(FIRST_REST));
    }

    #[test]
    fn the_other_side_is_heard_up_to_an_hour() {
        let now = Instant::now();
        for (asked, given) in [(0, None), (7, Some(7)), (86_400, Some(3600))] {
            let mut health = Health::default();
            health.fails(Some(Duration::from_secs(asked)), now);
            assert_eq!(rest(&health, now), given.map(Duration::from_secs));
        }
    }
}
