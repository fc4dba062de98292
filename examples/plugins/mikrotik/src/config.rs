use autosec_plugin::{Failure, FailureKind, fail, origin};
use serde::Deserialize;

use crate::item::Family;

/// Which router and list it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    url: String,
    /// The manifest has it put beside the password.
    #[serde(default = "autosec", rename = "user")]
    _user: String,
    #[serde(default = "autosec")]
    pub(crate) list: String,
    #[serde(default = "yes")]
    pub(crate) ipv6: bool,
}

fn autosec() -> String {
    "autosec".to_owned()
}

fn yes() -> bool {
    true
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let unfit = |words: String| fail(FailureKind::InvalidConfig, words);
        let mut config: Self = serde_json::from_str(text).map_err(|error| unfit(error.to_string()))?;
        config.url = origin(&config.url)?.to_owned();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !(1..=63).contains(&config.list.len()) || !config.list.bytes().all(plain) {
            return Err(unfit("the list is not 1 to 63 letters, digits, `_`, `.` and `-`".to_owned()));
        }
        Ok(config)
    }

    pub(crate) fn families(&self) -> impl Iterator<Item = Family> + use<> {
        [Family::V4].into_iter().chain(self.ipv6.then_some(Family::V6))
    }

    /// The URL of something of its API.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/rest/{path}", self.url)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        Config::read(r#"{"url":"https://router.example/"}"#).unwrap()
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        assert_eq!(config().at("system/resource"), "https://router.example/rest/system/resource");
        for wrong in [
            "{}",
            "[",
            r#"{"url":"http://router.example"}"#,
            r#"{"url":"https://router.example","list":"a&b"}"#,
            r#"{"url":"https://router.example","list":""}"#,
            r#"{"url":"https://router.example","lists":"a"}"#,
        ] {
            assert_eq!(Config::read(wrong).unwrap_err().kind, FailureKind::InvalidConfig, "{wrong}");
        }
    }
}
