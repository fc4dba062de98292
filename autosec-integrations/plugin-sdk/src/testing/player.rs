//! The host of a rehearsal: it answers what the cassette has, in order, and notes what is different.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use super::exchange::Asked;
use super::{Answer, Cassette};
use crate::host::Host;
use crate::{Command, CommandResult, HttpRequest, HttpResponse, KvError, Level, TransportError};

/// What a plugin did that its cassette does not have, and what it left out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct Discrepancies(pub Vec<String>);

impl fmt::Display for Discrepancies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the plugin and its cassette differ:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Plays one cassette.
#[derive(Debug)]
pub(super) struct Player {
    cassette: Cassette,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    next: usize,
    drawn: usize,
    values: BTreeMap<String, Vec<u8>>,
    log: Vec<(Level, String)>,
    discrepancies: Vec<String>,
    /// What a dry run asked; none if this is none.
    planned: Option<Vec<Asked>>,
}

impl Player {
    pub(super) fn new(cassette: Cassette) -> Self {
        Self { cassette, state: RefCell::default() }
    }

    /// Runs `call` without using the cassette up, and gives what was asked meanwhile.
    pub(super) fn watch<T>(&self, call: impl FnOnce() -> T) -> (T, Vec<Asked>) {
        let before = {
            let mut state = self.state.borrow_mut();
            state.planned = Some(Vec::new());
            state.next
        };
        let done = call();
        let mut state = self.state.borrow_mut();
        state.next = before;
        (done, state.planned.take().unwrap_or_default())
    }

    pub(super) fn log(&self) -> Vec<(Level, String)> {
        self.state.borrow().log.clone()
    }

    pub(super) fn discrepancies(&self) -> Vec<String> {
        let state = self.state.borrow();
        let left = self.cassette.exchanges.iter().enumerate().skip(state.next);
        let left =
            left.map(|(index, left)| format!("exchange {}: {} was not asked", index + 1, left.question));
        state.discrepancies.iter().cloned().chain(left).collect()
    }

    fn answer(&self, asked: Asked) -> Result<Answer, TransportError> {
        let mut state = self.state.borrow_mut();
        let number = state.next + 1;
        let exchange = self.cassette.exchanges.get(state.next);
        let difference = match exchange {
            Some(exchange) => exchange.question.difference(&asked),
            None => Some(format!("the cassette has ended, the plugin asks {asked}")),
        };
        if let Some(planned) = &mut state.planned {
            planned.push(asked);
        }
        match (exchange, difference) {
            (Some(exchange), None) => {
                state.next += 1;
                exchange.answer.clone()
            }
            (_, difference) if state.planned.is_some() => {
                Err(TransportError::Denied(difference.map_or_else(String::new, |_| "a dry run".to_owned())))
            }
            (_, difference) => {
                let words = format!("exchange {number}: {}", difference.unwrap_or_default());
                state.discrepancies.push(words.clone());
                Err(TransportError::Denied(words))
            }
        }
    }
}

impl Host for Player {
    fn http(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        match self.answer(Asked::Http(request.clone()))? {
            Answer::Http(response) => Ok(response),
            _ => Err(other()),
        }
    }

    fn exec(&self, command: &Command) -> Result<CommandResult, TransportError> {
        match self.answer(Asked::Exec(command.clone()))? {
            Answer::Exec(result) => Ok(result),
            _ => Err(other()),
        }
    }

    fn session_exec(
        &self,
        session: &str,
        lines: &[String],
        _timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        match self.answer(Asked::Session(session.to_owned(), lines.to_vec()))? {
            Answer::Session(answers) => Ok(answers),
            _ => Err(other()),
        }
    }

    fn log(&self, level: Level, message: &str) {
        self.state.borrow_mut().log.push((level, message.to_owned()));
    }

    fn now_ms(&self) -> u64 {
        self.cassette.now_ms
    }

    fn random_u64(&self) -> u64 {
        let mut state = self.state.borrow_mut();
        let at = state.drawn;
        state.drawn += 1;
        let drawn = at.checked_rem(self.cassette.random.len()).and_then(|at| self.cassette.random.get(at));
        drawn.copied().unwrap_or(at as u64 + 1)
    }

    fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.state.borrow().values.get(key).cloned())
    }

    fn kv_set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.state.borrow_mut().values.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.state.borrow_mut().values.remove(key);
        Ok(())
    }
}

/// A cassette that was put together by hand may answer a request with what belongs to a command.
fn other() -> TransportError {
    TransportError::Protocol("the cassette's answer is of another kind than the question".to_owned())
}
