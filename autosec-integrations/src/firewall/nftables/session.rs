//! Exchanges over the socket: a transaction and its answers, a question and its answers.

use std::time::Duration;

use rustix::io::Errno;

use super::batch::{Batch, INET, Operation, Position};
use super::error::Failure;
use crate::firewall::netlink::{ACK, Conversation, DUMP, Encoder, Question, REQUEST, Reply, replies};

/// A listing that others keep changing is begun anew this often before it is given up.
const LISTINGS: usize = 16;

#[derive(Debug)]
pub(super) struct Session {
    conversation: Conversation,
}

impl Session {
    pub(super) fn open(timeout: Duration) -> Result<Self, Errno> {
        Ok(Self { conversation: Conversation::open(timeout)? })
    }

    /// The most bytes of a transaction.
    pub(super) fn longest(&self) -> usize {
        self.conversation.longest()
    }

    /// A transaction to fill, then to [`commit`](Self::commit).
    pub(super) fn begin(&self, generation: Option<u32>) -> Batch {
        Batch::begin(self.conversation.sequence(), generation)
    }

    /// Sends the transaction and gathers its answers.
    ///
    /// The last message's acknowledgement alone does not mean success: the kernel sends it also where an earlier
    /// message failed and nothing was applied. Each failing message answers for itself, before that. An answer left
    /// unread, as behind one that concerns the whole transaction, is known by its number and passed over later.
    pub(super) fn commit(&mut self, mut batch: Batch) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let messages = batch.length();
        self.conversation.send(batch.end(), messages).map_err(Failure::Broken)?;
        self.answers(&batch)
    }

    fn answers(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut refused = None;
        // After an overrun answers are missing. A refusal among those left is certain; without one nothing is.
        let mut overrun = false;
        loop {
            let datagram = match self.conversation.receive() {
                // More errors than the buffer holds: the first of them are still there.
                Err(Errno::NOBUFS) if !overrun => {
                    overrun = true;
                    continue;
                }
                received => received.map_err(|errno| refused.unwrap_or(Failure::Broken(errno)))?,
            };
            for reply in replies(datagram).filter(Reply::is_verdict) {
                let (last, item) = match batch.position(reply.sequence) {
                    Position::Begin => (true, None),
                    Position::Inside(item) => (false, item),
                    Position::Last(item) => (true, item),
                    Position::Elsewhere => continue,
                };
                if let Some(errno) = error(reply.code()) {
                    refused.get_or_insert(Failure::Refused { errno, item });
                }
                if last {
                    return match refused {
                        Some(failure) => Err(failure),
                        None if overrun => Err(Failure::Broken(Errno::NOBUFS)),
                        None => Ok(()),
                    };
                }
            }
        }
    }

    /// Asks for one thing.
    pub(super) fn ask<T>(
        &mut self,
        operation: Operation,
        attributes: impl Fn(&mut Encoder),
        read: impl Fn(&Reply<'_>) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let found = self.question(operation, REQUEST | ACK, &attributes, &read)?;
        Ok(found.and_then(|found| found.into_iter().next()))
    }

    /// Lists everything of a kind.
    pub(super) fn list<T>(
        &mut self,
        operation: Operation,
        attributes: impl Fn(&mut Encoder),
        read: impl Fn(&Reply<'_>) -> Vec<T>,
    ) -> Result<Vec<T>, Failure> {
        for _ in 0..LISTINGS {
            let found = self.question(operation, REQUEST | DUMP, &attributes, |reply| Some(read(reply)))?;
            if let Some(found) = found {
                return Ok(found.into_iter().flatten().collect());
            }
        }
        Err(Failure::Broken(Errno::INTR))
    }

    /// One question and what was read from each answer; `None` where the ruleset changed meanwhile.
    fn question<T>(
        &mut self,
        operation: Operation,
        flags: u16,
        attributes: impl Fn(&mut Encoder),
        read: impl Fn(&Reply<'_>) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Failure> {
        let question = Question { kind: operation.kind(), flags, family: INET };
        let mut found = Vec::new();
        let closing = self
            .conversation
            .ask(question, attributes, |reply| found.extend(read(reply)))
            .map_err(Failure::Broken)?;
        match error(closing.code) {
            Some(errno) => Err(Failure::Refused { errno, item: None }),
            None => Ok((!closing.interrupted).then_some(found)),
        }
    }
}

/// The error a closing message reports, if any. A negative code is an error number.
fn error(code: Option<i32>) -> Option<Errno> {
    match code {
        Some(0) => None,
        Some(code) => Some(Errno::from_raw_os_error(code.saturating_neg())),
        None => Some(Errno::BADMSG),
    }
}
