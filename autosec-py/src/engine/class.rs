use autosec_core::engine;
use autosec_core::event::JsonReader;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use serde_json::Value;

use super::build::{self, Parts};
use super::feed::Feed;
use crate::arrow::{self, Plan};
use crate::convert::to_python;
use crate::enforce;
use crate::error;
use crate::event::{DictReader, fallback, json_bytes};
use crate::extend::Held;
use crate::guard::{self, Birth, detached, entered};
use crate::lines::lines;
use crate::log::{Log, listening};
use crate::verdict::{Verdict, Verdicts};

/// Takes events and gives verdicts; enforces what was decided. One serves all threads.
#[pyclass(frozen, subclass, module = "autosec._autosec")]
#[derive(Debug)]
pub(crate) struct Engine {
    feed: Feed,
    /// The names of the fields that somebody reads.
    fields: Vec<String>,
    log: Log,
    /// What its plugins tell.
    plugins: Vec<Log>,
    birth: Birth,
    /// What of it is written in Python, and may hold the engine in turn.
    held: Vec<Held>,
}

#[pymethods]
impl Engine {
    /// An engine of these detectors.
    #[new]
    #[pyo3(signature = (*detectors, config=None, allowlist=None, firewalls=None, store=None, dry_run=false, text_errors="replace"))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        detectors: &Bound<'_, PyTuple>,
        config: Option<&Bound<'_, PyAny>>,
        allowlist: Option<&Bound<'_, PyAny>>,
        firewalls: Option<&Bound<'_, PyAny>>,
        store: Option<&Bound<'_, PyAny>>,
        dry_run: bool,
        text_errors: &str,
    ) -> PyResult<Self> {
        let strict = match text_errors {
            "replace" => false,
            "strict" => true,
            _ => return Err(error::config(py, "`text_errors` is `replace` or `strict`")),
        };
        let mut settings = config.map(build::config).transpose()?.unwrap_or_default();
        settings.guard.dry_run |= dry_run;
        for entry in allowlist.map(|entries| entries.try_iter()).transpose()?.into_iter().flatten() {
            settings.allowlist.push(engine::Allowed::new(build::entity(&entry?)?, ""));
        }
        let log = Log::default();
        let firewalls = firewalls.map(|each| each.try_iter()?.collect::<PyResult<Vec<_>>>()).transpose()?;
        let firewalls = firewalls.unwrap_or_default();
        let plugins = build::plugins(&firewalls, &mut settings);
        let mut held = Vec::new();
        let mut builder = engine::Engine::builder().config(settings).observer(log.clone());
        for firewall in &firewalls {
            builder = enforce::add(builder, firewall, &mut held)?;
        }
        if let Some(given) = store {
            builder = build::store(builder, given, &mut held)?;
        }
        let Parts { builder, schema, held: detecting } = Parts::new(builder, detectors)?;
        held.extend(detecting);
        let core = detached(py, || builder.build());
        let core = core.map_err(|wrong| error::config(py, error::chain(&wrong)))?;
        let wanted = core.fields();
        let fields = schema.fields().filter(|(field, ..)| wanted.contains(*field));
        Ok(Self {
            fields: fields.map(|(_, name, _)| name.to_owned()).collect(),
            feed: Feed {
                json: JsonReader::new(&schema, wanted),
                dict: DictReader::new(py, &schema, wanted, strict),
                strict,
                engine: core,
            },
            log,
            plugins,
            birth: Birth::now(),
            held,
        })
    }

    /// The verdict of one event: a dict, or JSON as bytes or text. `at` is its time if it has none.
    #[pyo3(signature = (event, /, at=None))]
    fn process(&self, event: &Bound<'_, PyAny>, at: Option<&Bound<'_, PyAny>>) -> PyResult<Verdict> {
        let py = event.py();
        self.birth.check(py)?;
        let at = fallback(at)?;
        let done = entered(py, || self.feed.one(event, at));
        self.log.hand_over(py)?;
        done??.map(Verdict::from).map_err(|wrong| wrong.exception(py))
    }

    /// The verdicts of many events, each a dict or JSON; those that cannot be read are among `errors`.
    #[pyo3(signature = (events, /, at=None))]
    fn process_many(&self, events: &Bound<'_, PyAny>, at: Option<&Bound<'_, PyAny>>) -> PyResult<Verdicts> {
        let py = events.py();
        self.birth.check(py)?;
        let at = fallback(at)?;
        let done = of_many(py, || self.feed.many(events, at))?;
        self.finish(py, done)
    }

    /// The verdicts of a log of JSON objects, one a line, without holding up other threads.
    #[pyo3(signature = (log, /, at=None))]
    fn process_ndjson(&self, log: &Bound<'_, PyAny>, at: Option<&Bound<'_, PyAny>>) -> PyResult<Verdicts> {
        let py = log.py();
        self.birth.check(py)?;
        let at = fallback(at)?;
        if log.is_instance_of::<PyDict>() {
            let message = "a log is bytes or a text of JSON, one object a line, not `dict`: give one event to `process`";
            return Err(PyTypeError::new_err(message));
        }
        let log = json_bytes(log)?;
        let bytes = log.as_bytes();
        let done = of_many(py, || detached(py, || self.feed.lines(bytes, at)))?;
        self.finish(py, Ok(done))
    }

    /// The verdicts of a log of syslog, of a web server or of Suricata (a path or bytes), without holding up other threads.
    /// `at` is about when it was written, of which lines without a year have theirs; if not given, when the file was.
    #[pyo3(signature = (log, /, format="auto", *, at=None, utc_offset=0))]
    fn process_log(
        &self,
        log: &Bound<'_, PyAny>,
        format: &str,
        at: Option<&Bound<'_, PyAny>>,
        utc_offset: i32,
    ) -> PyResult<Verdicts> {
        let py = log.py();
        self.birth.check(py)?;
        let mut lines = lines(log, format, at, utc_offset, self.feed.engine.fields().clone())?;
        let done = of_many(py, || detached(py, || self.feed.log(&mut lines)))?;
        self.finish(py, done.map_err(|wrong| error::config(py, wrong.to_string())))
    }

    /// The verdicts of the rows of an Arrow batch, table or stream, whose columns are fields; nothing is copied.
    #[pyo3(signature = (data, /, at=None, validate=true))]
    fn process_arrow(
        &self,
        data: &Bound<'_, PyAny>,
        at: Option<&Bound<'_, PyAny>>,
        validate: bool,
    ) -> PyResult<Verdicts> {
        let py = data.py();
        self.birth.check(py)?;
        let at = fallback(at)?;
        let mut verdicts = Verdicts::default();
        let tree = self.feed.dict.tree();
        let done = arrow::import(
            data,
            |column| tree.wants(column),
            validate,
            |batch| {
                let plan = Plan::new(tree, &batch).map_err(|wrong| wrong.exception(py))?;
                let rows = || self.feed.rows(&plan, batch.num_rows(), at, &mut verdicts);
                of_many(py, || detached(py, rows))
            },
        );
        self.finish(py, done.map(|()| verdicts))
    }

    /// Brings firewalls to what was decided; does nothing of what is no block of an address. Safe to call twice.
    fn enforce<'py>(&self, decision: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = decision.py();
        let decided = enforce::decision(decision)?;
        let done = self.run(py, self.feed.engine.enforce(&decided))?;
        record(py, "enforcement", &enforce::enforcement(&done))
    }

    /// Lets an address or a prefix in again, on every firewall.
    fn unblock<'py>(&self, network: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = network.py();
        let target = build::entity(network)?.network();
        let target = target
            .ok_or_else(|| error::config(py, "only addresses and prefixes are blocked by firewalls"))?;
        let done = self.run(py, self.feed.engine.unblock(target))?;
        record(py, "enforcement", &enforce::enforcement(&done))
    }

    /// Puts somebody on the allowlist (an address, a prefix, `user:NAME` or `host:NAME`), and lifts what blocks them.
    #[pyo3(signature = (entity, name=""))]
    fn allow<'py>(&self, entity: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let py = entity.py();
        let allowed = build::entity(entity)?;
        let done = self.run(py, self.feed.engine.allow(allowed, name))?;
        record(py, "enforcement", &enforce::enforcement(&done))
    }

    /// Compares every firewall with what is to be in force, and repairs it: at start, and every minute or so.
    fn reconcile<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let done = self.run(py, self.feed.engine.reconcile())?;
        record(py, "reports", &enforce::reports(&done))
    }

    /// Takes back what is over and tries again what failed: every second or so.
    fn maintain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let done = self.run(py, self.feed.engine.maintain())?;
        record(py, "reports", &enforce::reports(&done))
    }

    /// How each firewall is.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let done = self.run(py, self.feed.engine.health())?;
        record(py, "health", &enforce::health(&done))
    }

    /// What is to be blocked now, and until when.
    fn in_force<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.birth.check(py)?;
        let held = detached(py, || self.feed.engine.in_force());
        record(py, "in_force", &enforce::entries(&held))
    }

    /// The names of the fields that somebody reads; nothing else of an event is looked at.
    #[getter]
    fn fields(&self) -> Vec<String> {
        self.fields.clone()
    }

    /// What an engine holds may hold the engine: told to the garbage collector, both go when nobody else does.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.held.iter().try_for_each(|held| visit.call(&**held))
    }

    fn __repr__(&self) -> String {
        format!("<Engine that reads {} fields>", self.fields.len())
    }
}

impl Engine {
    fn run<T: Send>(&self, py: Python<'_>, work: impl Future<Output = T> + Send) -> PyResult<T> {
        self.birth.check(py)?;
        let done = enforce::run(py, work)?;
        self.log.hand_over(py)?;
        self.plugins.iter().try_for_each(|plugin| plugin.hand_over(py))?;
        Ok(done)
    }

    /// Tells of what could not be read, and hands over what was told.
    fn finish(&self, py: Python<'_>, done: PyResult<Verdicts>) -> PyResult<Verdicts> {
        if let Ok(verdicts) = &done
            && let Some(first) = verdicts.unread().first()
        {
            let (unread, events) = (verdicts.unread().len(), verdicts.len());
            self.log
                .warn(format!("{unread} of {events} events could not be read; the first: {}", first.message));
        }
        let told = self.log.hand_over(py);
        done.and_then(|verdicts| told.map(|()| verdicts))
    }
}

/// Does work on many events, which tells no more than the logger takes and may call what is written in Python.
fn of_many<T>(py: Python<'_>, work: impl FnOnce() -> T) -> PyResult<T> {
    listening(py, || entered(py, work))?
}

/// What a function of the Python records makes of plain values.
fn record<'py>(py: Python<'py>, function: &str, made: &Value) -> PyResult<Bound<'py, PyAny>> {
    let made = to_python(py, made)?;
    guard::made(py, "autosec._records", function, made)
}
