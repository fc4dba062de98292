//! The process: what it gives up, and its pipes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::abort;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use autosec_plugin_runner::message::{self, Opening, Order, Report};
use autosec_plugin_runner::{Port, serve};
use rustix::process::{Resource, Rlimit, Signal, getpid, kill_process_group, setrlimit};
use rustix::stdio::{dup2_stdin, dup2_stdout, stdin, stdout};

use crate::descriptor::close_inherited;

/// What a host may send at once: arguments of a large batch, a configuration.
const LARGEST_ORDER: usize = 256 << 20;

/// Runs until the host is gone.
pub(crate) fn run() -> io::Result<()> {
    close_inherited();
    let (mut orders, reports) = pipes()?;
    let Some(first) = message::read(&mut orders, LARGEST_ORDER)? else { return Ok(()) };
    let first = Order::decode(&first).ok_or(io::ErrorKind::InvalidData)?;
    if let Order::Open(opening) = &first {
        confine(opening)?;
    }
    let received = listen(orders);
    serve(Pipes { first: Some(first), received, reports });
    Ok(())
}

/// The pipes to the host. In their places is nothing: what a plugin prints must not be taken for a report.
fn pipes() -> io::Result<(File, File)> {
    let orders = File::from(stdin().try_clone_to_owned()?);
    let reports = File::from(stdout().try_clone_to_owned()?);
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(nothing.as_fd())?;
    dup2_stdout(nothing.as_fd())?;
    Ok((orders, reports))
}

/// Memory and files within limits, and no image of the process on disk when it dies: it would hold the configuration.
fn confine(opening: &Opening) -> io::Result<()> {
    let limit =
        |resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::Core, 0)?;
    if opening.memory > 0 {
        limit(Resource::As, opening.memory)?;
    }
    if opening.files > 0 {
        limit(Resource::Nofile, opening.files)?;
    }
    Ok(())
}

/// Reads orders on a thread of its own, so that the end of the host ends this process whatever the plugin is doing.
///
/// The kernel's signal at a parent's death would come when the thread that started this process ends, which in an
/// asynchronous host is any.
fn listen(mut orders: impl Read + Send + 'static) -> Receiver<Order> {
    let (sender, received) = sync_channel(1);
    thread::spawn(move || {
        while let Ok(Some(message)) = message::read(&mut orders, LARGEST_ORDER) {
            let Some(order) = Order::decode(&message) else { break };
            if sender.send(order).is_err() {
                break;
            }
        }
        // What the plugin started ends too, where the host put this process at the head of a group.
        let _ = kill_process_group(getpid(), Signal::KILL);
        abort()
    });
    received
}

#[derive(Debug)]
struct Pipes {
    first: Option<Order>,
    received: Receiver<Order>,
    reports: File,
}

impl Port for Pipes {
    fn receive(&mut self) -> Option<Order> {
        self.first.take().or_else(|| self.received.recv().ok())
    }

    fn send(&mut self, report: Report) -> bool {
        self.reports.write_all(&report.encode()).is_ok()
    }
}
