//! What tags say: labels, the Traffic Light Protocol, techniques of ATT&CK.

use std::sync::Arc;

use autosec_core::intel::{Indicator, Tlp};

use super::document::{Galaxy, Tag};
use super::lenient::{Entries, Maybe};

/// The tags of an event or an attribute.
#[derive(Debug, Default)]
pub(super) struct Tags {
    pub(super) names: Vec<Arc<str>>,
    pub(super) techniques: Vec<Arc<str>>,
    pub(super) tlp: Option<Tlp>,
}

/// The most tags that are kept of one event or attribute.
const MOST_TAGS: usize = 64;

impl Tags {
    pub(super) fn read(tags: &Entries<Tag>, galaxies: &Entries<Galaxy>) -> Self {
        let mut all = Self::default();
        for (_, tag) in &tags.items {
            let inner = tag.inner.as_deref().and_then(|Maybe(tag)| tag.as_ref());
            all.add(tag.name.text().or(inner.and_then(|tag| tag.name.text())));
        }
        for (_, cluster) in galaxies.items.iter().flat_map(|(_, galaxy)| &galaxy.clusters.items) {
            all.add(cluster.tag_name.text());
        }
        all
    }

    fn add(&mut self, name: Option<&str>) {
        let Some(name) = name else { return };
        if let Some(tlp) =
            Tlp::parse(name).filter(|_| name.get(..4).is_some_and(|ns| ns.eq_ignore_ascii_case("tlp:")))
        {
            self.tlp = self.tlp.max(Some(tlp));
        }
        let (list, kept) = match technique(name) {
            Some(technique) => (&mut self.techniques, technique),
            None => (
                &mut self.names,
                name.get(..name.floor_char_boundary(Indicator::LONGEST_ID)).unwrap_or_default(),
            ),
        };
        if list.len() < MOST_TAGS && !list.iter().any(|known| **known == *kept) {
            list.push(kept.into());
        }
    }
}

/// The technique of `misp-galaxy:mitre-attack-pattern="Phishing - T1566.001"` and its like.
fn technique(tag: &str) -> Option<&str> {
    let (galaxy, value) = tag.strip_prefix("misp-galaxy:")?.split_once('=')?;
    let id = value.trim_matches('"').rsplit(" - ").next()?;
    let digits = id.strip_prefix('T')?;
    let (main, sub) = digits.split_once('.').unwrap_or((digits, "000"));
    let is_number =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    (galaxy.contains("attack-pattern") && is_number(main, 4) && is_number(sub, 3)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_are_told_from_labels() {
        for (tag, is) in [
            (r#"misp-galaxy:mitre-attack-pattern="Spearphishing Attachment - T1566.001""#, Some("T1566.001")),
            (r#"misp-galaxy:mitre-enterprise-attack-attack-pattern="Web - Shell - T1505""#, Some("T1505")),
            (r#"misp-galaxy:mitre-attack-pattern="T1059""#, Some("T1059")),
            (r#"misp-galaxy:threat-actor="Sofacy - T1059""#, None),
            (r#"misp-galaxy:mitre-attack-pattern="Old - T10""#, None),
            (r#"misp-galaxy:mitre-attack-pattern"#, None),
        ] {
            assert_eq!(technique(tag), is, "{tag}");
        }
    }
}
