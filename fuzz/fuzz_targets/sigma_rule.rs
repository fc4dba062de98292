//! Any text is a set of Sigma rules or is refused with diagnostics that render; a set that is built looks at events.
#![no_main]

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const EVENT: &[u8] =
    br#"{"Image":"C:\\Windows\\cmd.exe","CommandLine":"cmd /c whoami","EventID":1,"a":["b",{"c":"-d"}]}"#;

fuzz_target!(|text: &str| {
    let schema = Schema::ecs();
    match RuleSet::builder(&schema).placeholder("p", ["one", "two*"]).sigma("rule.yml", text).build() {
        Ok(rules) => {
            let reader = JsonReader::new(rules.schema(), &rules.fields());
            let event = reader.read_at(EVENT, Timestamp::EPOCH).expect("the event is JSON");
            let run = || {
                let mut findings = Findings::default();
                rules.detect(&event, &mut findings);
                findings.into_parts().0
            };
            assert_eq!(run(), run());
        }
        Err(errors) => {
            assert!(!errors.diagnostics().is_empty());
            assert!(errors.to_string().contains("error[E"));
        }
    }
});
