//! From files to an index: what a host does with every feed, and what became of it.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use autosec_core::intel::warninglist::{Warninglist, Warninglists};
use autosec_core::intel::{Decay, Indicator, IndicatorIndex, Sighting, Update};
use autosec_core::time::{Clock, SystemClock, Timestamp};
use autosec_integrations::feed::list::{ListReader, ListSettings, preset};
use autosec_integrations::feed::schedule::{Believed, FeedPlan, Schedule};
use autosec_integrations::feed::stix::{BundleReader, PatternIndicator, Report, StixLimits, StixSink};
use serde::Deserialize;

use super::taxii::Fetched;
use crate::layout::{clipped, columns};

/// What is listed loses half its weight in this time after it was last seen, unless its feed says otherwise.
const HALF_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// So many rejects of a feed are shown, and so many feeds.
const ROWS: usize = 20;
const REJECTS: usize = 3;

/// A line of `feeds.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feed {
    file: PathBuf,
    #[serde(rename = "as")]
    shape: Shape,
}

/// What the file is.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    /// A list that AutoSec knows by name.
    Preset(String),
    /// A list with settings of one's own.
    List(Box<ListSettings>),
    /// A STIX bundle of this source.
    Stix(String),
}

/// Puts feeds into an index, and remembers what became of each.
pub struct Intake<'i> {
    index: &'i IndicatorIndex,
    schedule: Schedule,
    now: Timestamp,
    rows: Vec<Row>,
    lists: Vec<String>,
    warned: (usize, usize),
}

/// What became of a feed.
struct Row {
    source: String,
    came: Result<String, String>,
    rejects: Vec<String>,
}

/// What was read of a feed: a summary, how many indicators it has, and what was rejected.
type Came = (String, u64, Vec<String>);

impl<'i> Intake<'i> {
    pub fn new(index: &'i IndicatorIndex) -> Self {
        let now = SystemClock.now();
        Self {
            index,
            schedule: Schedule::default(),
            now,
            rows: Vec::new(),
            lists: Vec::new(),
            warned: (0, 0),
        }
    }

    /// Loads what `feeds.json` names, and the warninglists.
    pub fn folder(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let manifest = folder.join("feeds.json");
        let said = |error: &dyn Error| format!("cannot read `{}`: {error}", manifest.display());
        let text = fs::read(&manifest).map_err(|error| said(&error))?;
        let feeds: Vec<Feed> = serde_json::from_slice(&text).map_err(|error| said(&error))?;
        self.warninglists(&folder.join("warninglists"))?;
        feeds.into_iter().for_each(|feed| self.feed(&folder.join(&feed.file), feed.shape));
        Ok(())
    }

    /// One feed: all of it comes into force, or nothing.
    fn feed(&mut self, file: &Path, shape: Shape) {
        let settings = match shape {
            Shape::Stix(source) => {
                return self.take(&source, FeedPlan::default(), |update, _| stix(file, &source, update));
            }
            Shape::List(settings) => Some(*settings),
            Shape::Preset(name) => match preset(&name) {
                None => {
                    return self.rows.push(Row {
                        came: Err(format!("there is no preset `{name}`")),
                        source: name,
                        rejects: Vec::new(),
                    });
                }
                known => known,
            },
        };
        if let Some(settings) = settings {
            let (source, every) = (settings.name.clone(), settings.every);
            self.take(&source, FeedPlan::every(every), |update, now| list(file, settings, now, update));
        }
    }

    fn take(
        &mut self,
        source: &str,
        plan: FeedPlan,
        read: impl FnOnce(&mut Update<'_>, Timestamp) -> Result<Came, String>,
    ) {
        self.schedule.add(source, plan);
        let mut update = self.index.update();
        update.replace(source);
        let mut rejects = Vec::new();
        let came = match read(&mut update, self.now) {
            Ok((summary, indicators, rejected)) => {
                rejects = rejected;
                match self.schedule.answered(source, self.now, indicators) {
                    Believed::Yes => {
                        let report = update.commit();
                        let refused = report.examples.iter();
                        rejects.extend(refused.map(|(why, id)| format!("`{id}`: {why}")));
                        Ok(format!("{summary}: {report}"))
                    }
                    Believed::No { before, now } => {
                        Err(format!("it had {before} indicators and now has {now}"))
                    }
                }
            }
            // The update is dropped, so what was there stays.
            Err(why) => {
                self.schedule.failed(source, self.now, &why, None);
                Err(why)
            }
        };
        self.rows.push(Row { source: source.to_owned(), came, rejects });
    }

    /// What came from a TAXII server.
    pub fn fetched(&mut self, fetched: Fetched) {
        let Fetched { source, found, report } = fetched;
        self.take(&source, FeedPlan::default(), |update, _| {
            found.indicators.into_iter().map(weighed).for_each(|indicator| update.put(indicator));
            found.sightings.into_iter().for_each(|sighting| update.sight(sighting));
            Ok(came(&report))
        });
    }

    fn warninglists(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
        let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        let mut lists = Vec::new();
        for file in files {
            let read = Warninglist::read(&fs::read(&file)?);
            let list = read.map_err(|error| format!("`{}`: {error}", file.display()))?;
            self.lists.push(format!("`{}`, {} members ({})", list.name(), list.len(), list.effect()));
            lists.push(list);
        }
        let lists = Warninglists::new(lists);
        self.warned = (lists.members(), lists.unread());
        self.index.set_warninglists(lists);
        Ok(())
    }

    /// Whether every feed came into force.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.came.is_ok())
    }

    /// What was loaded, and what was not.
    pub fn render(&self) -> String {
        let snapshot = self.index.snapshot();
        let mut text = String::from("What was loaded\n");
        for Row { source, came, rejects } in self.rows.iter().take(ROWS) {
            let said = match came {
                Ok(said) => said.clone(),
                Err(why) => format!("nothing: {why}"),
            };
            columns(&mut text, &format!("  {:<20} ", clipped(source, 20)), &said);
            for reject in rejects.iter().take(REJECTS) {
                columns(&mut text, &format!("  {:<20}   rejected ", ""), &clipped(reject, 400));
            }
        }
        if self.rows.len() > ROWS {
            let _ = writeln!(text, "  and {} more", self.rows.len() - ROWS);
        }
        let _ =
            writeln!(text, "  {:<20} {} indicators in {} bytes", "in all", snapshot.len(), snapshot.bytes());
        let _ = writeln!(text, "\nWhat holds indicators back");
        for list in self.lists.iter().take(ROWS) {
            columns(&mut text, "  ", list);
        }
        let (members, unread) = self.warned;
        let _ = writeln!(text, "  {} lists, {members} members, {unread} not read", self.lists.len());
        text
    }
}

fn list(
    file: &Path,
    settings: ListSettings,
    now: Timestamp,
    update: &mut Update<'_>,
) -> Result<Came, String> {
    let file = File::open(file).map_err(|error| format!("cannot open `{}`: {error}", file.display()))?;
    let read = ListReader::new(settings).read(file, now, &mut |indicator| update.put(weighed(indicator)));
    let report = read.map_err(|error| spelt(&error))?;
    let (records, skipped, rejected) = (report.records, report.skipped, report.rejected);
    let summary = format!("{records} records, {skipped} left out, {rejected} rejected");
    Ok((summary, report.indicators, report.rejects.iter().map(ToString::to_string).collect()))
}

fn stix(file: &Path, source: &str, update: &mut Update<'_>) -> Result<Came, String> {
    struct Sink<'u, 'i>(&'u mut Update<'i>);

    impl StixSink for Sink<'_, '_> {
        fn indicator(&mut self, indicator: Indicator) {
            self.0.put(weighed(indicator));
        }

        // Patterns over several observations need a `PatternStream` each; the summary counts them.
        fn pattern(&mut self, _: PatternIndicator) {}

        fn sighting(&mut self, sighting: Sighting) {
            self.0.sight(sighting);
        }
    }

    let file = File::open(file).map_err(|error| format!("cannot open `{}`: {error}", file.display()))?;
    let reader = BundleReader::new(source, StixLimits::default());
    let report = reader.read(file, &mut Sink(update)).map_err(|error| spelt(&error))?;
    Ok(came(&report))
}

fn came(report: &Report) -> Came {
    let rejects = report.rejects.iter().map(|reject| {
        let id = reject.id.as_deref().unwrap_or("an object without id");
        format!("line {}, {id}: {}", reject.line, reject.why)
    });
    let summary = format!(
        "{} objects, {} patterns over several observations, {} rejected",
        report.objects, report.patterns, report.rejected
    );
    (summary, report.plain, rejects.collect())
}

/// The same, losing weight with age.
fn weighed(mut indicator: Indicator) -> Indicator {
    if indicator.decay == Decay::None {
        indicator.decay = Decay::HalfLife { half_life: HALF_LIFE, threshold: 5.0 };
    }
    indicator
}

fn spelt(error: &dyn Error) -> String {
    let cause = error.source().map_or(String::new(), |cause| format!(" ({cause})"));
    format!("{error}{cause}")
}
