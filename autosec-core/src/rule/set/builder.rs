use std::collections::HashMap;
use std::time::Duration;

use super::build::{self, Source};
use super::errors::RuleErrors;
use super::rules::{RuleSet, Written};
use super::sigma;
use crate::event::Schema;
use crate::rule::image::{Image, ImageError, Stored};
use crate::rule::lang::check::Scope;
use crate::rule::list::List;
use crate::rule::model::Rule;
use crate::rule::sigma::{SigmaRule, Translation};
use crate::rule::starter::STARTER;
use crate::rule::state::key::KeyHasher;
use crate::rule::state::window::Budget;

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
    schema: &'s Schema,
    sources: Vec<Source>,
    sigma: Vec<Source>,
    placeholders: HashMap<String, Vec<String>>,
    allow_unknown_placeholders: bool,
    rules: Vec<Rule>,
    /// The name of each image, and the Sigma rules in it.
    images: Vec<Source>,
    stored_sigma: Vec<Vec<Stored<SigmaRule>>>,
    /// Native rules of images.
    stored: Vec<Stored<Rule>>,
    /// The schema with what images added to it.
    grown: Option<Schema>,
    lists: HashMap<String, List>,
    budget: Budget,
    ipv6_prefix: u8,
    seed: Option<u64>,
}

impl<'s> RuleSetBuilder<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            sources: Vec::new(),
            sigma: Vec::new(),
            placeholders: HashMap::new(),
            allow_unknown_placeholders: false,
            rules: Vec::new(),
            images: Vec::new(),
            stored_sigma: Vec::new(),
            stored: Vec::new(),
            grown: None,
            lists: HashMap::new(),
            budget: Budget { lateness: Duration::from_secs(10), keys: 100_000 },
            ipv6_prefix: 64,
            seed: None,
        }
    }

    /// Adds a list of rules in YAML or JSON, at most 1 MiB; `name` (a file's path, say) appears in diagnostics.
    #[must_use]
    pub fn source(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sources.push(Source::new(name.into(), text.into()));
        self
    }

    /// Adds one or several Sigma 2.1 detection rules in YAML, with `---` between them, at most 1 MiB; `name` (a file's
    /// path, say) appears in diagnostics.
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
    /// **Limits.** 64 levels of nesting, 100,000 values a source, 256 regular expressions a rule and 1 MiB each of them
    /// compiled.
    #[must_use]
    pub fn sigma(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sigma.push(Source::new(name.into(), text.into()));
        self
    }

    /// Gives the placeholder `%name%` of Sigma values with the modifier `expand` its values, which may hold wildcards.
    #[must_use]
    pub fn placeholder<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.placeholders.insert(name.into(), values.into_iter().map(Into::into).collect());
        self
    }

    /// Takes a placeholder of Sigma values that was given none as one of no values: a value with it matches nothing.
    ///
    /// Without this it is an error. A rule that excludes such values then excludes nothing.
    #[must_use]
    pub fn allow_unknown_placeholders(mut self) -> Self {
        self.allow_unknown_placeholders = true;
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
        self.rules.push(rule);
        self
    }

    /// Adds the rules of an image that [`RuleSet::image`] wrote; `name` (a file's path, say) appears in diagnostics.
    ///
    /// What an image spares is reading YAML, lexing, parsing, checking. Its fields are found by their names, and those that
    /// only Sigma rules name are added, so the schema need not be the one it was written with. Lists, limits and the rest of
    /// what this builder says are not in an image. Its native rules come after those given by [`RuleSetBuilder::rule`].
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
    /// that the schema lacks or that has another kind there. Reading takes memory in proportion to the bytes, 256 MiB at most.
    pub fn image(mut self, name: impl Into<String>, bytes: &[u8]) -> Result<Self, ImageError> {
        let schema = self.grown.get_or_insert_with(|| self.schema.clone());
        let image = Image::read(bytes, schema)?;
        self.images.push(Source::new(name.into(), String::new()));
        self.stored_sigma.push(image.sigma);
        self.stored.extend(image.rules);
        Ok(self)
    }

    /// Gives a list a name made of letters, digits, `_`, `-` or `.`, for `field in $name`; one of the same name is
    /// replaced.
    #[must_use]
    pub fn list(mut self, name: impl Into<String>, list: List) -> Self {
        self.lists.insert(name.into(), list);
        self
    }

    /// How much older than the newest event of its key an event may be and still be counted, 10 s by default.
    ///
    /// Rounded up to whole slots, a slot being a sixteenth of the rule's window. Events in any order whose displacement
    /// stays within it give the same findings as events in order.
    #[must_use]
    pub fn lateness(mut self, lateness: Duration) -> Self {
        self.budget.lateness = lateness;
        self
    }

    /// How many bits of an IPv6 address stand for one client, 64 by default, at most 128.
    #[must_use]
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits.min(128);
        self
    }

    /// How many keys each counting rule remembers, 100,000 by default; kept in sixteen shards of equal size, rounded down
    /// to a multiple of sixteen and at least sixteen.
    ///
    /// A counting rule takes about 160 bytes a key. A rule of distinct values takes about 90 bytes a key and 32 for each
    /// value it remembers, which are at most a quarter and eight more than it asks for.
    #[must_use]
    pub fn keys_per_rule(mut self, keys: usize) -> Self {
        self.budget.keys = keys;
        self
    }

    /// Fixes the seed of key hashes, which is drawn at random by default.
    ///
    /// Findings do not depend on it as long as no key is evicted. Whoever knows it can make keys collide.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Reads, checks and compiles all rules.
    ///
    /// # Errors
    /// Everything that is wrong with any of them; then no rule set exists.
    pub fn build(self) -> Result<RuleSet, RuleErrors> {
        let mut diagnostics = Vec::new();
        let mut schema = self.grown.unwrap_or_else(|| self.schema.clone());
        let mut translation = Translation {
            schema: &mut schema,
            placeholders: &self.placeholders,
            allow_unknown_placeholders: self.allow_unknown_placeholders,
            regexes: 0,
        };
        let stored = sigma::stored(&self.images, self.stored_sigma);
        let sigma = sigma::read(&self.sigma, stored, &mut translation, &mut diagnostics);
        let origins = build::read(&self.sources, self.rules, self.stored, &mut diagnostics);
        let scope = Scope { schema: &schema, lists: &self.lists };
        let mut kept = Vec::new();
        let mut compiled = build::compile(&origins, &scope, self.budget, &mut kept, &mut diagnostics);
        let sigma_rules =
            sigma::compile(sigma, &origins, &schema, &mut compiled, &mut kept, &mut diagnostics);
        if !diagnostics.is_empty() {
            return Err(RuleErrors::new(diagnostics));
        }
        let written = origins.into_iter().map(|origin| origin.rule).collect();
        let hasher = KeyHasher::new(self.seed, self.ipv6_prefix);
        let written = Written { rules: written, sigma: sigma_rules, conditions: kept };
        Ok(RuleSet::new(schema, written, compiled, hasher))
    }
}
