//! Rules tried on a log.

use std::io::{self, BufReader};

use autosec_core::event::JsonReader;
use autosec_core::rule::{Backtest, BacktestReport, RuleSet};
use autosec_core::time::Timestamp;
use pyo3::prelude::*;

use crate::error;
use crate::event::{DictReader, as_dict, json_bytes};
use crate::guard::{detached, entered};
use crate::progress::Teller;
use crate::recorded::{Given, Log, given, read_one};
use crate::turn::Turns;

/// How often the host is told, in events.
const TELL_EVERY: u64 = 8_192;

/// What is to be tried.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) against: Option<&'a RuleSet>,
    pub(crate) samples: usize,
    pub(crate) profile: usize,
    pub(crate) at: Option<Timestamp>,
}

impl Trial<'_> {
    fn backtest<'p>(&self, teller: &'p Teller, by_bytes: bool) -> Result<Backtest<'p>, String> {
        let backtest = Backtest::new(self.rules).samples(self.samples);
        let backtest = if self.profile > 0 { backtest.profile(self.profile) } else { backtest };
        let backtest = match self.against {
            Some(other) => backtest.against(other).map_err(|wrong| wrong.to_string())?,
            None => backtest,
        };
        Ok(backtest.progress(TELL_EVERY, move |progress| {
            let done = if by_bytes { progress.bytes } else { progress.events };
            let beside =
                [("events", progress.events), ("findings", progress.findings), ("unread", progress.unread)];
            teller.tell(done, &beside);
        }))
    }

    fn lines(&self, log: Log<'_>, teller: &Teller) -> Result<BacktestReport, String> {
        let mut backtest = self.backtest(teller, true)?;
        let reader = JsonReader::new(backtest.schema(), &backtest.fields());
        let read = backtest.json_lines(&reader, BufReader::with_capacity(1 << 16, log));
        stopped(read, teller).map_err(|wrong| wrong.to_string())?;
        Ok(backtest.finish())
    }

    fn events(&self, events: &Bound<'_, PyAny>, teller: &Teller) -> PyResult<BacktestReport> {
        let py = events.py();
        let mut backtest = self.backtest(teller, false).map_err(|wrong| error::config(py, wrong))?;
        let (schema, fields) = (backtest.schema().clone(), backtest.fields());
        let json = JsonReader::new(&schema, &fields);
        let dicts = DictReader::new(py, &schema, &fields, false);
        let mut turns = Turns::new(py)?;
        for event in events.try_iter()? {
            let event = event?;
            turns.step()?;
            let read = if let Some(dict) = as_dict(&event)? {
                dicts.with(&dict, self.at, |event| backtest.look(event)).is_ok()
            } else {
                let bytes = json_bytes(&event)?;
                read_one(&json, bytes.as_bytes(), self.at).map(|event| backtest.look(&event)).is_some()
            };
            if !read {
                backtest.unread();
            }
            if teller.is_stopped() {
                break;
            }
        }
        Ok(backtest.finish())
    }
}

/// Tries rules on a log: a path, bytes, or events.
pub(crate) fn backtest(
    log: &Bound<'_, PyAny>,
    trial: &Trial<'_>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<BacktestReport> {
    let py = log.py();
    let given = given(log)?;
    let total = given.total();
    let teller = Teller::new(py, progress, "backtest", total)?;
    let done = entered(py, || match given {
        Given::File(file, _) => Ok(detached(py, || trial.lines(Log::file(file, &teller), &teller))),
        Given::Bytes(bytes) => Ok(detached(py, || trial.lines(Log::bytes(bytes, &teller), &teller))),
        Given::Events(events) => trial.events(&events, &teller).map(Ok),
    });
    if let (Some(total), Ok(Ok(Ok(_)))) = (total, &done) {
        teller.tell(total, &[]);
    }
    teller.close(py);
    done??.map_err(|wrong| error::config(py, wrong))
}

/// A log that the host stopped is not one that failed: what it raised leaves by itself.
fn stopped(read: io::Result<()>, teller: &Teller) -> io::Result<()> {
    if teller.is_stopped() { Ok(()) } else { read }
}
