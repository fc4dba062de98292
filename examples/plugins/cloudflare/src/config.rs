use autosec_plugin::{Failure, FailureKind, fail, origin};
use serde::Deserialize;

/// Which list it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    account: String,
    list: String,
    #[serde(default = "full")]
    pub(crate) capacity: usize,
    #[serde(default = "polls")]
    pub(crate) polls: u32,
    #[serde(default = "url")]
    url: String,
}

fn full() -> usize {
    10_000
}

fn polls() -> u32 {
    20
}

fn url() -> String {
    "https://api.cloudflare.com".to_owned()
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let unfit = |words: String| fail(FailureKind::InvalidConfig, words);
        let mut config: Self = serde_json::from_str(text).map_err(|error| unfit(error.to_string()))?;
        for (what, id) in [("account", &config.account), ("list", &config.list)] {
            if id.len() != 32 || !id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(unfit(format!("the {what} is not an identifier of 32 hexadecimal digits")));
            }
        }
        if !(1..=full()).contains(&config.capacity) || !(1..=40).contains(&config.polls) {
            return Err(unfit("the capacity is not in 1 to 10,000, or polls are not in 1 to 40".to_owned()));
        }
        config.url = origin(&config.url)?.to_owned();
        Ok(config)
    }

    /// The URL of the account's lists.
    pub(crate) fn lists(&self) -> String {
        format!("{}/client/v4/accounts/{}/rules/lists", self.url, self.account)
    }

    /// The URL of the list.
    pub(crate) fn list(&self) -> String {
        format!("{}/{}", self.lists(), self.list)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        let (account, list) = ("0a".repeat(16), "1b".repeat(16));
        Config::read(&format!(r#"{{"account":"{account}","list":"{list}"}}"#)).unwrap()
    }

    #[test]
    fn the_list_has_an_address() {
        let wanted = format!(
            "https://api.cloudflare.com/client/v4/accounts/{}/rules/lists/{}",
            "0a".repeat(16),
            "1b".repeat(16)
        );
        assert_eq!(config().list(), wanted);
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        let (account, list) = ("0a".repeat(16), "1b".repeat(16));
        let more = |more: &str| format!(r#"{{"account":"{account}","list":"{list}"{more}}}"#);
        assert!(Config::read(&more(r#","url":"http://127.0.0.1:8080""#)).is_ok());
        for wrong in [
            "{}".to_owned(),
            "[".to_owned(),
            format!(r#"{{"account":"../x","list":"{list}"}}"#),
            more(r#","capacity":0"#),
            more(r#","capacity":10001"#),
            more(r#","polls":0"#),
            more(r#","url":"http://api.example""#),
            more(r#","other":1"#),
        ] {
            assert_eq!(Config::read(&wrong).unwrap_err().kind, FailureKind::InvalidConfig, "{wrong}");
        }
    }
}
