use std::borrow::Cow;
use std::time::Duration;

use russh::client::Config;
use russh::keys::{Algorithm, HashAlg};
use russh::{Preferred, cipher, kex, mac};

use super::HostKey;

/// How [`SshShell`](super::SshShell) reaches a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SshConfig {
    /// A name or an address.
    pub host: String,
    /// Default 22.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub login: SshLogin,
    /// The key that the device has to prove it holds.
    pub host_key: HostKey,
    /// How long it may take until the shell is there, login included; default 10 s.
    pub connect_timeout: Duration,
    /// Whether key exchange and signatures by SHA-1 and ciphers in CBC mode will do where the device knows nothing better;
    /// default false.
    pub legacy: bool,
}

/// With what a user logs in. It holds the name of a secret, not the secret.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SshLogin {
    /// A password.
    Password {
        /// The name of the secret that it is.
        secret: String,
    },
    /// A private key without a passphrase, as `ssh-keygen` writes it.
    Key {
        /// The name of the secret that it is.
        secret: String,
    },
}

impl SshConfig {
    /// This device at port 22, with the other settings at their defaults.
    pub fn new(host: impl Into<String>, user: impl Into<String>, login: SshLogin, host_key: HostKey) -> Self {
        Self {
            host: host.into(),
            port: 22,
            user: user.into(),
            login,
            host_key,
            connect_timeout: Duration::from_secs(10),
            legacy: false,
        }
    }

    /// The device, for messages.
    pub(super) fn place(&self) -> String {
        format!("`{}` port {}", self.host, self.port)
    }

    /// What is offered to the device.
    pub(super) fn offer(&self) -> Config {
        let modern = Preferred::DEFAULT;
        let mut keys = modern.key.into_owned();
        let (mut kex, mut cipher, mut mac) =
            (modern.kex.into_owned(), modern.cipher.into_owned(), modern.mac.into_owned());
        kex.extend([kex::ECDH_SHA2_NISTP256, kex::ECDH_SHA2_NISTP384, kex::ECDH_SHA2_NISTP521]);
        if self.legacy {
            kex.extend([kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1]);
            cipher.extend([cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC]);
            mac.push(mac::HMAC_SHA1);
        } else {
            keys.retain(|algorithm| *algorithm != Algorithm::Rsa { hash: None });
        }
        // Of a key that is known as a whole, so is its kind: another one of the same device would not be recognised.
        keys.retain(|algorithm| self.host_key.may_be(algorithm));
        let preferred = Preferred {
            kex: Cow::Owned(kex),
            key: Cow::Owned(keys),
            cipher: Cow::Owned(cipher),
            mac: Cow::Owned(mac),
            ..modern
        };
        Config { preferred, nodelay: true, ..Config::default() }
    }

    /// With which hash a user's RSA key signs, when the device says (`Some`) or does not say what it takes.
    pub(super) fn hash(&self, said: Option<Option<HashAlg>>) -> Option<HashAlg> {
        said.unwrap_or(Some(HashAlg::Sha512)).or(if self.legacy { None } else { Some(HashAlg::Sha256) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_old_algorithms_only_when_asked() {
        let login = SshLogin::Password { secret: "asa".into() };
        let host_key = "SHA256:HAQLBM/Bn3eztkbQZV7+f5jDPkYvhOZ5iTsu09GdNg0".parse().unwrap();
        let mut config = SshConfig::new("192.0.2.10", "autosec", login, host_key);
        let names = |config: &SshConfig| {
            let offer = config.offer().preferred;
            let names = offer.kex.iter().map(|name| name.as_ref().to_owned());
            let names = names.chain(offer.cipher.iter().map(|name| name.as_ref().to_owned()));
            let names = names.chain(offer.mac.iter().map(|name| name.as_ref().to_owned()));
            names.chain(offer.key.iter().map(ToString::to_string)).collect::<Vec<_>>()
        };
        let old = ["diffie-hellman-group1-sha1", "aes256-cbc", "hmac-sha1", "ssh-rsa"];
        assert!(names(&config).iter().all(|name| !old.contains(&name.as_str())), "{:?}", names(&config));
        config.legacy = true;
        assert!(old.iter().all(|old| names(&config).iter().any(|name| name == old)), "{:?}", names(&config));
    }
}
