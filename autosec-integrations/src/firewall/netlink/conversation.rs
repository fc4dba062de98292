//! Exchanges over a socket.
//!
//! Every message has a number of its own. An answer that comes after its exchange was given up (a timeout, an overrun) is
//! known by its number and passed over, so a socket stays usable after any failure.

use std::time::Duration;

use rustix::io::Errno;

use super::socket::Socket;
use super::wire::{Encoder, Head, INTERRUPTED, Reply, replies};

/// The kind of a message that ends an exchange with a code.
const ERROR: u16 = 2;
/// The kind of the message behind the last part of a listing.
const DONE: u16 = 3;

/// A socket, and the number of the next message.
#[derive(Debug)]
pub(in crate::firewall) struct Conversation {
    socket: Socket,
    sequence: u32,
    /// What is asked next is written here.
    question: Encoder,
}

/// What is asked: a message's head without its number.
#[derive(Clone, Copy, Debug)]
pub(in crate::firewall) struct Question {
    pub(in crate::firewall) kind: u16,
    pub(in crate::firewall) flags: u16,
    pub(in crate::firewall) family: u8,
}

/// How an exchange ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::firewall) struct Closing {
    /// 0 where all went well, else the kernel's error as a negative number; `None` where the message is too short.
    pub(in crate::firewall) code: Option<i32>,
    /// Whether what was listed changed meanwhile.
    pub(in crate::firewall) interrupted: bool,
    /// Behind an error, what the kernel sends back of the question, from its head on.
    pub(in crate::firewall) echo: Vec<u8>,
}

impl Conversation {
    pub(in crate::firewall) fn open(timeout: Duration) -> Result<Self, Errno> {
        Ok(Self { socket: Socket::open(timeout)?, sequence: 1, question: Encoder::default() })
    }

    /// The most bytes of one send.
    pub(in crate::firewall) fn longest(&self) -> usize {
        self.socket.longest()
    }

    /// The number of the next message.
    pub(in crate::firewall) fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Sends messages that were numbered from [`sequence`](Self::sequence) on.
    pub(in crate::firewall) fn send(&mut self, bytes: &[u8], messages: u32) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(messages);
        self.socket.send(bytes)
    }

    /// The next datagram of the kernel's, whatever it answers.
    pub(in crate::firewall) fn receive(&mut self) -> Result<&[u8], Errno> {
        self.socket.receive()
    }

    /// Asks one thing, and reads each part of the answer.
    pub(in crate::firewall) fn ask(
        &mut self,
        question: Question,
        attributes: impl FnOnce(&mut Encoder),
        mut read: impl FnMut(&Reply<'_>),
    ) -> Result<Closing, Errno> {
        let Question { kind, flags, family } = question;
        let sequence = self.sequence;
        self.question.clear();
        self.question.message(Head { kind, flags, sequence, family, resource: 0 }, attributes);
        self.sequence = sequence.wrapping_add(1);
        self.socket.send(self.question.bytes())?;
        let mut interrupted = false;
        loop {
            for reply in replies(self.socket.receive()?).filter(|reply| reply.sequence == sequence) {
                interrupted |= reply.flags & INTERRUPTED != 0;
                if reply.kind == ERROR || reply.kind == DONE {
                    let code = reply.code();
                    let echo = if code == Some(0) { Vec::new() } else { reply.echo().to_vec() };
                    return Ok(Closing { code, interrupted, echo });
                }
                read(&reply);
            }
        }
    }
}

impl Reply<'_> {
    /// Whether it says how a message fared, and nothing else.
    pub(in crate::firewall) fn is_verdict(&self) -> bool {
        self.kind == ERROR
    }
}
