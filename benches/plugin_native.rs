//! The bar of native plugins: a typed block beside the same source as a component.
//!
//! `cargo bench --bench plugin_native`
//!
//! Both sides are the fixture, built for release, and block one entry that is already blocked. The component is called
//! through `Guest`, as all are. The library is called in both of its ways: on the thread of its caller (`NativeSession`),
//! which is the bar, and through `Guest`, where each call changes threads twice to be watched; that is a note. Times are CPU
//! time of the whole process, medians of rounds in which the sides take turns.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_integrations::plugin::interface::{
    Command, CommandResult, Context, Entry, Guest, HttpRequest, HttpResponse, KvError, Level, Services,
    TransportError,
};
use autosec_integrations::plugin::native::{NativeLimits, NativePlugin, Runs};
use autosec_integrations::plugin::wasm::{WasmLimits, WasmRuntime, WasmRuntimeConfig};
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};
use tokio::runtime::{Builder, Runtime};

/// Rounds that count.
const ROUNDS: usize = 51;

/// Calls of a round.
const CALLS: u32 = 2_000;

fn main() {
    let library = match library() {
        Ok(library) => library,
        Err(why) => {
            println!("bar plugin/native-block-vs-wasm skipped ({why})");
            return;
        }
    };
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let load = async { NativePlugin::load(&library, Runs::InProcess, NativeLimits::default()).await };
    let plugin = runtime.block_on(load).unwrap();
    let mut session = plugin.session("{}", Arc::new(Host), runtime.handle().clone()).unwrap();
    let thread = runtime.block_on(plugin.configure("{}", Arc::new(Host))).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plugins/fixture.wasm");
    let sandbox =
        WasmRuntime::new(WasmRuntimeConfig { instances: 8, ..WasmRuntimeConfig::default() }).unwrap();
    let load = async { sandbox.load(std::fs::read(file).unwrap(), &WasmLimits::default()).await };
    let component = runtime.block_on(load).unwrap();
    let component = runtime.block_on(component.configure("{}", Arc::new(Host))).unwrap();

    let local = Builder::new_current_thread().enable_all().build().unwrap();
    let (context, entries) = (context(), [entry()]);
    let mut direct = || {
        for _ in 0..CALLS {
            session.block(&context, &entries).unwrap();
        }
    };
    let mut wasm = || blocks(&local, &component, &context, &entries, CALLS);
    let mut watched = || blocks(&local, &thread, &context, &entries, CALLS / 20);
    let (mut natives, mut wasms, mut watches) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let times = (each(CALLS, &mut direct), each(CALLS, &mut wasm), each(CALLS / 20, &mut watched));
        // The first round warms up.
        if round > 0 {
            natives.push(times.0);
            wasms.push(times.1);
            watches.push(times.2);
        }
    }
    let [native, wasm, watched] = [natives, wasms, watches].map(median);
    println!("note plugin/native-block {:.0} ns, component {:.0} ns", native * 1e9, wasm * 1e9);
    println!("note plugin/native-block watched on a thread of its own {:.1} us of CPU time", watched * 1e6);
    bar("plugin/native-block-vs-wasm", native / wasm, "ratio", Asks::AtMost(0.75));
}

/// The fixture as a library, built as authors build theirs.
fn library() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target/plugins");
    let mut cargo = Program::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--quiet", "--manifest-path"]);
    cargo.arg(root.join("examples/plugins/fixture/Cargo.toml")).arg("--target-dir").arg(&target);
    let built = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    let name = format!("{}fixture{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    if built.success() {
        Ok(target.join("release").join(name))
    } else {
        Err("the fixture does not build".to_owned())
    }
}

fn blocks(runtime: &Runtime, guest: &dyn Guest, context: &Context, entries: &[Entry], calls: u32) {
    runtime.block_on(async {
        for _ in 0..calls {
            guest.block(context, entries).await.unwrap();
        }
    });
}

/// Seconds of CPU time of the process, a call.
fn each(calls: u32, round: &mut dyn FnMut()) -> f64 {
    let before = cpu();
    round();
    (cpu() - before).as_secs_f64() / f64::from(calls)
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn context() -> Context {
    Context { correlation_id: "bench".to_owned(), deadline_ms: 60_000, dry_run: false }
}

fn entry() -> Entry {
    let [target, reason, idempotency_key] =
        ["203.0.113.7", "rule=scan risk=0.91", "k-203.0.113.7"].map(str::to_owned);
    Entry { target, ttl_secs: Some(3_600), reason, idempotency_key, extra: Vec::new() }
}

/// A host that nobody asks.
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
        0
    }

    fn random_u64(&self) -> u64 {
        0
    }

    async fn kv_get(&self, _: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(None)
    }

    async fn kv_set(&self, _: &str, _: Vec<u8>) -> Result<(), KvError> {
        Ok(())
    }

    async fn kv_delete(&self, _: &str) -> Result<(), KvError> {
        Ok(())
    }
}
