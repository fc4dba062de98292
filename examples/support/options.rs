//! The command line of the quickstart.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use autosec_core::decision::Allowlist;
use autosec_core::enforce::{FirewallIntegration, MemoryFirewall};
use autosec_core::entity::Entity;
use autosec_core::net;
use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
use autosec_integrations::log::{self, Format, LogReader};
use ipnet::IpNet;

use super::layout::clipped;

pub const HELP: &str = "\
Reads logs, says what it finds in them and why, and what a firewall does about it.

usage: cargo run --example quickstart -- [OPTIONS] [--] [FILE]...

  FILE               a log to read, `-` for standard input; default: the logs of examples/data
  --format FORMAT    sshd (syslog), access (access log), eve (Suricata EVE JSON), or auto (default)
  --enforce nftables block in the Linux kernel (needs root); default: a firewall in memory, which
                     drops nothing. Name your own addresses by --allow first: a typing error in
                     your own password may look like guessing. The other end of the ssh session
                     this runs in is allowed by itself, unless sudo hides SSH_CONNECTION
  --allow ADDRESS    never block this address or prefix, as 192.0.2.7 or 2001:db8::/48; repeatable
  --help             this text

exit code: 0 done; 1 a log could not be read or a block not made; 2 wrong arguments";

/// A log with its name.
pub type Log = (String, LogReader<Box<dyn BufRead>>);

/// What the user asked for.
pub struct Options {
    files: Vec<PathBuf>,
    format: Format,
    /// Whether the kernel is to drop what was decided.
    pub enforces: bool,
    /// What is never blocked, and why.
    pub allowed: Vec<(IpNet, &'static str)>,
}

impl Options {
    /// Reads the arguments behind the program's name; nothing if only help is wanted. The error is what to print.
    pub fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut options =
            Self { files: Vec::new(), format: Format::Auto, enforces: false, allowed: Vec::new() };
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            if text == "--" {
                options.files.extend(arguments.by_ref().map(PathBuf::from));
            } else if text.starts_with('-') && text != "-" {
                let (name, value) = match text.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (&*text, None),
                };
                if matches!(name, "--help" | "-h") {
                    return Ok(None);
                }
                options.set(name, value, &mut arguments)?;
            } else {
                options.files.push(PathBuf::from(argument));
            }
        }
        if options.enforces {
            options.allowed.extend(administrator().map(|peer| (peer, "the other end of this ssh session")));
        }
        Ok(Some(options))
    }

    /// Takes an option in; its value may be the next argument.
    fn set(
        &mut self,
        name: &str,
        value: Option<String>,
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), String> {
        let takes = match name {
            "--format" => "sshd, access, eve or auto",
            "--enforce" => "nftables",
            "--allow" => "an address or a prefix",
            _ => return Err(format!("unknown option `{}`: `--help` lists them", clipped(name, 40))),
        };
        let value = value.or_else(|| rest.next().map(|next| next.to_string_lossy().into_owned()));
        let value = value.filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| format!("`{name}` needs a value: {takes}"))?;
        match (name, value.as_str()) {
            ("--format", "sshd" | "syslog") => self.format = Format::Syslog,
            ("--format", "access") => self.format = Format::Access,
            ("--format", "eve") => self.format = Format::Eve,
            ("--format", "auto") => self.format = Format::Auto,
            ("--enforce", "nftables") => self.enforces = true,
            ("--allow", address) => match net::network(address) {
                Ok(network) => self.allowed.push((network, "--allow")),
                Err(error) => return Err(format!("`--allow`: {error}")),
            },
            _ => return Err(format!("`{name}` takes {takes}, not `{}`", clipped(&value, 40))),
        }
        Ok(())
    }

    /// The firewall that decisions go to.
    pub fn firewall(&self) -> Result<Arc<dyn FirewallIntegration>, Box<dyn Error>> {
        Ok(if self.enforces {
            Arc::new(Nftables::open(NftablesConfig::default())?)
        } else {
            Arc::new(MemoryFirewall::new("a firewall in memory"))
        })
    }

    /// What must never be blocked.
    pub fn allowlist(&self) -> Allowlist {
        let list = Allowlist::new();
        self.allowed.iter().for_each(|(network, why)| list.insert(Entity::Address(*network), *why));
        list
    }

    /// The logs to read. One that cannot be opened fails when it is read.
    pub fn logs(&self) -> Vec<Log> {
        if !self.files.is_empty() {
            return self.files.iter().map(|file| self.log(name(file), file)).collect();
        }
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        ["sshd.log", "access.log", "eve.json"]
            .map(|name| self.log(name.to_owned(), &samples.join(name)))
            .into()
    }

    fn log(&self, name: String, file: &Path) -> Log {
        let input: Box<dyn Read> = if is_stdin(file) {
            Box::new(stdin())
        } else {
            File::open(file)
                .map_or_else(|error| Box::new(Unopened(Some(error))) as _, |file| Box::new(file) as _)
        };
        // Syslog lines have no year: theirs is the one nearest to now.
        let options = log::Options::new(SystemClock.now());
        (name, LogReader::new(Box::new(BufReader::new(input)), self.format, options))
    }
}

/// What a file is called in the report.
fn name(file: &Path) -> String {
    if is_stdin(file) { "standard input".to_owned() } else { file.display().to_string() }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == OsStr::new("-")
}

/// A file that could not be opened.
struct Unopened(Option<io::Error>);

impl Read for Unopened {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The address at the other end of the ssh session this runs in, if it does.
fn administrator() -> Option<IpNet> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    let peer = connection.split(' ').next()?;
    // A link-local address has its interface behind it.
    net::network(peer.split('%').next()?).ok()
}
