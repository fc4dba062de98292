use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that can make WebAssembly.
#[derive(Debug)]
pub(crate) struct Toolchain {
    pub(crate) cargo: PathBuf,
    rustc: PathBuf,
    sysroot: PathBuf,
    /// For a compiler without a standard library for the target: the linker, and the library is built along.
    linker: Option<PathBuf>,
}

impl Toolchain {
    /// The compiler on the path if it has the target, else Debian's.
    pub(crate) fn find() -> Result<Self, Error> {
        Self::on_path().or_else(Self::of_debian).ok_or(Error::NoToolchain)
    }

    fn on_path() -> Option<Self> {
        let rustc = PathBuf::from("rustc");
        let sysroot = sysroot(&rustc)?;
        let has_target = rustlib(&sysroot).join(TARGET).join("lib").is_dir();
        has_target.then(|| Self { cargo: "cargo".into(), rustc, sysroot, linker: None })
    }

    /// Debian ships the sources of the standard library and a compiler that can target WebAssembly, but no linker for it:
    /// that one comes with any toolchain of rustup, or as `lld`.
    fn of_debian() -> Option<Self> {
        let (cargo, rustc) = (PathBuf::from("/usr/bin/cargo"), PathBuf::from("/usr/bin/rustc"));
        let debian = sysroot(&rustc)?;
        let complete = cargo.is_file() && library(&debian).is_dir();
        let linker = sysroot(Path::new("rustc")).and_then(|sysroot| rust_lld(&sysroot, &rustc));
        let linker = linker.or_else(|| rust_lld(&debian, &rustc)).or_else(wasm_ld)?;
        complete.then_some(Self { cargo, rustc, sysroot: debian, linker: Some(linker) })
    }

    /// Where the standard library's sources lie.
    pub(crate) fn library(&self) -> PathBuf {
        library(&self.sysroot)
    }

    /// Tells cargo which compiler to use; whatever toolchain started this program is forgotten.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("RUSTC", &self.rustc).args(["--target", TARGET]);
        for inherited in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
            command.env_remove(inherited);
        }
        if let Some(linker) = &self.linker {
            command
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .arg("-Zbuild-std=std,panic_abort");
        }
    }
}

fn rustlib(sysroot: &Path) -> PathBuf {
    sysroot.join("lib").join("rustlib")
}

fn library(sysroot: &Path) -> PathBuf {
    rustlib(sysroot).join("src").join("rust").join("library")
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    printed(rustc, &["--print", "sysroot"]).map(PathBuf::from)
}

fn rust_lld(sysroot: &Path, rustc: &Path) -> Option<PathBuf> {
    let host = printed(rustc, &["--print", "host-tuple"])?;
    let lld = rustlib(sysroot).join(host).join("bin").join("rust-lld");
    lld.is_file().then_some(lld)
}

fn wasm_ld() -> Option<PathBuf> {
    printed(Path::new("wasm-ld"), &["--version"]).map(|_| PathBuf::from("wasm-ld"))
}

/// What a program prints, if it runs and succeeds.
fn printed(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
