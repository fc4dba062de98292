//! Where a Windows event comes from in the words of Sigma's log sources: a table from channel and event id.
//!
//! An event has one category, so rules of `registry_event`, which stands for three of them, lose events that are
//! `registry_set`: what routing misses is a matter of such choices.

use rsigma_parser::LogSource;
use serde_json::Value;

/// Categories of Sysmon's events by their id.
const SYSMON: [(u64, &str); 24] = [
    (1, "process_creation"),
    (2, "file_change"),
    (3, "network_connection"),
    (4, "sysmon_status"),
    (5, "process_termination"),
    (6, "driver_load"),
    (7, "image_load"),
    (8, "create_remote_thread"),
    (9, "raw_access_thread"),
    (10, "process_access"),
    (11, "file_event"),
    (12, "registry_add"),
    (13, "registry_set"),
    (14, "registry_rename"),
    (15, "create_stream_hash"),
    (17, "pipe_created"),
    (18, "pipe_created"),
    (19, "wmi_event"),
    (20, "wmi_event"),
    (21, "wmi_event"),
    (22, "dns_query"),
    (23, "file_delete"),
    (25, "process_tampering"),
    (26, "file_delete"),
];

/// The event's log source; `product` alone if the channel is not one of the table.
pub(super) fn of(event: &Value) -> LogSource {
    let channel = event.get("Channel").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let id = event.get("EventID").and_then(Value::as_u64).unwrap_or_default();
    let deletes =
        event.get("EventType").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("Delete"));
    let (service, category) = match (channel.as_str(), id) {
        ("microsoft-windows-sysmon/operational", 12) if deletes => (Some("sysmon"), Some("registry_delete")),
        ("microsoft-windows-sysmon/operational", _) => {
            let category = SYSMON.iter().find(|(held, _)| *held == id).map(|(_, category)| *category);
            (Some("sysmon"), category)
        }
        ("security", 4688) => (Some("security"), Some("process_creation")),
        ("security", _) => (Some("security"), None),
        ("system", _) => (Some("system"), None),
        ("application", _) => (Some("application"), None),
        ("windows powershell", 400) => (Some("powershell-classic"), Some("ps_classic_start")),
        ("windows powershell", 600) => (Some("powershell-classic"), Some("ps_classic_provider_start")),
        ("windows powershell", _) => (Some("powershell-classic"), None),
        ("microsoft-windows-powershell/operational", 4103) => (Some("powershell"), Some("ps_module")),
        ("microsoft-windows-powershell/operational", 4104) => (Some("powershell"), Some("ps_script")),
        ("microsoft-windows-powershell/operational", _) => (Some("powershell"), None),
        _ => (None, None),
    };
    LogSource {
        product: Some("windows".to_owned()),
        service: service.map(str::to_owned),
        category: category.map(str::to_owned),
        ..LogSource::default()
    }
}
