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
//! | signal | [`Kind`] | from |
//! |---|---|---|

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
