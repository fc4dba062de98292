use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

/// Which servers are believed to be who they say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Trust {
    /// Those with a certificate for their name from an authority that this system trusts. Where the system keeps them is
    /// found as other programs find it; `SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded.
    #[default]
    System,
    /// As [`System`](Self::System), and these authorities as well: certificates in PEM.
    SystemAnd(String),
    /// These authorities alone: certificates in PEM.
    Only(String),
    /// Those that have the private key of one of these certificates. Name, dates and issuer of the certificate do not matter:
    /// it is for devices with a certificate of their own making. Two pins cover a pair of devices, or a change of certificate.
    Pinned(Vec<Fingerprint>),
}

/// The SHA-256 of a certificate, as `openssl x509 -noout -fingerprint -sha256` prints it.
///
/// ```
/// use autosec_integrations::transport::Fingerprint;
///
/// let with_colons = ["AB"; 32].join(":");
/// assert_eq!(with_colons.parse(), Ok(Fingerprint([0xAB; 32])));
/// assert_eq!("ab".repeat(32).parse(), Ok(Fingerprint([0xAB; 32])));
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Fingerprint(pub [u8; 32]);

/// A text is no SHA-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a fingerprint is a SHA-256: 64 hexadecimal digits, with or without colons between the pairs")]
pub struct FingerprintError;

impl Fingerprint {
    /// That of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut digits = text.trim().chars().filter(|character| *character != ':');
        let mut digit = || digits.next().and_then(|digit| digit.to_digit(16)).ok_or(FingerprintError);
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            *byte = u8::try_from(digit()? << 4 | digit()?).map_err(|_| FingerprintError)?;
        }
        digits.next().map_or(Ok(Self(bytes)), |_| Err(FingerprintError))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a client of such a trust sets up TLS.
///
/// # Errors
/// The certificates cannot be read, or there are none.
pub(super) fn tls(trust: &Trust) -> io::Result<ClientConfig> {
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    if let Trust::Pinned(pins) = trust {
        let verifier = Arc::new(Pins { pins: pins.clone(), provider });
        return Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    Ok(config.with_root_certificates(roots(trust)?).with_no_client_auth())
}

fn roots(trust: &Trust) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if matches!(trust, Trust::System | Trust::SystemAnd(_)) {
        // A system's store may hold certificates that nobody can use any more; one of them is no reason to trust none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Trust::SystemAnd(pem) | Trust::Only(pem) = trust {
        let unfit = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate =
                certificate.map_err(|error| unfit(format!("the authorities are not in PEM: {error}")))?;
            roots.add(certificate).map_err(|error| unfit(format!("an authority cannot be used: {error}")))?;
        }
    }
    if roots.is_empty() {
        let why = "there is no authority to trust: install the system's certificates, name some, or pin the server's";
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Ok(roots)
}

/// Trusts certificates by their fingerprint. That the server has the private key is checked as ever.
#[derive(Debug)]
struct Pins {
    pins: Vec<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pins {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = Fingerprint::of(end_entity);
        if self.pins.contains(&seen) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::Other(OtherError(Arc::new(Stranger(seen)))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("its certificate has the fingerprint {0}, which is not pinned")]
struct Stranger(Fingerprint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fingerprints_as_they_are_printed() {
        let printed =
            "8F:43:43:46:64:8F:6B:96:DF:89:DD:A9:01:C5:17:6B:10:A6:D8:39:61:DD:3C:1A:C8:8B:59:B2:DC:32:7A:A4";
        let read: Fingerprint = format!(" {}\n", printed.to_lowercase()).parse().unwrap();
        assert_eq!((read, read.to_string()), (Fingerprint::of(b"hi"), printed.to_owned()));
        for wrong in ["", "8F:43", &printed[1..], &format!("{printed}:00"), &printed.replace('8', "ö")] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(FingerprintError), "{wrong}");
        }
    }

    #[test]
    fn nobody_is_trusted_by_accident() {
        for (pem, kind) in [
            ("", io::ErrorKind::NotFound),
            ("not PEM", io::ErrorKind::NotFound),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", io::ErrorKind::InvalidInput),
            ("-----BEGIN CERTIFICATE-----\n!!\n", io::ErrorKind::InvalidInput),
        ] {
            assert_eq!(tls(&Trust::Only(pem.into())).unwrap_err().kind(), kind, "{pem}");
        }
    }
}
