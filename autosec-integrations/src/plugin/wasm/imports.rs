//! The functions that a component imports. Each counts, waits no longer than the call may take, and leaves the rest to the
//! one [`Services`](crate::plugin::interface::Services).

use wasmtime::component::{Linker, LinkerInstance};
use wasmtime::{Result, StoreContextMut};

use super::state::State;
use crate::plugin::interface::{Command, HttpRequest, Level};

/// A linker that knows all the imports of the interface.
pub(super) fn linker(engine: &wasmtime::Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    types(&mut linker)?;
    transport(&mut linker.instance("autosec:firewall/transport@0.1.0")?)?;
    host(&mut linker.instance("autosec:firewall/host@0.1.0")?)?;
    kv(&mut linker.instance("autosec:firewall/kv@0.1.0")?)?;
    Ok(linker)
}

/// It holds nothing but types, which need no definition.
pub(super) fn types(linker: &mut Linker<State>) -> Result<()> {
    linker.instance("autosec:firewall/types@0.1.0").map(drop)
}

fn transport(instance: &mut LinkerInstance<'_, State>) -> Result<()> {
    instance.func_wrap_async("http", |mut store, (request,): (HttpRequest,)| {
        Box::new(async move {
            let state = counted(&mut store)?;
            Ok((state.within(state.services.http(request)).await?,))
        })
    })?;
    instance.func_wrap_async("exec", |mut store, (command,): (Command,)| {
        Box::new(async move {
            let state = counted(&mut store)?;
            Ok((state.within(state.services.exec(command)).await?,))
        })
    })?;
    instance.func_wrap_async(
        "session-exec",
        |mut store, (session, lines, timeout_ms): (String, Vec<String>, Option<u32>)| {
            Box::new(async move {
                let state = counted(&mut store)?;
                let answers = state.services.session_exec(&session, lines, timeout_ms);
                Ok((state.within(answers).await?,))
            })
        },
    )
}

pub(super) fn host(instance: &mut LinkerInstance<'_, State>) -> Result<()> {
    instance.func_wrap("log", |mut store, (level, message): (Level, String)| {
        counted(&mut store)?.services.log(level, &message);
        Ok(())
    })?;
    instance.func_wrap("now-ms", |mut store, (): ()| Ok((counted(&mut store)?.services.now_ms(),)))?;
    instance.func_wrap("random-u64", |mut store, (): ()| Ok((counted(&mut store)?.services.random_u64(),)))
}

fn kv(instance: &mut LinkerInstance<'_, State>) -> Result<()> {
    instance.func_wrap_async("get", |mut store, (key,): (String,)| {
        Box::new(async move {
            let state = counted(&mut store)?;
            Ok((state.within(state.services.kv_get(&key)).await?,))
        })
    })?;
    instance.func_wrap_async("set", |mut store, (key, value): (String, Vec<u8>)| {
        Box::new(async move {
            let state = counted(&mut store)?;
            Ok((state.within(state.services.kv_set(&key, value)).await?,))
        })
    })?;
    instance.func_wrap_async("delete", |mut store, (key,): (String,)| {
        Box::new(async move {
            let state = counted(&mut store)?;
            Ok((state.within(state.services.kv_delete(&key)).await?,))
        })
    })
}

/// What is known of the instance, whose services are asked once more.
pub(super) fn counted<'s>(store: &'s mut StoreContextMut<'_, State>) -> Result<&'s State> {
    let state = store.data_mut();
    state.count()?;
    Ok(state)
}
