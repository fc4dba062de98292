//! The command line of the quickstart.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use autosec_core::enforce::{FirewallIntegration, MemoryFirewall};
use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
use autosec_integrations::log::{self, Format, LogReader};

const HELP: &str = "\
Reads logs, says what it finds in them and why, and what a firewall does about it.

usage: cargo run --example quickstart -- [OPTIONS] [FILE]...

  FILE               a log to read, `-` for standard input; default: the sample logs of examples/data
  --format FORMAT    sshd (syslog), access (combined access log), eve (Suricata EVE JSON), or auto (default)
  --enforce nftables block in the Linux kernel (needs root); default: a firewall in memory, which drops nothing
  --help             this text";

/// A log with its name.
pub type Log = (String, LogReader<Box<dyn BufRead>>);

/// What the user asked for.
pub struct Options {
    files: Vec<PathBuf>,
    format: Format,
    enforces: bool,
}

impl Options {
    /// Reads the arguments behind the program's name; the error is what to print.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { files: Vec::new(), format: Format::Auto, enforces: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Err(HELP.to_owned()),
                "--format" => options.format = format(arguments.next().as_deref())?,
                "--enforce" => match arguments.next().as_deref() {
                    Some("nftables") => options.enforces = true,
                    other => {
                        return Err(format!("`--enforce` takes `nftables`, not `{}`", other.unwrap_or("")));
                    }
                },
                unknown if unknown.starts_with("--") => {
                    return Err(format!("unknown option `{unknown}`\n\n{HELP}"));
                }
                file => options.files.push(PathBuf::from(file)),
            }
        }
        Ok(options)
    }

    /// The firewall that decisions go to.
    pub fn firewall(&self) -> Result<Arc<dyn FirewallIntegration>, Box<dyn Error>> {
        Ok(if self.enforces {
            Arc::new(Nftables::open(NftablesConfig::default())?)
        } else {
            Arc::new(MemoryFirewall::new("a firewall in memory"))
        })
    }

    /// The logs to read.
    pub fn logs(&self) -> Result<Vec<Log>, Box<dyn Error>> {
        let samples = ["sshd.log", "access.log", "eve.json"];
        let samples =
            samples.map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name));
        let files = if self.files.is_empty() { &samples[..] } else { &self.files };
        files.iter().map(|file| self.log(file)).collect()
    }

    fn log(&self, file: &Path) -> Result<Log, Box<dyn Error>> {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let input: Box<dyn BufRead> = if name == "-" {
            Box::new(BufReader::new(stdin()))
        } else {
            let opened =
                File::open(file).map_err(|error| format!("cannot open `{}`: {error}", file.display()))?;
            Box::new(BufReader::new(opened))
        };
        // Syslog lines have no year: theirs is the one nearest to now.
        let options = log::Options::new(SystemClock.now());
        Ok((name, LogReader::new(input, self.format, options)))
    }
}

fn format(name: Option<&str>) -> Result<Format, String> {
    match name {
        Some("sshd" | "syslog") => Ok(Format::Syslog),
        Some("access") => Ok(Format::Access),
        Some("eve") => Ok(Format::Eve),
        Some("auto") => Ok(Format::Auto),
        other => Err(format!("`--format` takes sshd, access, eve or auto, not `{}`", other.unwrap_or(""))),
    }
}
