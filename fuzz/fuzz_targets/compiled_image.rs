//! Any bytes are an image of a rule set or are refused; what is read is built, and what is built looks at events.
//!
//! The checksum is put right first, or nothing but it would be tested; every eighth input is taken as it is.
#![no_main]

use std::sync::LazyLock;

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const EVENT: &[u8] =
    br#"{"Image":"C:\\Windows\\cmd.exe","CommandLine":"cmd /c whoami","EventID":1,"source.ip":"10.1.2.3","a":["b"]}"#;

/// A small image to start from: what is changed of it is still near to one.
static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let sigma = "title: T\nid: t\nlogsource: { product: x }\ndetection:\n  a: { Image|endswith: cmd.exe, CommandLine|re|i: who }\n  b: [ x, 'y*z' ]\n  condition: a or b\n";
    let rule = "- id: r\n  name: r\n  severity: low\n  when: source.ip in { 10.0.0.0/8 } and user.name != \"x\"\n  count: { by: [source.ip], within: 1m, at_least: 2 }\n";
    let schema = Schema::ecs();
    RuleSet::builder(&schema).source("r", rule).sigma("s", sigma).build().unwrap().image().unwrap()
});

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let bytes = match first % 8 {
        0 => rest.to_vec(),
        1..4 => sealed(rest),
        // Changes of a real one: a place and what stands there, again and again.
        _ => {
            let mut body = IMAGE[HEAD..].to_vec();
            for change in rest.chunks_exact(4) {
                let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % body.len();
                match change[2] % 3 {
                    0 => body[at] = change[3],
                    1 => body.insert(at, change[3]),
                    _ => drop(body.remove(at)),
                }
            }
            sealed(&body)
        }
    };
    let schema = Schema::ecs();
    let Ok(builder) = RuleSet::builder(&schema).image("fuzz.img", &bytes) else { return };
    let Ok(rules) = builder.build() else { return };
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let event = reader.read_at(EVENT, Timestamp::EPOCH).expect("the event is JSON");
    let mut findings = Findings::default();
    rules.detect(&event, &mut findings);
    let ids: Vec<String> = rules.stats().map(|stats| stats.id.to_string()).collect();
    for id in ids {
        rules.explain(&id, &event).expect("it is there").to_string();
    }
    let again = rules.image().expect("it is small");
    let ecs = Schema::ecs();
    RuleSet::builder(&ecs).image("again.img", &again).expect("what was written is read");
});

const HEAD: usize = 36;

/// A head that is right for this body.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"AutoSecR\x01\0\0\0".to_vec();
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(body));
    bytes.extend_from_slice(body);
    bytes
}

fn checksum(body: &[u8]) -> [u8; 16] {
    use siphasher::sip128::{Hasher128, SipHasher13};
    use std::hash::Hasher;

    let mut hasher = SipHasher13::new_with_keys(0, 1);
    hasher.write(body);
    hasher.finish128().as_bytes()
}
