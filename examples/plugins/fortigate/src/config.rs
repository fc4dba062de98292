use autosec_plugin::{Failure, FailureKind, fail, origin};
use serde::Deserialize;

/// Which FortiGate it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    url: String,
    #[serde(default = "root")]
    vdom: String,
}

fn root() -> String {
    "root".to_owned()
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let unfit = |words: String| fail(FailureKind::InvalidConfig, words);
        let mut config: Self = serde_json::from_str(text).map_err(|error| unfit(error.to_string()))?;
        config.url = origin(&config.url)?.to_owned();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=31).contains(&config.vdom.len()) || !config.vdom.bytes().all(plain) {
            return Err(unfit("the vdom is not a name like `root`".to_owned()));
        }
        Ok(config)
    }

    /// The URL of something that is monitored.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/api/v2/monitor/{path}?vdom={}", self.url, self.vdom)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        Config::read(r#"{"url":"https://fw.example:8443"}"#).unwrap()
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        let wanted = "https://fw.example:8443/api/v2/monitor/user/banned?vdom=root";
        assert_eq!(config().at("user/banned"), wanted);
        for wrong in [
            "{}",
            "[",
            r#"{"url":"http://fw.example"}"#,
            r#"{"url":"https://fw.example","vdom":"a&b"}"#,
            r#"{"url":"https://fw.example","vdom":""}"#,
            r#"{"url":"https://fw.example","token":"a"}"#,
        ] {
            assert_eq!(Config::read(wrong).unwrap_err().kind, FailureKind::InvalidConfig, "{wrong}");
        }
    }
}
