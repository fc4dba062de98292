//! The functions of Extism's C interface that the bench calls.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::Arc;

use libloading::Library;

/// A value of WebAssembly as Extism hands it over; only 64-bit integers are used here.
#[repr(C)]
struct Value {
    kind: i32,
    number: i64,
}

const I64: i32 = 1;

type HostFunction = unsafe extern "C" fn(*mut c_void, *const Value, u64, *mut Value, u64, *mut c_void);
type NewFunction = unsafe extern "C" fn(
    *const c_char,
    *const i32,
    u64,
    *const i32,
    u64,
    HostFunction,
    *mut c_void,
    Option<unsafe extern "C" fn(*mut c_void)>,
) -> *mut c_void;
type NewCompiled =
    unsafe extern "C" fn(*const u8, u64, *const *const c_void, u64, bool, *mut *mut c_char) -> *mut c_void;

/// The functions, copied out of a library that is never closed.
#[derive(Clone, Copy)]
struct Calls {
    new_function: NewFunction,
    new_compiled: NewCompiled,
    new_plugin: unsafe extern "C" fn(*const c_void, *mut *mut c_char) -> *mut c_void,
    free_plugin: unsafe extern "C" fn(*mut c_void),
    call: unsafe extern "C" fn(*mut c_void, *const c_char, *const u8, u64) -> i32,
    output_length: unsafe extern "C" fn(*mut c_void) -> u64,
    output: unsafe extern "C" fn(*mut c_void) -> *const u8,
    memory: Memory,
}

/// What a host function needs of the plugin that called it.
#[derive(Clone, Copy)]
struct Memory {
    base: unsafe extern "C" fn(*mut c_void) -> *mut u8,
    length: unsafe extern "C" fn(*mut c_void, u64) -> u64,
    alloc: unsafe extern "C" fn(*mut c_void, u64) -> u64,
}

/// A compiled guest.
pub struct Compiled {
    calls: Arc<Calls>,
    compiled: *mut c_void,
}

/// An instance.
pub struct Plugin {
    calls: Arc<Calls>,
    plugin: *mut c_void,
}

impl Compiled {
    pub fn new(library: &Path, manifest: &str) -> Result<Self, String> {
        let calls = Arc::new(Calls::open(library)?);
        let name = CString::new("ask").map_err(|error| error.to_string())?;
        let memory = (&raw const calls.memory).cast_mut().cast();
        // SAFETY: the types, one argument and one answer, live through the call; what the function is given lives in
        // `calls`, as long as this value, which outlives its plugins in the bench.
        let ask = unsafe { (calls.new_function)(name.as_ptr(), &I64, 1, &I64, 1, answer, memory, None) };
        let mut error = null_mut();
        let functions = [ask.cast_const()];
        let (text, length) = (manifest.as_ptr(), manifest.len() as u64);
        // SAFETY: text and functions live through the call, and their lengths are theirs.
        let compiled =
            unsafe { (calls.new_compiled)(text, length, functions.as_ptr(), 1, false, &mut error) };
        if compiled.is_null() { Err(words(error)) } else { Ok(Self { calls, compiled }) }
    }

    pub fn plugin(&self) -> Plugin {
        let mut error = null_mut();
        // SAFETY: it was compiled by the same library, and is never freed.
        let plugin = unsafe { (self.calls.new_plugin)(self.compiled, &mut error) };
        assert!(!plugin.is_null(), "{}", words(error));
        Plugin { calls: Arc::clone(&self.calls), plugin }
    }
}

impl Plugin {
    /// Calls an export with these bytes, and takes a copy of what it gives.
    pub fn call(&self, export: &CStr, input: &[u8]) -> Vec<u8> {
        let length = input.len() as u64;
        // SAFETY: the plugin is alive, name and bytes live through the call.
        let status = unsafe { (self.calls.call)(self.plugin, export.as_ptr(), input.as_ptr(), length) };
        assert_eq!(status, 0, "{export:?} failed");
        // SAFETY: the output lies where the library says until the next call.
        let output = unsafe {
            let length = (self.calls.output_length)(self.plugin) as usize;
            std::slice::from_raw_parts((self.calls.output)(self.plugin), length)
        };
        output.to_vec()
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // SAFETY: it is freed once, and not used again.
        unsafe { (self.calls.free_plugin)(self.plugin) };
    }
}

/// The host function: 64 bytes for whatever it is asked, which it copies as a host would.
unsafe extern "C" fn answer(
    plugin: *mut c_void,
    inputs: *const Value,
    _: u64,
    outputs: *mut Value,
    _: u64,
    memory: *mut c_void,
) {
    // SAFETY: the library calls it with one argument and room for one answer, with the pointer that it was made with, and
    // with a plugin that is running; the blocks are in that plugin's memory.
    unsafe {
        let memory = *memory.cast::<Memory>();
        let asked = (*inputs).number as u64;
        let length = (memory.length)(plugin, asked) as usize;
        let asked = std::slice::from_raw_parts((memory.base)(plugin).add(asked as usize), length).to_vec();
        let said = std::hint::black_box(super::super::said(&asked));
        let block = (memory.alloc)(plugin, said.len() as u64);
        let room = (memory.base)(plugin).add(block as usize);
        std::ptr::copy_nonoverlapping(said.as_ptr(), room, said.len());
        *outputs = Value { kind: I64, number: block as i64 };
    }
}

impl Calls {
    fn open(path: &Path) -> Result<Self, String> {
        // SAFETY: its initialisers are those of a library that is made to be loaded so.
        let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
        // SAFETY: the types are those of its header.
        let calls = unsafe {
            Self {
                new_function: *library.get(b"extism_function_new").map_err(text)?,
                new_compiled: *library.get(b"extism_compiled_plugin_new").map_err(text)?,
                new_plugin: *library.get(b"extism_plugin_new_from_compiled").map_err(text)?,
                free_plugin: *library.get(b"extism_plugin_free").map_err(text)?,
                call: *library.get(b"extism_plugin_call").map_err(text)?,
                output_length: *library.get(b"extism_plugin_output_length").map_err(text)?,
                output: *library.get(b"extism_plugin_output_data").map_err(text)?,
                memory: Memory {
                    base: *library.get(b"extism_current_plugin_memory").map_err(text)?,
                    length: *library.get(b"extism_current_plugin_memory_length").map_err(text)?,
                    alloc: *library.get(b"extism_current_plugin_memory_alloc").map_err(text)?,
                },
            }
        };
        // Its threads may outlive every plugin.
        std::mem::forget(library);
        Ok(calls)
    }
}

fn text(error: libloading::Error) -> String {
    error.to_string()
}

fn words(error: *const c_char) -> String {
    if error.is_null() {
        return "it says nothing".to_owned();
    }
    // SAFETY: errors are texts with an end, and this one is never freed.
    unsafe { CStr::from_ptr(error) }.to_string_lossy().into_owned()
}
