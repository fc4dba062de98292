//! Network namespaces of the tests' own: whatever is done inside one leaves the machine's network alone.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace; it is deleted when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A new namespace with its loopback up, or why there can be none.
    pub fn new(label: &str) -> Result<Self, String> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("as{}{label}{made}", std::process::id());
        succeed(Command::new("ip").args(["netns", "add", &name]))?;
        let namespace = Self { name };
        namespace.shell("ip link set lo up")?;
        Ok(namespace)
    }

    /// Its name, also as an interface's name: at most 15 bytes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `act` gives on a thread inside the namespace. Sockets opened there stay there.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        enter(&self.name, act)
    }

    /// A command that will run inside the namespace.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Runs commands of a shell inside the namespace; their output, or what went wrong.
    pub fn shell(&self, script: &str) -> Result<String, String> {
        succeed(self.command("sh").args(["-ec", script]))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}

/// What `act` gives on a thread inside the namespace of this name, which another process may have made.
pub fn enter<T: Send>(name: &str, act: impl FnOnce() -> T + Send) -> T {
    let enter = || {
        let link = File::open(format!("/run/netns/{name}")).unwrap();
        move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        act()
    };
    std::thread::scope(|scope| match scope.spawn(enter).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn succeed(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&stderr).trim()))
}
