//! The bars of plugins: calls, cold instances and loading, beside Extism.
//!
//! `cargo bench --bench plugin`
//!
//! Calls are in CPU time of the thread that makes them, loading in CPU time of the process, medians of rounds in which the
//! sides take turns. Ours go through `Guest`, which lets others run on its thread, and through `WasmSession`, which keeps the
//! thread as Extism does.
//!
//! Beside Extism both guests are a few lines of assembler that do the same, so that hosts are compared and not compilers.
//! * `call-64`: the guest copies the 64 bytes that it gets, eight at a time, and gives them back. Ours gets them in its memory,
//!   copies them once, and gives back a record with the text in it; Extism's copies them in and out, as its interface wants.
//! * `host-call`: it hands a copy to the host, and gives back the 64 bytes that the host says. The host takes a copy of what it
//!   is asked, and makes its answer anew, on both sides.
//! * `cold`: a fresh instance and one call of 64 bytes; ours is configured before, which is a call more.
//!
//! The lines that say `fixture` are the same deeds by the plugin that tests drive, in Rust with serde and a list of verbs to
//! compare with; all bars without Extism are its, too.

#[path = "support/lean.rs"]
mod lean;
mod support;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "support/extism/mod.rs"]
mod extism;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_integrations::plugin::interface::{
    Command, CommandResult, Context, Entry, Guest, HttpRequest, HttpResponse, KvError, Level, Services,
    TransportError,
};
use autosec_integrations::plugin::wasm::{
    Cache, WasmGuest, WasmLimits, WasmPlugin, WasmRuntime, WasmRuntimeConfig, WasmSession,
};
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};
use tokio::runtime::{Builder, Runtime};

/// Rounds that count, of about a millisecond each.
const ROUNDS: usize = 101;

fn main() {
    let bench = Bench::new();
    bench.loading();
    bench.memory();
    bench.instances();
    bench.calls();
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    match extism::compiled() {
        Ok(compiled) => bench.beside(&compiled),
        Err(why) => skipped(&why),
    }
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    skipped("Extism's library is looked for on Linux on x86-64 alone");
}

fn skipped(why: &str) {
    let calls =
        ["call-64-vs-extism", "call-64-sync-vs-extism", "host-call-vs-extism", "host-call-sync-vs-extism"];
    for name in calls.into_iter().chain(["cold-vs-extism"]) {
        println!("bar plugin/{name} skipped ({why})");
    }
}

struct Bench {
    tokio: Runtime,
    file: Vec<u8>,
    fixture: WasmPlugin,
    echo: WasmPlugin,
    ask: WasmPlugin,
}

impl Bench {
    fn new() -> Self {
        let tokio = Builder::new_current_thread().enable_all().build().unwrap();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plugins/fixture.wasm");
        let file = std::fs::read(file).unwrap();
        let runtime = runtime(None);
        let [fixture, echo, ask] = [file.clone(), lean::echo(), lean::ask()]
            .map(|file| tokio.block_on(runtime.load(file, &WasmLimits::default())).unwrap());
        println!("note plugin fixture of {} bytes, rustc-web, opt-level s", file.len());
        Self { tokio, file, fixture, echo, ask }
    }

    fn guest(&self, plugin: &WasmPlugin) -> WasmGuest {
        self.tokio.block_on(plugin.configure("{}", Arc::new(Host))).unwrap()
    }

    /// The same component compiled, and taken from the cache: checked, described, ready to be configured.
    fn loading(&self) {
        let folder = std::env::temp_dir().join(format!("autosec-bench-cache-{}", std::process::id()));
        let cache = Cache::open(&folder, b"a key for the length of a bench").unwrap();
        let load = |cache: Option<Cache>| {
            let runtime = runtime(cache);
            move || {
                let limits = WasmLimits::default();
                drop(self.tokio.block_on(runtime.load(self.file.clone(), &limits)).unwrap());
            }
        };
        let (mut cold, mut warm) = (load(None), load(Some(cache)));
        warm();
        let cold = median((0..5).map(|_| cpu_time(ClockId::ProcessCPUTime, &mut cold)).collect());
        let warm = median((0..ROUNDS).map(|_| cpu_time(ClockId::ProcessCPUTime, &mut warm)).collect());
        std::fs::remove_dir_all(&folder).unwrap();
        bar("plugin/warm-load", warm * 1e3, "ms", Asks::AtMost(1.0));
        bar("plugin/warm-vs-cold-load", cold / warm, "ratio", Asks::AtLeast(100.0));
    }

    /// Resident memory of plugins that were configured and called.
    fn memory(&self) {
        const LIVE: u32 = 200;
        let context = context("echo");
        let call = |guest: &WasmGuest| drop(self.tokio.block_on(guest.check_health(&context)).unwrap());
        call(&self.guest(&self.fixture));
        let before = resident();
        let live: Vec<WasmGuest> = (0..LIVE).map(|_| self.guest(&self.fixture)).collect();
        live.iter().for_each(call);
        match (before, resident()) {
            (Some(before), Some(after)) => {
                let [all, own] =
                    [0, 1].map(|part| after[part].saturating_sub(before[part]) as f64 / f64::from(LIVE));
                // The plugin's image is one for all, and stands in each one's address space.
                println!("note plugin/memory-an-instance with its view of the shared image {all:.2} KiB");
                bar("plugin/memory-an-instance", own, "KiB", Asks::AtMost(40.0));
            }
            _ => println!("bar plugin/memory-an-instance skipped (no /proc/self/status)"),
        }
    }

    /// A fresh instance, configured, called and dropped.
    fn instances(&self) {
        let mut side = self.cold(&self.fixture);
        let rounds = turns([&mut side]);
        bar("plugin/cold-instance-and-call", median(rounds[0].clone()) * 1e6, "us", Asks::AtMost(40.0));
    }

    /// What calls cost by what they carry.
    fn calls(&self) {
        let guest = self.guest(&self.fixture);
        for (name, deed) in [("an echo of 64 bytes", &*text(64)), ("a call of the host", "now")] {
            let one = cpu_of(&mut self.health(&guest, deed, 500));
            println!("note plugin/call {name}: {:.0} ns", one * 1e9);
        }
        let block = |entries| cpu_of(&mut self.blocks(&guest, entries, ClockId::ThreadCPUTime));
        let (one, many) = (block(1), block(200));
        println!("note plugin/block 1 entry {:.0} ns, 200 entries {:.1} us", one * 1e9, many * 1e6);
    }

    /// Seconds of a call of `block` with so many entries.
    fn blocks<'b>(
        &'b self,
        guest: &'b dyn Guest,
        entries: usize,
        clock: ClockId,
    ) -> impl FnMut() -> f64 + 'b {
        let entries: Vec<Entry> = (0..entries).map(entry).collect();
        let context = context("block");
        let times = u32::try_from(1000 / entries.len()).unwrap();
        move || {
            let calls = async {
                for _ in 0..times {
                    drop(std::hint::black_box(guest.block(&context, &entries).await.unwrap()));
                }
            };
            cpu_time(clock, || self.tokio.block_on(calls)) / f64::from(times)
        }
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn beside(&self, compiled: &extism::Compiled) {
        let theirs = |export: &'static std::ffi::CStr, input: Vec<u8>, times: u32| {
            let plugin = compiled.plugin();
            assert_eq!(plugin.call(export, &input).len(), input.len());
            move || {
                let calls =
                    || (0..times).for_each(|_| drop(std::hint::black_box(plugin.call(export, &input))));
                thread_time(calls) / f64::from(times)
            }
        };
        let key = "k".repeat(60);
        let calls = [
            ("call-64", &self.echo, text(64), c"echo", 500, [Some(6.0), Some(8.0)]),
            ("call-64-fixture", &self.fixture, text(64), c"echo", 500, [None, None]),
            ("host-call", &self.ask, format!("get {key}"), c"ask", 300, [Some(4.0), Some(4.0)]),
            ("host-call-fixture", &self.fixture, format!("get {key}"), c"ask", 300, [None, None]),
            ("call-64k", &self.echo, text(64 << 10), c"echo", 20, [None, None]),
        ];
        for (name, plugin, deed, export, times, [asks, asks_here]) in calls {
            let mut theirs = theirs(export, deed.clone().into_bytes(), times);
            let guest = self.guest(plugin);
            let mut session = plugin.session("{}", Arc::new(Host), self.tokio.handle()).unwrap();
            let mut ours = self.health(&guest, &deed, times);
            let mut here = health_here(&mut session, &deed, times);
            let [ours, here, theirs] = turns([&mut ours, &mut here, &mut theirs]);
            report(&format!("{name}-vs-extism"), [&ours, &theirs], asks);
            report(&format!("{name}-sync-vs-extism"), [&here, &theirs], asks_here);
        }
        for (name, plugin, asks) in [("cold", &self.echo, Some(4.0)), ("cold-fixture", &self.fixture, None)] {
            let mut theirs = || {
                let calls = || (0..20).for_each(|_| drop(compiled.plugin().call(c"echo", &[b'x'; 64])));
                thread_time(calls) / 20.0
            };
            let [ours, theirs] = turns([&mut self.cold(plugin), &mut theirs]);
            report(&format!("{name}-vs-extism"), [&ours, &theirs], asks);
        }
    }

    /// Seconds of a call of `check_health` whose words are the deed: the smallest answer with a text.
    fn health<'b>(&'b self, guest: &'b WasmGuest, deed: &str, times: u32) -> impl FnMut() -> f64 + 'b {
        let context = context(deed);
        move || {
            let calls = async {
                for _ in 0..times {
                    drop(std::hint::black_box(guest.check_health(&context).await.unwrap().unwrap()));
                }
            };
            thread_time(|| self.tokio.block_on(calls)) / f64::from(times)
        }
    }

    /// Seconds of an instance from the pool, configured, called with 64 bytes and given back.
    fn cold<'b>(&'b self, plugin: &'b WasmPlugin) -> impl FnMut() -> f64 + 'b {
        let context = context(&text(64));
        move || {
            let instances = async {
                for _ in 0..20 {
                    let guest = plugin.configure("{}", Arc::new(Host)).await.unwrap();
                    drop(guest.check_health(&context).await.unwrap());
                }
            };
            thread_time(|| self.tokio.block_on(instances)) / 20.0
        }
    }
}

/// The same through a session.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn health_here<'b>(session: &'b mut WasmSession, deed: &str, times: u32) -> impl FnMut() -> f64 + 'b {
    let context = context(deed);
    move || {
        let calls = || {
            (0..times)
                .for_each(|_| drop(std::hint::black_box(session.check_health(&context).unwrap().unwrap())))
        };
        thread_time(calls) / f64::from(times)
    }
}

fn report(name: &str, rounds: [&Vec<f64>; 2], asks: Option<f64>) {
    let ratio = median(rounds[0].iter().zip(rounds[1]).map(|(ours, theirs)| theirs / ours).collect());
    let [ours, theirs] = rounds.map(|side| median(side.clone()) * 1e6);
    println!("note plugin/{name} ours {ours:.2} us, extism {theirs:.2} us: {ratio:.2}");
    if let Some(least) = asks {
        bar(&format!("plugin/{name}"), ratio, "ratio", Asks::AtLeast(least));
    }
}

/// What the host says to whatever it is asked, on both sides.
fn said(asked: &[u8]) -> Vec<u8> {
    vec![asked.first().copied().unwrap_or_default(); 64]
}

#[derive(Debug)]
struct Host;

#[async_trait]
impl Services for Host {
    async fn http(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        Err(TransportError::Unsupported)
    }

    async fn exec(&self, _: Command) -> Result<CommandResult, TransportError> {
        Err(TransportError::Unsupported)
    }

    async fn session_exec(
        &self,
        _: &str,
        _: Vec<String>,
        _: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        Err(TransportError::Unsupported)
    }

    fn log(&self, _: Level, _: &str) {}

    fn now_ms(&self) -> u64 {
        1_750_000_000_000
    }

    fn random_u64(&self) -> u64 {
        4
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(Some(said(key.as_bytes())))
    }

    async fn kv_set(&self, _: &str, _: Vec<u8>) -> Result<(), KvError> {
        Ok(())
    }

    async fn kv_delete(&self, _: &str) -> Result<(), KvError> {
        Ok(())
    }
}

fn runtime(cache: Option<Cache>) -> WasmRuntime {
    WasmRuntime::new(WasmRuntimeConfig { cache, ..WasmRuntimeConfig::default() }).unwrap()
}

fn context(deed: &str) -> Context {
    Context { correlation_id: deed.to_owned(), deadline_ms: 20_000, dry_run: false }
}

/// A deed of this length that echoes the rest of itself.
fn text(length: usize) -> String {
    format!("echo {}", "x".repeat(length - 5))
}

fn entry(number: usize) -> Entry {
    Entry {
        target: format!("192.0.2.{}", number % 256),
        ttl_secs: Some(3600),
        reason: "echo rule=ssh-bf;id=42".to_owned(),
        idempotency_key: format!("{number:016x}"),
        extra: Vec::new(),
    }
}

fn thread_time(run: impl FnOnce()) -> f64 {
    cpu_time(ClockId::ThreadCPUTime, run)
}

/// Seconds of CPU time that `run` takes.
fn cpu_time(clock: ClockId, run: impl FnOnce()) -> f64 {
    let now = || {
        let time = clock_gettime(clock);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let before = now();
    run();
    (now() - before).as_secs_f64()
}

fn cpu_of(side: &mut dyn FnMut() -> f64) -> f64 {
    median(turns([side])[0].clone())
}

/// What the sides took in each round, after a few that do not count. Who goes first alternates.
fn turns<const N: usize>(sides: [&mut dyn FnMut() -> f64; N]) -> [Vec<f64>; N] {
    let mut taken = [const { Vec::new() }; N];
    for round in 0..ROUNDS + 5 {
        for turn in 0..N {
            let at = (round + turn) % N;
            let seconds = sides[at]();
            if round >= 5 {
                taken[at].push(seconds);
            }
        }
    }
    taken
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resident memory of this process in KiB: all that is mapped, a page as often as it is, and what is its own.
fn resident() -> Option<[u64; 2]> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = |name| status.lines().find_map(|line| line.strip_prefix(name));
    let number = |name| line(name)?.trim().trim_end_matches(" kB").parse().ok();
    Some([number("VmRSS:")?, number("RssAnon:")?])
}
