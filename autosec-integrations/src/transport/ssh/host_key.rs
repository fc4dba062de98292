use std::fmt;
use std::str::FromStr;

use russh::keys::ssh_key::Fingerprint;
use russh::keys::{Algorithm, HashAlg, PublicKey};

/// The key of a device, by which it is known.
///
/// It is read from its fingerprint (`SHA256:` and 43 letters, as `ssh-keygen -l` prints it), from a public key
/// (`ssh-ed25519 AAAA…`) or from a line of a `known_hosts` file (whose names are not looked at).
///
/// ```
/// use autosec_integrations::transport::HostKey;
///
/// let line = "asa,192.0.2.10 ssh-ed25519 \
///     AAAAC3NzaC1lZDI1NTE5AAAAIC9pSRJhMhDTNiTgS79nF/eI4qoQZPke6vIikvYnWMzi";
/// let key: HostKey = line.parse()?;
/// assert_eq!(key.to_string(), "SHA256:HAQLBM/Bn3eztkbQZV7+f5jDPkYvhOZ5iTsu09GdNg0");
/// assert!("MD5:16:27:ac".parse::<HostKey>().is_err());
/// # Ok::<(), autosec_integrations::transport::HostKeyError>(())
/// ```
///
/// A device that holds several keys chooses one by what it is offered; with a fingerprint alone that is the most modern
/// one, with a whole key it is the one of that kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostKey {
    fingerprint: Fingerprint,
    algorithm: Option<Algorithm>,
}

/// A text is no key of a device.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is neither a fingerprint (`SHA256:…`) nor a public key (`ssh-ed25519 AAAA…`) nor a line of `known_hosts`"
)]
pub struct HostKeyError(String);

impl HostKey {
    /// Whether this key is the one.
    pub(super) fn is(&self, key: &PublicKey) -> bool {
        key.fingerprint(HashAlg::Sha256) == self.fingerprint
    }

    /// Whether it can be of this kind.
    pub(super) fn may_be(&self, algorithm: &Algorithm) -> bool {
        match (&self.algorithm, algorithm) {
            (None, _) | (Some(Algorithm::Rsa { .. }), Algorithm::Rsa { .. }) => true,
            (Some(known), other) => known == other,
        }
    }
}

impl From<&PublicKey> for HostKey {
    fn from(key: &PublicKey) -> Self {
        Self { fingerprint: key.fingerprint(HashAlg::Sha256), algorithm: Some(key.algorithm()) }
    }
}

impl FromStr for HostKey {
    type Err = HostKeyError;

    fn from_str(text: &str) -> Result<Self, HostKeyError> {
        let text = text.trim();
        let wrong = || HostKeyError(text.chars().take(80).collect());
        if text.starts_with("SHA256:") {
            let fingerprint = text.trim_end_matches('=').parse().map_err(|_| wrong())?;
            return Ok(Self { fingerprint, algorithm: None });
        }
        // A line of `known_hosts` has names before the key, and a comment may follow it; a marker is no plain key.
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let key = words.windows(2).take(2).find_map(|pair| PublicKey::from_openssh(&pair.join(" ")).ok());
        key.filter(|_| !text.starts_with('@')).map(|key| Self::from(&key)).ok_or_else(wrong)
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC9pSRJhMhDTNiTgS79nF/eI4qoQZPke6vIikvYnWMzi";

    #[test]
    fn reads_every_form_as_the_same_key() {
        let plain: HostKey = KEY.parse().unwrap();
        for other in
            [format!("{KEY} admin@asa"), format!("asa,192.0.2.10 {KEY}"), format!("|1|a=|b= {KEY} old")]
        {
            assert_eq!(other.parse::<HostKey>().unwrap(), plain, "{other}");
        }
        let fingerprint: HostKey = plain.to_string().parse().unwrap();
        assert!(fingerprint.is(&PublicKey::from_openssh(KEY).unwrap()));
        assert!(plain.may_be(&Algorithm::Ed25519) && !plain.may_be(&Algorithm::Rsa { hash: None }));
        assert!(fingerprint.may_be(&Algorithm::Rsa { hash: None }));
    }

    #[test]
    fn refuses_everything_else() {
        let revoked = format!("@revoked asa {KEY}");
        for text in ["", "SHA256:", "SHA256:abc", "ssh-ed25519", "ssh-ed25519 AAAA", "*", &revoked] {
            assert!(text.parse::<HostKey>().is_err(), "{text}");
        }
    }
}
