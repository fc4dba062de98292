use autosec_plugin::{Failure, FailureKind, fail, origin};
use serde::Deserialize;

/// Which firewall it is, and which tag is ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    url: String,
    #[serde(default = "vsys")]
    pub(crate) vsys: String,
    pub(crate) target: Option<String>,
    #[serde(default = "tag")]
    pub(crate) tag: String,
    #[serde(default = "yes")]
    pub(crate) persistent: bool,
}

fn vsys() -> String {
    "vsys1".to_owned()
}

fn tag() -> String {
    "autosec-block".to_owned()
}

fn yes() -> bool {
    true
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let unfit = |words: String| fail(FailureKind::InvalidConfig, words);
        let mut config: Self = serde_json::from_str(text).map_err(|error| unfit(error.to_string()))?;
        config.url = origin(&config.url)?.to_owned();
        let word = |text: &str, most: usize| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=most).contains(&text.len()) && text.bytes().all(legal)
        };
        if !word(&config.tag, 127) {
            return Err(unfit("the tag is not 1 to 127 letters, digits, `-`, `_` and `.`".to_owned()));
        }
        if !word(&config.vsys, 31) {
            return Err(unfit("the vsys is not a name like `vsys1`".to_owned()));
        }
        if config.target.as_deref().is_some_and(|target| !word(target, 31)) {
            return Err(unfit("the target is not a serial number".to_owned()));
        }
        Ok(config)
    }

    /// The URL of its API.
    pub(crate) fn api(&self) -> String {
        format!("{}/api/", self.url)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        Config::read(r#"{"url":"https://fw.example"}"#).unwrap()
    }

    #[test]
    fn refuses_settings_that_cannot_be_meant() {
        assert_eq!(config().api(), "https://fw.example/api/");
        let more = |more: &str| format!(r#"{{"url":"https://fw.example"{more}}}"#);
        assert!(Config::read(&more(r#","target":"007","persistent":false"#)).is_ok());
        for wrong in [
            "{}".to_owned(),
            r#"{"url":"http://fw.example"}"#.to_owned(),
            more(r#","tag":"a'/><b""#),
            more(r#","tag":"""#),
            more(r#","vsys":"vsys1&type=commit""#),
            more(r#","target":"x y""#),
            more(r#","key":"SECRET""#),
        ] {
            let failure = Config::read(&wrong).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidConfig, "{wrong}");
            assert!(!failure.message.contains("SECRET"), "{}", failure.message);
        }
    }
}
