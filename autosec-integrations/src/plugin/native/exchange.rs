//! One call of a plugin, with the questions that it asks meanwhile.

use autosec_plugin_runner::abi::code;
use autosec_plugin_runner::message::{Order, Report};
use serde::de::DeserializeOwned;

use super::codec::decode;
use super::line::Line;
use super::{NativeLimits, question};
use crate::plugin::interface::{Crash, Services};

/// Bytes of a plugin's own words about its end that are told on.
const LONGEST_WORDS: usize = 300;

/// Gives an order and waits for what it comes to. The line is of no more use after a crash.
pub(super) async fn call<T: DeserializeOwned>(
    line: &mut Line,
    order: Order,
    services: &dyn Services,
    limits: &NativeLimits,
) -> Result<T, Crash> {
    let answer = finish(line, order, services, limits).await?;
    decode(line.encoding(), &answer).map_err(|_| unreadable())
}

async fn finish(
    line: &mut Line,
    order: Order,
    services: &dyn Services,
    limits: &NativeLimits,
) -> Result<Vec<u8>, Crash> {
    line.send(order).await;
    let mut asked = 0;
    loop {
        match line.receive().await {
            Some(Report::Question { question, arguments }) => {
                asked += 1;
                if asked > limits.host_calls {
                    return Err(Crash::Limit(format!("{} calls of the host", limits.host_calls)));
                }
                let (code, bytes) = question::answer(line.encoding(), services, question, &arguments).await;
                line.send(Order::Answer { code, bytes }).await;
            }
            Some(Report::Done { code: code::OK, bytes }) => return Ok(bytes),
            Some(Report::Done { code, bytes }) => return Err(crash(code, &bytes, limits)),
            Some(Report::Opened(_) | Report::Refused(_)) => {
                return Err(Crash::Protocol("it answers what it was not asked".to_owned()));
            }
            None => return Err(Crash::Trap(line.end().await)),
        }
    }
}

pub(super) fn crash(code: i32, words: &[u8], limits: &NativeLimits) -> Crash {
    match code {
        code::PANIC => Crash::Trap(format!("it panicked: {}", told(words))),
        code::POISONED => Crash::Gone("it panicked before".to_owned()),
        code::LARGE => Crash::Limit(format!("{} bytes at once", limits.answer)),
        code::ABI => {
            Crash::Protocol("it does not take this host's version of the binary interface".to_owned())
        }
        code::ARGUMENTS => Crash::Protocol("it does not understand its arguments".to_owned()),
        code::OPERATION => Crash::Protocol("it does not know the operation".to_owned()),
        code::INSTANCE => Crash::Protocol("it made no instance".to_owned()),
        code::ANSWER => Crash::Protocol("its answer is no bytes".to_owned()),
        other => Crash::Protocol(format!("it answered with code {other}")),
    }
}

/// Whether an answer has one item for each of the question.
pub(super) fn each_of<T>(asked: usize) -> impl Fn(&Vec<T>) -> Result<(), Crash> + Send {
    move |answer| match answer.len() {
        given if given == asked => Ok(()),
        given => Err(Crash::Protocol(format!("{given} answers to {asked} items"))),
    }
}

/// An answer that cannot be read.
pub(super) fn unreadable() -> Crash {
    Crash::Protocol("its answer is not of the kind that was asked for".to_owned())
}

/// A plugin's words, safe for a log.
fn told(words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words.get(..LONGEST_WORDS).unwrap_or(words));
    words.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
