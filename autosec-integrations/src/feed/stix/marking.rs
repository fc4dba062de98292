//! The Traffic Light Protocol as STIX marks it: by definitions with fixed ids, and by definitions in the bundle.

use std::collections::HashMap;

use autosec_core::intel::Tlp;

/// The definitions that the standards fix: version 1, then 2.0.
const FIXED: [(&str, Tlp); 9] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
];

/// The strictest of the marks: what one of them forbids stays forbidden.
pub(super) fn strictest<'r>(
    marks: impl Iterator<Item = &'r str>,
    defined: &HashMap<Box<str>, Tlp>,
) -> Option<Tlp> {
    let fixed = |id: &str| FIXED.iter().find(|(fixed, _)| *fixed == id).map(|(_, tlp)| *tlp);
    marks.filter_map(|id| fixed(id).or_else(|| defined.get(id).copied())).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_counts() {
        let defined = HashMap::from([("marking-definition--x".into(), Tlp::Red)]);
        let [white, green] = [FIXED[0].0, FIXED[1].0];
        assert_eq!(strictest([white, green].into_iter(), &defined), Some(Tlp::Green));
        assert_eq!(strictest([green, "marking-definition--x", "?"].into_iter(), &defined), Some(Tlp::Red));
        assert_eq!(strictest([].into_iter(), &defined), None);
    }
}
