use autosec_core::enforce::EnforceError;
use http::Uri;

use crate::firewall::origin::{shown, stays_here};

/// The most items of one call that may be asked for: its request stays below the 5 MB that PAN-OS takes.
const LARGEST_BATCH: usize = 5_000;

/// How [`PanOs`](super::PanOs) is set up.
///
/// ```
/// use autosec_integrations::firewall::panos::{Credentials, PanOsConfig, registered_limit};
///
/// let config = PanOsConfig {
///     capacity: registered_limit("PA-850"),
///     credentials: Credentials::Login { user: "autosec".into(), password: "edge-password".into() },
///     ..PanOsConfig::new("https://fw.example")
/// };
/// assert_eq!((config.capacity, &*config.tag), (Some(2_500), "autosec-block"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PanOsConfig {
    /// The firewall's name in reports; default `pan-os`.
    pub name: String,
    /// Where its management interface is, or Panorama's: `https://` with a name or an address, no path; `http://`
    /// for `localhost`, `127.0.0.1` and `[::1]` alone, such as a tunnel's end.
    pub url: String,
    /// The virtual system; default `vsys1`.
    pub vsys: String,
    /// The serial number of the firewall that Panorama hands everything on to; default none: `url` is the firewall's own.
    pub target: Option<String>,
    /// The tag that blocked addresses carry, which nobody else may use; default `autosec-block`. Letters, digits, `-`, `_`
    /// and `.`, at most 127.
    pub tag: String,
    /// How it is logged in; default the key in the secret `pan-os-key`.
    pub credentials: Credentials,
    /// The most items of one request, 1 to 5,000; default 1,000.
    pub batch: usize,
    /// The most addresses and prefixes that may carry the tag; default unlimited. See
    /// [`registered_limit`](super::registered_limit).
    pub capacity: Option<usize>,
    /// The major version of PAN-OS, from 8; default 10. Before 10 there are no prefixes, and before 9 no times.
    pub version: u8,
    /// Whether tags outlive a restart of the firewall; default true. If not, they are put back by the next reconciliation.
    pub persistent: bool,
}

/// How a firewall is logged in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credentials {
    /// With an API key, in the secret of this name.
    Key(String),
    /// With a key that the firewall gives for a user and a password. That ends the sessions of keys it gave the same user
    /// before, so the user is this host's alone.
    Login {
        /// The user's name.
        user: String,
        /// The name of the secret that is the password.
        password: String,
    },
}

impl PanOsConfig {
    /// The firewall at this URL, with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            name: "pan-os".to_owned(),
            url: url.into(),
            vsys: "vsys1".to_owned(),
            target: None,
            tag: "autosec-block".to_owned(),
            credentials: Credentials::Key("pan-os-key".to_owned()),
            batch: 1_000,
            capacity: None,
            version: 10,
            persistent: true,
        }
    }

    /// The URL of its API.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] where a setting cannot be meant.
    pub(super) fn checked(&self) -> Result<Uri, EnforceError> {
        let unfit = |what: &str, value: &str, wanted: &str| {
            let value: String = value.chars().take(80).collect();
            let reason = format!("the {what} `{value}` is not {wanted}");
            EnforceError::Rejected { firewall: self.name.clone(), target: None, reason }
        };
        let word = |text: &str, most: usize| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=most).contains(&text.len()) && text.bytes().all(legal)
        };
        let api = self.api().ok_or_else(|| unfit("URL", shown(&self.url), "`https://` with a host alone"))?;
        if !word(&self.tag, 127) {
            return Err(unfit("tag", &self.tag, "1 to 127 letters, digits, `-`, `_` and `.`"));
        }
        if !word(&self.vsys, 31) {
            return Err(unfit("vsys", &self.vsys, "a name like `vsys1`"));
        }
        if let Some(target) = self.target.as_deref().filter(|target| !word(target, 31)) {
            return Err(unfit("target", target, "a serial number"));
        }
        if !(1..=LARGEST_BATCH).contains(&self.batch) {
            return Err(unfit("batch", &self.batch.to_string(), "between 1 and 5,000"));
        }
        if self.version < 8 {
            return Err(unfit(
                "version",
                &self.version.to_string(),
                "8 or later, which list addresses in pages",
            ));
        }
        Ok(api)
    }

    fn api(&self) -> Option<Uri> {
        let url: Uri = self.url.parse().ok()?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        let authority = url.authority().filter(|authority| !authority.as_str().contains('@'))?;
        // The key goes along with every request.
        let is_safe =
            |scheme: &&str| *scheme == "https" || (*scheme == "http" && stays_here(authority.host()));
        let scheme = url.scheme_str().filter(is_safe)?;
        is_bare.then(|| format!("{scheme}://{authority}/api/").parse().ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_settings_that_cannot_be_meant() {
        let fine = PanOsConfig::new("https://[2001:db8::1]:8443/");
        assert_eq!(fine.checked().unwrap(), "https://[2001:db8::1]:8443/api/");
        for here in ["http://127.0.0.1:8443", "http://[::1]", "http://localhost:80/"] {
            assert!(PanOsConfig::new(here).checked().is_ok(), "{here}");
        }
        let wrong = [
            PanOsConfig::new("fw.example"),
            PanOsConfig::new("ftp://fw.example"),
            PanOsConfig::new("http://fw.example"),
            PanOsConfig::new("http://127.0.0.1.fw.example"),
            PanOsConfig::new("https://fw.example/api/?key=SECRET"),
            PanOsConfig::new("https://admin:SECRET@fw.example"),
            PanOsConfig::new("admin:SECRET://x@fw.example"),
            PanOsConfig { tag: "a'/><b".into(), ..fine.clone() },
            PanOsConfig { tag: String::new(), ..fine.clone() },
            PanOsConfig { vsys: "vsys1&type=commit".into(), ..fine.clone() },
            PanOsConfig { target: Some("x y".into()), ..fine.clone() },
            PanOsConfig { batch: 0, ..fine.clone() },
            PanOsConfig { batch: 5_001, ..fine.clone() },
            PanOsConfig { version: 7, ..fine },
        ];
        for config in wrong {
            let error = config.checked().unwrap_err().to_string();
            assert!(error.contains(" is not ") && !error.contains("SECRET"), "{error}");
        }
    }
}
