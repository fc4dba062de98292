//! The loop of whoever runs a plugin, a thread or a process.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use crate::abi::code;
use crate::library::{Answer, Host, Instance, Library};
use crate::message::{Opening, Order, Report};
use crate::{Fault, OpenError};

/// The way to the host.
pub trait Port: fmt::Debug {
    /// The next order; none if the host is gone.
    fn receive(&mut self) -> Option<Order>;

    /// Tells the host; whether it is still there.
    fn send(&mut self, report: Report) -> bool;
}

/// Does what the host wants until it is gone. The first order opens the library.
pub fn serve(port: impl Port + 'static) {
    let port = Rc::new(RefCell::new(port));
    let Some(Order::Open(opening)) = receive(&port) else { return };
    match open(&opening) {
        Ok(library) => {
            if send(&port, Report::Opened(library.encoding().number())) {
                obey(&Rc::new(library), &port);
            }
        }
        Err(why) => {
            send(&port, Report::Refused(why.to_string()));
        }
    }
}

fn open(opening: &Opening) -> Result<Library, OpenError> {
    Library::open(&path(&opening.path), usize::try_from(opening.largest_answer).unwrap_or(usize::MAX))
}

fn obey<P: Port + 'static>(library: &Rc<Library>, port: &Rc<RefCell<P>>) {
    let mut instance: Option<Instance> = None;
    while let Some(order) = receive(port) {
        let done = match order {
            Order::Ask { operation, arguments } => library.ask(operation, &arguments),
            Order::Create { config } => {
                instance = None;
                let host: Rc<dyn Host> = Rc::new(Distant(Rc::clone(port)));
                library.create(&config, host).map(|(answer, made)| {
                    instance = made;
                    answer
                })
            }
            Order::Call { operation, arguments } => match &mut instance {
                Some(instance) => instance.call(operation, &arguments),
                // To call without one would have the plugin follow a null pointer.
                None => Err(Fault::Code(code::INSTANCE)),
            },
            // An answer that nobody waits for, or a second opening: the host does not keep to the order.
            Order::Answer { .. } | Order::Open(_) => return,
        };
        if !send(port, report(done)) {
            return;
        }
    }
}

fn report(done: Result<Answer, Fault>) -> Report {
    match done {
        Ok(answer) => Report::Done { code: code::OK, bytes: answer.to_vec() },
        Err(Fault::Panic(words)) => Report::Done { code: code::PANIC, bytes: words.into_bytes() },
        Err(Fault::Code(code)) if code != code::OK => Report::Done { code, bytes: Vec::new() },
        Err(Fault::Large { .. }) => Report::Done { code: code::LARGE, bytes: Vec::new() },
        Err(Fault::Code(_)) => Report::Done { code: code::ANSWER, bytes: Vec::new() },
    }
}

fn receive<P: Port>(port: &Rc<RefCell<P>>) -> Option<Order> {
    port.try_borrow_mut().ok()?.receive()
}

fn send<P: Port>(port: &Rc<RefCell<P>>, report: Report) -> bool {
    port.try_borrow_mut().is_ok_and(|mut port| port.send(report))
}

/// A host at the other end of a port.
#[derive(Debug)]
struct Distant<P>(Rc<RefCell<P>>);

impl<P: Port> Host for Distant<P> {
    fn answer(&self, question: u32, arguments: &[u8]) -> (i32, Vec<u8>) {
        if !send(&self.0, Report::Question { question, arguments: arguments.to_vec() }) {
            return (code::OVER, Vec::new());
        }
        match receive(&self.0) {
            Some(Order::Answer { code, bytes }) => (code, bytes),
            _ => (code::OVER, Vec::new()),
        }
    }
}

/// A path from its bytes.
#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// A path from its bytes.
#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
