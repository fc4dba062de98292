//! A library that is a plugin: it is opened, looked at before it is believed, and called.
//!
//! All that the compiler cannot check of a host of native plugins is in this file. The layouts are repeated in the SDK's
//! `native` and in its header; a test compares them.
#![expect(unsafe_code, reason = "a foreign library is reached through pointers")]

use std::ffi::{OsString, c_void};
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::thread::{self, ThreadId};
use std::{fmt, ptr, slice};

use crate::abi::{Encoding, VERSION, code};
use crate::{Fault, OpenError, image};

/// The name of a plugin's table.
const SYMBOL: &str = "AUTOSEC_FIREWALL_V0";

const MAGIC: [u8; 8] = *b"AUTOSEC\0";

/// A plugin's table.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct PluginV0 {
    head: Head,
    encoding: u32,
    reserved: u32,
    create: Option<Create>,
    call: Option<Call>,
    destroy: Option<Destroy>,
}

/// What is read before the rest is known to be there.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Head {
    magic: [u8; 8],
    /// The bytes of the whole table.
    size: u32,
    abi: u32,
}

/// The host, as a plugin sees it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct HostV0 {
    size: u32,
    abi: u32,
    context: *mut c_void,
    call: Option<Call>,
}

/// Bytes that one side made and the other reads.
#[derive(Debug)]
#[repr(C)]
struct Buf {
    start: *mut u8,
    length: usize,
    capacity: usize,
    free: Option<unsafe extern "C" fn(*mut Self)>,
}

type Create = unsafe extern "C" fn(*const HostV0, *const u8, usize, *mut Buf, *mut *mut c_void) -> i32;
type Call = unsafe extern "C" fn(*mut c_void, u32, *const u8, usize, *mut Buf) -> i32;
type Destroy = unsafe extern "C" fn(*mut c_void);

/// The sizes of the three tables and the offsets of their fields, in order.
pub fn layout() -> [Vec<usize>; 3] {
    let head = offset_of!(PluginV0, head);
    [
        vec![
            size_of::<PluginV0>(),
            head + offset_of!(Head, magic),
            head + offset_of!(Head, size),
            head + offset_of!(Head, abi),
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

/// A plugin's library, opened and found to be one.
///
/// It is never unloaded: threads and thread-local values that it made would be left without their code.
#[derive(Debug)]
pub struct Library {
    table: PluginV0,
    encoding: Encoding,
    largest_answer: usize,
    _library: ManuallyDrop<libloading::Library>,
}

impl Library {
    /// Opens a file. This runs code of it, in this process and with all its rights: whoever calls vouches for the file.
    ///
    /// `largest_answer` is the most bytes that are taken from it, in answers and in questions.
    ///
    /// # Errors
    /// It cannot be opened, or is no plugin of an ABI that this host speaks.
    pub fn open(path: &Path, largest_answer: usize) -> Result<Self, OpenError> {
        image::check(path)?;
        let unreadable =
            |error: libloading::Error| OpenError::Load { path: path.to_owned(), why: error.to_string() };
        // SAFETY: what its initialisers do is as trusted as the rest of the plugin, which the caller vouches for.
        let library = unsafe { libloading::Library::new(OsString::from(path)) }.map_err(unreadable)?;
        let library = ManuallyDrop::new(library);
        // SAFETY: the address alone is taken here.
        let symbol = unsafe { library.get::<*const Head>(SYMBOL) };
        let Ok(symbol) = symbol else {
            return Err(OpenError::NoPlugin { path: path.to_owned(), why: format!("has no `{SYMBOL}`") });
        };
        let table = *symbol;
        let table = checked(table).map_err(|why| OpenError::NoPlugin { path: path.to_owned(), why })?;
        let encoding = Encoding::by_number(table.encoding).ok_or_else(|| {
            let why =
                format!("has arguments in the encoding {}, which this host does not know", table.encoding);
            OpenError::NoPlugin { path: path.to_owned(), why }
        })?;
        Ok(Self { table, encoding, largest_answer, _library: library })
    }

    /// What its arguments and answers are written in.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Asks what needs no instance.
    ///
    /// # Errors
    /// The call was not answered.
    pub fn ask(&self, operation: u32, arguments: &[u8]) -> Result<Answer, Fault> {
        self.call(ptr::null_mut(), operation, arguments)
    }

    /// Configures an instance. The answer says why, if there is none.
    ///
    /// # Errors
    /// The call was not answered.
    pub fn create(
        self: &Rc<Self>,
        config: &[u8],
        host: Rc<dyn Host>,
    ) -> Result<(Answer, Option<Instance>), Fault> {
        let create = self.table.create.ok_or(Fault::Code(code::ABI))?;
        let context = Rc::new(Context { host, thread: thread::current().id(), largest: self.largest_answer });
        let table = HostV0 {
            size: u32::try_from(size_of::<HostV0>()).unwrap_or(u32::MAX),
            abi: VERSION,
            context: Rc::as_ptr(&context).cast_mut().cast(),
            call: Some(answer),
        };
        let (mut out, mut raw) = (Buf::EMPTY, ptr::null_mut());
        // SAFETY: all of it lives through the call, and the context as long as the instance.
        let code =
            unsafe { create(&raw const table, config.as_ptr(), config.len(), &raw mut out, &raw mut raw) };
        let instance =
            (!raw.is_null()).then(|| Instance { library: Rc::clone(self), raw, _context: context });
        Ok((self.answer(code, out)?, instance))
    }

    fn call(&self, instance: *mut c_void, operation: u32, arguments: &[u8]) -> Result<Answer, Fault> {
        let call = self.table.call.ok_or(Fault::Code(code::ABI))?;
        let mut out = Buf::EMPTY;
        // SAFETY: the instance is null or the plugin's own, the rest lives through the call.
        let code = unsafe { call(instance, operation, arguments.as_ptr(), arguments.len(), &raw mut out) };
        self.answer(code, out)
    }

    fn answer(&self, code: i32, out: Buf) -> Result<Answer, Fault> {
        let answer = Answer(out);
        if answer.0.length > self.largest_answer {
            return Err(Fault::Large { limit: self.largest_answer });
        }
        if answer.0.start.is_null() && answer.0.length > 0 {
            return Err(Fault::Code(code::ANSWER));
        }
        match code {
            code::OK => Ok(answer),
            code::PANIC => Err(Fault::Panic(String::from_utf8_lossy(&answer).into_owned())),
            code => Err(Fault::Code(code)),
        }
    }
}

/// The table at this address, unless it is none or of another interface.
fn checked(table: *const Head) -> Result<PluginV0, String> {
    if table.is_null() || !table.cast::<PluginV0>().is_aligned() {
        return Err(format!("has no table at `{SYMBOL}`"));
    }
    // SAFETY: a symbol of this name has at least a head; it is read before anything behind it.
    let head = unsafe { table.read() };
    if head.magic != MAGIC {
        return Err("has a table that does not begin with `AUTOSEC`".to_owned());
    }
    let version = |abi: u32| format!("{}.{}", abi >> 16, abi & 0xffff);
    if head.abi >> 16 != VERSION >> 16 || head.abi & 0xffff > VERSION & 0xffff {
        let (theirs, ours) = (version(head.abi), version(VERSION));
        return Err(format!("speaks version {theirs} of the binary interface, this host {ours}"));
    }
    if usize::try_from(head.size).is_ok_and(|size| size < size_of::<PluginV0>()) {
        return Err(format!("has a table of {} bytes, which is too short", head.size));
    }
    // SAFETY: it says that it is long enough.
    let table = unsafe { table.cast::<PluginV0>().read() };
    if table.create.is_none() || table.call.is_none() || table.destroy.is_none() {
        return Err("has a null pointer in its table".to_owned());
    }
    Ok(table)
}

/// A configured plugin. It stays on the thread that made it.
#[derive(Debug)]
pub struct Instance {
    library: Rc<Library>,
    raw: *mut c_void,
    /// What the plugin's questions go to.
    _context: Rc<Context>,
}

impl Instance {
    /// Calls it. After a panic it is of no use any more.
    ///
    /// # Errors
    /// The call was not answered.
    pub fn call(&mut self, operation: u32, arguments: &[u8]) -> Result<Answer, Fault> {
        self.library.call(self.raw, operation, arguments)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(destroy) = self.library.table.destroy {
            // SAFETY: it comes from this library's `create`, and nobody uses it any more.
            unsafe { destroy(self.raw) };
        }
    }
}

/// An answer, in the plugin's own memory until it is dropped.
#[derive(Debug)]
pub struct Answer(Buf);

impl Deref for Answer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the plugin made it, and frees it when this is dropped.
        unsafe { borrowed(self.0.start, self.0.length) }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(free) = self.0.free {
            // SAFETY: it is the producer's own, called once.
            unsafe { free(&raw mut self.0) };
        }
    }
}

/// Who answers a plugin's questions.
pub trait Host: fmt::Debug {
    /// The code and the answer, both as [`abi`](crate::abi) says.
    fn answer(&self, question: u32, arguments: &[u8]) -> (i32, Vec<u8>);
}

/// What a plugin's questions come with.
#[derive(Debug)]
struct Context {
    host: Rc<dyn Host>,
    thread: ThreadId,
    largest: usize,
}

unsafe extern "C" fn answer(
    context: *mut c_void,
    question: u32,
    arguments: *const u8,
    length: usize,
    out: *mut Buf,
) -> i32 {
    // SAFETY: it is what `create` handed out, and the instance that holds it asks.
    let context = unsafe { &*context.cast::<Context>().cast_const() };
    // What stands behind it is not made for other threads, which a plugin may have; the thread's name alone is.
    if context.thread != thread::current().id() {
        return code::OVER;
    }
    if length > context.largest || (arguments.is_null() && length > 0) {
        return code::ARGUMENTS;
    }
    // SAFETY: the plugin lends `length` bytes for the call.
    let arguments = unsafe { borrowed(arguments, length) };
    let answered = catch_unwind(AssertUnwindSafe(|| context.host.answer(question, arguments)));
    let (code, answer) = answered.unwrap_or((code::PANIC, Vec::new()));
    if !out.is_null() {
        // SAFETY: the plugin passes a place for a buffer.
        unsafe { out.write(Buf::new(answer)) };
    }
    code
}

impl Buf {
    const EMPTY: Self = Self { start: ptr::null_mut(), length: 0, capacity: 0, free: None };

    fn new(bytes: Vec<u8>) -> Self {
        let mut bytes = ManuallyDrop::new(bytes);
        let (start, length, capacity) = (bytes.as_mut_ptr(), bytes.len(), bytes.capacity());
        Self { start, length, capacity, free: Some(free) }
    }
}

unsafe extern "C" fn free(buffer: *mut Buf) {
    // SAFETY: the plugin passes a buffer of `Buf::new`, once.
    unsafe {
        let Buf { start, length, capacity, .. } = buffer.read();
        buffer.write(Buf::EMPTY);
        drop(Vec::from_raw_parts(start, length, capacity));
    }
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
