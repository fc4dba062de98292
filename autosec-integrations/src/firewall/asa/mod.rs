//! Cisco ASA.

mod adapter;
mod answer;
mod command;
mod config;
mod link;
mod means;
mod screen;
mod session;
mod trouble;
mod web;

pub use adapter::Asa;
pub use config::{AsaConfig, AsaMode, AsaSave, ShunOwner};
pub use web::AsaWeb;
