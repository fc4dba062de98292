//! Sets that are ready-made: each a few lines that a host may as well write itself.

use std::time::Duration;

use super::{Column, FeatureSet};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

impl FeatureSet {
    /// Logins by user: when, how often, how many failures, from which addresses, countries and agents.
    pub fn login() -> Self {
        let surprising =
            ["source.ip", "source.as.number", "source.geo.country_iso_code", "user_agent.original"];
        Self::new("login", 1, "user.name")
            .only_when("event.category", "authentication")
            .with([Column::Hour, Column::Weekday, Column::HourSurprise, Column::SincePrevious])
            .with([Column::Count(HOUR), Column::Count(DAY), Column::Burst(HOUR)])
            .with([Column::Failures(MINUTE), Column::Failures(HOUR), Column::FailureShare(DAY)])
            .with(["source.ip", "host.name"].map(|of| Column::Distinct { of: of.into(), within: DAY }))
            .with(surprising.map(|of| Column::Surprise(of.into())))
            .with([Column::Surprise("event.action".into())])
    }

    /// Web requests by address: how fast, how many failures, how many paths, what paths and queries look like.
    pub fn http() -> Self {
        let distinct = ["url.path", "user_agent.original"];
        Self::new("http", 1, "source.ip")
            .only_with("url.path")
            .with([Column::Hour, Column::SincePrevious])
            .with([Column::Count(MINUTE), Column::Count(HOUR), Column::Burst(MINUTE)])
            .with([Column::Failures(MINUTE), Column::FailureShare(HOUR)])
            .with(distinct.map(|of| Column::Distinct { of: of.into(), within: HOUR }))
            .with(["url.path", "url.query"].map(|of| Column::Length(of.into())))
            .with(["url.path", "url.query"].map(|of| Column::Entropy(of.into())))
            .with([Column::Log("http.response.body.bytes".into())])
            .with([Column::Is { field: "http.request.method".into(), value: "POST".into() }])
            .with(["http.request.method", "user_agent.original"].map(|of| Column::Surprise(of.into())))
    }

    /// Network flows by source address: volumes, lasting, fan-out to hosts and ports.
    pub fn flow() -> Self {
        let distinct = ["destination.ip", "destination.port"];
        Self::new("flow", 1, "source.ip")
            .only_with("destination.ip")
            .with([Column::Hour, Column::SincePrevious])
            .with([Column::Count(MINUTE), Column::Count(HOUR), Column::Burst(HOUR)])
            .with(distinct.map(|of| Column::Distinct { of: of.into(), within: HOUR }))
            .with(["source.bytes", "destination.bytes", "event.duration"].map(|of| Column::Log(of.into())))
            .with([Column::Ratio { of: "source.bytes".into(), by: "destination.bytes".into() }])
            .with([Column::Level("source.bytes".into()), Column::Shift("source.bytes".into())])
            .with([Column::Is { field: "network.transport".into(), value: "udp".into() }])
            .with(["destination.ip", "destination.port"].map(|of| Column::Surprise(of.into())))
    }

    /// Process starts by host: what starts, by whom, with which command lines.
    pub fn process() -> Self {
        let surprising = ["process.name", "process.parent.name", "process.user.name", "process.hash.sha256"];
        Self::new("process", 1, "host.name")
            .only_with("process.name")
            .with([Column::Hour, Column::Weekday, Column::SincePrevious])
            .with([Column::Count(MINUTE), Column::Count(HOUR), Column::Burst(HOUR)])
            .with([Column::Distinct { of: "process.name".into(), within: HOUR }])
            .with([Column::Length("process.command_line".into())])
            .with([Column::Entropy("process.command_line".into())])
            .with(surprising.map(|of| Column::Surprise(of.into())))
    }

    /// The rhythm of any events by user: the hour of the week, bursts and gaps. Take it [`by`](FeatureSet::by) another
    /// entity as needed, and add a [`Level`](Column::Level) and a [`Shift`](Column::Shift) of what is to be watched.
    pub fn rhythm() -> Self {
        Self::new("rhythm", 1, "user.name")
            .with([Column::HourOfWeek, Column::HourSurprise, Column::SincePrevious])
            .with([Column::Count(HOUR), Column::Count(DAY)])
            .with([Column::Burst(MINUTE), Column::Burst(HOUR), Column::Burst(DAY)])
    }
}
