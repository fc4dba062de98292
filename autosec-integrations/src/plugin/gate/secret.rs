use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

use crate::plugin::manifest::rule::FilledSlot;

/// Shorter texts are not looked for in answers: they would be found everywhere.
const SHORTEST: usize = 4;

/// The secrets of one request, and what an answer must not show.
#[derive(Default)]
pub(super) struct Filled {
    headers: HeaderMap,
    masks: Vec<Vec<u8>>,
}

impl Filled {
    /// Adds a secret where it belongs.
    ///
    /// # Errors
    /// Two secrets are for one place, the plugin gave the header itself, or the secret cannot stand there; the text does not
    /// show it.
    pub(super) fn put(
        &mut self,
        slot: &FilledSlot,
        secret: &SecretString,
        given: &HeaderMap,
    ) -> Result<(), &'static str> {
        let secret = secret.expose_secret();
        let (name, value) = match slot {
            FilledSlot::Header { name, before, after } => {
                let name =
                    HeaderName::from_bytes(name.as_bytes()).map_err(|_| "its header has no possible name")?;
                (name, format!("{before}{secret}{after}"))
            }
            FilledSlot::Basic { user } => {
                let pair = user.as_ref().map_or_else(|| secret.to_owned(), |user| format!("{user}:{secret}"));
                self.mask(pair.split_once(':').map_or("", |(_, password)| password));
                self.mask(&STANDARD.encode(&pair));
                (AUTHORIZATION, format!("Basic {}", STANDARD.encode(&pair)))
            }
            FilledSlot::SigV4 { .. } => return Err("it is for signatures"),
        };
        if given.contains_key(&name) || self.headers.contains_key(&name) {
            return Err("its header is there already");
        }
        let mut header = HeaderValue::from_str(&value).map_err(|_| "it has characters that no header has")?;
        header.set_sensitive(true);
        self.headers.insert(name, header);
        self.mask(secret);
        Ok(())
    }

    /// Adds headers that were made of a secret.
    pub(super) fn add(&mut self, headers: HeaderMap) {
        self.headers.extend(headers);
    }

    /// The headers that hold the secrets.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Adds a text that answers must not show, in the forms that servers write texts in.
    pub(super) fn mask(&mut self, text: &str) {
        let json = serde_json::to_string(text).unwrap_or_default();
        let json = json.trim_start_matches('"').trim_end_matches('"').to_owned();
        let slashed = json.replace('/', "\\/");
        let [large, small] = [true, false].map(|is_large| escaped(text, is_large));
        for form in [text.to_owned(), slashed, json, large, small, STANDARD.encode(text)] {
            let form = form.into_bytes();
            if text.len() >= SHORTEST && !self.masks.contains(&form) {
                self.masks.push(form);
            }
        }
        // The longest first, so that none leaves a rest of a longer one.
        self.masks.sort_by_key(|mask| std::cmp::Reverse(mask.len()));
    }

    /// Puts stars in the place of every secret; whether there was one.
    pub(super) fn hide(&self, bytes: &mut [u8]) -> bool {
        let mut found = false;
        for mask in &self.masks {
            let places: Vec<usize> = memmem::find_iter(bytes, mask).collect();
            for at in places {
                found = true;
                bytes.iter_mut().skip(at).take(mask.len()).for_each(|byte| *byte = b'*');
            }
        }
        found
    }

    /// The same for a text.
    pub(super) fn hidden(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.hide(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a text shows a secret.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.masks.iter().any(|mask| memmem::find(text.as_bytes(), mask).is_some())
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled").field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}

/// A text as it stands in URLs and forms, with large letters or small ones among the digits of its escapes.
fn escaped(text: &str, is_large: bool) -> String {
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
        byte if is_large => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr/t\"+k";

    fn filled(slot: &FilledSlot) -> Filled {
        let mut filled = Filled::default();
        filled.put(slot, &SECRET.into(), &HeaderMap::new()).unwrap();
        filled
    }

    #[test]
    fn puts_secrets_where_they_belong() {
        let bearer = FilledSlot::Header {
            name: "authorization".into(),
            before: "Bearer ".into(),
            after: String::new(),
        };
        let bearer = filled(&bearer);
        let header = &bearer.headers()["authorization"];
        assert_eq!((header.to_str().unwrap(), header.is_sensitive()), ("Bearer s3cr/t\"+k", true));
        let basic = filled(&FilledSlot::Basic { user: Some("admin".into()) });
        assert_eq!(basic.headers()["authorization"], "Basic YWRtaW46czNjci90Iitr");
        assert!(!format!("{basic:?} {bearer:?} {:?}", bearer.headers()).contains("s3cr"));
    }

    #[test]
    fn refuses_what_has_no_place() {
        let slot = FilledSlot::Header { name: "x-key".into(), before: String::new(), after: String::new() };
        let given =
            [(HeaderName::from_static("x-key"), HeaderValue::from_static("mine"))].into_iter().collect();
        assert!(Filled::default().put(&slot, &"secret".into(), &given).is_err());
        assert!(filled(&slot).put(&slot, &"other".into(), &HeaderMap::new()).is_err());
        assert!(Filled::default().put(&slot, &"two\nlines".into(), &HeaderMap::new()).is_err());
    }

    #[test]
    fn hides_secrets_in_every_form() {
        let basic = filled(&FilledSlot::Basic { user: Some("admin".into()) });
        for echo in [
            "s3cr/t\"+k",
            "s3cr/t\\\"+k",
            "s3cr\\/t\\\"+k",
            "s3cr%2Ft%22%2Bk",
            "czNjci90Iitr",
            "YWRtaW46czNjci90Iitr",
        ] {
            let mut body = format!("[{echo}|{echo}]").into_bytes();
            assert!(basic.hide(&mut body), "{echo}");
            let stars = "*".repeat(echo.len());
            assert_eq!(String::from_utf8(body).unwrap(), format!("[{stars}|{stars}]"));
        }
        let mut innocent = b"admin".to_vec();
        assert!(!basic.hide(&mut innocent));
    }
}
