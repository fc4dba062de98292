//! The way to whoever runs a plugin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use autosec_plugin_runner::abi::Encoding;
use autosec_plugin_runner::message::{Opening, Order, Report};

use super::peak::Peak;
use super::process::PluginProcess;
use super::thread::{Ended, PluginThread};
use super::{LoadError, NativeLimits, Runs};
use crate::plugin::interface::Crash;

/// Which library, and how it is run.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Absolute.
    pub(super) path: PathBuf,
    pub(super) runs: Runs,
    pub(super) limits: NativeLimits,
    pub(super) peak: Arc<Peak>,
}

/// An opened library that waits for orders.
#[derive(Debug)]
pub(super) struct Line {
    way: Way,
    encoding: Encoding,
}

#[derive(Debug)]
enum Way {
    Thread(PluginThread),
    Process(Box<PluginProcess>),
}

impl Line {
    /// Opens the library.
    pub(super) async fn open(source: &Source) -> Result<Self, LoadError> {
        let mut way = Way::start(source)?;
        let (memory, files) = match &source.runs {
            Runs::InProcess => (0, 0),
            Runs::Isolated(isolation) => (isolation.memory, isolation.files),
        };
        let largest_answer = source.limits.answer as u64;
        let opening = Opening { path: bytes(&source.path), largest_answer, memory, files };
        way.send(Order::Open(opening)).await;
        match way.receive().await {
            Some(Report::Opened(number)) => {
                let encoding = Encoding::by_number(number);
                let encoding = encoding.ok_or_else(|| Crash::Protocol("it has no encoding".to_owned()))?;
                Ok(Self { way, encoding })
            }
            Some(Report::Refused(why)) => Err(LoadError::Refused(why)),
            Some(_) => Err(Crash::Protocol("it answers before it is asked".to_owned()).into()),
            None => Err(LoadError::Refused(format!(
                "`{}` cannot be opened: {}",
                source.path.display(),
                way.end().await
            ))),
        }
    }

    /// What arguments and answers are written in.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the order got through.
    pub(super) async fn send(&mut self, order: Order) -> bool {
        self.way.send(order).await
    }

    /// The next report; none if there will be no more.
    pub(super) async fn receive(&mut self) -> Option<Report> {
        self.way.receive().await
    }

    /// Why there will be no more.
    pub(super) async fn end(&mut self) -> String {
        self.way.end().await
    }

    /// Ends a process at once, lets go of a thread. What must end before another may begin is given back.
    pub(super) fn leave(self) -> Option<Ended> {
        match self.way {
            Way::Thread(thread) => Some(thread.leave()),
            Way::Process(_) => None,
        }
    }
}

impl Way {
    fn start(source: &Source) -> Result<Self, LoadError> {
        match &source.runs {
            Runs::InProcess => {
                let thread = PluginThread::start();
                let none = |error| LoadError::Refused(format!("there is no thread for a plugin: {error}"));
                thread.map(Self::Thread).map_err(none)
            }
            Runs::Isolated(isolation) => {
                let process = PluginProcess::start(isolation, source.limits.answer, &source.peak);
                let runner = || isolation.runner.clone();
                process
                    .map(|process| Self::Process(Box::new(process)))
                    .map_err(|source| LoadError::Runner { runner: runner(), source })
            }
        }
    }

    async fn send(&mut self, order: Order) -> bool {
        match self {
            Self::Thread(thread) => thread.send(order),
            Self::Process(process) => process.send(&order).await,
        }
    }

    async fn receive(&mut self) -> Option<Report> {
        match self {
            Self::Thread(thread) => thread.receive().await,
            Self::Process(process) => process.receive().await,
        }
    }

    async fn end(&mut self) -> String {
        match self {
            Self::Thread(_) => "its thread ended".to_owned(),
            Self::Process(process) => process.end().await,
        }
    }
}

/// The bytes of a path.
#[cfg(unix)]
fn bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

/// The bytes of a path.
#[cfg(not(unix))]
fn bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}
