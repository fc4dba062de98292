//! Detection and response, embedded: events in, findings, a risk and a decision with its reasons out.
#![forbid(unsafe_code)]

pub mod time;
pub mod measure;
pub mod net;
pub mod entity;

pub mod event;

pub mod finding;
pub mod sketch;
pub mod store;
pub mod observe;

pub mod rule;

pub mod score;

pub mod decision;

pub mod enforce;

pub mod engine;
