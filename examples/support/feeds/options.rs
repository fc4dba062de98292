//! The command line of the example of feeds.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::log::{self, Format, LogReader};

use crate::layout::clipped;

pub const HELP: &str = "\
Loads feeds of known bad values, reads logs, and says which value was seen where and why.

usage: cargo run --example feeds --features online -- [OPTIONS] [--] [LOG]...

  LOG             a log to read; default: the logs of examples/data
  --feeds FOLDER  a folder with a feeds.json that names its files and what each is, and with
                  warninglists/*.json in MISP's format; default: examples/data/feeds
  --taxii URL     a TAXII 2.1 server, by its discovery, such as https://taxii.example/taxii2/; all
                  collections that may be read are
  --taxii-user U  who asks; the password is in the environment, in AUTOSEC_TAXII_PASSWORD
  --geo FILE      a MaxMind database, so that feeds can list autonomous systems; repeatable
  --help          this text

exit code: 0 done; 1 a feed or a log could not be read; 2 wrong arguments";

/// A log as it is read.
pub type Log = LogReader<BufReader<File>>;

/// A server to ask.
#[derive(Default)]
pub struct Taxii {
    pub url: String,
    pub user: Option<String>,
}

/// What the user asked for.
pub struct Options {
    pub feeds: PathBuf,
    pub taxii: Taxii,
    pub geo: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Options {
    /// Reads the arguments behind the program's name; nothing if only help is wanted. The error is what to print.
    pub fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let (feeds, taxii) = (samples().join("feeds"), Taxii::default());
        let mut options = Self { feeds, taxii, geo: Vec::new(), files: Vec::new() };
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            let mut value = |name: &str| {
                arguments.next().map(PathBuf::from).ok_or_else(|| format!("`{name}` needs a value"))
            };
            match &*text {
                "--help" | "-h" => return Ok(None),
                "--feeds" => options.feeds = value("--feeds")?,
                "--taxii" => options.taxii.url = value("--taxii")?.to_string_lossy().into_owned(),
                "--taxii-user" => {
                    options.taxii.user = Some(value("--taxii-user")?.to_string_lossy().into_owned());
                }
                "--geo" => options.geo.push(value("--geo")?),
                "--" => options.files.extend(arguments.by_ref().map(PathBuf::from)),
                name if name.starts_with('-') => {
                    return Err(format!("unknown option `{}`: `--help` lists them", clipped(name, 40)));
                }
                _ => options.files.push(PathBuf::from(argument)),
            }
        }
        Ok(Some(options))
    }

    /// The logs to read.
    pub fn logs(&self) -> Vec<PathBuf> {
        if self.files.is_empty() {
            return ["sshd.log", "access.log", "eve.json"].map(|name| samples().join(name)).into();
        }
        self.files.clone()
    }

    /// A log with the name by which the report tells of it.
    pub fn open(&self, file: &Path) -> (String, io::Result<Log>) {
        let is_sample = self.files.is_empty();
        let name = file.file_name().filter(|_| is_sample).unwrap_or(file.as_os_str());
        // Syslog lines have no year: theirs is the one nearest to now.
        let options = log::Options::new(SystemClock.now());
        let opened = File::open(file).map(|file| LogReader::new(BufReader::new(file), Format::Auto, options));
        (name.to_string_lossy().into_owned(), opened)
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}
