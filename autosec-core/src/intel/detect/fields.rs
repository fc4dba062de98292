use std::sync::Arc;

use super::super::ObservableKind;
use crate::event::{FieldId, FieldMask, Schema, field};

/// As what the values of a field are looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reading {
    /// An address, or a name with the domains above it.
    Place,
    /// A URL with its scheme, and its host.
    Url,
    /// A digest, of the kind that its length and form say.
    Digest,
    /// A value of one kind.
    Kind(ObservableKind),
}

/// Which fields are looked up, and as what.
///
/// | looked up as | fields |
/// |---|---|
/// | address or name | `source.ip`, `source.address`, `source.nat.ip`, `source.domain`, `destination.ip`, `destination.address`, `destination.domain`, `client.ip`, `server.ip`, `dns.question.name`, `dns.resolved_ip`, `dns.answers.data`, `tls.client.server_name`, `url.domain`, `related.ip`, `related.hosts` |
/// | URL, and its host | `url.full`, `url.original` |
/// | digest | `file.hash.md5`, `file.hash.sha1`, `file.hash.sha256`, `process.hash.md5`, `process.hash.sha256`, `tls.client.hash.sha256`, `related.hash` |
/// | file name | `file.name`, `process.name` |
/// | e-mail | `email.from.address`, `email.to.address`, `user.email` |
/// | user agent | `user_agent.original` |
/// | JA3, JA3S | `tls.client.ja3`, `tls.server.ja3s` |
/// | autonomous system | `source.as.number`, `destination.as.number` |
///
/// JA4 has no field there: give the host's own one with [`with`](Self::with). Of a field with many values the first 256
/// are looked up.
///
/// ```
/// use autosec_core::event::{Kind, Schema};
/// use autosec_core::intel::{IndexLimits, IndicatorIndex, ObservableKind, ObservedFields, Reading};
///
/// let mut schema = Schema::ecs();
/// let ja4 = schema.add("tls.client.ja4", Kind::Text)?;
/// let fields = ObservedFields::default().with(&schema, ja4, Reading::Kind(ObservableKind::Ja4));
/// let index = IndicatorIndex::new(IndexLimits::default(), fields);
/// # Ok::<(), autosec_core::event::SchemaError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ObservedFields {
    /// By the field's number.
    fields: Vec<Option<Observed>>,
}

#[derive(Clone, Debug)]
struct Observed {
    field: FieldId,
    reading: Reading,
    name: Arc<str>,
}

const PLACES: [FieldId; 16] = [
    field::SOURCE_IP,
    field::SOURCE_ADDRESS,
    field::SOURCE_NAT_IP,
    field::SOURCE_DOMAIN,
    field::DESTINATION_IP,
    field::DESTINATION_ADDRESS,
    field::DESTINATION_DOMAIN,
    field::CLIENT_IP,
    field::SERVER_IP,
    field::DNS_QUESTION_NAME,
    field::DNS_RESOLVED_IP,
    field::DNS_ANSWERS_DATA,
    field::TLS_CLIENT_SERVER_NAME,
    field::URL_DOMAIN,
    field::RELATED_IP,
    field::RELATED_HOSTS,
];
const URLS: [FieldId; 2] = [field::URL_FULL, field::URL_ORIGINAL];
const DIGESTS: [FieldId; 7] = [
    field::FILE_HASH_MD5,
    field::FILE_HASH_SHA1,
    field::FILE_HASH_SHA256,
    field::PROCESS_HASH_MD5,
    field::PROCESS_HASH_SHA256,
    field::TLS_CLIENT_HASH_SHA256,
    field::RELATED_HASH,
];
const KINDS: [(FieldId, ObservableKind); 10] = [
    (field::FILE_NAME, ObservableKind::FileName),
    (field::PROCESS_NAME, ObservableKind::FileName),
    (field::EMAIL_FROM_ADDRESS, ObservableKind::Email),
    (field::EMAIL_TO_ADDRESS, ObservableKind::Email),
    (field::USER_EMAIL, ObservableKind::Email),
    (field::USER_AGENT_ORIGINAL, ObservableKind::UserAgent),
    (field::TLS_CLIENT_JA3, ObservableKind::Ja3),
    (field::TLS_SERVER_JA3S, ObservableKind::Ja3s),
    (field::SOURCE_AS_NUMBER, ObservableKind::AutonomousSystem),
    (field::DESTINATION_AS_NUMBER, ObservableKind::AutonomousSystem),
];

impl Default for ObservedFields {
    fn default() -> Self {
        let schema = Schema::ecs();
        let places = PLACES.into_iter().map(|field| (field, Reading::Place));
        let urls = URLS.into_iter().map(|field| (field, Reading::Url));
        let digests = DIGESTS.into_iter().map(|field| (field, Reading::Digest));
        let kinds = KINDS.into_iter().map(|(field, kind)| (field, Reading::Kind(kind)));
        let mut fields = Self::none();
        for (field, reading) in places.chain(urls).chain(digests).chain(kinds) {
            fields = fields.with(&schema, field, reading);
        }
        fields
    }
}

impl ObservedFields {
    /// No field.
    pub fn none() -> Self {
        Self { fields: Vec::new() }
    }

    /// The same with a field of this schema, which must begin with the built-in ones as all do.
    #[must_use]
    pub fn with(mut self, schema: &Schema, field: FieldId, reading: Reading) -> Self {
        if self.fields.len() <= field.index() {
            self.fields.resize(field.index() + 1, None);
        }
        if let Some(place) = self.fields.get_mut(field.index()) {
            *place = Some(Observed { field, reading, name: schema.shared_name(field) });
        }
        self
    }

    #[inline]
    pub(super) fn reading(&self, field: FieldId) -> Option<Reading> {
        self.fields.get(field.index())?.as_ref().map(|observed| observed.reading)
    }

    pub(super) fn name(&self, field: FieldId) -> Arc<str> {
        let known = self.fields.get(field.index()).and_then(Option::as_ref);
        known.map_or_else(|| Arc::from(""), |observed| Arc::clone(&observed.name))
    }

    pub(super) fn mask(&self) -> FieldMask {
        self.fields.iter().flatten().map(|observed| observed.field).collect()
    }
}
