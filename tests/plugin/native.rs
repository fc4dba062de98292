//! Native plugins: what is taken for one, what becomes of one that misbehaves, on a thread and in a process of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use autosec_integrations::plugin::interface::{
    Context, Crash, Effect, Entry, Failure, FailureKind, Guest, Outcome,
};
use autosec_integrations::plugin::native::{
    Isolation, LoadError, NativeGuest, NativeLimits, NativePlugin, Runs, StartError,
};

use autosec_plugin_runner::abi::operation::CHECK_HEALTH;
use autosec_plugin_runner::message::{self, Opening, Order, Report};

use super::artifact;
use super::services::Notes;
use crate::support::folder::Folder;

fn isolated() -> Runs {
    Runs::Isolated(Isolation { memory: 256 << 20, ..Isolation::new(artifact::runner()) })
}

async fn loaded(runs: Runs) -> NativePlugin {
    let limits = NativeLimits { start: Duration::from_secs(60), answer: 1 << 20, ..NativeLimits::default() };
    NativePlugin::load(&artifact::native("fixture"), runs, limits).await.unwrap()
}

async fn configured(runs: Runs) -> (NativeGuest, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let guest = loaded(runs).await.configure(r#"{"key":"hush-9"}"#, notes.clone()).await.unwrap();
    (guest, notes)
}

/// The circumstances of a call that may take `deadline_ms`.
fn within(deadline_ms: u32) -> Context {
    Context { correlation_id: "test".to_owned(), deadline_ms, dry_run: false }
}

fn entry(target: &str, reason: &str) -> Entry {
    let [target, reason, idempotency_key] = [target, reason, "k"].map(str::to_owned);
    Entry { target, ttl_secs: Some(60), reason, idempotency_key, extra: Vec::new() }
}

/// What one deed of the fixture came to.
async fn deed(guest: &NativeGuest, words: &str, deadline_ms: u32) -> Result<Result<Outcome, Failure>, Crash> {
    let mut answers = guest.block(&within(deadline_ms), &[entry("192.0.2.1", words)]).await?;
    assert_eq!(answers.len(), 1);
    Ok(answers.remove(0))
}

/// The words that a deed of the fixture came to.
async fn said(guest: &NativeGuest, words: &str) -> String {
    let answer = deed(guest, words, 30_000).await.unwrap().unwrap();
    answer.detail.unwrap_or_default()
}

#[tokio::test]
async fn a_library_describes_itself_and_keeps_its_word_in_both_places() {
    for runs in [Runs::InProcess, isolated()] {
        let plugin = loaded(runs.clone()).await;
        assert_eq!(plugin.metadata().name, "fixture");
        assert_eq!(plugin.metadata().limits.max_batch, 1_000);
        let schema: serde_json::Value = serde_json::from_str(plugin.config_schema()).unwrap();
        assert!(schema.is_object());

        let (guest, _) = configured(runs).await;
        let [first, second] = ["192.0.2.1", "2001:db8::/48"].map(|target| entry(target, ""));
        let blocked = guest.block(&within(30_000), &[first.clone(), second.clone()]).await.unwrap();
        let effects: Vec<_> = blocked.iter().map(|outcome| outcome.as_ref().unwrap().effect).collect();
        assert_eq!(effects, [Effect::Applied; 2]);
        let dry = Context { dry_run: true, ..within(30_000) };
        let planned = guest.unblock(&dry, &["192.0.2.1".to_owned()]).await.unwrap();
        assert_eq!(planned[0].as_ref().unwrap().effect, Effect::Planned);
        let page = guest.list_blocked(&within(30_000), None, 1).await.unwrap().unwrap();
        assert_eq!((page.entries, page.next.as_deref()), (vec![first], Some("1")));
        let page = guest.list_blocked(&within(30_000), page.next.as_deref(), 9).await.unwrap().unwrap();
        assert_eq!((page.entries, page.next), (vec![second], None));
        let health = guest.check_health(&within(30_000)).await.unwrap().unwrap();
        assert_eq!(health.detail, "2 blocked");
    }
}

#[tokio::test]
async fn each_question_reaches_the_host_and_comes_back() {
    for runs in [Runs::InProcess, isolated()] {
        let (guest, notes) = configured(runs).await;
        assert_eq!(said(&guest, "http PUT https://edge.example/slow").await, "201 a\u{fffd}");
        assert_eq!(said(&guest, "exec /bin/a b").await, "3 /bin/a input");
        assert_eq!(said(&guest, "session edge a;b").await, "edge:a;edge:b");
        assert_eq!(said(&guest, "now").await, "1763860000000");
        assert_eq!(said(&guest, "random").await, "4");
        assert_eq!(said(&guest, "get a").await, "none");
        assert_eq!(said(&guest, "set a 1").await, "");
        assert_eq!(said(&guest, "get a").await, "1");
        assert_eq!(said(&guest, "delete a").await, "");
        assert_eq!(said(&guest, "log so it is").await, "");
        let refused = deed(&guest, "session none a", 30_000).await.unwrap().unwrap_err();
        assert_eq!(refused.kind, FailureKind::Denied);
        let asked = notes.lines.lock().unwrap().clone();
        assert_eq!(asked, ["PUT https://edge.example/slow", "Info so it is"]);
    }
}

#[tokio::test]
async fn a_panic_is_told_and_the_next_call_has_a_fresh_instance() {
    for runs in [Runs::InProcess, isolated()] {
        let (guest, _) = configured(runs).await;
        assert!(guest.block(&within(30_000), &[entry("192.0.2.7", "")]).await.unwrap()[0].is_ok());
        for words in ["boom", "once more"] {
            let crash = deed(&guest, &format!("panic {words}"), 30_000).await.unwrap_err();
            assert_eq!(crash, Crash::Trap(format!("it panicked: {words}")));
        }
        assert_eq!(said(&guest, "calls").await, "1", "the instance is a new one");
        assert_eq!(said(&guest, "config").await, r#"{"key":"hush-9"}"#, "and has its configuration");
    }
}

#[test]
fn a_session_is_called_on_the_thread_that_made_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let plugin = runtime.block_on(loaded(Runs::InProcess));
    let notes = Arc::new(Notes::default());
    let handle = runtime.handle();
    let refused = plugin.session(r#"{"reject":"no"}"#, notes.clone(), handle.clone()).unwrap_err();
    assert!(matches!(&refused, StartError::Refused(why) if why.message == "no"), "{refused}");
    let mut session = plugin.session("{}", notes.clone(), handle.clone()).unwrap();
    let context = within(1_000);
    let mut told = |words: &str| session.block(&context, &[entry("192.0.2.1", words)]);
    let detail = |told: Result<Vec<Result<Outcome, Failure>>, Crash>| told.unwrap().remove(0).unwrap().detail;
    assert_eq!(detail(told("http PUT https://edge.example/slow")).unwrap(), "201 a\u{fffd}", "it waits");
    assert_eq!(detail(told("now")).unwrap(), "1763860000000");
    assert_eq!(detail(told("")), None);
    assert_eq!(told("answers 2"), Err(Crash::Protocol("2 answers to 1 items".to_owned())));
    assert_eq!(told("panic boom"), Err(Crash::Trap("it panicked: boom".to_owned())));
    assert_eq!(told(""), Err(Crash::Gone("it panicked before".to_owned())));
    let mut session = plugin.session("{}", notes, handle.clone()).unwrap();
    let targets = ["192.0.2.1".to_owned()];
    assert_eq!(session.unblock(&context, &targets).unwrap()[0].as_ref().unwrap().effect, Effect::Absent);
    assert_eq!(session.list_blocked(&context, None, 1).unwrap().unwrap().entries, []);
    assert_eq!(session.check_health(&context).unwrap().unwrap().detail, "0 blocked");
}

#[tokio::test]
async fn one_that_breaks_off_again_and_again_rests() {
    let (guest, _) = configured(Runs::InProcess).await;
    for _ in 0..4 {
        assert!(matches!(deed(&guest, "panic", 30_000).await, Err(Crash::Trap(_))));
    }
    // After the fourth time in a row it is 400 ms.
    let told = deed(&guest, "echo a", 20).await.unwrap_err().to_string();
    assert!(told.contains("broke off 4 times in a row, and rests"), "{told}");
    assert_eq!(said(&guest, "echo a").await, "a");
}

#[tokio::test]
async fn what_is_over_a_limit_ends_the_call_and_not_the_plugin() {
    for runs in [Runs::InProcess, isolated()] {
        let (guest, _) = configured(runs).await;
        let giant = deed(&guest, "giant 2000000", 30_000).await.unwrap_err();
        assert!(matches!(&giant, Crash::Limit(_)), "{giant}");
        let flood = deed(&guest, "flood 5000", 30_000).await.unwrap_err();
        assert_eq!(flood, Crash::Limit("1000 calls of the host".to_owned()));
        let nag = said(&guest, "nag 2000000").await;
        assert_eq!(nag, "", "a question that is too large is not answered");
    }
}

#[tokio::test]
async fn a_call_that_waits_for_the_host_ends_at_its_deadline() {
    for runs in [Runs::InProcess, isolated()] {
        let (guest, _) = configured(runs).await;
        let before = Instant::now();
        let late = deed(&guest, "http GET https://edge.example/never", 100).await.unwrap_err();
        assert_eq!(late, Crash::Deadline(Duration::from_millis(100)));
        assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
        assert_eq!(said(&guest, "echo again").await, "again");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_a_plugin_that_works() {
    for runs in [Runs::InProcess, isolated()] {
        let (guest, _) = configured(runs).await;
        let call = deed(&guest, "http GET https://edge.example/never", 30_000);
        assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
        assert_eq!(said(&guest, "echo again").await, "again");
    }
}

#[tokio::test]
async fn a_hang_in_this_process_is_marked_and_harms_no_other() {
    let (hangs, _) = configured(Runs::InProcess).await;
    let (other, _) = configured(Runs::InProcess).await;
    let hung = tokio::join!(deed(&hangs, "loop", 300), async {
        for _ in 0..20 {
            assert_eq!(said(&other, "echo on").await, "on");
        }
    });
    assert_eq!(hung.0.unwrap_err(), Crash::Deadline(Duration::from_millis(300)));
    for _ in 0..2 {
        let gone = deed(&hangs, "echo a", 5_000).await.unwrap_err();
        assert!(matches!(&gone, Crash::Gone(why) if why.contains("did not come back")), "{gone}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn isolated_a_hang_is_killed_and_the_plugin_started_again() {
    let (guest, _) = configured(isolated()).await;
    let hung = deed(&guest, "loop", 300).await.unwrap_err();
    assert_eq!(hung, Crash::Deadline(Duration::from_millis(300)));
    assert_eq!(said(&guest, "echo again").await, "again");
}

#[cfg(unix)]
#[tokio::test]
async fn isolated_what_would_end_the_host_ends_one_process() {
    let (guest, _) = configured(isolated()).await;
    for misdeed in ["overflow", "trap", "hoard"] {
        let crash = deed(&guest, misdeed, 60_000).await.unwrap_err();
        let words = crash.to_string();
        assert!(matches!(crash, Crash::Trap(_)) && words.contains("its process ended, signal: 6"), "{words}");
        assert_eq!(said(&guest, "echo again").await, "again");
    }
    let bomb = said(&guest, "bomb").await;
    let taken: u64 = bomb.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    assert!(taken < 256, "{bomb}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn isolated_it_inherits_nothing() {
    let folder = Folder::new("inherits");
    let library = artifact::library(&folder.0, "looks", LOOKS);
    // A file that another library of the host left open to its children.
    let open = fs::File::open("/dev/null").unwrap();
    let kept = rustix::io::fcntl_dupfd_cloexec(&open, 200).unwrap();
    rustix::io::fcntl_setfd(&kept, rustix::io::FdFlags::empty()).unwrap();
    let plugin = NativePlugin::load(&library, isolated(), NativeLimits::default()).await;
    drop(kept);
    let told = plugin.unwrap_err().to_string();
    assert!(told.contains("panicked: descriptors [0, 1, 2, 3, 4, 5] variables 0 folder /"), "{told}");
}

/// A plugin that tells what it sees of its process, by its first panic.
const LOOKS: &str = r#"
    use std::ffi::c_void;
    type Call = extern "C" fn(*mut c_void, u32, *const u8, usize, *mut Buf) -> i32;
    #[repr(C)]
    pub struct Buf { start: *mut u8, length: usize, capacity: usize, free: Option<extern "C" fn(*mut Buf)> }
    #[repr(C)]
    pub struct Table {
        magic: [u8; 8], size: u32, abi: u32, encoding: u32, reserved: u32,
        create: extern "C" fn(*const c_void, *const u8, usize, *mut Buf, *mut *mut c_void) -> i32,
        call: Call, destroy: extern "C" fn(*mut c_void),
    }
    unsafe impl Sync for Table {}
    extern "C" fn create(_: *const c_void, _: *const u8, _: usize, _: *mut Buf, _: *mut *mut c_void) -> i32 { -2 }
    extern "C" fn destroy(_: *mut c_void) {}
    extern "C" fn call(_: *mut c_void, _: u32, _: *const u8, _: usize, out: *mut Buf) -> i32 {
        let mut open: Vec<u32> = std::fs::read_dir("/proc/self/fd").unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        open.sort_unstable();
        let folder = std::env::current_dir().unwrap();
        let words = format!("descriptors {open:?} variables {} folder {}", std::env::vars_os().count(), folder.display());
        let words = words.into_bytes().leak();
        unsafe { *out = Buf { start: words.as_mut_ptr(), length: words.len(), capacity: 0, free: None } };
        -1
    }
    #[unsafe(no_mangle)]
    pub static AUTOSEC_FIREWALL_V0: Table = Table {
        magic: *b"AUTOSEC\0", size: 48, abi: 1, encoding: 0, reserved: 0, create, call, destroy,
    };
"#;

#[cfg(unix)]
#[test]
fn isolated_it_ends_with_its_host_even_in_a_hang() {
    let opening = Opening {
        path: artifact::native("fixture").into_os_string().into_encoded_bytes(),
        largest_answer: 1_000,
        memory: 0,
        files: 0,
    };
    // The fixture does what the correlation id says; behind it stand the deadline and no dry run.
    let arguments = [&[4], &b"loop"[..], &[0, 0]].concat();
    let orders = [
        Order::Open(opening),
        Order::Create { config: b"{}".to_vec() },
        Order::Call { operation: CHECK_HEALTH, arguments },
    ];
    let mut runner = Command::new(artifact::runner());
    runner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut runner = runner.spawn().unwrap();
    let mut pipe = runner.stdin.take().unwrap();
    orders.iter().for_each(|order| pipe.write_all(&order.encode()).unwrap());
    let mut reports = runner.stdout.take().unwrap();
    for expected in [Report::Opened(0), Report::Done { code: 0, bytes: vec![0] }] {
        let report = message::read(&mut reports, 1_000).unwrap().unwrap();
        assert_eq!(Report::decode(&report), Some(expected));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(runner.try_wait().unwrap(), None, "it hangs");
    drop(pipe);
    assert!(!runner.wait().unwrap().success());
}

#[tokio::test]
async fn a_refused_configuration_is_told_in_the_plugins_words() {
    for runs in [Runs::InProcess, isolated()] {
        let plugin = loaded(runs).await;
        let refused = plugin.configure(r#"{"reject":"no address"}"#, Arc::new(Notes::default())).await;
        assert!(
            matches!(&refused, Err(StartError::Refused(why)) if why.message == "no address"),
            "{refused:?}"
        );
        let crashed = plugin.configure(r#"{"start":"panic at once"}"#, Arc::new(Notes::default())).await;
        let words = crashed.unwrap_err().to_string();
        assert_eq!(words, "the plugin broke off: it panicked: at once");
    }
}

#[tokio::test]
async fn no_secret_stands_in_a_debug() {
    let (guest, _) = configured(Runs::InProcess).await;
    let shown = format!("{guest:?} {:?}", loaded(Runs::InProcess).await);
    assert!(shown.contains("fixture") && !shown.contains("hush-9"), "{shown}");
}

/// The fixture with other bytes from `offset` of its table on.
fn altered(folder: &Path, name: &str, offset: usize, bytes: &[u8]) -> PathBuf {
    let mut library = fs::read(artifact::native("fixture")).unwrap();
    let head = [&b"AUTOSEC\0"[..], &48_u32.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    let places: Vec<usize> =
        library.windows(head.len()).enumerate().filter(|(_, at)| *at == head).map(|(at, _)| at).collect();
    let [place] = places[..] else { panic!("the table stands at {places:?}") };
    library[place + offset..place + offset + bytes.len()].copy_from_slice(bytes);
    let path = folder.join(name);
    fs::write(&path, library).unwrap();
    path
}

async fn refusal(path: &Path, runs: Runs) -> String {
    let refused = NativePlugin::load(path, runs, NativeLimits::default()).await.unwrap_err();
    assert!(matches!(refused, LoadError::Refused(_)), "{refused}");
    refused.to_string()
}

#[cfg(target_pointer_width = "64")]
#[tokio::test]
async fn what_is_no_plugin_of_this_interface_is_refused() {
    let folder = Folder::new("altered");
    let cases: [(&str, usize, &[u8], &str); 6] = [
        ("magic", 0, b"auto", "has a table that does not begin with `AUTOSEC`"),
        ("major", 14, &[1, 0], "speaks version 1.1 of the binary interface, this host 0.1"),
        ("minor", 12, &[2, 0], "speaks version 0.2 of the binary interface, this host 0.1"),
        ("short", 8, &[40, 0], "has a table of 40 bytes, which is too short"),
        ("encoding", 16, &[7], "has arguments in the encoding 7, which this host does not know"),
        ("letters", 7, b"x", "does not begin with `AUTOSEC`"),
    ];
    for (name, offset, bytes, expected) in cases {
        let path = altered(&folder.0, &format!("lib{name}.so"), offset, bytes);
        for runs in [Runs::InProcess, isolated()] {
            let told = refusal(&path, runs).await;
            assert!(told.contains(expected), "{told}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn half_a_library_and_other_files_are_refused() {
    let folder = Folder::new("files");
    let whole = fs::read(artifact::native("fixture")).unwrap();
    // The last part of this library is for debuggers alone, and may be missing.
    for part in [0, 3, 40, 100, 5_000, 100_000] {
        let path = folder.0.join(format!("part-{part}.so"));
        fs::write(&path, &whole[..part]).unwrap();
        let told = refusal(&path, Runs::InProcess).await;
        assert!(told.contains("is no whole library"), "{told}");
    }
    let missing = refusal(&folder.0.join("missing.so"), isolated()).await;
    assert!(missing.contains("missing.so` cannot be read"), "{missing}");
    let empty = artifact::library(&folder.0, "empty", "");
    let told = refusal(&empty, Runs::InProcess).await;
    assert!(told.contains("is no plugin: it has no `AUTOSEC_FIREWALL_V0`"), "{told}");
    let null = LOOKS
        .replace("call: Call, destroy", "call: usize, destroy")
        .replace("create, call, destroy", "create, call: 0, destroy");
    let null = artifact::library(&folder.0, "null", &null);
    let told = refusal(&null, Runs::InProcess).await;
    assert!(told.contains("has a null pointer in its table"), "{told}");
    let runs = Runs::Isolated(Isolation::new("/nowhere/runner"));
    let none = NativePlugin::load(&artifact::native("fixture"), runs, NativeLimits::default()).await;
    assert!(matches!(none, Err(LoadError::Runner { .. })), "{none:?}");
}

#[test]
fn both_sides_of_the_border_have_the_same_layout() {
    assert_eq!(autosec_plugin_runner::layout(), autosec_plugin::native::layout());
    #[cfg(target_pointer_width = "64")]
    assert_eq!(autosec_plugin_runner::layout().map(|table| table[0]), [48, 24, 32]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_plugin_in_c_works_by_the_header() {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: there is no C compiler `cc` here");
        return;
    }
    let folder = Folder::new("c");
    let library = folder.0.join("plain.so");
    let root = artifact::root();
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(&library);
    cc.arg("-I").arg(root.join("autosec-integrations/plugin-sdk/include"));
    artifact::run(cc.arg(root.join("tests/data/plugins/plain.c")));
    for runs in [Runs::InProcess, isolated()] {
        let plugin = NativePlugin::load(&library, runs, NativeLimits::default()).await.unwrap();
        assert_eq!(
            (plugin.metadata().name.as_str(), plugin.config_schema()),
            ("plain", r#"{"type":"object"}"#)
        );
        let refused = plugin.configure("7", Arc::new(Notes::default())).await.unwrap_err();
        assert_eq!(refused.to_string(), "the plugin refuses its configuration: it is no object");
        let notes = Arc::new(Notes::default());
        let guest = plugin.configure("{}", notes.clone()).await.unwrap();
        let entries = ["192.0.2.1", "192.0.2.2"].map(|target| entry(target, ""));
        let outcomes = guest.block(&within(30_000), &entries).await.unwrap();
        let effects: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().effect).collect();
        assert_eq!(effects, [Effect::Applied; 2]);
        assert_eq!(*notes.lines.lock().unwrap(), ["PUT https://edge.example/"]);
        let crash = guest.list_blocked(&within(30_000), None, 1).await.unwrap_err();
        assert_eq!(crash, Crash::Protocol("it does not know the operation".to_owned()));
    }
}
