//! placeholder docs
mod adapter;
mod answer;
mod api;
mod config;
mod fault;
mod message;
mod model;
mod settle;
mod xml;

pub use adapter::PanOs;
pub use config::{Credentials, PanOsConfig};
pub use model::registered_limit;
