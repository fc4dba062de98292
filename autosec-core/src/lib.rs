//! Detection and response, embedded: events in, findings, a risk and a decision with its reasons out.
#![forbid(unsafe_code)]

pub mod entity;
pub mod measure;
pub mod net;
pub mod time;

pub mod event;

pub mod finding;
pub mod observe;
pub mod sketch;
pub mod store;

pub mod rule;

pub mod enforce;
