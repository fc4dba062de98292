//! One question to the kernel's ipset at a time.

use std::time::Duration;

use autosec_core::enforce::Block;
use rustix::io::Errno;

use super::entry::Entry;
use super::error::{ABSENT, EXISTS, Failure};
use super::family::Family;
use super::request::{self, Header, Operation};
use crate::firewall::netlink::{ACK, Conversation, DUMP, Encoder, Question, REQUEST, Reply};

/// The family in a message's head; the sets' own stand in attributes.
const HEAD_FAMILY: u8 = 2;

#[derive(Debug)]
pub(super) struct Session {
    conversation: Conversation,
}

impl Session {
    pub(super) fn open(timeout: Duration) -> Result<Self, Errno> {
        Ok(Self { conversation: Conversation::open(timeout)? })
    }

    /// The revision to make sets of.
    pub(super) fn revision(&mut self, family: Family) -> Result<u8, Failure> {
        let mut found = None;
        self.ask(
            Operation::Type,
            REQUEST | ACK,
            |message| request::revisions(message, family),
            |answer| found = request::revision(answer),
        )?;
        found.ok_or(Failure::Lacking("this kernel's sets keep no comments; that came with Linux 3.14"))
    }

    /// What a set is; `None` where there is none of the name.
    pub(super) fn header(&mut self, set: &str) -> Result<Option<Header>, Failure> {
        let mut found = None;
        let asked = self.ask(
            Operation::List,
            REQUEST | DUMP,
            |message| request::header(message, set),
            |answer| found = Header::read(answer, set).or(found.take()),
        );
        match asked {
            Err(failure) if failure.is(ABSENT) => Ok(None),
            asked => asked.map(|()| found),
        }
    }

    pub(super) fn create(
        &mut self,
        set: &str,
        family: Family,
        revision: u8,
        capacity: u32,
    ) -> Result<(), Failure> {
        let fill = |message: &mut Encoder| request::create(message, set, family, revision, capacity);
        self.tell(Operation::Create, fill)
    }

    /// Marks a set as ours.
    pub(super) fn mark(&mut self, set: &str, family: Family) -> Result<(), Failure> {
        self.tell(Operation::Add, |message| request::mark(message, set, family, true))
    }

    /// Whether a set is marked as ours; `None` where there is none of the name.
    pub(super) fn is_marked(&mut self, set: &str, family: Family) -> Result<Option<bool>, Failure> {
        match self.tell(Operation::Test, |message| request::mark(message, set, family, false)) {
            Ok(()) => Ok(Some(true)),
            Err(failure) if failure.is(EXISTS) => Ok(Some(false)),
            Err(failure) if failure.is(ABSENT) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Puts entries in or takes them out, in one message: up to the first that is refused.
    pub(super) fn change(
        &mut self,
        operation: Operation,
        set: &str,
        entries: &[Entry<'_>],
    ) -> Result<(), Failure> {
        self.tell(operation, |message| request::change(message, set, entries))
    }

    pub(super) fn flush(&mut self, set: &str) -> Result<(), Failure> {
        self.tell(Operation::Flush, |message| request::named(message, set))
    }

    pub(super) fn destroy(&mut self, set: &str) -> Result<(), Failure> {
        self.tell(Operation::Destroy, |message| request::named(message, set))
    }

    /// Every block of a set; none where there is no set of the name.
    pub(super) fn list(&mut self, set: &str, family: Family) -> Result<Vec<Block>, Failure> {
        let mut blocks = Vec::new();
        let asked = self.ask(
            Operation::List,
            REQUEST | DUMP,
            |message| request::named(message, set),
            |answer| blocks.extend(request::listed(answer, set, family)),
        );
        match asked {
            Err(failure) if failure.is(ABSENT) => Ok(Vec::new()),
            asked => asked.map(|()| blocks),
        }
    }

    fn tell(&mut self, operation: Operation, fill: impl FnOnce(&mut Encoder)) -> Result<(), Failure> {
        self.ask(operation, REQUEST | ACK, fill, |_| {})
    }

    fn ask(
        &mut self,
        operation: Operation,
        flags: u16,
        fill: impl FnOnce(&mut Encoder),
        read: impl FnMut(&Reply<'_>),
    ) -> Result<(), Failure> {
        let question = Question { kind: operation.kind(), flags, family: HEAD_FAMILY };
        let closing = self.conversation.ask(question, fill, read).map_err(Failure::Broken)?;
        match closing.code {
            Some(0) => Ok(()),
            Some(code) => {
                Err(Failure::Refused { code: code.saturating_neg(), entry: request::objected(&closing.echo) })
            }
            None => Err(Failure::Broken(Errno::BADMSG)),
        }
    }
}
