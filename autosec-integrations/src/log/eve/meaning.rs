//! Which key of an EVE record becomes which field. To read one more key, add it here; the walk over the record does not
//! change. What has no field of its own in ECS is put where rules look for its like: the state of a flow in
//! `event.code`, its reason in `event.reason`.

use autosec_core::event::{FieldId, field};

/// The objects of a record that hold something wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Section {
    Alert,
    Dns,
    Flow,
    Http,
    Ja3,
    Ja3s,
    Tls,
    Top,
}

/// What a key's value is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Addresses go to the first field, what is no address to the second.
    Address(FieldId, FieldId),
    AlertAction,
    EventType,
    Integer(FieldId),
    /// Text in lower case.
    Lower(FieldId),
    Nothing,
    Section(Section),
    Status,
    Text(FieldId),
    Time,
    Url,
    /// `HTTP/1.1` without `HTTP/`.
    Version,
}

/// Looks up a key of a section.
pub(super) fn meaning(section: Section, key: &[u8]) -> Meaning {
    match section {
        Section::Top => top(key),
        Section::Alert => alert(key),
        Section::Dns => dns(key),
        Section::Flow => flow(key),
        Section::Http => http(key),
        Section::Tls => tls(key),
        Section::Ja3 if key == b"hash" => Meaning::Text(field::TLS_CLIENT_JA3),
        Section::Ja3s if key == b"hash" => Meaning::Text(field::TLS_SERVER_JA3S),
        Section::Ja3 | Section::Ja3s => Meaning::Nothing,
    }
}

fn top(key: &[u8]) -> Meaning {
    match key {
        b"alert" => Meaning::Section(Section::Alert),
        b"app_proto" => Meaning::Lower(field::NETWORK_PROTOCOL),
        b"community_id" => Meaning::Text(field::NETWORK_COMMUNITY_ID),
        b"dest_ip" => Meaning::Address(field::DESTINATION_IP, field::DESTINATION_ADDRESS),
        b"dest_port" => Meaning::Integer(field::DESTINATION_PORT),
        b"dns" => Meaning::Section(Section::Dns),
        b"event_type" => Meaning::EventType,
        b"flow" => Meaning::Section(Section::Flow),
        b"host" => Meaning::Text(field::OBSERVER_NAME),
        b"http" => Meaning::Section(Section::Http),
        b"in_iface" => Meaning::Text(field::OBSERVER_INGRESS_INTERFACE_NAME),
        b"proto" => Meaning::Lower(field::NETWORK_TRANSPORT),
        b"src_ip" => Meaning::Address(field::SOURCE_IP, field::SOURCE_ADDRESS),
        b"src_port" => Meaning::Integer(field::SOURCE_PORT),
        b"timestamp" => Meaning::Time,
        b"tls" => Meaning::Section(Section::Tls),
        _ => Meaning::Nothing,
    }
}

fn alert(key: &[u8]) -> Meaning {
    match key {
        b"action" => Meaning::AlertAction,
        b"category" => Meaning::Text(field::RULE_CATEGORY),
        b"rev" => Meaning::Text(field::RULE_VERSION),
        b"severity" => Meaning::Integer(field::EVENT_SEVERITY),
        b"signature" => Meaning::Text(field::RULE_NAME),
        b"signature_id" => Meaning::Text(field::RULE_ID),
        _ => Meaning::Nothing,
    }
}

fn dns(key: &[u8]) -> Meaning {
    match key {
        // Alerts and newer versions hold the questions in a list.
        b"queries" | b"query" => Meaning::Section(Section::Dns),
        b"rcode" => Meaning::Text(field::DNS_RESPONSE_CODE),
        b"rrname" => Meaning::Text(field::DNS_QUESTION_NAME),
        b"rrtype" => Meaning::Text(field::DNS_QUESTION_TYPE),
        b"type" => Meaning::Text(field::DNS_TYPE),
        _ => Meaning::Nothing,
    }
}

fn flow(key: &[u8]) -> Meaning {
    match key {
        b"bytes_toclient" => Meaning::Integer(field::DESTINATION_BYTES),
        b"bytes_toserver" => Meaning::Integer(field::SOURCE_BYTES),
        b"pkts_toclient" => Meaning::Integer(field::DESTINATION_PACKETS),
        b"pkts_toserver" => Meaning::Integer(field::SOURCE_PACKETS),
        b"reason" => Meaning::Text(field::EVENT_REASON),
        b"state" => Meaning::Text(field::EVENT_CODE),
        _ => Meaning::Nothing,
    }
}

fn http(key: &[u8]) -> Meaning {
    match key {
        b"hostname" => Meaning::Text(field::URL_DOMAIN),
        b"http_content_type" => Meaning::Text(field::HTTP_RESPONSE_MIME_TYPE),
        b"http_method" => Meaning::Text(field::HTTP_REQUEST_METHOD),
        b"http_refer" => Meaning::Text(field::HTTP_REQUEST_REFERRER),
        b"http_user_agent" => Meaning::Text(field::USER_AGENT_ORIGINAL),
        b"length" => Meaning::Integer(field::HTTP_RESPONSE_BODY_BYTES),
        b"protocol" => Meaning::Version,
        b"status" => Meaning::Status,
        b"url" => Meaning::Url,
        _ => Meaning::Nothing,
    }
}

fn tls(key: &[u8]) -> Meaning {
    match key {
        b"issuerdn" => Meaning::Text(field::TLS_SERVER_ISSUER),
        b"ja3" => Meaning::Section(Section::Ja3),
        b"ja3s" => Meaning::Section(Section::Ja3s),
        b"sni" => Meaning::Text(field::TLS_CLIENT_SERVER_NAME),
        b"subject" => Meaning::Text(field::TLS_SERVER_SUBJECT),
        b"version" => Meaning::Text(field::TLS_VERSION),
        _ => Meaning::Nothing,
    }
}
