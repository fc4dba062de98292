//! An event of ours as cyber observables.

use serde_json::{Map, Value as Json, json};

use super::observation::Observation;
use crate::event::{Event, FieldId, Value, field};

/// The fields that observations are made from.
const FIELDS: &[FieldId] = &[
    field::SOURCE_IP,
    field::CLIENT_IP,
    field::SOURCE_DOMAIN,
    field::SOURCE_PORT,
    field::SOURCE_BYTES,
    field::SOURCE_PACKETS,
    field::SOURCE_AS_NUMBER,
    field::DESTINATION_IP,
    field::SERVER_IP,
    field::DESTINATION_DOMAIN,
    field::DESTINATION_PORT,
    field::DESTINATION_BYTES,
    field::DESTINATION_PACKETS,
    field::DESTINATION_AS_NUMBER,
    field::NETWORK_TRANSPORT,
    field::NETWORK_PROTOCOL,
    field::HTTP_REQUEST_METHOD,
    field::URL_PATH,
    field::USER_AGENT_ORIGINAL,
    field::URL_FULL,
    field::URL_ORIGINAL,
    field::URL_DOMAIN,
    field::TLS_CLIENT_SERVER_NAME,
    field::DNS_QUESTION_NAME,
    field::DNS_RESOLVED_IP,
    field::RELATED_IP,
    field::RELATED_HOSTS,
    field::FILE_NAME,
    field::FILE_SIZE,
    field::FILE_DIRECTORY,
    field::FILE_HASH_MD5,
    field::FILE_HASH_SHA1,
    field::FILE_HASH_SHA256,
    field::PROCESS_PID,
    field::PROCESS_NAME,
    field::PROCESS_COMMAND_LINE,
    field::PROCESS_WORKING_DIRECTORY,
    field::PROCESS_EXECUTABLE,
    field::PROCESS_HASH_MD5,
    field::PROCESS_HASH_SHA256,
    field::PROCESS_PARENT_PID,
    field::PROCESS_PARENT_NAME,
    field::PROCESS_PARENT_COMMAND_LINE,
    field::USER_ID,
    field::USER_NAME,
    field::USER_FULL_NAME,
    field::EMAIL_FROM_ADDRESS,
    field::EMAIL_TO_ADDRESS,
    field::EMAIL_SUBJECT,
    field::REGISTRY_KEY,
    field::REGISTRY_VALUE,
    field::REGISTRY_DATA_STRINGS,
];

impl Observation {
    /// What the event shows, as STIX names it; seen once, at the event's time.
    ///
    /// | object | from the fields |
    /// |---|---|
    /// | `ipv4-addr`, `ipv6-addr` | `source.ip` (or `client.ip`), `destination.ip` (or `server.ip`), `dns.resolved_ip`, `related.ip` |
    /// | `domain-name` with `resolves_to_refs` | `dns.question.name`, `dns.resolved_ip` |
    /// | `domain-name` | `source.domain`, `destination.domain`, `url.domain`, `tls.client.server_name`, `related.hosts` |
    /// | `network-traffic`: `src_ref`, `dst_ref` (address, else name), `src_port`, `dst_port`, `src_byte_count`, `dst_byte_count`, `src_packets`, `dst_packets`, `protocols` | `source.*`, `destination.*`, `network.transport`, `network.protocol` |
    /// | its `http-request-ext`: `request_method`, `request_value`, `request_header.'User-Agent'` | `http.request.method`, `url.path`, `user_agent.original` |
    /// | `url` | `url.full`, else `url.original` |
    /// | `file`: `name`, `size`, `hashes`, `parent_directory_ref` | `file.*` |
    /// | `process`: `pid`, `name`, `command_line`, `cwd`, `image_ref`, `parent_ref`, `creator_user_ref` | `process.*` |
    /// | `user-account`: `user_id`, `account_login`, `display_name` | `user.*` |
    /// | `email-message`: `from_ref`, `to_refs`, `subject`; `email-addr` | `email.*` |
    /// | `windows-registry-key`: `key`, `values` | `registry.*` |
    /// | `autonomous-system` | `source.as.number`, `destination.as.number` |
    pub fn from_event(event: &Event<'_>) -> Self {
        let mut objects = Objects { event, observation: Observation::at(event.time()) };
        objects.network();
        objects.names();
        objects.file();
        objects.process();
        objects.people();
        objects.registry();
        objects.observation
    }

    /// The fields of events that [`Observation::from_event`] reads.
    pub fn event_fields() -> &'static [FieldId] {
        FIELDS
    }
}

struct Objects<'a, 'e> {
    event: &'a Event<'e>,
    observation: Observation,
}

impl Objects<'_, '_> {
    fn network(&mut self) {
        let source = self.host("source", [field::SOURCE_IP, field::CLIENT_IP], field::SOURCE_DOMAIN);
        let destination =
            self.host("destination", [field::DESTINATION_IP, field::SERVER_IP], field::DESTINATION_DOMAIN);
        let protocols: Vec<Json> = [field::NETWORK_TRANSPORT, field::NETWORK_PROTOCOL]
            .into_iter()
            .flat_map(|one| self.each(one))
            .collect();
        let mut traffic = self.properties(&[
            ("src_port", field::SOURCE_PORT),
            ("dst_port", field::DESTINATION_PORT),
            ("src_byte_count", field::SOURCE_BYTES),
            ("dst_byte_count", field::DESTINATION_BYTES),
            ("src_packets", field::SOURCE_PACKETS),
            ("dst_packets", field::DESTINATION_PACKETS),
        ]);
        insert(&mut traffic, "src_ref", source.then(|| json!("source")));
        insert(&mut traffic, "dst_ref", destination.then(|| json!("destination")));
        insert(&mut traffic, "protocols", (!protocols.is_empty()).then_some(Json::Array(protocols)));
        insert(&mut traffic, "extensions", self.http().map(|http| json!({ "http-request-ext": http })));
        self.add("traffic", "network-traffic", traffic);
        for (id, number) in
            [("source-as", field::SOURCE_AS_NUMBER), ("destination-as", field::DESTINATION_AS_NUMBER)]
        {
            let system = self.properties(&[("number", number)]);
            self.add(id, "autonomous-system", system);
        }
    }

    /// The object of one end of the traffic: an address if there is one, else a name.
    fn host(&mut self, id: &str, addresses: [FieldId; 2], name: FieldId) -> bool {
        let address = addresses.into_iter().find_map(|one| self.event.get(one)).map(json);
        let value = address.or_else(|| self.event.get(name).map(json));
        self.value(id, value)
    }

    fn http(&self) -> Option<Map<String, Json>> {
        let mut http = self.properties(&[
            ("request_method", field::HTTP_REQUEST_METHOD),
            ("request_value", field::URL_PATH),
        ]);
        let agent = self.properties(&[("User-Agent", field::USER_AGENT_ORIGINAL)]);
        insert(&mut http, "request_header", (!agent.is_empty()).then_some(Json::Object(agent)));
        (!http.is_empty()).then_some(http)
    }

    fn names(&mut self) {
        let answers: Vec<Json> = self.each(field::DNS_RESOLVED_IP);
        let resolved: Vec<Json> =
            (0..answers.len()).map(|index| json!(format!("resolved-{index}"))).collect();
        for (index, answer) in answers.into_iter().enumerate() {
            self.value(&format!("resolved-{index}"), Some(answer));
        }
        let mut question = self.properties(&[("value", field::DNS_QUESTION_NAME)]);
        if !question.is_empty() && !resolved.is_empty() {
            question.insert("resolves_to_refs".to_owned(), Json::Array(resolved));
        }
        self.add("question", "domain-name", question);
        let others = [
            field::SOURCE_DOMAIN,
            field::DESTINATION_DOMAIN,
            field::URL_DOMAIN,
            field::TLS_CLIENT_SERVER_NAME,
            field::RELATED_HOSTS,
            field::RELATED_IP,
        ];
        let others: Vec<Json> = others.into_iter().flat_map(|one| self.each(one)).collect();
        for (index, name) in others.into_iter().enumerate() {
            self.value(&format!("other-{index}"), Some(name));
        }
        let url =
            [field::URL_FULL, field::URL_ORIGINAL].into_iter().find(|one| self.event.get(*one).is_some());
        let url = url.map(|one| self.properties(&[("value", one)])).unwrap_or_default();
        self.add("url", "url", url);
    }

    fn file(&mut self) {
        let mut file = self.properties(&[("name", field::FILE_NAME), ("size", field::FILE_SIZE)]);
        let hashes = self.properties(&[
            ("MD5", field::FILE_HASH_MD5),
            ("SHA-1", field::FILE_HASH_SHA1),
            ("SHA-256", field::FILE_HASH_SHA256),
        ]);
        insert(&mut file, "hashes", (!hashes.is_empty()).then_some(Json::Object(hashes)));
        let folder = self.properties(&[("path", field::FILE_DIRECTORY)]);
        insert(&mut file, "parent_directory_ref", (!folder.is_empty()).then(|| json!("folder")));
        self.add("folder", "directory", folder);
        self.add("file", "file", file);
    }

    fn process(&mut self) {
        let mut process = self.properties(&[
            ("pid", field::PROCESS_PID),
            ("name", field::PROCESS_NAME),
            ("command_line", field::PROCESS_COMMAND_LINE),
            ("cwd", field::PROCESS_WORKING_DIRECTORY),
        ]);
        let mut image = Map::new();
        let executable = self.event.text(field::PROCESS_EXECUTABLE).map(base_name);
        insert(&mut image, "name", executable.map(|name| json!(name)));
        let hashes =
            self.properties(&[("MD5", field::PROCESS_HASH_MD5), ("SHA-256", field::PROCESS_HASH_SHA256)]);
        insert(&mut image, "hashes", (!hashes.is_empty()).then_some(Json::Object(hashes)));
        let parent = self.properties(&[
            ("pid", field::PROCESS_PARENT_PID),
            ("name", field::PROCESS_PARENT_NAME),
            ("command_line", field::PROCESS_PARENT_COMMAND_LINE),
        ]);
        if !process.is_empty() || !image.is_empty() {
            insert(&mut process, "image_ref", (!image.is_empty()).then(|| json!("image")));
            insert(&mut process, "parent_ref", (!parent.is_empty()).then(|| json!("parent")));
            insert(&mut process, "creator_user_ref", self.event.get(field::USER_NAME).map(|_| json!("user")));
        }
        self.add("image", "file", image);
        self.add("parent", "process", parent);
        self.add("process", "process", process);
    }

    fn people(&mut self) {
        let user = self.properties(&[
            ("user_id", field::USER_ID),
            ("account_login", field::USER_NAME),
            ("display_name", field::USER_FULL_NAME),
        ]);
        self.add("user", "user-account", user);
        let mut message = self.properties(&[("subject", field::EMAIL_SUBJECT)]);
        let senders = self.addresses("from", field::EMAIL_FROM_ADDRESS);
        let receivers = self.addresses("to", field::EMAIL_TO_ADDRESS);
        insert(&mut message, "from_ref", senders.into_iter().next());
        insert(&mut message, "to_refs", (!receivers.is_empty()).then_some(Json::Array(receivers)));
        self.add("message", "email-message", message);
    }

    /// An `email-addr` for each value, and references to them.
    fn addresses(&mut self, id: &str, from: FieldId) -> Vec<Json> {
        let mut references = Vec::new();
        for (index, value) in self.each(from).into_iter().enumerate() {
            let id = format!("{id}-{index}");
            self.add(&id, "email-addr", Map::from_iter([("value".to_owned(), value)]));
            references.push(Json::String(id));
        }
        references
    }

    fn registry(&mut self) {
        let mut key = self.properties(&[("key", field::REGISTRY_KEY)]);
        let value =
            self.properties(&[("name", field::REGISTRY_VALUE), ("data", field::REGISTRY_DATA_STRINGS)]);
        insert(&mut key, "values", (!value.is_empty()).then(|| json!([value])));
        self.add("registry", "windows-registry-key", key);
    }

    /// An object of the type that the value has: an address of one of the families, or a name.
    fn value(&mut self, id: &str, value: Option<Json>) -> bool {
        let Some(value) = value else { return false };
        let kind = match value.as_str().map(str::parse::<std::net::IpAddr>) {
            Some(Ok(address)) if address.is_ipv4() => "ipv4-addr",
            Some(Ok(_)) => "ipv6-addr",
            _ => "domain-name",
        };
        self.add(id, kind, Map::from_iter([("value".to_owned(), value)]));
        true
    }

    /// Adds an object unless it has no properties.
    fn add(&mut self, id: &str, kind: &str, mut properties: Map<String, Json>) {
        if properties.is_empty() {
            return;
        }
        properties.insert("type".to_owned(), json!(kind));
        let object = super::observation::Object::new(id, Json::Object(properties));
        self.observation.add(object.into());
    }

    /// Those of the fields that the event has, under the names STIX has for them; of several values the first.
    fn properties(&self, names: &[(&str, FieldId)]) -> Map<String, Json> {
        let present = names
            .iter()
            .filter_map(|(name, field)| Some(((*name).to_owned(), json(self.event.get(*field)?))));
        present.collect()
    }

    fn each(&self, field: FieldId) -> Vec<Json> {
        self.event.get(field).map(|value| value.each().iter().map(json).collect()).unwrap_or_default()
    }
}

fn insert(properties: &mut Map<String, Json>, name: &str, value: Option<Json>) {
    properties.extend(value.map(|value| (name.to_owned(), value)));
}

/// What an executable's path says of its file.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn json(value: &Value<'_>) -> Json {
    match value.each().first() {
        Some(Value::Boolean(truth)) => json!(truth),
        Some(Value::Float(number)) => json!(number),
        Some(Value::Integer(number)) => json!(number),
        Some(other) => Json::String(other.to_string()),
        None => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::super::{MatchLimits, Matcher, Pattern};
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn patterns_find_what_events_show() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let answers = Value::List(vec![address("198.51.100.7").into(), address("2001:db8::7").into()]);
        let event = Event::new(Timestamp::EPOCH)
            .with(field::SOURCE_IP, address("192.0.2.1"))
            .with(field::DESTINATION_DOMAIN, "c2.example")
            .with(field::DESTINATION_PORT, 443_i64)
            .with(field::DNS_QUESTION_NAME, "bad.example")
            .with(field::DNS_RESOLVED_IP, answers)
            .with(field::USER_AGENT_ORIGINAL, "curl/8")
            .with(field::PROCESS_EXECUTABLE, "C:\\a\\b.exe")
            .with(field::USER_NAME, "root")
            .with(field::EMAIL_TO_ADDRESS, "eve@example.org")
            .with(field::REGISTRY_VALUE, "Run");
        let observation = [Observation::from_event(&event)];
        for text in [
            "[network-traffic:src_ref.value ISSUBSET '192.0.2.0/24' AND network-traffic:dst_port IN (443, 8443)]",
            "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'c2.example']",
            "[domain-name:value = 'bad.example' AND domain-name:resolves_to_refs[*].value = '2001:db8::7']",
            "[ipv6-addr:value ISSUBSET '2001:db8::/32']",
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' LIKE 'curl/%']",
            "[process:image_ref.name = 'b.exe' AND process:creator_user_ref.account_login = 'root']",
            "[email-message:to_refs[0].value = 'eve@example.org']",
            "[windows-registry-key:values[*].name = 'Run']",
        ] {
            let matcher = Matcher::new(&Pattern::parse(text).unwrap()).unwrap();
            assert!(matcher.find(&observation, &MatchLimits::default()).unwrap().is_some(), "{text}");
        }
        assert!(Observation::from_event(&Event::new(Timestamp::EPOCH)).objects.is_empty());
    }
}
