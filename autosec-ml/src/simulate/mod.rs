//! A service whose users and attackers are simulated: a stream of logins from a seed, with the truth about each.
//!
//! There is no public set of real logins with attacks to measure behaviour analysis on, so AutoSec measures on this.
//! **Everything that is measured on it is synthetic**: it compares methods with each other on the same made-up people, and
//! says nothing of how often any of them would be right about real ones.
//!
//! # What people do, and where that comes from
//! | what | how | source |
//! |---|---|---|
//! | where they live | 98.5 % in one country, the rest in eight others; larger cities have more of them (Zipf) | one country: as in Wiefling et al. 2022; shares assumed |
//! | providers | four for homes and three for phones in each country | assumed |
//! | home addresses | kept for 5 to 300 days on average, by provider; a new one is from one of three ranges of the city | Padmanabhan et al., "Reasons dynamic addresses change", IMC 2016: hours to months by provider, often another prefix; means assumed |
//! | phones | share 512 addresses of their operator's gateways; another one each time, located at the gateway | Balakrishnan et al., "Where's that phone?", IMC 2009; share of logins (20 % of those by phone) assumed |
//! | places of addresses | the right city for 85 % of ranges, radii of 5 to 1,000 km by kind of network | order of what vendors say of their databases |
//! | anonymizers | 85 % of hosters' ranges are known, 30 % of proxies in homes, 0.3 % of all homes are listed | assumed |
//! | private networks | 4 % of people, for 30 % of their logins | assumed |
//! | devices | two each, one of them for 85 % of private logins; platforms and browsers by their share of the web, kept for 1,000 days on average | StatCounter's for Europe, rounded; the rest assumed |
//! | versions | browsers every 28 days, systems every 45, told in full; most people have them after days, 15 % after weeks, 4 % never | what browsers of 2020 and 2021 sent, when the published data were collected: today's tell less; delays assumed |
//! | how often | log-normal, median 0.4 a day, spread 1.1, at most 12 | heavy tail as in Wiefling et al. 2022; figures assumed |
//! | when | by local hour and day, work and leisure; people differ by 1.5 hours (sd) | assumed |
//! | mistakes | 9 % of logins begin with one to four wrong passwords | assumed |
//! | firms | 45 % work for one: an office with an address of its own, computers that are updated together | assumed |
//! | journeys and moves | a journey each 110 days for about six, 2 in 5 abroad; a move each eight years | assumed |
//!
//! The figures that are assumed were chosen once, so that the plain [`Freeman`](autosec_core::behavior::Freeman) score comes
//! near what was published of it, and before any other method was measured. It still does worse here: at 12 to 20 logins
//! of history it challenges 47 to 59 % of honest logins (by seed and number of users) to find 98 % of attackers of the VPN
//! model, where 17 % were published.
//!
//! Left out: daylight saving, IPv6, shared computers, several accounts of one person. [`Attacker`] describes the attackers.
//!
//! Imports go one way: `chance`, `place` < `network`, `agent`, `habit` < `person` < `attacker` < `login` < `campaign` <
//! `simulation` and `stream`.

mod agent;
mod attacker;
mod campaign;
mod chance;
mod habit;
mod login;
mod network;
mod person;
mod place;
mod simulation;
mod stream;

pub use attacker::Attacker;
pub use campaign::Campaign;
pub use login::Login;
pub use simulation::{Simulation, SimulationBuilder, SimulationError};
pub use stream::Logins;
