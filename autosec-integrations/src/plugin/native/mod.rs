//! Plugins that are native libraries: as fast as the host's own code, and as free.
//!
//! A [`NativePlugin`] is a library that was opened and has said what it is; configured it is a [`NativeGuest`]. Where it runs is
//! the host's choice:
//!
//! | | [`Runs::InProcess`] | [`Runs::Isolated`] |
//! |---|---|---|
//! | a panic | is caught in the plugin; the instance is replaced | the same |
//! | a crash, a stack that overflows | ends the host | ends the plugin's process, which is started again |
//! | a call that does not come back | the plugin is not used any more, its thread stays | its process is killed |
//! | processes that it starts | stay | end with its own, unless they leave its group |
//! | memory without end | is the host's | is limited |
//! | how much memory it took | nobody knows | is known, on Linux |
//! | reading the host's memory and files | can | cannot read the memory; the files are its user's |
//!
//! A host with threads of its own, which trusts a plugin with one, may take a [`NativeSession`] instead: a call of it is a call of
//! a function, and nobody watches it.
//!
//! None of these is a sandbox: native code is trusted with the rights of its user, and isolation is against faults, not malice.
//! What is not trusted is a WebAssembly component. What the compiler cannot check stands in the crate
//! `autosec-plugin-runner`, whose program is also what [`Isolation::runner`] names.

mod codec;
mod error;
mod exchange;
#[cfg(unix)]
mod group;
mod guest;
mod limits;
mod line;
mod peak;
mod plugin;
mod process;
mod question;
mod session;
mod thread;

pub use error::{LoadError, StartError};
pub use guest::NativeGuest;
pub use limits::{Isolation, NativeLimits, Runs};
pub use plugin::NativePlugin;
pub use session::NativeSession;
