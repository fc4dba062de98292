use super::ListSettings;

/// Settings of well-known lists, in one file that also shows how to write one's own.
const PRESETS: &str = include_str!("presets.json");

/// The settings of a well-known list; none if there is none of this name.
///
/// ```
/// use autosec_integrations::feed::list::preset;
///
/// let drop = preset("spamhaus-drop").unwrap();
/// assert!(drop.url.unwrap().ends_with("/drop.txt"));
/// ```
pub fn preset(name: &str) -> Option<ListSettings> {
    presets().into_iter().find(|settings| settings.name == name)
}

/// Settings of all well-known lists.
pub fn presets() -> Vec<ListSettings> {
    serde_json::from_str(PRESETS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_preset_can_be_read_and_has_its_own_name() {
        let all: Vec<ListSettings> = serde_json::from_str(PRESETS).unwrap();
        assert!(all.len() >= 16);
        let names: HashSet<&str> = all.iter().map(|settings| settings.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
    }
}
