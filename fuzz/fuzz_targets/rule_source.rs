//! Any text is a file of native rules or is refused with diagnostics that render; rules that are built look at events,
//! and what serde writes of them is read as the same rules.
#![no_main]

use std::net::IpAddr;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let schema = Schema::ecs();
    let build = |text: &str| RuleSet::builder(&schema).source("rules.yaml", text).keys_per_rule(64).build();
    match build(text) {
        Ok(rules) => {
            let mut findings = Findings::default();
            for second in 0..4 {
                let event = Event::new(Timestamp::from_secs(second))
                    .with(field::EVENT_ACTION, "ssh_login")
                    .with(field::EVENT_OUTCOME, "failure")
                    .with(field::USER_NAME, "root")
                    .with(field::SOURCE_IP, IpAddr::from([203, 0, 113, 7]));
                rules.detect(&event, &mut findings);
            }
            let written = serde_json::to_string(&rules.rules().collect::<Vec<_>>()).expect("rules are data");
            let again = build(&written).expect("what was read is written so that it is read again");
            assert!(rules.rules().eq(again.rules()));
        }
        Err(errors) => {
            assert!(!errors.diagnostics().is_empty());
            assert!(errors.to_string().contains("error[E"));
        }
    }
});
