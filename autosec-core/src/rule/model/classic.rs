use serde::{Deserialize, Serialize};

/// What the value of a simple rule is: sugar for an expression.
///
/// `type: port, value: [23, 2323]` says the same as `when: destination.port in { 23 2323 }`. A rule may have a `when`
/// besides: then an event has to satisfy both. One of several values is enough.
///
/// | type | value | stands for |
/// |---|---|---|
/// | `ip` | an address | `source.ip in { value }` |
/// | `cidr` | a prefix in CIDR notation, or an address | `source.ip in { value }` |
/// | `country` | two letters of ISO 3166 | `lower(source.geo.country_iso_code) in { "value" }` |
/// | `asn` | a number, also as `AS64500`, or a range | `source.as.number in { value }` |
/// | `port` | a number, or a range `8000..8100` | `destination.port in { value }` |
/// | `user` | a name | `user.name in { "value" }` |
/// | `user_agent` | a part of it, in any case | `lower(user_agent.original) contains { "value" }` |
/// | `path` | how it begins | `url.path starts_with { "value" }` |
/// | `regex` | a regular expression | `field matches r"value"`; needs `field` |
/// | `domain` | a name, which stands for all names below it | `lower(dns.question.name) in { "value" } or … ends_with { ".value" }` |
/// | `hash` | MD5, SHA-1 or SHA-256 in hexadecimal digits | `lower(file.hash.sha256) in { "value" }`, by its length |
///
/// `field` names another field than that of the table: `type: port, field: source.port, value: 0`. Where the table says
/// `in`, a value may be a list by its name: `type: ip, value: $tor_exits`.
///
/// ```
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::finding::{Detector, Findings};
/// use autosec_core::rule::RuleSet;
/// use autosec_core::time::Timestamp;
///
/// let rules = RuleSet::builder(&Schema::ecs()).source("simple.yaml", "
/// - { id: no-telnet, name: Telnet, severity: medium, type: port, value: [23, 2323], subject: user.name }
/// - { id: bad-agent, name: Agent, severity: low, type: user_agent, value: sqlmap, when: not user.name == \"ann\", subject: user.name }
/// ").build()?;
/// let mut findings = Findings::default();
/// let event = Event::new(Timestamp::EPOCH).with(field::USER_NAME, "eve");
/// rules.detect(&event.clone().with(field::DESTINATION_PORT, 2323_i64), &mut findings);
/// rules.detect(&event.with(field::USER_AGENT_ORIGINAL, "SQLMap/1.9"), &mut findings);
/// assert_eq!(findings.found().len(), 2);
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Classic {
    /// Single addresses.
    Ip,
    /// Prefixes.
    Cidr,
    /// Countries of sources.
    Country,
    /// Autonomous systems of sources.
    Asn,
    /// Ports of destinations.
    Port,
    /// Names of users.
    User,
    /// Parts of user agents.
    UserAgent,
    /// Beginnings of URL paths.
    Path,
    /// Regular expressions, with `field`.
    Regex,
    /// Domain names with those below them.
    Domain,
    /// Hashes of files.
    Hash,
}
