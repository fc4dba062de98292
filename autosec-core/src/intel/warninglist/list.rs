use std::sync::Arc;

use serde::Deserialize;

use super::Effect;
use crate::intel::ObservableKind;

/// A list as MISP writes it: name, type, members, and the kinds of values it is about.
///
/// ```
/// use autosec_core::intel::warninglist::{Effect, Warninglist};
///
/// let list = Warninglist::read(br#"{
///     "name": "List of known public resolvers", "version": 1, "description": "", "type": "cidr",
///     "matching_attributes": ["ip-src", "ip-dst"], "list": ["9.9.9.9", "2620:fe::/48"]
/// }"#)?;
/// assert_eq!((list.name(), list.len(), list.effect()), ("List of known public resolvers", 2, Effect::Suppress));
/// assert!(Warninglist::read(b"").is_err());
/// # Ok::<(), autosec_core::intel::warninglist::WarninglistError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Warninglist {
    pub(super) name: Arc<str>,
    pub(super) effect: Effect,
    pub(super) matching: Matching,
    /// Bit n is set for the kind n.
    pub(super) kinds: u32,
    pub(super) members: Vec<String>,
}

/// How members are compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Matching {
    String,
    Substring,
    Hostname,
    Cidr,
    Regex,
}

/// Why a file is no warninglist.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WarninglistError {
    /// There is nothing in it, as in some files of MISP's collection that are made elsewhere.
    #[error("the warninglist is empty: fetch it again or leave it out")]
    Empty,
    /// It is longer than [`Warninglist::MOST_BYTES`].
    #[error("the warninglist has {bytes} bytes, at most {} are read", Warninglist::MOST_BYTES)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// It is no JSON object with `name`, `type` and `list`.
    #[error("the warninglist is not in MISP's format: {0}")]
    Format(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct File {
    name: String,
    #[serde(rename = "type")]
    matching: Matching,
    list: Vec<String>,
    matching_attributes: Option<Vec<String>>,
}

impl Warninglist {
    /// The longest file that is read, in bytes.
    pub const MOST_BYTES: usize = 64 << 20;

    /// Reads a list in MISP's format. Without `matching_attributes` it is about values of every kind. Its effect is
    /// [`Effect::of`] its name.
    ///
    /// # Errors
    /// The file is empty, too long or in another format.
    pub fn read(json: &[u8]) -> Result<Self, WarninglistError> {
        if json.trim_ascii().is_empty() {
            return Err(WarninglistError::Empty);
        }
        if json.len() > Self::MOST_BYTES {
            return Err(WarninglistError::TooLarge { bytes: json.len() });
        }
        let file: File = serde_json::from_slice(json)?;
        let kinds = match file.matching_attributes {
            Some(attributes) => attributes.iter().fold(0, |kinds, attribute| kinds | kinds_of(attribute)),
            None => u32::MAX,
        };
        let name: Arc<str> = file.name.chars().take(200).collect::<String>().into();
        Ok(Self { effect: Effect::of(&name), name, matching: file.matching, kinds, members: file.list })
    }

    /// The same with this effect.
    #[must_use]
    pub fn with_effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Its name, cut to 200 characters.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What being on it means.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// The kinds that MISP's type of attribute is about; none if we know no such values.
fn kinds_of(attribute: &str) -> u32 {
    attribute.split('|').flat_map(part_kinds).fold(0, |kinds, kind| kinds | 1 << kind.number())
}

fn part_kinds(part: &str) -> &'static [ObservableKind] {
    use ObservableKind as Kind;
    match part {
        "ip" | "ip-src" | "ip-dst" => &[Kind::Network],
        "domain" | "hostname" => &[Kind::Domain, Kind::Hostname],
        "url" | "uri" | "link" => &[Kind::Url],
        "email" | "email-src" | "email-dst" | "target-email" | "whois-registrant-email" | "dns-soa-email" => {
            &[Kind::Email]
        }
        "md5" | "x509-fingerprint-md5" => &[Kind::Md5],
        "sha1" | "x509-fingerprint-sha1" => &[Kind::Sha1],
        "sha224" => &[Kind::Sha224],
        "sha256" | "x509-fingerprint-sha256" => &[Kind::Sha256],
        "sha384" => &[Kind::Sha384],
        "sha512" => &[Kind::Sha512],
        "imphash" => &[Kind::Imphash],
        "ssdeep" => &[Kind::Ssdeep],
        "tlsh" => &[Kind::Tlsh],
        "filename" => &[Kind::FileName],
        "user-agent" => &[Kind::UserAgent],
        "AS" => &[Kind::AutonomousSystem],
        "ja3-fingerprint-md5" => &[Kind::Ja3],
        _ => &[],
    }
}
