use std::fmt;

/// What sort of value can be known to be bad.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
#[non_exhaustive]
pub enum ObservableKind {
    /// An address or a prefix: `192.0.2.7`, `2001:db8::/32`. A prefix is meant with every address in it.
    Network,
    /// A name alone: `www.example.org`.
    Hostname,
    /// A name of at least two labels and every name below it: `example.org` is meant with `www.example.org`.
    Domain,
    /// A URL: `http://example.org/a?b`. One without a scheme (`example.org/a`) is meant with every scheme.
    Url,
    /// An address of e-mail.
    Email,
    /// A client's name for itself, as sent.
    UserAgent,
    /// The name of a file, without its folder, in its own case.
    FileName,
    /// MD5 of a file.
    Md5,
    /// SHA-1 of a file or certificate.
    Sha1,
    /// SHA-224 of a file.
    Sha224,
    /// SHA-256 of a file or certificate.
    Sha256,
    /// SHA-384 of a file.
    Sha384,
    /// SHA-512 of a file.
    Sha512,
    /// MD5 of a program's imports.
    Imphash,
    /// A fuzzy hash `3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C`; only equality is asked.
    Ssdeep,
    /// A fuzzy hash `T1…`; only equality is asked.
    Tlsh,
    /// JA3 of a TLS client.
    Ja3,
    /// JA3S of a TLS server.
    Ja3s,
    /// JA4 of a TLS client: `t13d1516h2_8daaf6152771_b186095e22b6`.
    Ja4,
    /// The number of an autonomous system: `64500` or `AS64500`.
    AutonomousSystem,
    /// A port. Alone it says nothing, so it stands only beside an address or a name.
    Port,
}

impl ObservableKind {
    /// Every kind.
    pub const ALL: [ObservableKind; 21] = [
        Self::Network,
        Self::Hostname,
        Self::Domain,
        Self::Url,
        Self::Email,
        Self::UserAgent,
        Self::FileName,
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Imphash,
        Self::Ssdeep,
        Self::Tlsh,
        Self::Ja3,
        Self::Ja3s,
        Self::Ja4,
        Self::AutonomousSystem,
        Self::Port,
    ];

    /// Its name in evidence and reports, such as `network` or `sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Hostname => "hostname",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Email => "email",
            Self::UserAgent => "user-agent",
            Self::FileName => "file-name",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Imphash => "imphash",
            Self::Ssdeep => "ssdeep",
            Self::Tlsh => "tlsh",
            Self::Ja3 => "ja3",
            Self::Ja3s => "ja3s",
            Self::Ja4 => "ja4",
            Self::AutonomousSystem => "autonomous-system",
            Self::Port => "port",
        }
    }

    /// The length of its digest in bytes, if it is one that is written in hexadecimal digits.
    pub const fn digest_bytes(self) -> Option<usize> {
        match self {
            Self::Md5 | Self::Imphash | Self::Ja3 | Self::Ja3s => Some(16),
            Self::Sha1 => Some(20),
            Self::Sha224 => Some(28),
            Self::Sha256 => Some(32),
            Self::Sha384 => Some(48),
            Self::Sha512 => Some(64),
            _ => None,
        }
    }

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for ObservableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back() {
        for kind in ObservableKind::ALL {
            assert_eq!(ObservableKind::numbered(kind.number()), Some(kind));
        }
        assert_eq!(ObservableKind::numbered(21), None);
    }
}
