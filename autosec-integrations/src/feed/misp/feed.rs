use std::collections::BTreeMap;
use std::io::Read;

use autosec_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::MispError;
use super::event::time;
use super::input::{parsed, whole};
use super::lenient::{Entries, Maybe, Scalar};
use super::settings::MispLimits;
use super::tag::Tags;

/// What a feed has: `manifest.json`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// Its events by their uuid, whose files are `<uuid>.json`.
    pub events: BTreeMap<String, ManifestEntry>,
    /// Entries that have no uuid or no time and are left out: a name goes into a URL, so only a uuid is taken for one.
    pub rejected: u64,
}

/// What a manifest says of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ManifestEntry {
    /// When it was last changed.
    pub timestamp: Timestamp,
    /// What it is about; at most 256 characters.
    pub info: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Which events of a feed were taken, and in which version; to be written down (`serde`).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FeedState {
    /// In seconds since 1970.
    taken: BTreeMap<String, i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EntrySays {
    timestamp: Scalar,
    info: Scalar,
    #[serde(rename = "Tag")]
    tags: Entries<super::document::Tag>,
}

impl Manifest {
    /// Reads a manifest within the [default limits](MispLimits).
    ///
    /// # Errors
    /// It is no whole JSON, or too large.
    pub fn read(input: impl Read) -> Result<Self, MispError> {
        let limits = MispLimits::default();
        let bytes = whole(input, limits.bytes)?;
        let says: BTreeMap<String, Maybe<EntrySays>> = parsed(&bytes, limits.parts)?;
        let mut manifest = Self::default();
        for (uuid, Maybe(entry)) in says {
            let entry = entry.and_then(|entry| Some((time(&entry.timestamp)?, entry)));
            let Some((timestamp, entry)) = entry.filter(|_| is_uuid(&uuid)) else {
                manifest.rejected += 1;
                continue;
            };
            let info = entry.info.text().unwrap_or_default().chars().take(256).collect();
            let tags = Tags::read(&entry.tags, &Entries::default());
            let tags = tags.names.iter().map(|name| name.to_string()).collect();
            manifest.events.insert(uuid, ManifestEntry { timestamp, info, tags });
        }
        Ok(manifest)
    }
}

impl FeedState {
    /// The events to fetch: new ones, and those that were changed since they were taken.
    pub fn due<'m>(&self, manifest: &'m Manifest) -> impl Iterator<Item = (&'m str, &'m ManifestEntry)> {
        manifest.events.iter().filter_map(|(uuid, entry)| {
            let known = self.taken.get(uuid).copied();
            known.is_none_or(|known| seconds(entry) > known).then_some((uuid.as_str(), entry))
        })
    }

    /// An event's indicators are in force, in the version of this manifest.
    pub fn taken(&mut self, uuid: &str, manifest: &Manifest) {
        if let Some(entry) = manifest.events.get(uuid) {
            self.taken.insert(uuid.to_owned(), seconds(entry));
        }
    }

    /// Events that were taken and that the feed has no longer; they are forgotten.
    pub fn gone(&mut self, manifest: &Manifest) -> Vec<String> {
        let gone = |uuid: &String| !manifest.events.contains_key(uuid);
        let gone: Vec<String> = self.taken.keys().filter(|uuid| gone(uuid)).cloned().collect();
        gone.iter().for_each(|uuid| drop(self.taken.remove(uuid)));
        gone
    }
}

fn seconds(entry: &ManifestEntry) -> i64 {
    entry.timestamp.as_micros().div_euclid(1_000_000)
}

/// 32 digits in five groups.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups = text
        .split('-')
        .map(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(group.len()));
    groups.eq([8, 4, 4, 4, 12].map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "54d3a6f6-61c8-4c50-a6a8-4bd6950d210b";
    const B: &str = "54d3a6f6-61c8-4c50-a6a8-4bd6950d210c";

    fn manifest(entries: &[(&str, &str)]) -> Manifest {
        let entries = entries
            .iter()
            .map(|(uuid, at)| format!("\"{uuid}\": {{\"timestamp\": {at}, \"Tag\": [{{\"name\": \"x\"}}]}}"));
        let text = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        Manifest::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_what_is_new_is_due() {
        let mut state = FeedState::default();
        let first = manifest(&[(A, "\"1461067952\""), (B, "1461067952")]);
        assert_eq!(state.due(&first).count(), 2);
        [A, B].iter().for_each(|uuid| state.taken(uuid, &first));
        let kept = serde_json::to_string(&state).unwrap();
        let mut state: FeedState = serde_json::from_str(&kept).unwrap();
        let later = manifest(&[(A, "1461067953")]);
        assert_eq!(state.due(&later).map(|(uuid, _)| uuid).collect::<Vec<_>>(), [A]);
        assert_eq!((state.gone(&later), state.gone(&later)), (vec![B.to_owned()], vec![]));
        assert_eq!(state.due(&manifest(&[(A, "1461067951")])).count(), 0, "an older one");
    }

    #[test]
    fn a_name_that_is_no_uuid_never_becomes_a_file() {
        let read = manifest(&[("../../etc/passwd", "1"), ("a", "1"), (A, "\"never\""), (B, "1")]);
        assert_eq!((read.rejected, read.events.keys().map(String::as_str).collect::<Vec<_>>()), (3, vec![B]));
        for bad in ["", "[]", "<html>", "{", "\u{0}{"] {
            assert!(Manifest::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
