//! A plugin on a thread of this process.
//!
//! The runtime's own threads never run a plugin's code, so one that hangs stands in nobody's way; it cannot be ended, though.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use autosec_plugin_runner::message::{Order, Report};
use autosec_plugin_runner::{Port, serve};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// The host's end.
#[derive(Debug)]
pub(super) struct PluginThread {
    orders: Sender<Order>,
    /// One at a time: the thread waits for an answer to each question.
    reports: UnboundedReceiver<Report>,
    ended: Ended,
}

/// Comes true when a thread has ended, by an error: nothing is ever sent.
pub(super) type Ended = oneshot::Receiver<()>;

impl PluginThread {
    /// Starts a thread that waits for orders.
    pub(super) fn start() -> io::Result<Self> {
        let (orders, received) = channel();
        let (sent, reports) = unbounded_channel();
        let (end, ended) = oneshot::channel::<()>();
        let run = move || {
            let _end = end;
            serve(Channels { received, sent });
        };
        thread::Builder::new().name("plugin".to_owned()).spawn(run)?;
        Ok(Self { orders, reports, ended })
    }

    pub(super) fn send(&self, order: Order) -> bool {
        self.orders.send(order).is_ok()
    }

    pub(super) async fn receive(&mut self) -> Option<Report> {
        self.reports.recv().await
    }

    /// Lets go of the thread. It ends when the plugin comes back from what it is doing.
    pub(super) fn leave(self) -> Ended {
        self.ended
    }
}

/// The thread's end.
#[derive(Debug)]
struct Channels {
    received: Receiver<Order>,
    sent: UnboundedSender<Report>,
}

impl Port for Channels {
    fn receive(&mut self) -> Option<Order> {
        self.received.recv().ok()
    }

    fn send(&mut self, report: Report) -> bool {
        self.sent.send(report).is_ok()
    }
}
