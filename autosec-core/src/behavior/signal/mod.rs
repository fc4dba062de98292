//! Signals: how much one aspect of an event speaks for an attacker, as a likelihood ratio with a reason.
//!
//! Every signal answers one question: *how many times likelier is what was seen if somebody else did it than if the
//! entity did it itself?* The logarithm of that ratio, in [`Nats`], is bounded by its [`Kind`], so no single aspect,
//! wrong clock or broken database decides alone. Below zero it speaks for the ordinary. A signal that could not be
//! computed is none (`Option`): a missing field is no evidence.
//!
//! All of it is arithmetic over small plain inputs: no storage, no clock, no allocation, and no panic on any number.
//! Logarithms and trigonometry come from `libm`, so the same input has the same bits on every machine.
//!
//! # The signals
//! | function | asks | group | formula |
//! |---|---|---|---|
//! | [`travel`] | could one person have been at both places? | network | haversine, speed, chance of a wrong place |
//! | [`rarity`] | does it come from, and with, what is usual? | network, device, sequence | Freeman, Good-Turing, interpolated levels |
//! | [`device`] | is it a device that is known? | device | record linkage of Fellegi and Sunter |
//! | [`season`] | at this hour of the week? | time | wrapped kernel, backing off to the day and to peers |
//! | [`rate`] | so often? | rate | tail of a negative binomial |
//! | [`level`] | so much? | rate | robust z with a Student tail |
//! | [`fanout`] | so many targets or users from one source? | rate | tail of a negative binomial |
//! | [`sequence`] | this after that? | sequence | Markov chain with Dirichlet priors, surprise beside its own usual one |
//! | [`peer`] | more than others of its kind? | sequence | shrinkage, robust z among peers |
//!
//! A tail's chance is no likelihood ratio yet. It becomes one as a bet against the ordinary whose expectation is at
//! most 1 if all is ordinary: `½ + ½·κ·p^(κ−1)` with κ = 0.15 (Vovk and Wang 2021).
//!
//! # The sum
//! [`combine`] adds [`Signals`] up by [`Group`], within [`Limits`], and the contributions add up to the log-odds to
//! the last bit. [`confidence`] says how far to trust it; [`Calibration`] holds what analysts' opinions have moved.
//!
//! # What they remember
//! [`Rate`] (8 bytes), [`Level`] and [`Surprise`] (12) are small states that fade, merge, and are made from any bytes
//! without harm; whoever keeps baselines keeps them.
//!
//! Constants that are called estimates in their places (how often something new is usual, how often a field of a
//! device agrees) come from no data of ours.

mod calibrate;
mod combine;
mod device;
mod fanout;
mod kind;
mod level;
mod math;
mod nats;
mod peer;
mod rarity;
mod rate;
mod reason;
mod record;
mod season;
mod sequence;
mod tail;
mod travel;

pub use calibrate::{Calibration, Opinion};
pub use combine::{Combined, Contribution, Limits, Source, combine, confidence};
pub use device::{Agreement, DeviceField, device};
pub use fanout::fanout;
pub use kind::{Group, Kind};
pub use level::{Level, level};
pub use nats::Nats;
pub use peer::{PEER_STRENGTH, peer, shrunk};
pub use rarity::{Count, Layer, NETWORK_NOVELTY, SOFTWARE_NOVELTY, novelty, rarity, share};
pub use rate::{Rate, rate};
pub use reason::{Known, Reason, Shape};
pub use record::{Signal, Signals};
pub use season::{ANY_HOUR, HourOfWeek, hour_chance, season};
pub use sequence::{Surprise, sequence, step_chance};
pub use travel::{Doubt, Place, Visit, travel};
