use std::fmt::{self, Debug};

use minisign_verify::{PublicKey, Signature};

use super::grant::Grant;

/// The largest signature, in bytes.
const SIGNATURE_LIMIT: usize = 4 << 10;

/// Says who signed a manifest.
///
/// The manifest pins its file by SHA-256, so a signature of the manifest is one of both.
pub trait Verifier: Debug + Send + Sync {
    /// Who signed these bytes. The signature is what stands in `plugin.toml.minisig`, if there is such a file.
    ///
    /// # Errors
    /// There is no signature where one is needed, or none of those who are trusted made it.
    fn verify(&self, manifest: &[u8], signature: Option<&[u8]>) -> Result<Signer, SignatureError>;
}

/// Who signed a manifest, and what that is worth.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signer {
    /// Who it is; none where nobody was asked for.
    pub name: Option<String>,
    /// The ids of plugins that it may sign; `prefix*` is every id that begins so. None is every plugin.
    pub plugins: Option<Vec<String>>,
    /// The most that its plugins may be granted; none is as much as the host grants.
    pub most: Option<Grant>,
}

impl Signer {
    /// Whether it may sign a plugin of this id.
    pub fn may_sign(&self, id: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => id.starts_with(prefix),
            None => id == pattern,
        };
        self.plugins.as_ref().is_none_or(|plugins| plugins.iter().any(fits))
    }
}

/// A manifest is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature.
    #[error("it is not signed: put the signature beside it, as `plugin.toml.minisig`")]
    Missing,
    /// The signature is not one.
    #[error("its signature cannot be read: it must be what `minisign -S` writes")]
    Unreadable,
    /// Nobody who is trusted has this key.
    #[error("it is signed with a key that is not trusted")]
    Stranger,
    /// The key is known, but did not sign these bytes.
    #[error("its signature by `{0}` does not belong to it: manifest or signature was changed")]
    Wrong(String),
    /// A verifier of the host's own refuses it.
    #[error("it is refused: {0}")]
    Refused(String),
}

/// Believes every manifest, signed or not: for plugins that the host's operator builds, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsigned;

impl Verifier for Unsigned {
    fn verify(&self, _manifest: &[u8], _signature: Option<&[u8]>) -> Result<Signer, SignatureError> {
        Ok(Signer::default())
    }
}

/// A key that is trusted, and how far.
#[derive(Clone, Eq, PartialEq)]
pub struct TrustedKey {
    key: PublicKey,
    signer: Signer,
}

/// A text is no public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no public key of minisign: give the last line of the file `minisign.pub`")]
pub struct KeyError;

impl TrustedKey {
    /// The key of somebody, trusted with every plugin: the base64 line of `minisign.pub`, or the whole file.
    ///
    /// # Errors
    /// The text is no such key.
    pub fn new(name: impl Into<String>, key: &str) -> Result<Self, KeyError> {
        let line = key.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        let key = PublicKey::from_base64(line).map_err(|_| KeyError)?;
        Ok(Self { key, signer: Signer { name: Some(name.into()), plugins: None, most: None } })
    }

    /// The same key for these plugins only; `prefix*` is every id that begins so.
    #[must_use]
    pub fn for_plugins<T: Into<String>>(mut self, plugins: impl IntoIterator<Item = T>) -> Self {
        self.signer.plugins = Some(plugins.into_iter().map(Into::into).collect());
        self
    }

    /// The same key for plugins that are granted this at most.
    #[must_use]
    pub fn with_most(mut self, most: Grant) -> Self {
        self.signer.most = Some(most);
        self
    }
}

impl Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedKey").field("signer", &self.signer).finish_non_exhaustive()
    }
}

/// Believes manifests that the program `minisign` signed with a trusted key.
///
/// Signatures have to be of the hash, as `minisign` makes them by default; those of its first versions are not taken.
///
/// ```
/// use autosec_integrations::plugin::manifest::{MinisignVerifier, TrustedKey, Verifier};
///
/// let key = TrustedKey::new("vendor", "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
/// let verifier = MinisignVerifier::new([key.for_plugins(["fence", "fence-*"])]);
/// assert!(verifier.verify(b"[plugin]", None).is_err());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MinisignVerifier {
    keys: Vec<TrustedKey>,
}

impl MinisignVerifier {
    /// One that trusts these keys.
    pub fn new(keys: impl IntoIterator<Item = TrustedKey>) -> Self {
        Self { keys: keys.into_iter().collect() }
    }
}

impl Verifier for MinisignVerifier {
    fn verify(&self, manifest: &[u8], signature: Option<&[u8]>) -> Result<Signer, SignatureError> {
        let signature = signature.ok_or(SignatureError::Missing)?;
        let text = std::str::from_utf8(signature).ok().filter(|text| text.len() <= SIGNATURE_LIMIT);
        let signature =
            text.and_then(|text| Signature::decode(text).ok()).ok_or(SignatureError::Unreadable)?;
        let mut refusal = SignatureError::Stranger;
        for trusted in &self.keys {
            match trusted.key.verify(manifest, &signature, false) {
                Ok(()) => return Ok(trusted.signer.clone()),
                Err(minisign_verify::Error::UnexpectedKeyId) => {}
                Err(minisign_verify::Error::UnexpectedAlgorithm) => refusal = SignatureError::Unreadable,
                Err(_) => refusal = SignatureError::Wrong(trusted.signer.name.clone().unwrap_or_default()),
            }
        }
        Err(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    /// Of the bytes `test`, by the program `minisign`.
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1633700835\tfile:test\tprehashed
wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==
";

    fn verifier() -> MinisignVerifier {
        MinisignVerifier::new([TrustedKey::new("vendor", KEY).unwrap()])
    }

    #[test]
    fn believes_what_a_trusted_key_signed() {
        let signer = verifier().verify(b"test", Some(SIGNATURE.as_bytes())).unwrap();
        assert_eq!(signer.name.as_deref(), Some("vendor"));
        let file = format!("untrusted comment: minisign public key\n{KEY}\n");
        assert_eq!(TrustedKey::new("vendor", &file), TrustedKey::new("vendor", KEY));
    }

    #[test]
    fn refuses_everything_else() {
        let verify =
            |manifest: &[u8], signature: &str| verifier().verify(manifest, Some(signature.as_bytes()));
        assert_eq!(verify(b"Test", SIGNATURE), Err(SignatureError::Wrong("vendor".into())));
        let comment = SIGNATURE.replace("file:test", "file:best");
        assert_eq!(verify(b"test", &comment), Err(SignatureError::Wrong("vendor".into())));
        for (at, _) in SIGNATURE.char_indices() {
            assert!(verify(b"test", &SIGNATURE[..at]).is_err() || at + 1 >= SIGNATURE.len(), "{at}");
        }
        assert_eq!(verify(b"test", &"x".repeat(5_000)), Err(SignatureError::Unreadable));
        assert_eq!(verifier().verify(b"test", None), Err(SignatureError::Missing));
        let nobody = MinisignVerifier::default();
        assert_eq!(nobody.verify(b"test", Some(SIGNATURE.as_bytes())), Err(SignatureError::Stranger));
        assert_eq!(TrustedKey::new("vendor", "RWQ"), Err(KeyError));
    }

    #[test]
    fn a_key_is_for_the_plugins_it_is_for() {
        let signer = |plugins: &[&str]| {
            TrustedKey::new("vendor", KEY).unwrap().for_plugins(plugins.iter().copied()).signer
        };
        assert!(signer(&["fence"]).may_sign("fence") && !signer(&["fence"]).may_sign("fence-2"));
        assert!(signer(&["x", "fence-*"]).may_sign("fence-2") && !signer(&["fence-*"]).may_sign("fence"));
        assert!(!signer(&[]).may_sign("fence") && Signer::default().may_sign("fence"));
    }
}
