use std::fmt;

/// What it means for an indicator that its value, or what was seen of it, is on a warninglist.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing; the finding says so.
    Context,
    /// The finding's confidence is halved.
    Lower,
    /// The finding is reported, and changes neither a risk nor a decision.
    Suppress,
}

/// Words in names of lists whose members may well be bad: rented by anybody, made to be thrown away, or scanning.
const CONTEXT: [&str; 14] = [
    "vpn",
    "scanning",
    "scanner",
    "scans",
    "connection-attempt",
    "connection attempt",
    "sinkhole",
    "parking",
    "disposable",
    "dynamic dns",
    "private relay",
    "living off trusted",
    "ipfs",
    "check-host",
];

/// Words in names of lists whose members serve strangers as well as their owners.
const LOWER: [&str; 14] = [
    "amazon aws",
    "azure",
    "gcp",
    "oracle cloud",
    "ovh",
    "github",
    "telegram",
    "university",
    "shortener",
    "link in bio",
    "external ip",
    "querying your source ip",
    "automated malware analysis",
    "cloud apps",
];

impl Effect {
    /// What a list of this name does unless the host says otherwise: nothing if its members are no less likely to be bad
    /// than others (VPNs, scanners, sinkholes, disposable domains), less confidence for clouds and what strangers publish
    /// on, and else it suppresses.
    ///
    /// ```
    /// use autosec_core::intel::warninglist::Effect;
    ///
    /// assert_eq!(Effect::of("Specialized list of vpn-ipv4 addresses"), Effect::Context);
    /// assert_eq!(Effect::of("List of known Amazon AWS IP address ranges"), Effect::Lower);
    /// assert_eq!(Effect::of("List of RFC 1918 CIDR blocks"), Effect::Suppress);
    /// ```
    pub fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        match () {
            () if has(&CONTEXT) => Effect::Context,
            () if has(&LOWER) => Effect::Lower,
            () => Effect::Suppress,
        }
    }
}

/// What follows, for evidence.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Effect::Context => "for information",
            Effect::Lower => "confidence halved",
            Effect::Suppress => "not acted upon",
        })
    }
}
