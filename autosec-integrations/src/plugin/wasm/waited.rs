//! The imports of a session: those of [`imports`](super::imports), for which its thread waits.

use tokio::runtime::Handle;
use wasmtime::Result;
use wasmtime::component::{Linker, LinkerInstance};

use super::imports::{counted, host, types};
use super::state::State;
use crate::plugin::interface::waiting::wait;
use crate::plugin::interface::{Command, Crash, HttpRequest};

/// A linker that knows all the imports of the interface. What the services wait for is waited for in `runtime`.
pub(super) fn linker(engine: &wasmtime::Engine, runtime: &Handle) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    types(&mut linker)?;
    transport(&mut linker.instance("autosec:firewall/transport@0.1.0")?, runtime)?;
    host(&mut linker.instance("autosec:firewall/host@0.1.0")?)?;
    kv(&mut linker.instance("autosec:firewall/kv@0.1.0")?, runtime)?;
    Ok(linker)
}

fn transport(instance: &mut LinkerInstance<'_, State>, runtime: &Handle) -> Result<()> {
    let within = runtime.clone();
    instance.func_wrap("http", move |mut store, (request,): (HttpRequest,)| {
        let state = counted(&mut store)?;
        Ok((answer(&within, state, state.services.http(request))?,))
    })?;
    let within = runtime.clone();
    instance.func_wrap("exec", move |mut store, (command,): (Command,)| {
        let state = counted(&mut store)?;
        Ok((answer(&within, state, state.services.exec(command))?,))
    })?;
    let within = runtime.clone();
    instance.func_wrap(
        "session-exec",
        move |mut store, (session, lines, timeout_ms): (String, Vec<String>, Option<u32>)| {
            let state = counted(&mut store)?;
            Ok((answer(&within, state, state.services.session_exec(&session, lines, timeout_ms))?,))
        },
    )
}

fn kv(instance: &mut LinkerInstance<'_, State>, runtime: &Handle) -> Result<()> {
    let within = runtime.clone();
    instance.func_wrap("get", move |mut store, (key,): (String,)| {
        let state = counted(&mut store)?;
        Ok((answer(&within, state, state.services.kv_get(&key))?,))
    })?;
    let within = runtime.clone();
    instance.func_wrap("set", move |mut store, (key, value): (String, Vec<u8>)| {
        let state = counted(&mut store)?;
        Ok((answer(&within, state, state.services.kv_set(&key, value))?,))
    })?;
    let within = runtime.clone();
    instance.func_wrap("delete", move |mut store, (key,): (String,)| {
        let state = counted(&mut store)?;
        Ok((answer(&within, state, state.services.kv_delete(&key))?,))
    })
}

/// What a call of the host came to, unless the time is over before.
fn answer<R>(runtime: &Handle, state: &State, answer: impl Future<Output = R>) -> Result<R, Crash> {
    wait(runtime, state.within(answer))
}
