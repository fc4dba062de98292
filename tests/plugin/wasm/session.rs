//! Plugins on a thread of the host's own: they do what guests do, and are held by the same limits.

use std::sync::Arc;
use std::time::Duration;

use autosec_integrations::plugin::interface::{Crash, Effect, Failure, Guest, Outcome};
use autosec_integrations::plugin::wasm::{StartError, WasmSession};
use tokio::runtime::{Builder, Runtime};

use super::services::Recorded;
use super::{configured, context, entry, plugin};

/// A runtime in which the host's answers are waited for, and a session outside of it.
fn session() -> (Runtime, WasmSession, Arc<Recorded>) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let services = Arc::new(Recorded::default());
    let session = plugin().session("{}", Arc::clone(&services) as Arc<_>, runtime.handle()).unwrap();
    (runtime, session, services)
}

/// What a deed came to.
fn does(session: &mut WasmSession, deed: &str, ms: u32) -> Result<Result<Outcome, Failure>, Crash> {
    let answers = session.block(&context(ms), &[entry("192.0.2.1", deed)])?;
    Ok(answers.into_iter().next().unwrap())
}

fn says(session: &mut WasmSession, deed: &str) -> String {
    does(session, deed, 20_000).unwrap().unwrap().detail.unwrap()
}

#[test]
fn a_session_answers_as_a_guest_does() {
    let (runtime, mut session, _) = session();
    let (guest, _) = runtime.block_on(configured(&plugin(), "{}"));
    let context = context(20_000);
    let entries = [entry("192.0.2.1", "why"), entry("192.0.2.2", "fail not now"), entry("192.0.2.3", "why")];
    let blocked = session.block(&context, &entries).unwrap();
    assert_eq!(blocked, runtime.block_on(guest.block(&context, &entries)).unwrap());
    assert_eq!(blocked[0].as_ref().unwrap().effect, Effect::Applied);
    let targets = ["192.0.2.1".to_owned(), "198.51.100.1".to_owned()];
    let unblocked = session.unblock(&context, &targets).unwrap();
    assert_eq!(unblocked, runtime.block_on(guest.unblock(&context, &targets)).unwrap());
    let page = session.list_blocked(&context, None, 10).unwrap().unwrap();
    assert_eq!(page, runtime.block_on(guest.list_blocked(&context, None, 10)).unwrap().unwrap());
    assert_eq!(page.entries, [entry("192.0.2.3", "why")]);
    let health = session.check_health(&context).unwrap();
    assert_eq!(health, runtime.block_on(guest.check_health(&context)).unwrap());
    assert_eq!(session.metadata(), guest.metadata());
}

#[test]
fn the_host_answers_at_once_or_after_a_while() {
    let (_runtime, mut session, services) = session();
    assert_eq!(says(&mut session, "get known"), "value");
    assert_eq!(says(&mut session, "http http://slow/"), "200 slowly");
    assert_eq!(says(&mut session, "exec /bin/true a"), "-1 out");
    assert_eq!(says(&mut session, "session edge show;exit"), "show!;exit!");
    assert_eq!(says(&mut session, "set key value"), "");
    assert!(does(&mut session, "delete key", 20_000).unwrap().is_err());
    assert_eq!(says(&mut session, "now"), "1750000000000");
    assert_eq!(services.asked().len(), 6);
    let began = services.began.lock().unwrap();
    assert_eq!(began[0].0, "configure");
    assert_eq!(began.len(), 8, "each call is told to the host: {began:?}");
}

#[test]
fn faults_end_and_a_fresh_instance_follows() {
    let (_runtime, mut session, _) = session();
    let late = Crash::Deadline(Duration::from_millis(150));
    assert_eq!(does(&mut session, "loop", 150), Err(late.clone()));
    assert_eq!(does(&mut session, "http http://never/", 150), Err(late));
    for deed in ["trap", "panic boom", "overflow"] {
        assert_eq!(says(&mut session, "echo before"), "before");
        assert!(matches!(does(&mut session, deed, 20_000), Err(Crash::Trap(_))), "{deed}");
    }
    for deed in ["flood 2000", "giant 5000000"] {
        assert!(matches!(does(&mut session, deed, 20_000), Err(Crash::Limit(_))), "{deed}");
    }
    assert!(matches!(does(&mut session, "answers 7", 20_000), Err(Crash::Protocol(_))));
    assert_eq!(says(&mut session, "calls"), "1", "this instance was not called before");
}

#[test]
fn a_configuration_is_refused_in_the_plugins_words() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let refused =
        |config: &str| plugin().session(config, Arc::new(Recorded::default()), runtime.handle()).unwrap_err();
    assert!(matches!(refused(r#"{"reject": "no"}"#), StartError::Refused(why) if why.message == "no"));
    assert!(matches!(refused(r#"{"start": "trap"}"#), StartError::Crashed(Crash::Trap(_))));
}
