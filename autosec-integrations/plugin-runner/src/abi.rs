//! The numbers of the binary interface. `plugin-sdk/include/autosec_plugin.h` says what they mean to authors.

/// What a plugin is asked.
pub mod operation {
    /// No arguments; the metadata. Works without an instance.
    pub const DESCRIBE: u32 = 0;
    /// No arguments; a text. Works without an instance.
    pub const CONFIG_SCHEMA: u32 = 1;
    /// Context and entries; a result an entry.
    pub const BLOCK: u32 = 2;
    /// Context and targets; a result a target.
    pub const UNBLOCK: u32 = 3;
    /// Context, cursor and limit; a page or a failure.
    pub const LIST_BLOCKED: u32 = 4;
    /// Context; health or a failure.
    pub const CHECK_HEALTH: u32 = 5;
    /// A text; nothing or a failure, after which the earlier configuration holds.
    pub const CONFIGURE: u32 = 6;
}

/// What a host is asked.
pub mod question {
    /// A request; a response or an error.
    pub const HTTP: u32 = 0;
    /// A command; its result or an error.
    pub const EXEC: u32 = 1;
    /// Session, lines and a time; answers or an error.
    pub const SESSION_EXEC: u32 = 2;
    /// Level and message; nothing.
    pub const LOG: u32 = 3;
    /// No arguments; milliseconds since 1970.
    pub const NOW_MS: u32 = 4;
    /// No arguments; a number.
    pub const RANDOM_U64: u32 = 5;
    /// A key; maybe a value, or an error.
    pub const KV_GET: u32 = 6;
    /// Key and value; nothing or an error.
    pub const KV_SET: u32 = 7;
    /// A key; nothing or an error.
    pub const KV_DELETE: u32 = 8;
}

/// How a call went.
pub mod code {
    /// The answer is the operation's.
    pub const OK: i32 = 0;
    /// It panicked; the answer is what the panic said.
    pub const PANIC: i32 = -1;
    /// The other side is of another version.
    pub const ABI: i32 = -2;
    /// An earlier call panicked.
    pub const POISONED: i32 = -3;
    /// The arguments are not what the operation takes.
    pub const ARGUMENTS: i32 = -4;
    /// There is no such operation.
    pub const OPERATION: i32 = -5;
    /// The call that the question belongs to is over, or the question comes from another thread.
    pub const OVER: i32 = -6;
    /// The answer is larger than the host takes. Only this crate says so, never a plugin.
    pub const LARGE: i32 = -7;
    /// The answer is no bytes at all. Only this crate says so, never a plugin.
    pub const ANSWER: i32 = -8;
    /// There is no instance to call, though a configuration was taken. Only this crate says so, never a plugin.
    pub const INSTANCE: i32 = -9;
}

/// What arguments and answers are written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// Short and fast; the order of fields and cases is that of the interface.
    Postcard,
    /// For languages without postcard.
    Json,
}

impl Encoding {
    /// By the number in a plugin's table.
    pub fn by_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Postcard),
            1 => Some(Self::Json),
            _ => None,
        }
    }

    /// The number in a plugin's table.
    pub fn number(self) -> u32 {
        match self {
            Self::Postcard => 0,
            Self::Json => 1,
        }
    }
}

/// The version of the interface that this crate speaks: major in the upper half, minor in the lower.
pub const VERSION: u32 = 0x0000_0001;
