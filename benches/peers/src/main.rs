//! AutoSec beside its peers, in one process: `cargo run --release --manifest-path benches/peers/Cargo.toml -- prefix`.

mod bar;
mod clock;
mod prefix;
mod random;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("prefix") | None => prefix::run(),
        Some(other) => {
            eprintln!("there is no area `{other}`; the area is prefix");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
