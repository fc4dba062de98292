//! Blocks addresses on {{vendor}} devices.
//!
//! It stands for a device with an API of three requests; put yours in `request.rs`, and what your device answers in
//! `answer.rs`. Neither does anything by itself, so both are tried without a device.

mod answer;
mod request;

use autosec_plugin::{
    Context, Effect, Entry, Failure, FailureKind, Features, Firewall, Health, HealthState, Limits,
    Metadata, Outcome, PrefixLengths, fail, http,
};
use serde::Deserialize;

/// How the plugin is configured; `config.schema.json` says the same to whoever configures it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    /// The name or address of the device.
    host: String,
}

autosec_plugin::export!(Device);

impl Firewall for Device {
    fn describe() -> Metadata {
        Metadata {
            name: env!("CARGO_PKG_NAME").to_owned(),
            vendor: "{{vendor}}".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ipv4: Some(PrefixLengths { shortest: 8, longest: 32 }),
            ipv6: Some(PrefixLengths { shortest: 32, longest: 128 }),
            features: Features {
                ttl: true,
                listing: false,
                native_batch: false,
                atomic: false,
                dry_run: true,
                commit_required: false,
            },
            limits: Limits {
                max_batch: 50,
                max_entries: None,
                max_ttl_secs: None,
                min_interval_ms: 0,
            },
            extra: Vec::new(),
        }
    }

    fn config_schema() -> String {
        include_str!("../config.schema.json").to_owned()
    }

    fn configure(config: &str) -> Result<Self, Failure> {
        serde_json::from_str(config)
            .map_err(|error| fail(FailureKind::InvalidConfig, error.to_string()))
    }

    fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
        entries.iter().map(|entry| self.block_one(context, entry)).collect()
    }

    fn unblock(
        &mut self,
        context: &Context,
        targets: Vec<String>,
    ) -> Vec<Result<Outcome, Failure>> {
        targets.iter().map(|target| self.unblock_one(context, target)).collect()
    }

    fn check_health(&mut self, _context: &Context) -> Result<Health, Failure> {
        let answer = http(&request::status(&self.host)).map_err(answer::unreachable)?;
        answer::expected(&answer)?;
        Ok(Health {
            state: HealthState::Healthy,
            detail: "it answers".to_owned(),
            latency_us: None,
        })
    }
}

impl Device {
    fn block_one(&self, context: &Context, entry: &Entry) -> Result<Outcome, Failure> {
        if context.dry_run {
            return Ok(outcome(Effect::Planned));
        }
        let answer = http(&request::put(&self.host, entry)).map_err(answer::unreachable)?;
        answer::expected(&answer)?;
        Ok(outcome(if answer.status == 201 { Effect::Applied } else { Effect::Already }))
    }

    fn unblock_one(&self, context: &Context, target: &str) -> Result<Outcome, Failure> {
        if context.dry_run {
            return Ok(outcome(Effect::Planned));
        }
        let answer = http(&request::delete(&self.host, target)).map_err(answer::unreachable)?;
        if answer.status == 404 {
            return Ok(outcome(Effect::Absent));
        }
        answer::expected(&answer)?;
        Ok(outcome(Effect::Applied))
    }
}

fn outcome(effect: Effect) -> Outcome {
    Outcome { effect, remote_id: None, detail: None, extra: Vec::new() }
}

#[cfg(test)]
mod tests {
    use autosec_plugin::testing::{Cassette, Stage, entry};

    use super::*;

    const CONFIG: &str = r#"{"host": "edge.example"}"#;

    fn stage(cassette: &str) -> Stage<Device> {
        Stage::new(CONFIG, Cassette::parse(cassette).unwrap()).unwrap()
    }

    #[test]
    fn blocks_and_unblocks_as_recorded() {
        let mut stage = stage(include_str!("../cassettes/block.toml"));
        // `cargo test -- --nocapture` shows what it would do.
        println!("{}", stage.plan(vec![entry("203.0.113.7"), entry("2001:db8::/48")]));
        let blocked = stage.block(vec![entry("203.0.113.7"), entry("2001:db8::/48")]);
        let effects: Vec<_> = blocked.into_iter().map(|outcome| outcome.unwrap().effect).collect();
        assert_eq!(effects, [Effect::Applied, Effect::Already]);
        let lifted = stage.unblock(&["203.0.113.7"]);
        assert_eq!(lifted[0].as_ref().unwrap().effect, Effect::Applied);
        stage.finish().unwrap();
    }

    #[test]
    fn tells_what_the_device_complains_of() {
        let mut stage = stage(include_str!("../cassettes/complaints.toml"));
        let limited = stage.block(vec![entry("203.0.113.7")]).remove(0).unwrap_err();
        assert_eq!((limited.kind, limited.retry_after_ms), (FailureKind::RateLimited, Some(2_000)));
        let refused = stage.block(vec![entry("203.0.113.7")]).remove(0).unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unauthorized);
        let late = stage.block(vec![entry("203.0.113.7")]).remove(0).unwrap_err();
        assert_eq!(late.kind, FailureKind::Timeout);
        assert_eq!(stage.check_health().unwrap().state, HealthState::Healthy);
        stage.finish().unwrap();
    }

    #[test]
    fn refuses_a_configuration_that_cannot_work() {
        let refused =
            Stage::<Device>::new(r#"{"hots": "edge.example"}"#, Cassette::empty()).unwrap_err();
        assert_eq!(refused.0.kind, FailureKind::InvalidConfig);
    }
}
