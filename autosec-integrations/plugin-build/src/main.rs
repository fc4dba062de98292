//! Builds a plugin's crate into a WebAssembly component.
//!
//! `cargo run -p autosec-plugin-build -- examples/plugins/fixture --out fixture.wasm`
//!
//! `cargo run -p autosec-plugin-build -- all` builds every plugin of `examples/plugins` that has a manifest into
//! `examples/plugins/prebuilt`, with the hash in its manifest; one in JavaScript only if it is not there, because it is another
//! file every time. With `--out` they go into another folder.
//!
//! It needs the target `wasm32-unknown-unknown`: rustup's, or what Debian calls `rustc-web`, `cargo-web` and `rust-web-src`.
//! The same sources and compiler give the same bytes wherever they lie: no path of the machine gets into the file.

mod component;
mod compile;
mod error;
mod javascript;
mod prebuilt;
mod request;
mod toolchain;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use error::Error;
use request::Request;
use toolchain::Toolchain;

fn main() -> ExitCode {
    match Request::from_arguments(std::env::args().skip(1)).and_then(|request| build(&request)) {
        Ok(summary) => report(&mut std::io::stdout(), &summary, ExitCode::SUCCESS),
        Err(error) => report(&mut std::io::stderr(), &format!("{error}\n"), ExitCode::from(error.status())),
    }
}

fn build(request: &Request) -> Result<String, Error> {
    match request {
        Request::All { out } => prebuilt::all(out.as_deref()),
        Request::One { plugin, out } => {
            let component = one(plugin, None)?;
            std::fs::write(out, &component).map_err(|error| Error::file(out, &error))?;
            Ok(component::summary(out, &component))
        }
    }
}

/// The component of one plugin, in whatever language it is.
fn one(plugin: &Path, target: Option<&Path>) -> Result<Vec<u8>, Error> {
    if plugin.join(javascript::SOURCE).is_file() {
        return javascript::component(plugin);
    }
    component::encode(&compile::module(&Toolchain::find()?, plugin, target)?)
}

/// A closed pipe is no reason to panic.
fn report(stream: &mut impl Write, text: &str, status: ExitCode) -> ExitCode {
    stream.write_all(text.as_bytes()).map_or(ExitCode::FAILURE, |()| status)
}
