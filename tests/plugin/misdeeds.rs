//! Native plugins that lie, hang or die at the worst moment: what they leave behind is nothing.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use autosec_integrations::plugin::interface::{Context, Crash, Entry, Guest, Services};
use autosec_integrations::plugin::native::{
    Isolation, LoadError, NativeGuest, NativeLimits, NativePlugin, Runs,
};

use super::artifact;
use super::services::Notes;
use crate::support::folder::Folder;

/// A plugin without a line of the SDK: `CREATE` and `CALL` are what it does to be configured and for a block.
const PLAIN: &str = r##"
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicU32, Ordering};
    #[repr(C)]
    pub struct Buf { start: *mut u8, length: usize, capacity: usize, free: Option<extern "C" fn(*mut Buf)> }
    #[repr(C)]
    pub struct Table {
        magic: [u8; 8], size: u32, abi: u32, encoding: u32, reserved: u32,
        create: extern "C" fn(*const c_void, *const u8, usize, *mut Buf, *mut *mut c_void) -> i32,
        call: extern "C" fn(*mut c_void, u32, *const u8, usize, *mut Buf) -> i32,
        destroy: extern "C" fn(*mut c_void),
    }
    unsafe impl Sync for Table {}
    static MADE: AtomicU32 = AtomicU32::new(0);
    fn say(out: *mut Buf, words: String) -> i32 {
        let words = words.into_bytes().leak();
        unsafe { *out = Buf { start: words.as_mut_ptr(), length: words.len(), capacity: 0, free: None } };
        0
    }
    #[allow(dead_code)]
    fn hang() -> ! { loop { std::thread::sleep(std::time::Duration::from_secs(1)) } }
    extern "C" fn create(_: *const c_void, _: *const u8, _: usize, out: *mut Buf, made: *mut *mut c_void) -> i32 {
        let times = MADE.fetch_add(1, Ordering::Relaxed);
        let _ = (times, made);
        CREATE
        say(out, "{\"Ok\":null}".to_owned())
    }
    extern "C" fn call(instance: *mut c_void, operation: u32, _: *const u8, _: usize, out: *mut Buf) -> i32 {
        match operation {
            0 => say(out, format!("{{\"name\":\"plain\",\"vendor\":\"nobody\",\"version\":\"{}\",\
                \"ipv4\":{{\"shortest\":32,\"longest\":32}},\"ipv6\":null,\"features\":{{\"ttl\":false,\"listing\":false,\
                \"native_batch\":true,\"atomic\":false,\"dry_run\":false,\"commit_required\":false}},\"limits\":{{\
                \"max_batch\":9,\"max_entries\":null,\"max_ttl_secs\":null,\"min_interval_ms\":0}},\"extra\":[]}}",
                std::process::id())),
            1 => say(out, "\"{}\"".to_owned()),
            _ => {
                assert!(!instance.is_null(), "it is called without an instance");
                CALL
            }
        }
    }
    extern "C" fn destroy(_: *mut c_void) {}
    #[unsafe(no_mangle)]
    pub static AUTOSEC_FIREWALL_V0: Table = Table {
        magic: *b"AUTOSEC\0", size: 48, abi: 1, encoding: 1, reserved: 0, create, call, destroy,
    };
"##;

/// A pointer that is not null and never followed.
const MAKES: &str = "unsafe { *made = 8 as *mut c_void };";

fn library(folder: &Path, name: &str, create: &str, call: &str) -> PathBuf {
    artifact::library(folder, name, &PLAIN.replace("CREATE", create).replace("CALL", call))
}

fn isolated() -> Runs {
    Runs::Isolated(Isolation::new(artifact::runner()))
}

async fn load(path: &Path, runs: Runs) -> NativePlugin {
    let limits = NativeLimits { start: Duration::from_secs(30), ..NativeLimits::default() };
    NativePlugin::load(path, runs, limits).await.unwrap()
}

async fn block(guest: &NativeGuest, deadline_ms: u32) -> Crash {
    let context = Context { correlation_id: "test".to_owned(), deadline_ms, dry_run: false };
    let [target, reason, idempotency_key] = ["192.0.2.1", "", "k"].map(str::to_owned);
    let entry = Entry { target, ttl_secs: None, reason, idempotency_key, extra: Vec::new() };
    guest.block(&context, &[entry]).await.unwrap_err()
}

#[tokio::test]
async fn one_that_hangs_when_it_is_started_again_is_not_started_over_and_over() {
    let folder = Folder::new("again");
    let path = library(&folder.0, "again", &format!("{MAKES} if times > 0 {{ hang() }}"), "-1");
    let guest = load(&path, Runs::InProcess).await.configure("{}", Arc::new(Notes::default())).await.unwrap();
    assert!(matches!(block(&guest, 5_000).await, Crash::Trap(_)));
    assert!(matches!(block(&guest, 500).await, Crash::Deadline(_)), "its second instance hangs");
    for _ in 0..2 {
        let gone = block(&guest, 5_000).await;
        assert!(matches!(&gone, Crash::Gone(why) if why.contains("did not come back")), "{gone}");
    }
}

#[tokio::test]
async fn one_that_makes_no_instance_is_not_called() {
    let folder = Folder::new("none");
    let path = library(&folder.0, "none", "", "-1");
    for runs in [Runs::InProcess, isolated()] {
        let guest = load(&path, runs).await.configure("{}", Arc::new(Notes::default())).await.unwrap();
        assert_eq!(block(&guest, 5_000).await, Crash::Protocol("it made no instance".to_owned()));
    }
}

#[tokio::test]
async fn frames_without_end_or_measure_are_not_read() {
    // Its own words in the place of the runner's: the pipe to the host is one of these.
    let writes = |bytes: &str| {
        format!(
            "use std::os::fd::FromRawFd; use std::io::Write;
             for number in 3..16 {{
                 let mut pipe = std::mem::ManuallyDrop::new(unsafe {{ std::fs::File::from_raw_fd(number) }});
                 let _ = pipe.write_all({bytes});
             }}
             hang()"
        )
    };
    let folder = Folder::new("frames");
    let (giant, endless, empty) =
        (writes("&[0xff; 64]"), writes("&[0, 16, 0, 0, 2, 0, 0, 0, 0]"), writes("&[0, 0, 0, 0]"));
    for (name, call) in [("giant", giant), ("empty", empty)] {
        let path = library(&folder.0, name, MAKES, &call);
        let guest = load(&path, isolated()).await.configure("{}", Arc::new(Notes::default())).await.unwrap();
        let words = block(&guest, 30_000).await.to_string();
        assert!(words.contains("its process does not keep to the order of reports"), "{words}");
    }
    let path = library(&folder.0, "endless", MAKES, &endless);
    let guest = load(&path, isolated()).await.configure("{}", Arc::new(Notes::default())).await.unwrap();
    assert_eq!(block(&guest, 500).await, Crash::Deadline(Duration::from_millis(500)));
}

#[tokio::test]
async fn lies_about_lengths_are_not_believed() {
    let buf = |start: &str, length: &str| {
        format!("unsafe {{ *out = Buf {{ start: {start}, length: {length}, capacity: 0, free: None }} }}; 0")
    };
    let folder = Folder::new("lengths");
    for (name, call, expected) in [
        ("huge", buf("8 as *mut u8", "usize::MAX"), "went over its limit of 4194304 bytes at once"),
        ("null", buf("std::ptr::null_mut()", "9"), "its answer is no bytes"),
        ("nothing", buf("8 as *mut u8", "0"), "its answer is not of the kind"),
        (
            "bytes",
            "say(out, unsafe { String::from_utf8_unchecked(vec![b'\"', 0xff, b'\"']) })".to_owned(),
            "not of the kind",
        ),
        ("deep", "say(out, \"[\".repeat(1 << 20))".to_owned(), "not of the kind"),
        ("code", "77".to_owned(), "it answered with code 77"),
    ] {
        let path = library(&folder.0, name, MAKES, &call);
        for runs in [Runs::InProcess, isolated()] {
            let guest = load(&path, runs).await.configure("{}", Arc::new(Notes::default())).await.unwrap();
            let words = block(&guest, 30_000).await.to_string();
            assert!(words.contains(expected), "{name}: {words}");
        }
    }
}

/// Whether something becomes true within a while.
#[cfg(target_os = "linux")]
async fn soon(is_true: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !is_true() {
        if begun.elapsed() > Duration::from_secs(20) {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

/// Whether a process is gone, its remains too, within a while.
#[cfg(target_os = "linux")]
async fn is_reaped(process: u32) -> bool {
    soon(|| !Path::new(&format!("/proc/{process}")).exists()).await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_is_given_up_leaves_no_remains() {
    let folder = Folder::new("remains");
    // It refuses its configuration and names its process.
    let refuses = "let _ = say; return say(out, format!(\"{{\\\"Err\\\":{{\\\"kind\\\":\\\"InvalidConfig\\\",\\\"message\\\":\
        \\\"{}\\\",\\\"retry_after_ms\\\":null,\\\"extra\\\":[]}}}}\", std::process::id()));";
    let path = library(&folder.0, "remains", &format!("#[allow(unreachable_code)] {{ {refuses} }}"), "-1");
    let plugin = load(&path, isolated()).await;
    let described: u32 = plugin.metadata().version.parse().unwrap();
    assert!(is_reaped(described).await, "the process that described itself is a zombie");
    let refused = plugin.configure("{}", Arc::new(Notes::default())).await.unwrap_err().to_string();
    let refusing: u32 = refused.rsplit(' ').next().unwrap().parse().unwrap();
    assert_ne!(described, refusing);
    assert!(is_reaped(refusing).await, "the process that refused its configuration is a zombie");
}

/// Whether nothing of a process runs any more, within a while. Its remains are for whoever is its parent now.
#[cfg(target_os = "linux")]
async fn has_ended(process: &str) -> bool {
    let is_over = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    soon(is_over).await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_an_isolated_plugin_starts_ends_with_it() {
    let folder = Folder::new("starts");
    let started = folder.0.join("started");
    let starts = format!(
        "let script = \"echo $$ > {0}; mv {0} {0}.now; exec sleep 600\";
         std::process::Command::new(\"/bin/sh\").args([\"-c\", script]).env(\"PATH\", \"/usr/bin:/bin\").spawn().unwrap();
         while !std::path::Path::new(\"{0}.now\").exists() {{ std::thread::yield_now() }}",
        started.display()
    );
    let now = started.with_extension("now");
    for (name, then) in [("hangs", "hang()"), ("breaks", "std::process::abort()"), ("stays", "-1")] {
        let path = library(&folder.0, name, MAKES, &format!("{{ {starts} }} {then}"));
        let guest = load(&path, isolated()).await.configure("{}", Arc::new(Notes::default())).await.unwrap();
        let crash = block(&guest, 3_000).await;
        match name {
            "hangs" => assert!(matches!(crash, Crash::Deadline(_)), "{crash}"),
            "breaks" => assert!(crash.to_string().contains("its process ended, signal: 6"), "{crash}"),
            _ => drop(guest),
        }
        let child = std::fs::read_to_string(&now).unwrap();
        assert!(has_ended(child.trim()).await, "{name}: its child {child} lives on");
        std::fs::remove_file(&now).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_memory_of_a_process_is_known_and_that_of_a_thread_is_not() {
    let folder = Folder::new("memory");
    let takes = format!("{MAKES} std::mem::forget(std::hint::black_box(vec![1_u8; 48 << 20]));");
    let path = library(&folder.0, "memory", &takes, "-1");
    let plugin = load(&path, isolated()).await;
    let before = plugin.memory_peak().unwrap();
    assert!((1 << 16..32 << 20).contains(&before), "{before}");
    let guest = plugin.configure("{}", Arc::new(Notes::default())).await.unwrap();
    let alive = plugin.memory_peak().unwrap();
    assert!((48 << 20..256 << 20).contains(&alive), "{alive}");
    drop(guest);
    assert!(plugin.memory_peak().unwrap() >= alive, "it is remembered");
    assert_eq!(load(&path, Runs::InProcess).await.memory_peak(), None);
}

#[tokio::test]
async fn the_host_is_told_that_a_call_begins_before_anything_is_asked_in_it() {
    let notes = Arc::new(Notes::default());
    let limits = NativeLimits { start: Duration::from_secs(30), ..NativeLimits::default() };
    let plugin = NativePlugin::load(&artifact::native("fixture"), Runs::InProcess, limits).await.unwrap();
    let config = r#"{"start":"http PUT https://edge.example/slow"}"#;
    let guest = plugin.configure(config, Arc::clone(&notes) as Arc<dyn Services>).await.unwrap();
    let context = |deadline_ms| Context { correlation_id: "test".to_owned(), deadline_ms, dry_run: false };
    let entry = |reason: &str| {
        let [target, reason, idempotency_key] = ["192.0.2.1", reason, "k"].map(str::to_owned);
        [Entry { target, ttl_secs: None, reason, idempotency_key, extra: Vec::new() }]
    };
    guest.block(&context(30_000), &entry("panic boom")).await.unwrap_err();
    let late = guest.block(&context(5), &entry("calls")).await.unwrap_err();
    assert!(matches!(late, Crash::Deadline(_)), "to be configured takes 20 ms, and the call has 5: {late}");
    guest.block(&context(20_000), &entry("calls")).await.unwrap();
    let began: Vec<(String, u32)> = notes.began.lock().unwrap().clone();
    let expected = [("configure", 30_000), ("test", 30_000), ("test", 5), ("test", 20_000)];
    assert_eq!(began, expected.map(|(name, ms)| (name.to_owned(), ms)));
}

#[tokio::test]
async fn a_runner_that_is_no_runner_is_told_of() {
    for (runner, words) in [
        ("/bin/cat", "cannot be opened"),
        ("/bin/true", "cannot be opened"),
        ("/dev/null", "cannot be started"),
    ] {
        let limits = NativeLimits { start: Duration::from_secs(2), ..NativeLimits::default() };
        let runs = Runs::Isolated(Isolation::new(runner));
        let error = NativePlugin::load(&artifact::native("fixture"), runs, limits).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(words) || matches!(error, LoadError::Silent(Crash::Protocol(_))),
            "{runner}: {text}"
        );
    }
}
