use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::errors::RuleErrors;
use super::image::Image;
use super::load::{self, Given, Loaded};
use super::rules::RuleSet;
use super::source::Source;
use super::watch::Watch;
use crate::event::Schema;
use crate::rule::image::ImageError;
use crate::rule::list::List;
use crate::rule::model::{Exception, Rule};
use crate::rule::sigma::LogSourceRouting;
use crate::rule::starter::STARTER;
use crate::rule::state::memory::Budget;
use crate::rule::state::pool::Pool;
use crate::rule::state::snapshot::{Snapshot, SnapshotError};

/// Gathers rules, lists and limits; made by [`RuleSet::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::event::Schema;
/// use autosec_core::measure::Severity;
/// use autosec_core::rule::{Rule, RuleSet};
///
/// let schema = Schema::ecs();
/// let rules = RuleSet::builder(&schema)
///     .starter()
///     .rule(Rule::new("own-rule", Severity::Low, "source.port < 1024"))
///     .lateness(Duration::from_secs(30))
///     .keys_per_rule(10_000)
///     .build()?;
/// assert!(rules.rules().any(|rule| rule.id == "ssh-brute-force"));
///
/// let twice = RuleSet::builder(&schema).starter().starter().build().unwrap_err();
/// assert!(twice.diagnostics().iter().all(|diagnostic| diagnostic.code() == "E202"));
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Debug)]
pub struct RuleSetBuilder<'s> {
    given: Given<'s>,
}

impl<'s> RuleSetBuilder<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        let given = Given {
            schema,
            sources: Vec::new(),
            sigma: Vec::new(),
            pipelines: Vec::new(),
            routing: None,
            placeholders: HashMap::new(),
            allow_unknown_placeholders: false,
            rules: Vec::new(),
            exceptions: Vec::new(),
            lists: HashMap::new(),
            rule_limit: load::RULE_LIMIT,
            budget: Budget {
                lateness: Duration::from_secs(10),
                keys: 100_000,
                pool: Arc::new(Pool::new(256 << 20)),
            },
            ipv6_prefix: 64,
            seed: None,
            resumed: None,
            grown: None,
            images: Vec::new(),
            image_lists: HashMap::new(),
            watch: Watch::default(),
        };
        Self { given }
    }

    /// Adds rules in TOML if the name ends in `.toml`, else in YAML or JSON, at most 1 MiB; `name` (a file's path, say)
    /// appears in diagnostics. [`Rule`] says what a source may hold.
    #[must_use]
    pub fn source(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.given.sources.push(Source::new(name.into(), text.into()));
        self
    }

    /// Adds one or several Sigma 2.1 rules, correlations or filters in YAML, with `---` between them, at most 1 MiB; `name`
    /// (a file's path, say) appears in diagnostics. They may refer to rules of other sources, added before or after.
    ///
    /// ```
    /// use autosec_core::event::{JsonReader, Schema};
    /// use autosec_core::finding::{Detector, Findings};
    /// use autosec_core::rule::RuleSet;
    /// use autosec_core::time::Timestamp;
    ///
    /// let rule = r"
    /// title: Whoami
    /// logsource: { category: process_creation }
    /// detection:
    ///   selection: { Image|endswith: '\whoami.exe' }
    ///   condition: selection
    /// level: high
    /// ";
    /// let schema = Schema::ecs();
    /// let rules = RuleSet::builder(&schema).sigma("whoami.yml", rule).build()?;
    /// let reader = JsonReader::new(rules.schema(), &rules.fields());
    /// let event = reader.read_at(br#"{"Image":"C:\Windows\WHOAMI.exe","Computer":"pc1"}"#, Timestamp::EPOCH)?;
    /// let mut findings = Findings::default();
    /// rules.detect(&event, &mut findings);
    /// assert_eq!(findings.found()[0].subject.to_string(), "pc1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// **Fields.** A field is meant by its name without white space; each that the schema lacks becomes a text field of
    /// [`RuleSet::schema`], from which readers are then to be made. They find `Threat Name` in JSON for `ThreatName`.
    /// Keywords are looked for in every value of an event: readers then keep those that no other field holds too.
    ///
    /// **Findings.** A rule's id, title, level and tags are those of its finding, its [status](crate::rule::SigmaStatus)
    /// says how sure it is, and it asks for no response. The subject is the first of these that the event has:
    /// `source.ip`, `c-ip`, `src_ip`, `host.name`, `Computer`, `ComputerName`, `Hostname`, `user.name`, `User`; if it has
    /// none, the other entity `unknown`.
    ///
    /// A correlation of them:
    ///
    /// ```
    /// use autosec_core::event::{Event, Schema, field};
    /// use autosec_core::finding::{Detector, Findings};
    /// use autosec_core::rule::RuleSet;
    /// use autosec_core::time::Timestamp;
    ///
    /// let rules = "
    /// title: Failed login
    /// name: failed_login
    /// logsource: { category: authentication }
    /// detection:
    ///   selection: { event.action: login, event.outcome: failure }
    ///   condition: selection
    /// ---
    /// title: Many failed logins of a user
    /// correlation:
    ///   type: event_count
    ///   rules: [failed_login]
    ///   group-by: [user.name]
    ///   timespan: 5m
    ///   condition: { gte: 3 }
    /// level: high
    /// ";
    /// let rules = RuleSet::builder(&Schema::ecs()).sigma("login.yml", rules).build()?;
    /// let mut findings = Findings::default();
    /// for second in [10, 20, 30] {
    ///     let failure = Event::new(Timestamp::from_secs(second))
    ///         .with(field::EVENT_ACTION, "login")
    ///         .with(field::EVENT_OUTCOME, "failure")
    ///         .with(field::USER_NAME, "eve");
    ///     rules.detect(&failure, &mut findings);
    /// }
    /// let [finding] = findings.found() else { panic!("one of the correlation") };
    /// assert_eq!((finding.subject.to_string().as_str(), finding.time), ("eve", Timestamp::from_secs(30)));
    /// # Ok::<(), autosec_core::rule::RuleErrors>(())
    /// ```
    ///
    /// **Limits.** 64 levels of nesting, 100,000 values a source, 256 regular expressions a rule and 1 MiB each of them
    /// compiled; 64 rules and 8 fields of `group-by` a correlation.
    #[must_use]
    pub fn sigma(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.given.sigma.push(Source::new(name.into(), text.into()));
        self
    }

    /// Adds a pipeline in YAML that renames the fields of Sigma rules and adds conditions to them, at most 1 MiB; `name`
    /// appears in diagnostics.
    ///
    /// It is the part of pySigma's pipelines that concerns rules: a `priority` (the least first; among equals in the order
    /// in which they were added) and `transformations` of the types `field_name_mapping` (to one name or several, of
    /// which any will do), `field_name_prefix_mapping`, `field_name_prefix`, `field_name_suffix`, `add_condition` and
    /// `change_logsource`, with `rule_conditions` (`logsource`, `tag`, `is_sigma_rule`, `is_sigma_correlation_rule`,
    /// `processing_item_applied`) and `field_name_conditions` (`include_fields`, `exclude_fields`). Everything else is
    /// refused rather than passed over, but for `allowed_backends`, which is about other programs.
    ///
    /// ```
    /// use autosec_core::event::{Event, Schema, field};
    /// use autosec_core::finding::{Detector, Findings};
    /// use autosec_core::rule::RuleSet;
    /// use autosec_core::time::Timestamp;
    ///
    /// let rule = "
    /// title: Whoami
    /// logsource: { category: process_creation }
    /// detection:
    ///   selection: { CommandLine|contains: whoami }
    ///   condition: selection
    /// ";
    /// let names = "
    /// name: own names
    /// transformations:
    ///   - type: field_name_mapping
    ///     mapping: { CommandLine: process.command_line }
    /// ";
    /// let rules = RuleSet::builder(&Schema::ecs()).sigma("r.yml", rule).sigma_pipeline("p.yml", names).build()?;
    /// let event = Event::new(Timestamp::EPOCH).with(field::PROCESS_COMMAND_LINE, "whoami /all");
    /// let mut findings = Findings::default();
    /// rules.detect(&event, &mut findings);
    /// assert_eq!(findings.found().len(), 1);
    /// # Ok::<(), autosec_core::rule::RuleErrors>(())
    /// ```
    #[must_use]
    pub fn sigma_pipeline(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.given.pipelines.push(Source::new(name.into(), text.into()));
        self
    }

    /// Has Sigma rules evaluated only for events that may be of their logsource; without it every rule looks at every
    /// event. The last call counts.
    ///
    /// Pipelines apply to the fields that tell, too.
    #[must_use]
    pub fn route_by_logsource(mut self, routing: LogSourceRouting) -> Self {
        self.given.routing = Some(routing);
        self
    }

    /// Gives the placeholder `%name%` of Sigma values with the modifier `expand` its values, which may hold wildcards.
    #[must_use]
    pub fn placeholder<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.given.placeholders.insert(name.into(), values.into_iter().map(Into::into).collect());
        self
    }

    /// Takes a placeholder of Sigma values that was given none as one of no values: a value with it matches nothing.
    ///
    /// Without this it is an error. A rule that excludes such values then excludes nothing.
    #[must_use]
    pub fn allow_unknown_placeholders(mut self) -> Self {
        self.given.allow_unknown_placeholders = true;
        self
    }

    /// Adds the starter pack: SSH, web and network rules that a host can switch on as they are.
    #[must_use]
    pub fn starter(self) -> Self {
        STARTER.iter().fold(self, |builder, (name, text)| builder.source(*name, *text))
    }

    /// Adds one rule. Rules added so come after those of sources.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.given.rules.push(rule);
        self
    }

    /// Adds an exception from rules. Exceptions of sources count as well.
    #[must_use]
    pub fn exception(mut self, exception: Exception) -> Self {
        self.given.exceptions.push(exception);
        self
    }

    /// The most rules of the set, Sigma's among them; 100,000 by default.
    #[must_use]
    pub fn rule_limit(mut self, rules: usize) -> Self {
        self.given.rule_limit = rules;
        self
    }

    /// Adds the rules of an image that [`RuleSet::image`] wrote; `name` (a file's path, say) appears in diagnostics.
    ///
    /// What an image spares is reading YAML, parsing, checking and binding. Its fields are found by their names, and those
    /// that only Sigma rules name are added, so the schema need not be the one it was written with. The members of lists,
    /// limits and the rest of what this builder says are not in an image: give limits before the image, because its windows
    /// are made by them. Its rules come after all others, but for their [priorities](Rule::priority). Exceptions given here
    /// apply to them too.
    /// The checksum finds damage and not malice: whoever may write the image may write any rules.
    ///
    /// ```
    /// use autosec_core::event::Schema;
    /// use autosec_core::rule::{ImageError, RuleSet};
    ///
    /// let schema = Schema::ecs();
    /// let image = RuleSet::builder(&schema).starter().build()?.image()?;
    /// let again = RuleSet::builder(&schema).image("starter.img", &image)?.build()?;
    /// assert!(again.rules().any(|rule| rule.id == "ssh-brute-force"));
    /// let refused = RuleSet::builder(&schema).image("starter.img", b"- id: no-image").unwrap_err();
    /// assert_eq!(refused, ImageError::Foreign);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The bytes are no image, of another format, cut short, damaged or made by something else, or a rule reads a field
    /// that the schema lacks or that has another kind there, or counts over a window that the limits do not allow. Reading
    /// takes memory in proportion to the bytes, 256 MiB at most.
    pub fn image(mut self, name: impl Into<String>, bytes: &[u8]) -> Result<Self, ImageError> {
        let given = &mut self.given;
        let schema = given.grown.get_or_insert_with(|| given.schema.clone());
        let image = Image::read(name.into(), bytes, schema, &mut given.image_lists, &given.budget)?;
        given.images.push(image);
        Ok(self)
    }

    /// Gives a list a name made of letters, digits, `_`, `-` or `.`, for `field in $name`; one of the same name is
    /// replaced, also one of a source.
    #[must_use]
    pub fn list(mut self, name: impl Into<String>, list: List) -> Self {
        self.given.lists.insert(name.into(), list);
        self
    }

    /// How much older than the newest event of its key an event may be and still be counted, 10 s by default.
    ///
    /// Rounded up to whole slots, a slot being a sixteenth of the rule's window. Events in any order whose displacement
    /// stays within it give the same findings as events in order.
    #[must_use]
    pub fn lateness(mut self, lateness: Duration) -> Self {
        self.given.budget.lateness = lateness;
        self
    }

    /// How many bits of an IPv6 address stand for one client, 64 by default, at most 128.
    #[must_use]
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.given.ipv6_prefix = bits.min(128);
        self
    }

    /// How many keys each counting rule remembers, 100,000 by default; kept in sixteen shards of equal size, rounded down
    /// to a multiple of sixteen and at least sixteen.
    ///
    /// A counting rule takes about 210 bytes a key, one of sums about 780, of quantiles about 530. A rule of distinct values
    /// takes about 210 bytes a key and 24 to 28 for each value it remembers, which are at most a quarter and eight more than
    /// it asks for. A sequence takes about 140 bytes a key and 16 for each of up to 64 events, a rule of new values
    /// about 80 and 8 for each of up to 1,024 values. See [`RuleSetBuilder::memory`] for all of them together.
    #[must_use]
    pub fn keys_per_rule(mut self, keys: usize) -> Self {
        self.given.budget.keys = keys;
        self
    }

    /// How many bytes all rules together may take for what they remember, 256 MiB by default.
    ///
    /// Beyond it, a new key takes the place of an old one of the same rule, as if that had all
    /// [its keys](RuleSetBuilder::keys_per_rule). Counted are the keys and what is held for them, not what tables keep free
    /// to grow, which may be as much again.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.given.budget.pool = Arc::new(Pool::new(bytes));
        self
    }

    /// Fixes the seed of key hashes, which is drawn at random by default.
    ///
    /// Findings do not depend on it as long as no key is evicted. Whoever knows it can make keys collide.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.given.seed = Some(seed);
        self
    }

    /// Goes on where a [snapshot](RuleSet::snapshot) was taken: rules that are the same as then begin with what they
    /// remembered, and keys are hashed with the seed of then.
    ///
    /// ```
    /// use autosec_core::event::Schema;
    /// use autosec_core::rule::RuleSet;
    ///
    /// let schema = Schema::ecs();
    /// let before = RuleSet::builder(&schema).starter().build()?;
    /// let snapshot = before.snapshot();
    ///
    /// let after = RuleSet::builder(&schema).starter().resume(&snapshot)?.build()?;
    /// assert!(after.restore(&snapshot).is_ok(), "it has the same seed now");
    /// assert!(RuleSet::builder(&schema).resume(&snapshot[..9]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The bytes are no snapshot, damaged, or of a version that is not known.
    pub fn resume(mut self, snapshot: &[u8]) -> Result<Self, SnapshotError> {
        Snapshot::read(snapshot)?;
        self.given.resumed = Some(snapshot.to_vec());
        Ok(self)
    }

    /// Asks `go_on` before each source, each rule and each part of what finds rules, on the thread that builds. Once it says
    /// [`ControlFlow::Break`], nothing is left of the rules but one error of the code `E110`: for hosts whose users may
    /// lose patience with a folder of many thousand rules (3,752 of Sigma's take half a second and more, 2026-11-23, 2-core
    /// x86-64 VM). The last call counts.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use autosec_core::event::Schema;
    /// use autosec_core::rule::RuleSet;
    ///
    /// let schema = Schema::ecs();
    /// let impatient = RuleSet::builder(&schema).starter().watched(|| ControlFlow::Break(()));
    /// assert_eq!(impatient.build().unwrap_err().diagnostics()[0].code(), "E110");
    /// let patient = RuleSet::builder(&schema).starter().watched(|| ControlFlow::Continue(()));
    /// assert!(patient.build().is_ok());
    /// ```
    #[must_use]
    pub fn watched(mut self, go_on: impl Fn() -> ControlFlow<()> + Send + Sync + 's) -> Self {
        self.given.watch = Watch::new(go_on);
        self
    }

    /// Reads, checks and compiles all rules.
    ///
    /// # Errors
    /// Everything that is wrong with any of them; then no rule set exists.
    pub fn build(self) -> Result<RuleSet, RuleErrors> {
        self.given.build()
    }

    /// Reads, checks and compiles all rules; those that are wrong are left out, and the others make the set.
    ///
    /// For packs of rules by others, of which one may be broken. What is left out finds nothing: a host that loads so looks
    /// at what was [refused](Loaded::refused). Left out is the single rule, in a source that is no YAML the text up to the
    /// next rule or document, of TOML the source; of two rules with one id the second; of too many rules those beyond the
    /// limit. With an exception that is wrong, the rules that it names find nothing: they would find what somebody said they
    /// must not. With a Sigma rule, the correlations that refer to it are left out too, and those that refer to them; each is
    /// among the refused, and the detections they refer to give no findings of their own instead. A Sigma filter that is
    /// wrong is left out by itself: what it was to take away is found.
    ///
    /// ```
    /// use autosec_core::event::Schema;
    /// use autosec_core::rule::RuleSet;
    ///
    /// let pack = "
    /// - { id: good, name: Good, severity: low, when: exists(source.ip) }
    /// - { id: bad, name: Bad, severity: low, when: exists(sorce.ip) }
    /// ";
    /// let loaded = RuleSet::builder(&Schema::ecs()).source("pack.yaml", pack).build_lenient();
    /// assert_eq!(loaded.rules.rules().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["good"]);
    /// assert_eq!(loaded.refused[0].rule(), Some("bad"));
    /// ```
    pub fn build_lenient(self) -> Loaded {
        self.given.build_lenient()
    }
}
