//! The built-in fields: names and types of the Elastic Common Schema 9.
//!
//! Three of its facts have no plain field there. A place is a point with two numbers, so `source.geo.location.lat` and
//! `.lon` (degrees) are fields here; `source.geo.accuracy_radius` (kilometres) says how well the place is known; and
//! `source.anonymizer` lists what hides whoever is behind the address: `vpn`, `hosting`, `proxy`, `residential-proxy`,
//! `tor` or `anonymous`.
//!
//! Each constant is valid in every [`Schema`](super::Schema), which all begin with these fields, and carries its dotted
//! name as its documentation. What an application knows beyond them it adds by [`Schema::add`](super::Schema::add).
//!
//! Where a field holds several values, as `tags` or `dns.resolved_ip` do, the value is a
//! [`Value::List`](super::Value::List); its kind is that of one value.

use super::{FieldId, Kind};

macro_rules! fields {
    ($($constant:ident = $name:literal, $kind:ident;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the constants below, never leaves this file")]
        #[repr(u16)]
        enum Position { $($constant),* }

        $(
            #[doc = concat!("`", $name, "`")]
            pub const $constant: FieldId = FieldId(Position::$constant as u16);
        )*

        /// Name and kind of each built-in field, in the order of its id.
        pub(super) const FIELDS: &[(&str, Kind)] = &[$(($name, Kind::$kind)),*];
    };
}

fields! {
    EVENT_ACTION = "event.action", Text;
    EVENT_CATEGORY = "event.category", Text;
    EVENT_CODE = "event.code", Text;
    EVENT_DATASET = "event.dataset", Text;
    EVENT_DURATION = "event.duration", Integer;
    EVENT_ID = "event.id", Text;
    EVENT_KIND = "event.kind", Text;
    EVENT_MODULE = "event.module", Text;
    EVENT_ORIGINAL = "event.original", Text;
    EVENT_OUTCOME = "event.outcome", Text;
    EVENT_PROVIDER = "event.provider", Text;
    EVENT_REASON = "event.reason", Text;
    EVENT_SEVERITY = "event.severity", Integer;
    EVENT_TYPE = "event.type", Text;
    MESSAGE = "message", Text;
    TAGS = "tags", Text;
    SOURCE_ADDRESS = "source.address", Text;
    SOURCE_AS_NUMBER = "source.as.number", Integer;
    SOURCE_AS_ORGANIZATION_NAME = "source.as.organization.name", Text;
    SOURCE_BYTES = "source.bytes", Integer;
    SOURCE_DOMAIN = "source.domain", Text;
    SOURCE_GEO_CITY_NAME = "source.geo.city_name", Text;
    SOURCE_GEO_COUNTRY_ISO_CODE = "source.geo.country_iso_code", Text;
    SOURCE_IP = "source.ip", Address;
    SOURCE_MAC = "source.mac", Text;
    SOURCE_NAT_IP = "source.nat.ip", Address;
    SOURCE_PACKETS = "source.packets", Integer;
    SOURCE_PORT = "source.port", Integer;
    SOURCE_USER_NAME = "source.user.name", Text;
    DESTINATION_ADDRESS = "destination.address", Text;
    DESTINATION_AS_NUMBER = "destination.as.number", Integer;
    DESTINATION_BYTES = "destination.bytes", Integer;
    DESTINATION_DOMAIN = "destination.domain", Text;
    DESTINATION_GEO_COUNTRY_ISO_CODE = "destination.geo.country_iso_code", Text;
    DESTINATION_IP = "destination.ip", Address;
    DESTINATION_PACKETS = "destination.packets", Integer;
    DESTINATION_PORT = "destination.port", Integer;
    CLIENT_IP = "client.ip", Address;
    SERVER_IP = "server.ip", Address;
    HOST_HOSTNAME = "host.hostname", Text;
    HOST_IP = "host.ip", Address;
    HOST_NAME = "host.name", Text;
    OBSERVER_NAME = "observer.name", Text;
    OBSERVER_PRODUCT = "observer.product", Text;
    OBSERVER_VENDOR = "observer.vendor", Text;
    OBSERVER_INGRESS_INTERFACE_NAME = "observer.ingress.interface.name", Text;
    USER_DOMAIN = "user.domain", Text;
    USER_EFFECTIVE_NAME = "user.effective.name", Text;
    USER_EMAIL = "user.email", Text;
    USER_FULL_NAME = "user.full_name", Text;
    USER_GROUP_NAME = "user.group.name", Text;
    USER_ID = "user.id", Text;
    USER_NAME = "user.name", Text;
    USER_ROLES = "user.roles", Text;
    USER_TARGET_NAME = "user.target.name", Text;
    USER_AGENT_ORIGINAL = "user_agent.original", Text;
    NETWORK_BYTES = "network.bytes", Integer;
    NETWORK_COMMUNITY_ID = "network.community_id", Text;
    NETWORK_DIRECTION = "network.direction", Text;
    NETWORK_IANA_NUMBER = "network.iana_number", Text;
    NETWORK_PACKETS = "network.packets", Integer;
    NETWORK_PROTOCOL = "network.protocol", Text;
    NETWORK_TRANSPORT = "network.transport", Text;
    NETWORK_TYPE = "network.type", Text;
    HTTP_REQUEST_BODY_BYTES = "http.request.body.bytes", Integer;
    HTTP_REQUEST_BODY_CONTENT = "http.request.body.content", Text;
    HTTP_REQUEST_BYTES = "http.request.bytes", Integer;
    HTTP_REQUEST_METHOD = "http.request.method", Text;
    HTTP_REQUEST_MIME_TYPE = "http.request.mime_type", Text;
    HTTP_REQUEST_REFERRER = "http.request.referrer", Text;
    HTTP_RESPONSE_BODY_BYTES = "http.response.body.bytes", Integer;
    HTTP_RESPONSE_BYTES = "http.response.bytes", Integer;
    HTTP_RESPONSE_MIME_TYPE = "http.response.mime_type", Text;
    HTTP_RESPONSE_STATUS_CODE = "http.response.status_code", Integer;
    HTTP_VERSION = "http.version", Text;
    URL_DOMAIN = "url.domain", Text;
    URL_EXTENSION = "url.extension", Text;
    URL_FRAGMENT = "url.fragment", Text;
    URL_FULL = "url.full", Text;
    URL_ORIGINAL = "url.original", Text;
    URL_PATH = "url.path", Text;
    URL_PORT = "url.port", Integer;
    URL_QUERY = "url.query", Text;
    URL_SCHEME = "url.scheme", Text;
    URL_USERNAME = "url.username", Text;
    PROCESS_ARGS = "process.args", Text;
    PROCESS_COMMAND_LINE = "process.command_line", Text;
    PROCESS_ENTITY_ID = "process.entity_id", Text;
    PROCESS_EXECUTABLE = "process.executable", Text;
    PROCESS_EXIT_CODE = "process.exit_code", Integer;
    PROCESS_HASH_MD5 = "process.hash.md5", Text;
    PROCESS_HASH_SHA256 = "process.hash.sha256", Text;
    PROCESS_NAME = "process.name", Text;
    PROCESS_PARENT_COMMAND_LINE = "process.parent.command_line", Text;
    PROCESS_PARENT_EXECUTABLE = "process.parent.executable", Text;
    PROCESS_PARENT_NAME = "process.parent.name", Text;
    PROCESS_PARENT_PID = "process.parent.pid", Integer;
    PROCESS_PID = "process.pid", Integer;
    PROCESS_THREAD_ID = "process.thread.id", Integer;
    PROCESS_USER_NAME = "process.user.name", Text;
    PROCESS_WORKING_DIRECTORY = "process.working_directory", Text;
    FILE_DIRECTORY = "file.directory", Text;
    FILE_EXTENSION = "file.extension", Text;
    FILE_HASH_MD5 = "file.hash.md5", Text;
    FILE_HASH_SHA1 = "file.hash.sha1", Text;
    FILE_HASH_SHA256 = "file.hash.sha256", Text;
    FILE_NAME = "file.name", Text;
    FILE_OWNER = "file.owner", Text;
    FILE_PATH = "file.path", Text;
    FILE_SIZE = "file.size", Integer;
    FILE_TYPE = "file.type", Text;
    DNS_ANSWERS_DATA = "dns.answers.data", Text;
    DNS_QUESTION_NAME = "dns.question.name", Text;
    DNS_QUESTION_TYPE = "dns.question.type", Text;
    DNS_RESOLVED_IP = "dns.resolved_ip", Address;
    DNS_RESPONSE_CODE = "dns.response_code", Text;
    DNS_TYPE = "dns.type", Text;
    TLS_CIPHER = "tls.cipher", Text;
    TLS_CLIENT_HASH_SHA256 = "tls.client.hash.sha256", Text;
    TLS_CLIENT_JA3 = "tls.client.ja3", Text;
    TLS_CLIENT_SERVER_NAME = "tls.client.server_name", Text;
    TLS_SERVER_ISSUER = "tls.server.issuer", Text;
    TLS_SERVER_JA3S = "tls.server.ja3s", Text;
    TLS_SERVER_SUBJECT = "tls.server.subject", Text;
    TLS_VERSION = "tls.version", Text;
    RULE_CATEGORY = "rule.category", Text;
    RULE_ID = "rule.id", Text;
    RULE_NAME = "rule.name", Text;
    RULE_RULESET = "rule.ruleset", Text;
    RULE_VERSION = "rule.version", Text;
    THREAT_TACTIC_ID = "threat.tactic.id", Text;
    THREAT_TECHNIQUE_ID = "threat.technique.id", Text;
    LOG_FILE_PATH = "log.file.path", Text;
    LOG_LEVEL = "log.level", Text;
    LOG_LOGGER = "log.logger", Text;
    LOG_SYSLOG_APPNAME = "log.syslog.appname", Text;
    LOG_SYSLOG_FACILITY_CODE = "log.syslog.facility.code", Integer;
    LOG_SYSLOG_HOSTNAME = "log.syslog.hostname", Text;
    LOG_SYSLOG_MSGID = "log.syslog.msgid", Text;
    LOG_SYSLOG_PRIORITY = "log.syslog.priority", Integer;
    LOG_SYSLOG_PROCID = "log.syslog.procid", Text;
    LOG_SYSLOG_SEVERITY_CODE = "log.syslog.severity.code", Integer;
    SERVICE_NAME = "service.name", Text;
    SERVICE_TYPE = "service.type", Text;
    CLOUD_ACCOUNT_ID = "cloud.account.id", Text;
    CLOUD_PROVIDER = "cloud.provider", Text;
    CLOUD_REGION = "cloud.region", Text;
    CONTAINER_ID = "container.id", Text;
    CONTAINER_IMAGE_NAME = "container.image.name", Text;
    CONTAINER_NAME = "container.name", Text;
    DEVICE_ID = "device.id", Text;
    ORCHESTRATOR_NAMESPACE = "orchestrator.namespace", Text;
    ORCHESTRATOR_RESOURCE_NAME = "orchestrator.resource.name", Text;
    ORGANIZATION_ID = "organization.id", Text;
    REGISTRY_DATA_STRINGS = "registry.data.strings", Text;
    REGISTRY_KEY = "registry.key", Text;
    REGISTRY_PATH = "registry.path", Text;
    REGISTRY_VALUE = "registry.value", Text;
    GROUP_ID = "group.id", Text;
    GROUP_NAME = "group.name", Text;
    RELATED_HASH = "related.hash", Text;
    RELATED_HOSTS = "related.hosts", Text;
    RELATED_IP = "related.ip", Address;
    RELATED_USER = "related.user", Text;
    EMAIL_FROM_ADDRESS = "email.from.address", Text;
    EMAIL_SUBJECT = "email.subject", Text;
    EMAIL_TO_ADDRESS = "email.to.address", Text;
    ERROR_CODE = "error.code", Text;
    ERROR_MESSAGE = "error.message", Text;
    SOURCE_ANONYMIZER = "source.anonymizer", Text;
    SOURCE_GEO_ACCURACY_RADIUS = "source.geo.accuracy_radius", Float;
    SOURCE_GEO_CONTINENT_CODE = "source.geo.continent_code", Text;
    SOURCE_GEO_LOCATION_LAT = "source.geo.location.lat", Float;
    SOURCE_GEO_LOCATION_LON = "source.geo.location.lon", Float;
    SOURCE_GEO_REGION_ISO_CODE = "source.geo.region_iso_code", Text;
    SOURCE_GEO_TIMEZONE = "source.geo.timezone", Text;
    DESTINATION_AS_ORGANIZATION_NAME = "destination.as.organization.name", Text;
    DESTINATION_GEO_CITY_NAME = "destination.geo.city_name", Text;
    USER_AGENT_DEVICE_NAME = "user_agent.device.name", Text;
    USER_AGENT_NAME = "user_agent.name", Text;
    USER_AGENT_OS_NAME = "user_agent.os.name", Text;
    USER_AGENT_OS_VERSION = "user_agent.os.version", Text;
    USER_AGENT_VERSION = "user_agent.version", Text;
}
