//! How long things last and how often they may be tried.

use chrono::TimeDelta;

use crate::password::HashCost;
use crate::throttle::Limit;

/// How accounts behave. The defaults are what a server on the internet should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// How passwords are hashed.
    pub hashing: HashingSettings,
    /// How long sessions last.
    pub sessions: SessionSettings,
    /// How long an invitation is good. Seven days.
    pub invitation_lasts: TimeDelta,
    /// How long the link of a forgotten password is good. One hour.
    pub reset_lasts: TimeDelta,
    /// How long a password link is good that the operator makes. One day.
    pub password_link_lasts: TimeDelta,
    /// How often things may be tried.
    pub limits: Limits,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            hashing: HashingSettings::default(),
            sessions: SessionSettings::default(),
            invitation_lasts: TimeDelta::days(7),
            reset_lasts: TimeDelta::hours(1),
            password_link_lasts: TimeDelta::days(1),
            limits: Limits::default(),
        }
    }
}

/// How passwords are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashingSettings {
    /// What one hash costs. When it changes, a password is hashed anew at its next use.
    pub cost: HashCost,
    /// How many are computed at once; further ones wait. Two, since each takes a core and 19 MiB.
    pub at_once: usize,
}

impl Default for HashingSettings {
    fn default() -> Self {
        Self {
            cost: HashCost::default(),
            at_once: 2,
        }
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSettings {
    /// A session that was not used for so long ends. 30 days.
    pub idle: TimeDelta,
    /// A session ends after so long, however much it is used. 90 days.
    pub longest: TimeDelta,
    /// That a session or a token was used is written down no more often than this. Five minutes.
    pub noted_every: TimeDelta,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            idle: TimeDelta::days(30),
            longest: TimeDelta::days(90),
            noted_every: TimeDelta::minutes(5),
        }
    }
}

/// How often things may be tried. A *network* is an IPv4 address, or the /64 of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Failed sign-ins with one mail address, known or not, from anywhere. 100 in 15 minutes: too few to guess a
    /// password, and enough work for whoever only wants to lock its owner out.
    pub sign_in_address: Limit,
    /// Failed sign-ins with one mail address from one network. 10 in 15 minutes.
    pub sign_in_address_network: Limit,
    /// Failed sign-ins from one network. 50 in 15 minutes.
    pub sign_in_network: Limit,
    /// Password links that are asked for with one mail address. 3 an hour.
    pub reset_address: Limit,
    /// Password links that are asked for from one network. 20 an hour.
    pub reset_network: Limit,
    /// Invitations that one workspace sends to one mail address. 5 a day.
    pub invitation_address: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let quarter = TimeDelta::minutes(15);
        let hour = TimeDelta::hours(1);
        Self {
            sign_in_address: Limit::new(100, quarter),
            sign_in_address_network: Limit::new(10, quarter),
            sign_in_network: Limit::new(50, quarter),
            reset_address: Limit::new(3, hour),
            reset_network: Limit::new(20, hour),
            invitation_address: Limit::new(5, TimeDelta::days(1)),
        }
    }
}
