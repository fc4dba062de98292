//! A plugin in a process of its own, which is killed when nobody holds it any more, with those that it started.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use autosec_plugin_runner::message::{HEAD, Order, Report, largest_frame, length};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::Isolation;
#[cfg(unix)]
use super::group::Group;
use super::peak::Peak;

/// What is told of one that lives on without a report that can be read.
const DISORDERLY: &str = "its process does not keep to the order of reports";

/// The host's end.
#[derive(Debug)]
pub(super) struct PluginProcess {
    child: Child,
    orders: ChildStdin,
    reports: ChildStdout,
    largest_answer: usize,
    number: u32,
    peak: Arc<Peak>,
}

impl PluginProcess {
    /// Starts the runner, which waits for orders.
    pub(super) fn start(isolation: &Isolation, largest_answer: usize, peak: &Arc<Peak>) -> io::Result<Self> {
        let mut command = Command::new(&isolation.runner);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let reports = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let number = child.id().ok_or(io::ErrorKind::BrokenPipe)?;
        peak.began(number);
        Ok(Self { child, orders, reports, largest_answer, number, peak: Arc::clone(peak) })
    }

    pub(super) async fn send(&mut self, order: &Order) -> bool {
        self.orders.write_all(&order.encode()).await.is_ok()
    }

    /// The next report; none if the process is gone or does not keep to the order.
    pub(super) async fn receive(&mut self) -> Option<Report> {
        let mut head = [0; HEAD];
        self.reports.read_exact(&mut head).await.ok()?;
        let length = length(head, largest_frame(self.largest_answer))?;
        let mut message = Vec::new();
        (&mut self.reports).take(length as u64).read_to_end(&mut message).await.ok()?;
        if message.len() < length {
            return None;
        }
        Report::decode(&message)
    }

    /// How it ended, for one that does not answer any more.
    pub(super) async fn end(&mut self) -> String {
        const SOON: Duration = Duration::from_millis(500);
        self.peak.ends(self.number);
        #[cfg(unix)]
        if let Some(group) = self.group() {
            if !group.ends_within(SOON).await {
                return DISORDERLY.to_owned();
            }
            // Before it is waited for, so that the group's number is still its own.
            group.kill();
        }
        match timeout(SOON, self.child.wait()).await {
            Ok(Ok(status)) => format!("its process ended, {status}"),
            Ok(Err(error)) => format!("its process ended: {error}"),
            Err(_) => DISORDERLY.to_owned(),
        }
    }

    /// All of its processes, while it was not waited for.
    #[cfg(unix)]
    fn group(&self) -> Option<Group> {
        self.child.id().and_then(Group::led_by)
    }
}

impl Drop for PluginProcess {
    fn drop(&mut self) {
        self.peak.ends(self.number);
        #[cfg(unix)]
        if let Some(group) = self.group() {
            group.kill();
        }
    }
}
