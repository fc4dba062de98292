use autosec_plugin::{Failure, FailureKind, fail, origin};
use ipnet::IpNet;
use serde::Deserialize;

/// The most sets of a family.
const SETS: usize = 32;

/// Which sets there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    region: String,
    #[serde(default)]
    pub(crate) scope: Scope,
    ipv4: Vec<Set>,
    #[serde(default)]
    ipv6: Vec<Set>,
}

/// What the sets are for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
pub(crate) enum Scope {
    #[default]
    #[serde(rename = "REGIONAL")]
    Regional,
    #[serde(rename = "CLOUDFRONT")]
    CloudFront,
}

impl Scope {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Regional => "REGIONAL",
            Self::CloudFront => "CLOUDFRONT",
        }
    }
}

/// A set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) id: String,
    #[serde(skip)]
    pub(crate) ipv6: bool,
}

impl Set {
    pub(crate) fn is_for(&self, target: IpNet) -> bool {
        target.addr().is_ipv6() == self.ipv6
    }
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let unfit = |words: String| fail(FailureKind::InvalidConfig, words);
        let mut config: Self = serde_json::from_str(text).map_err(|error| unfit(error.to_string()))?;
        config.url = origin(&config.url)?.to_owned();
        let is_region = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=32).contains(&config.region.len()) || !config.region.bytes().all(is_region) {
            return Err(unfit("the region is not a name like `eu-central-1`".to_owned()));
        }
        if config.scope == Scope::CloudFront && config.region != "us-east-1" {
            return Err(unfit("sets of the scope CLOUDFRONT are in the region us-east-1".to_owned()));
        }
        if config.ipv4.is_empty() || config.ipv4.len() > SETS || config.ipv6.len() > SETS {
            return Err(unfit("there are not 1 to 32 sets of IPv4 and up to 32 of IPv6".to_owned()));
        }
        config.ipv6.iter_mut().for_each(|set| set.ipv6 = true);
        let word = |text: &str, most: usize| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=most).contains(&text.len()) && text.bytes().all(plain)
        };
        if !config.sets().all(|set| word(&set.name, 128) && word(&set.id, 36)) {
            return Err(unfit("a set's name or id is not one of AWS's".to_owned()));
        }
        let mut ids: Vec<&str> = config.sets().map(|set| set.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < config.sets().count() {
            return Err(unfit("a set is named twice".to_owned()));
        }
        Ok(config)
    }

    /// All of them, those of IPv4 first.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &Set> {
        self.ipv4.iter().chain(&self.ipv6)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config() -> Config {
        let text = r#"{"url":"https://wafv2.eu-central-1.amazonaws.com","region":"eu-central-1",
            "ipv4":[{"name":"a","id":"1"},{"name":"b","id":"2"}],"ipv6":[{"name":"c","id":"3"}]}"#;
        Config::read(text).unwrap()
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        assert_eq!(config().sets().map(|set| set.ipv6).collect::<Vec<_>>(), [false, false, true]);
        let text =
            |rest: &str| format!(r#"{{"url":"https://wafv2.example","region":"eu-central-1",{rest}}}"#);
        for wrong in [
            "{}".to_owned(),
            text(r#""ipv4":[]"#),
            text(r#""ipv4":[{"name":"a b","id":"1"}]"#),
            text(r#""ipv4":[{"name":"a","id":"1"},{"name":"b","id":"1"}]"#),
            text(r#""ipv4":[{"name":"a","id":"1"}],"scope":"GLOBAL""#),
            text(r#""ipv4":[{"name":"a","id":"1"}],"scope":"CLOUDFRONT""#),
            text(r#""ipv4":[{"name":"a","id":"1","lock":"x"}]"#),
            r#"{"url":"https://x.example","region":"EU 1","ipv4":[{"name":"a","id":"1"}]}"#.to_owned(),
        ] {
            assert_eq!(Config::read(&wrong).unwrap_err().kind, FailureKind::InvalidConfig, "{wrong}");
        }
    }
}
