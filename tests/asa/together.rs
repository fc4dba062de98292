//! Through the real engine and its enforcer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use autosec_core::decision::GuardConfig;
use autosec_core::enforce::Enforcement;
use autosec_core::engine::Engine;
use autosec_core::observe::{Observer, Record};
use autosec_core::store::{MemoryStore, Store};
use autosec_core::time::{ManualClock, Timestamp};

use super::device::{Device, Fault};
use super::{Simulator, WAYS, assert_no_secret, grouped, shunning};
use crate::support::{Shared, block};

/// All that the observer is told, as text.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

impl Observer for Log {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        self.0.lock().unwrap().push_str(&format!("{record:?}\n"));
    }
}

#[tokio::test]
async fn blocks_outlive_cuts_and_reloads_and_end_in_time() {
    for way in WAYS {
        for config in [grouped(), shunning()] {
            let simulator = Simulator::start().await;
            let device = &simulator.device;
            let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
            let log = Log::default();
            let engine = Engine::builder()
                .clock(Shared(Arc::clone(&clock)))
                .observer(log.clone())
                .guard(GuardConfig::default())
                .firewall(simulator.asa(way, config.clone()))
                .build()
                .unwrap();
            let mut said = format!("{engine:?}");
            let mut tell = |what: String| said.push_str(&what);

            assert!(device.connects("203.0.113.7"));
            let enforcement = engine.enforce(&block("203.0.113.7", "a", 60)).await;
            assert!(enforcement.is_complete(), "{way:?}: {enforcement}");
            tell(format!("{enforcement:?} {enforcement}"));
            assert!(!device.carries("203.0.113.7") && !device.connects("203.0.113.7"));

            // The connection breaks off in the middle, and the enforcer tries again by itself.
            device.fail(Fault::CutAfter("clear conn"));
            let enforcement = engine.enforce(&block("203.0.113.8", "b", 600)).await;
            assert!(enforcement.is_complete(), "{way:?}: {enforcement}");
            assert!(!device.connects("203.0.113.8"));

            // A reload loses all of it, which the next comparison finds and repairs.
            device.reload();
            assert!(device.connects("203.0.113.7") && device.connects("203.0.113.8"));
            tell(format!("{:?}", engine.reconcile().await));
            for client in ["203.0.113.7", "203.0.113.8"] {
                assert!(!device.carries(client) && !device.connects(client), "{way:?} {client}");
            }
            // Or the next block does, whichever comes first.
            device.reload();
            let enforcement = engine.enforce(&block("203.0.113.9", "c", 600)).await;
            assert!(enforcement.is_complete(), "{way:?}: {enforcement}");
            for client in ["203.0.113.7", "203.0.113.8", "203.0.113.9"] {
                assert!(!device.connects(client), "{way:?} {client}");
            }

            // The device knows no times.
            clock.advance(Duration::from_secs(61));
            tell(format!("{:?}", engine.maintain().await));
            assert!(device.connects("203.0.113.7") && !device.connects("203.0.113.8"));

            // A device that refuses is told about, and owes what it refused.
            let listing = if config.mode == shunning().mode { "show shun" } else { "show running" };
            device.fail(Fault::Answer(listing, "ERROR: Command authorization failed"));
            let enforcement = engine.enforce(&block("203.0.113.10", "d", 600)).await;
            tell(format!("{enforcement:?} {enforcement}"));
            assert!(matches!(&enforcement, Enforcement::Fanned { .. }) && !enforcement.is_complete());
            clock.advance(Duration::from_secs(30));
            engine.maintain().await;
            assert!(!device.connects("203.0.113.10"));

            engine.enforcer().release_all().await;
            assert!(["203.0.113.8", "203.0.113.10"].iter().all(|client| device.connects(client)));
            let log = log.0.lock().unwrap().clone();
            assert_no_secret(&format!("{said}{log}{:?}", engine.enforcer().status()));
            assert_no_secret(&simulator.ssh.transcript.lock().unwrap());
        }
    }
}

#[tokio::test]
async fn a_restart_keeps_what_is_in_force_and_takes_off_what_ended_meanwhile() {
    for way in WAYS {
        for config in [grouped(), shunning()] {
            let simulator = Simulator::start().await;
            let device = &simulator.device;
            let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let start = || {
                let builder = Engine::builder().clock(Shared(Arc::clone(&clock))).store(Arc::clone(&store));
                builder.firewall(simulator.asa(way, config.clone())).build().unwrap()
            };
            let engine = start();
            for (client, seconds) in [("203.0.113.7", 60), ("203.0.113.8", 600)] {
                assert!(engine.enforce(&block(client, client, seconds)).await.is_complete());
            }
            drop(engine);
            clock.advance(Duration::from_secs(120));

            let engine = start();
            engine.reconcile().await;
            engine.maintain().await;
            assert!(device.connects("203.0.113.7") && !device.connects("203.0.113.8"), "{way:?}");
            assert_eq!(
                device.beside(),
                Device::configured().beside(),
                "{way:?}: what is not AutoSec's stays"
            );
            clock.advance(Duration::from_secs(600));
            engine.maintain().await;
            assert!(device.connects("203.0.113.8"), "{way:?}");
        }
    }
}
