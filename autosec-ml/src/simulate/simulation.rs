use autosec_core::time::Timestamp;

use super::campaign::Campaign;
use super::stream::Logins;

/// A simulated service: who its users are and who attacks them follows from a seed.
///
/// ```
/// use autosec_ml::simulate::{Attacker, Campaign, Simulation};
///
/// let simulation = Simulation::builder()
///     .seed(7)
///     .users(200)
///     .days(30)
///     .campaign(Campaign::new(Attacker::Stuffing).days(10.0, 12.0).per_day(100.0))
///     .build()?;
/// let logins: Vec<_> = simulation.logins().collect();
/// assert!(logins.is_sorted_by_key(|login| login.time()));
/// let attacks = logins.iter().filter(|login| login.attacker().is_some()).count();
/// assert!((150..250).contains(&attacks));
/// # Ok::<(), autosec_ml::simulate::SimulationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    pub(super) seed: u64,
    pub(super) users: u32,
    pub(super) days: u32,
    /// Milliseconds of the Unix epoch.
    pub(super) first: i64,
    pub(super) campaigns: Vec<Campaign>,
}

/// Settles what a [`Simulation`] is like.
#[derive(Clone, Debug)]
pub struct SimulationBuilder {
    simulation: Simulation,
    start: Timestamp,
}

/// Why there is no such simulation.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// No users, or too many.
    #[error("a simulation has 1 to {limit} users, and {users} were asked for", limit = Simulation::MOST_USERS)]
    Users {
        /// How many were asked for.
        users: u32,
    },
    /// No days, or too many.
    #[error("a simulation lasts 1 to {limit} days, and {days} were asked for", limit = Simulation::MOST_DAYS)]
    Days {
        /// How many were asked for.
        days: u32,
    },
    /// Too many campaigns.
    #[error("a simulation has at most {limit} campaigns, and {campaigns} were asked for", limit = Simulation::MOST_CAMPAIGNS)]
    Campaigns {
        /// How many were asked for.
        campaigns: usize,
    },
    /// A campaign's numbers make no sense.
    #[error(
        "a campaign has above 0 to 1000000 attempts a day and begins at day 0 or later: {per_day} a day from day {begins} is none"
    )]
    Campaign {
        /// Attempts a day.
        per_day: f64,
        /// The first day.
        begins: f64,
    },
}

impl Simulation {
    /// The most users: each takes some 500 bytes.
    pub const MOST_USERS: u32 = 1_000_000;
    /// The longest simulation, in days.
    pub const MOST_DAYS: u32 = 3_650;
    /// The most campaigns.
    pub const MOST_CAMPAIGNS: usize = 64;

    /// Seed 0, 1,000 users, 180 days from Monday, 2025-01-06, no attacks.
    pub fn builder() -> SimulationBuilder {
        let simulation = Self { seed: 0, users: 1_000, days: 180, first: 0, campaigns: Vec::new() };
        SimulationBuilder { simulation, start: Timestamp::from_secs(1_736_121_600) }
    }

    /// Every attempt to log in, honest or not, in the order of time. Memory is in proportion to the number of users; the
    /// logins themselves are made as they are asked for.
    pub fn logins(&self) -> Logins {
        Logins::new(self.clone())
    }

    /// How many users there are; they are numbered from 0.
    pub fn users(&self) -> u32 {
        self.users
    }
}

impl SimulationBuilder {
    /// What chance begins with: the same seed, the same logins, on every machine.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.simulation.seed = seed;
        self
    }

    /// 1..=[`Simulation::MOST_USERS`].
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.simulation.users = users;
        self
    }

    /// How long it lasts: 1..=[`Simulation::MOST_DAYS`].
    #[must_use]
    pub fn days(mut self, days: u32) -> Self {
        self.simulation.days = days;
        self
    }

    /// When the first day begins; fractions of a second are left out.
    #[must_use]
    pub fn start(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// One more campaign of attacks, up to [`Simulation::MOST_CAMPAIGNS`].
    #[must_use]
    pub fn campaign(mut self, campaign: Campaign) -> Self {
        self.simulation.campaigns.push(campaign);
        self
    }

    /// The simulation.
    ///
    /// # Errors
    /// When there are no users or days or too many of them, or when a campaign's numbers are out of range.
    pub fn build(mut self) -> Result<Simulation, SimulationError> {
        let Simulation { users, days, campaigns, .. } = &self.simulation;
        if !(1..=Simulation::MOST_USERS).contains(users) {
            return Err(SimulationError::Users { users: *users });
        }
        if !(1..=Simulation::MOST_DAYS).contains(days) {
            return Err(SimulationError::Days { days: *days });
        }
        if campaigns.len() > Simulation::MOST_CAMPAIGNS {
            return Err(SimulationError::Campaigns { campaigns: campaigns.len() });
        }
        let is_right = |campaign: &&Campaign| {
            let rate = campaign.per_day > 0.0 && campaign.per_day <= 1e6;
            rate && (0.0..=f64::from(Simulation::MOST_DAYS)).contains(&campaign.begins)
                && !campaign.ends.is_nan()
        };
        if let Some(Campaign { per_day, begins, .. }) = campaigns.iter().find(|campaign| !is_right(campaign))
        {
            return Err(SimulationError::Campaign { per_day: *per_day, begins: *begins });
        }
        self.simulation.first = self.start.as_micros().div_euclid(1_000_000) * 1_000;
        Ok(self.simulation)
    }
}
