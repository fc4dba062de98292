//! A plugin as a native library: the table of functions that a host finds in it, and the host as the plugin sees it.
//!
//! All that the compiler cannot check of a plugin is in this file. The layouts are repeated in the host's `abi`, and
//! `include/autosec_plugin.h` has them for authors without Rust.
//!
//! The rules of the interface: a buffer is freed by its producer's `free`; what is passed in is borrowed for the call; calls of
//! one instance come one after another, from the thread that made it; no panic crosses the border.
#![expect(unsafe_code, reason = "the binary interface is made of pointers")]
#![expect(missing_docs, reason = "the fields are those of the header, which documents them")]

use std::any::Any;
use std::ffi::c_void;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::{ptr, slice};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::{Host, with_host};
use crate::operation::{ask, code, decode, encode, perform};
use crate::{Command, CommandResult, Firewall, HttpRequest, HttpResponse, KvError, Level, TransportError};

/// What a library begins with.
pub const MAGIC: [u8; 8] = *b"AUTOSEC\0";
/// The version of the interface: major in the upper half, minor in the lower.
pub const ABI: u32 = 0x0000_0001;
/// Arguments and answers are postcard.
pub const POSTCARD: u32 = 0;

/// The table that a library exports as `AUTOSEC_FIREWALL_V0`.
#[derive(Debug)]
#[repr(C)]
pub struct PluginV0 {
    pub magic: [u8; 8],
    /// The bytes of this table.
    pub size: u32,
    pub abi: u32,
    pub encoding: u32,
    pub reserved: u32,
    pub create: Create,
    pub call: Call,
    pub destroy: Destroy,
}

pub type Create = unsafe extern "C" fn(
    host: *const HostV0,
    config: *const u8,
    length: usize,
    out: *mut Buf,
    instance: *mut *mut c_void,
) -> i32;

pub type Call = unsafe extern "C" fn(
    instance: *mut c_void,
    operation: u32,
    arguments: *const u8,
    length: usize,
    out: *mut Buf,
) -> i32;

pub type Destroy = unsafe extern "C" fn(instance: *mut c_void);

/// The host, as it is handed to a new instance.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct HostV0 {
    /// The bytes of this table.
    pub size: u32,
    pub abi: u32,
    /// Outlives the instance.
    pub context: *mut c_void,
    pub call: Option<Call>,
}

/// Bytes that one side made and the other reads.
#[derive(Debug)]
#[repr(C)]
pub struct Buf {
    pub start: *mut u8,
    pub length: usize,
    pub capacity: usize,
    /// Null if there is nothing to free.
    pub free: Option<unsafe extern "C" fn(*mut Buf)>,
}

impl Buf {
    /// Nothing, and nothing to free.
    pub const EMPTY: Self = Self { start: ptr::null_mut(), length: 0, capacity: 0, free: None };

    fn new(bytes: Vec<u8>) -> Self {
        let mut bytes = ManuallyDrop::new(bytes);
        let (start, length, capacity) = (bytes.as_mut_ptr(), bytes.len(), bytes.capacity());
        Self { start, length, capacity, free: Some(free) }
    }
}

/// The table of a plugin.
pub const fn table<F: Firewall>() -> PluginV0 {
    PluginV0 {
        magic: MAGIC,
        size: PLUGIN_SIZE,
        abi: ABI,
        encoding: POSTCARD,
        reserved: 0,
        create: create::<F>,
        call: call::<F>,
        destroy: destroy::<F>,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "48 bytes where addresses have 64 bits")]
const PLUGIN_SIZE: u32 = size_of::<PluginV0>() as u32;

/// The sizes of the three tables and the offsets of their fields, in order.
pub fn layout() -> [Vec<usize>; 3] {
    [
        vec![
            size_of::<PluginV0>(),
            offset_of!(PluginV0, magic),
            offset_of!(PluginV0, size),
            offset_of!(PluginV0, abi),
            offset_of!(PluginV0, encoding),
            offset_of!(PluginV0, reserved),
            offset_of!(PluginV0, create),
            offset_of!(PluginV0, call),
            offset_of!(PluginV0, destroy),
        ],
        vec![
            size_of::<HostV0>(),
            offset_of!(HostV0, size),
            offset_of!(HostV0, abi),
            offset_of!(HostV0, context),
            offset_of!(HostV0, call),
        ],
        vec![
            size_of::<Buf>(),
            offset_of!(Buf, start),
            offset_of!(Buf, length),
            offset_of!(Buf, capacity),
            offset_of!(Buf, free),
        ],
    ]
}

/// Makes the crate a native plugin; a part of `export!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __native {
    ($firewall:ty) => {
        const _: () = {
            // The symbol's name is the version of the interface, which no other crate defines.
            #[unsafe(no_mangle)]
            static AUTOSEC_FIREWALL_V0: $crate::native::PluginV0 = $crate::native::table::<$firewall>();
        };
    };
}

/// A configured plugin with its host.
struct Instance<F> {
    firewall: F,
    host: Rc<dyn Host>,
    poisoned: bool,
}

unsafe extern "C" fn create<F: Firewall>(
    host: *const HostV0,
    config: *const u8,
    length: usize,
    out: *mut Buf,
    instance: *mut *mut c_void,
) -> i32 {
    // SAFETY: the host passes a table that lives through the call, or null.
    let host = unsafe { host.as_ref() }.filter(|host| speaks(host));
    let Some(host) = host.copied() else { return code::ABI };
    let host: Rc<dyn Host> = Rc::new(Remote(host));
    // SAFETY: the host lends `length` bytes for the call.
    let config = unsafe { borrowed(config, length) };
    let made = catch_unwind(AssertUnwindSafe(|| {
        let config = str::from_utf8(config).map_err(|_| code::ARGUMENTS)?;
        let firewall = with_host(Rc::clone(&host), || F::configure(config));
        let (firewall, answer) = match firewall {
            Ok(firewall) => (Some(firewall), Ok(())),
            Err(failure) => (None, Err(failure)),
        };
        Ok((firewall, encode(&answer)?))
    }));
    let (firewall, answer) = split(made);
    if let Some(firewall) = firewall.flatten() {
        let made = Box::new(Instance { firewall, host, poisoned: false });
        // SAFETY: the host passes a place for a pointer.
        unsafe { instance.write(Box::into_raw(made).cast()) };
    }
    // SAFETY: the host passes a place for a buffer.
    unsafe { deliver(answer, out) }
}

unsafe extern "C" fn call<F: Firewall>(
    instance: *mut c_void,
    operation: u32,
    arguments: *const u8,
    length: usize,
    out: *mut Buf,
) -> i32 {
    // SAFETY: it is null or comes from `create::<F>`, and calls of one instance don't overlap.
    let mut instance = unsafe { instance.cast::<Instance<F>>().as_mut() };
    if instance.as_ref().is_some_and(|instance| instance.poisoned) {
        return code::POISONED;
    }
    // SAFETY: the host lends `length` bytes for the call.
    let arguments = unsafe { borrowed(arguments, length) };
    let done = catch_unwind(AssertUnwindSafe(|| match &mut instance {
        Some(instance) => {
            let firewall = Some(&mut instance.firewall);
            with_host(Rc::clone(&instance.host), || perform(firewall, operation, arguments))
        }
        None => perform::<F>(None, operation, arguments),
    }));
    if let (Err(_), Some(instance)) = (&done, instance) {
        instance.poisoned = true;
    }
    let (_, answer) = split(done.map(|done| done.map(|answer| ((), answer))));
    // SAFETY: the host passes a place for a buffer.
    unsafe { deliver(answer, out) }
}

unsafe extern "C" fn destroy<F: Firewall>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    // SAFETY: it comes from `create::<F>`, and the host does not use it any more.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<F>>()) };
    let host = Rc::clone(&instance.host);
    let dropped = catch_unwind(AssertUnwindSafe(|| with_host(host, || drop(instance))));
    if let Err(panic) = dropped {
        // Dropping what a panic carries may panic again.
        std::mem::forget(panic);
    }
}

unsafe extern "C" fn free(buffer: *mut Buf) {
    // SAFETY: the host passes a buffer of `Buf::new`, once.
    unsafe {
        let Buf { start, length, capacity, .. } = buffer.read();
        buffer.write(Buf::EMPTY);
        drop(Vec::from_raw_parts(start, length, capacity));
    }
}

/// What came of a call, or what its panic carried.
type Caught<T> = Result<T, Box<dyn Any + Send>>;

/// What a call made beside its answer, and the code with the answer's bytes.
fn split<T>(done: Caught<Result<(T, Vec<u8>), i32>>) -> (Option<T>, (i32, Vec<u8>)) {
    match done {
        Ok(Ok((made, answer))) => (Some(made), (code::OK, answer)),
        Ok(Err(refused)) => (None, (refused, Vec::new())),
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
            // Dropping what a panic carries may panic again.
            std::mem::forget(panic);
            (None, (code::PANIC, words.unwrap_or_default().into_bytes()))
        }
    }
}

/// # Safety
/// `out` is null or a place for a buffer.
unsafe fn deliver((code, answer): (i32, Vec<u8>), out: *mut Buf) -> i32 {
    if !out.is_null() {
        // SAFETY: as the caller says.
        unsafe { out.write(if answer.is_empty() { Buf::EMPTY } else { Buf::new(answer) }) };
    }
    code
}

/// A slice made of a null pointer would be undefined behaviour, so nothing is an empty one.
///
/// # Safety
/// Unless `start` is null, `length` bytes can be read there as long as the slice is used.
unsafe fn borrowed<'b>(start: *const u8, length: usize) -> &'b [u8] {
    if start.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { slice::from_raw_parts(start, length) }
}

/// Whether a host's major version is ours and it knows at least what we know.
fn speaks(host: &HostV0) -> bool {
    let known = usize::try_from(host.size).is_ok_and(|size| size >= size_of::<HostV0>());
    known && host.abi >> 16 == ABI >> 16 && host.abi & 0xffff >= ABI & 0xffff && host.call.is_some()
}

/// The host on the other side of the border.
struct Remote(HostV0);

impl Remote {
    /// The host's answer; none if it has none, since the call is over or it does not know the question.
    fn ask<T: DeserializeOwned>(&self, operation: u32, arguments: &impl Serialize) -> Option<T> {
        let arguments = encode(arguments).ok()?;
        let mut out = Buf::EMPTY;
        let call = self.0.call?;
        // SAFETY: the host promised that its context lives as long as the instance; the rest lives through the call.
        let code =
            unsafe { call(self.0.context, operation, arguments.as_ptr(), arguments.len(), &raw mut out) };
        // SAFETY: the host filled it in, or left it empty.
        let answer = unsafe { borrowed(out.start, out.length) };
        let answer = if code == code::OK { decode(answer).ok() } else { None };
        if let Some(free) = out.free {
            // SAFETY: it is the producer's own, and nothing borrows from the buffer any more.
            unsafe { free(&raw mut out) };
        }
        answer
    }
}

impl Host for Remote {
    fn http(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        self.ask(ask::HTTP, &(request,)).unwrap_or(Err(TransportError::Unsupported))
    }

    fn exec(&self, command: &Command) -> Result<CommandResult, TransportError> {
        self.ask(ask::EXEC, &(command,)).unwrap_or(Err(TransportError::Unsupported))
    }

    fn session_exec(
        &self,
        session: &str,
        lines: &[String],
        timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        let arguments = (session, lines, timeout_ms);
        self.ask(ask::SESSION_EXEC, &arguments).unwrap_or(Err(TransportError::Unsupported))
    }

    fn log(&self, level: Level, message: &str) {
        let _: Option<()> = self.ask(ask::LOG, &(level, message));
    }

    fn now_ms(&self) -> u64 {
        self.ask(ask::NOW_MS, &()).unwrap_or_default()
    }

    fn random_u64(&self) -> u64 {
        self.ask(ask::RANDOM_U64, &()).unwrap_or_default()
    }

    fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.ask(ask::KV_GET, &(key,)).unwrap_or_else(unanswered)
    }

    fn kv_set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.ask(ask::KV_SET, &(key, value)).unwrap_or_else(unanswered)
    }

    fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.ask(ask::KV_DELETE, &(key,)).unwrap_or_else(unanswered)
    }
}

fn unanswered<T>() -> Result<T, KvError> {
    Err(KvError::Unavailable("the host does not answer".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::op;
    use crate::{
        Context, Effect, Entry, Failure, FailureKind, Features, Limits, Metadata, Outcome, fail, http, now_ms,
    };

    /// Blocks what it is told by its configuration: `fine`, `panic` or a refusal.
    struct Sample;

    impl Firewall for Sample {
        fn describe() -> Metadata {
            let features = Features {
                ttl: true,
                listing: false,
                native_batch: true,
                atomic: false,
                dry_run: true,
                commit_required: false,
            };
            let limits = Limits { max_batch: 9, max_entries: None, max_ttl_secs: None, min_interval_ms: 0 };
            let [name, vendor, version] = ["sample", "nobody", "1"].map(str::to_owned);
            Metadata { name, vendor, version, ipv4: None, ipv6: None, features, limits, extra: Vec::new() }
        }

        fn configure(config: &str) -> Result<Self, Failure> {
            assert_ne!(config, "panic", "in configure");
            if config == "fine" { Ok(Self) } else { Err(fail(FailureKind::InvalidConfig, "not fine")) }
        }

        fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
            assert!(!context.dry_run, "in block");
            let remote_id = Some(format!("at {}", now_ms()));
            let outcome = Outcome { effect: Effect::Applied, remote_id, detail: None, extra: Vec::new() };
            entries.iter().map(|_| Ok(outcome.clone())).collect()
        }

        fn unblock(&mut self, _: &Context, targets: Vec<String>) -> Vec<Result<Outcome, Failure>> {
            let request = HttpRequest {
                method: "GET".to_owned(),
                url: "https://192.0.2.1/".to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout_ms: None,
                secrets: Vec::new(),
            };
            let answer = http(&request);
            targets.iter().map(|_| Err(fail(FailureKind::Denied, format!("{answer:?}")))).collect()
        }
    }

    const TABLE: PluginV0 = table::<Sample>();

    /// Answers the clock with 7, and everything else with a code.
    unsafe extern "C" fn answer(_: *mut c_void, asked: u32, _: *const u8, _: usize, out: *mut Buf) -> i32 {
        if asked != ask::NOW_MS {
            return code::OPERATION;
        }
        // SAFETY: the plugin passes a place for a buffer.
        unsafe { deliver((code::OK, vec![7]), out) }
    }

    fn host() -> HostV0 {
        HostV0 {
            size: u32::try_from(size_of::<HostV0>()).unwrap_or_default(),
            abi: ABI,
            context: ptr::null_mut(),
            call: Some(answer),
        }
    }

    /// The code and the bytes that `call` delivered.
    fn delivered(call: impl FnOnce(*mut Buf) -> i32) -> (i32, Vec<u8>) {
        let mut out = Buf::EMPTY;
        let code = call(&raw mut out);
        // SAFETY: the plugin filled it in.
        let bytes = unsafe { borrowed(out.start, out.length) }.to_vec();
        if let Some(free) = out.free {
            // SAFETY: it is the producer's own.
            unsafe { free(&raw mut out) };
        }
        (code, bytes)
    }

    fn created(host: &HostV0, config: &str) -> (*mut c_void, (i32, Vec<u8>)) {
        let mut instance = ptr::null_mut();
        let delivered = delivered(|out| {
            // SAFETY: all of it lives through the call.
            unsafe { (TABLE.create)(host, config.as_ptr(), config.len(), out, &raw mut instance) }
        });
        (instance, delivered)
    }

    fn called(instance: *mut c_void, operation: u32, arguments: &[u8]) -> (i32, Vec<u8>) {
        // SAFETY: the instance is null or fresh, the bytes live through the call.
        delivered(|out| unsafe {
            (TABLE.call)(instance, operation, arguments.as_ptr(), arguments.len(), out)
        })
    }

    fn context(dry_run: bool) -> Context {
        Context { correlation_id: "c".to_owned(), deadline_ms: 1_000, dry_run }
    }

    fn entry() -> Entry {
        let [target, reason, idempotency_key] = ["192.0.2.7", "", "k"].map(str::to_owned);
        Entry { target, ttl_secs: None, reason, idempotency_key, extra: Vec::new() }
    }

    #[test]
    fn it_describes_itself_without_an_instance() {
        let (code, answer) = called(ptr::null_mut(), op::DESCRIBE, &[]);
        assert_eq!((code, decode(&answer)), (code::OK, Ok(Sample::describe())));
        // SAFETY: the table is made for null pointers with no length.
        let (code, answer) =
            delivered(|out| unsafe { (TABLE.call)(ptr::null_mut(), op::CONFIG_SCHEMA, ptr::null(), 0, out) });
        assert_eq!((code, decode(&answer)), (code::OK, Ok("{}".to_owned())));
        let arguments = encode(&(context(false), vec![entry(); 2])).unwrap_or_default();
        let (code, answer) = called(ptr::null_mut(), op::BLOCK, &arguments);
        let answer: Vec<Result<Outcome, Failure>> = decode(&answer).unwrap_or_default();
        assert_eq!((code, answer.len()), (code::OK, 2));
        assert!(answer.iter().all(|item| item.as_ref().is_err_and(|why| why.message == "not configured")));
        assert_eq!(called(ptr::null_mut(), op::CONFIGURE, &[0]).0, code::OPERATION);
        assert_eq!(called(ptr::null_mut(), 99, &[]).0, code::OPERATION);
    }

    #[test]
    fn it_blocks_and_asks_its_host() {
        let (instance, (code, answer)) = created(&host(), "fine");
        assert_eq!((code, decode(&answer)), (code::OK, Ok(Ok::<(), Failure>(()))));
        let arguments = encode(&(context(false), vec![entry()])).unwrap_or_default();
        let (code, answer) = called(instance, op::BLOCK, &arguments);
        let answer: Vec<Result<Outcome, Failure>> = decode(&answer).unwrap_or_default();
        assert_eq!(code, code::OK);
        assert!(matches!(&answer[..], [Ok(done)] if done.remote_id.as_deref() == Some("at 7")), "{answer:?}");
        let arguments = encode(&(context(false), vec!["192.0.2.7"])).unwrap_or_default();
        let (_, answer) = called(instance, op::UNBLOCK, &arguments);
        let answer: Vec<Result<Outcome, Failure>> = decode(&answer).unwrap_or_default();
        assert!(matches!(&answer[..], [Err(why)] if why.message.contains("Unsupported")), "{answer:?}");
        let (code, answer) = called(instance, op::CONFIGURE, &encode(&("bad",)).unwrap_or_default());
        assert_eq!(code, code::OK);
        assert!(matches!(decode::<Result<(), Failure>>(&answer), Ok(Err(why)) if why.message == "not fine"));
        assert_eq!(called(instance, op::CHECK_HEALTH, &[0xff]).0, code::ARGUMENTS);
        assert_eq!(called(instance, op::BLOCK, &[]).0, code::ARGUMENTS);
        // SAFETY: it is not used any more.
        unsafe { (TABLE.destroy)(instance) };
    }

    #[test]
    fn a_panic_comes_back_as_words_and_poisons() {
        let (instance, (code, answer)) = created(&host(), "panic");
        assert!(instance.is_null() && code == code::PANIC && !answer.is_empty());
        let (instance, _) = created(&host(), "fine");
        let arguments = encode(&(context(true), vec![entry()])).unwrap_or_default();
        assert_eq!(called(instance, op::BLOCK, &arguments), (code::PANIC, b"in block".to_vec()));
        assert_eq!(called(instance, op::BLOCK, &arguments), (code::POISONED, Vec::new()));
        // SAFETY: it is not used any more.
        unsafe { (TABLE.destroy)(instance) };
    }

    #[test]
    fn it_refuses_configurations_and_hosts_it_cannot_use() {
        let (instance, (code, answer)) = created(&host(), "other");
        assert!(instance.is_null() && code == code::OK);
        assert!(matches!(decode::<Result<(), Failure>>(&answer), Ok(Err(why)) if why.message == "not fine"));
        let hosts = [
            HostV0 { abi: 0x0001_0001, ..host() },
            HostV0 { abi: 0, ..host() },
            HostV0 { size: 8, ..host() },
            HostV0 { call: None, ..host() },
        ];
        for host in hosts {
            assert_eq!(created(&host, "fine"), (ptr::null_mut(), (code::ABI, Vec::new())));
        }
        assert_eq!(created(&HostV0 { abi: 0x0000_0002, ..host() }, "other").1.0, code::OK, "a later minor");
        // SAFETY: nothing is passed but null.
        let code = unsafe { (TABLE.create)(ptr::null(), ptr::null(), 0, ptr::null_mut(), ptr::null_mut()) };
        assert_eq!(code, code::ABI);
    }
}
