//! The functions that a component imports. Each counts, waits no longer than the call may take, and leaves the rest to the
//! one [`Services`](crate::plugin::interface::Services).

use std::sync::Arc;

use wasmtime::component::{Linker, LinkerInstance};
use wasmtime::{Result, StoreContextMut};

use super::state::State;
use crate::plugin::interface::{Command, HttpRequest, Level, Services};

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
            let services = services(&mut store)?;
            Ok((store.data().within(services.http(request)).await?,))
        })
    })?;
    instance.func_wrap_async("exec", |mut store, (command,): (Command,)| {
        Box::new(async move {
            let services = services(&mut store)?;
            Ok((store.data().within(services.exec(command)).await?,))
        })
    })?;
    instance.func_wrap_async(
        "session-exec",
        |mut store, (session, lines, timeout_ms): (String, Vec<String>, Option<u32>)| {
            Box::new(async move {
                let services = services(&mut store)?;
                let answers = services.session_exec(&session, lines, timeout_ms);
                Ok((store.data().within(answers).await?,))
            })
        },
    )
}

pub(super) fn host(instance: &mut LinkerInstance<'_, State>) -> Result<()> {
    instance.func_wrap("log", |mut store, (level, message): (Level, String)| {
        services(&mut store)?.log(level, &message);
        Ok(())
    })?;
    instance.func_wrap("now-ms", |mut store, (): ()| Ok((services(&mut store)?.now_ms(),)))?;
    instance.func_wrap("random-u64", |mut store, (): ()| Ok((services(&mut store)?.random_u64(),)))
}

fn kv(instance: &mut LinkerInstance<'_, State>) -> Result<()> {
    instance.func_wrap_async("get", |mut store, (key,): (String,)| {
        Box::new(async move {
            let services = services(&mut store)?;
            Ok((store.data().within(services.kv_get(&key)).await?,))
        })
    })?;
    instance.func_wrap_async("set", |mut store, (key, value): (String, Vec<u8>)| {
        Box::new(async move {
            let services = services(&mut store)?;
            Ok((store.data().within(services.kv_set(&key, value)).await?,))
        })
    })?;
    instance.func_wrap_async("delete", |mut store, (key,): (String,)| {
        Box::new(async move {
            let services = services(&mut store)?;
            Ok((store.data().within(services.kv_delete(&key)).await?,))
        })
    })
}

/// The services, for one call more.
pub(super) fn services(store: &mut StoreContextMut<'_, State>) -> Result<Arc<dyn Services>> {
    let state = store.data_mut();
    state.count()?;
    Ok(Arc::clone(&state.services))
}
