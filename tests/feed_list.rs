//! Lists of every shape, by their presets and by settings of one's own.

use autosec_core::intel::Indicator;
use autosec_core::measure::Severity;
use autosec_core::time::Timestamp;
use autosec_integrations::feed::list::{
    ListError, ListKind, ListLimits, ListReader, ListReport, ListSettings, preset,
};

const FETCHED: &str = "2026-11-22T12:00:00Z";

fn fetched() -> Timestamp {
    Timestamp::parse(FETCHED).unwrap()
}

fn read(settings: ListSettings, input: &str) -> Result<(Vec<Indicator>, ListReport), ListError> {
    let mut found = Vec::new();
    let report = ListReader::new(settings).read(input.as_bytes(), fetched(), &mut |one| found.push(one))?;
    assert_eq!(report.indicators, found.len() as u64);
    assert_eq!(report.records, report.indicators + report.skipped + report.rejected);
    Ok((found, report))
}

/// What the list of this preset says, a line an indicator.
fn said(name: &str, input: &str) -> Vec<String> {
    let (found, report) = read(preset(name).unwrap(), input).unwrap();
    assert_eq!(report.rejects, [], "{name}");
    let line = |one: &Indicator| {
        let tags: Vec<&str> = one.tags.iter().map(AsRef::as_ref).collect();
        let until = one.valid_until.map_or(String::new(), |until| format!(" until {until}"));
        let revoked = if one.revoked { " revoked" } else { "" };
        format!("{} {} {}{until}{revoked} [{}]", one.values[0], one.confidence, one.severity, tags.join(" "))
    };
    found.iter().map(line).collect()
}

#[test]
fn spamhaus() {
    let text = "; Spamhaus DROP List\n; Last-Modified: …\n1.10.16.0/20 ; SBL256894\n2001:db8::/32 ; SBL1\n";
    let wanted =
        ["1.10.16.0/20 0.95 high [hijacked-netblock]", "2001:db8::/32 0.95 high [hijacked-netblock]"];
    assert_eq!(said("spamhaus-drop", text), wanted);
    let json = "{\"cidr\":\"1.10.16.0/20\",\"sblid\":\"SBL256894\",\"rir\":\"apnic\"}\n{\"type\":\"metadata\",\"timestamp\":1}\n";
    assert_eq!(said("spamhaus-drop-json", json), [wanted[0]]);
    let systems =
        "{\"asn\":64500,\"rir\":\"arin\",\"domain\":\"x.example\",\"cc\":\"US\",\"asname\":\"X\"}\n";
    assert_eq!(said("spamhaus-asndrop", systems), ["64500 0.80 high [hijacked-as]"]);
}

#[test]
fn address_lists() {
    let netset = "#\n# firehol_level1\n#\n0.0.0.0/8\n5.188.10.7\n";
    assert_eq!(said("firehol-level1", netset), ["0.0.0.0/8 0.80 high []", "5.188.10.7 0.80 high []"]);
    let until = "until 2026-11-29T12:00:00Z";
    let wanted = [format!("198.51.100.7 0.70 high {until} [compromised-host]")];
    assert_eq!(said("et-compromised", "198.51.100.7\r\n"), wanted);
    let dataplane = "# comment\n64500  |  EXAMPLE  |   203.0.113.9  |  2026-11-21 09:00:00  |  sshpwauth\n";
    let wanted = ["203.0.113.9 0.60 medium until 2026-11-28T09:00:00Z [brute-force]"];
    assert_eq!(said("dataplane-sshpwauth", dataplane), wanted);
}

#[test]
fn abuse_ch() {
    let feodo = "# Feodo\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n\
        \"2026-01-02 03:04:05\",\"198.51.100.7\",\"443\",\"online\",\"2026-11-21\",\"Emotet\"\n# END\n";
    assert_eq!(said("feodo-c2", feodo), ["198.51.100.7 0.90 critical [c2 Emotet]"]);
    let urlhaus = "################\n# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n\
        \"7\",\"2026-11-20 01:02:03\",\"http://198.51.100.7/a,b.sh\",\"online\",\"2026-11-21 00:00:00\",\"malware_download\",\"elf,mirai\",\"https://x.example/7\",\"eve\"\n\
        \"8\",\"2026-11-20 01:02:03\",\"http://gone.example/\",\"offline\",\"\",\"malware_download\",\"None\",\"\",\"eve\"\n";
    assert_eq!(
        said("urlhaus", urlhaus),
        ["http://198.51.100.7/a,b.sh 0.80 high [malware-distribution malware_download elf mirai]"]
    );
    let threatfox = r#"{"query_status":"ok","data":[
        {"id":"1","ioc":"198.51.100.7:4444","threat_type":"botnet_cc","ioc_type":"ip:port","malware":"win.x","confidence_level":75,
         "first_seen":"2026-11-08 13:36:27 UTC","last_seen":null,"tags":["a","b"]},
        {"id":"2","ioc":"evil.example.com","threat_type":"botnet_cc","ioc_type":"domain","malware":"win.x","confidence_level":100,
         "first_seen":"2026-11-08 13:36:27 UTC","last_seen":null,"tags":null},
        {"id":"3","ioc":"x","ioc_type":"envelope_from","confidence_level":1}]}"#;
    assert_eq!(
        said("threatfox", threatfox),
        [
            "198.51.100.7 and 4444 0.75 high [botnet_cc win.x a b]",
            "evil.example.com 1.00 high [botnet_cc win.x]"
        ]
    );
    let (found, _) = read(preset("threatfox").unwrap(), threatfox).unwrap();
    assert_eq!((&*found[0].id, found[0].valid_from.is_some()), ("1", true));
}

#[test]
fn services() {
    let otx = r#"{"indicators":[{"indicator":"198.51.100.7","type":"IPv4","is_active":1,"expiration":"2027-01-01T00:00:00"},
        {"indicator":"old.example","type":"domain","is_active":0},{"indicator":"CVE-2020-1","type":"CVE","is_active":1}]}"#;
    assert_eq!(said("otx-pulse", otx), ["198.51.100.7 0.50 medium until 2027-01-01T00:00:00Z []"]);
    let abuseipdb = r#"{"meta":{"generatedAt":"x"},"data":[{"ipAddress":"2001:db8::7","abuseConfidenceScore":100,
        "lastReportedAt":"2026-11-22T11:00:00+00:00","countryCode":"US"}]}"#;
    assert_eq!(said("abuseipdb", abuseipdb), ["2001:db8::7 1.00 high until 2026-12-22T11:00:00Z []"]);
    let greynoise = r#"{"data":[{"ip":"198.51.100.7","noise":true,"riot":false,"classification":"malicious","name":"x","last_seen":"2026-11-21"},
        {"ip":"8.8.8.8","riot":true,"classification":"benign"}]}"#;
    assert_eq!(
        said("greynoise", greynoise),
        ["198.51.100.7 0.80 high until 2026-12-21T00:00:00Z [malicious x]"]
    );
    let crowdsec = r#"{"new":[{"id":1,"origin":"CAPI","type":"ban","scope":"Ip","value":"198.51.100.7","duration":"3h59m12.5s","scenario":"ssh-bf"},
        {"id":2,"type":"ban","scope":"Country","value":"XX","duration":"1h"}],
        "deleted":[{"id":3,"origin":"CAPI","type":"ban","scope":"Range","value":"203.0.113.0/24","duration":"-1h","scenario":"x"}]}"#;
    assert_eq!(
        said("crowdsec", crowdsec),
        [
            "198.51.100.7 0.80 high until 2026-11-22T15:59:12Z [ssh-bf CAPI]",
            "203.0.113.0/24 0.80 high revoked [x CAPI]"
        ]
    );
    let empty = r#"{"new":null,"deleted":null}"#;
    assert!(said("crowdsec", empty).is_empty());
    let future = "\u{feff}\"Name\",\"Risk\",\"RiskString\",\"EvidenceDetails\"\n\"198.51.100.7\",\"99\",\"5/50\",\"{\"\"EvidenceDetails\"\": [{\"\"Rule\"\": \"\"C2, recent\"\"}]}\"\n";
    assert_eq!(said("recorded-future-ip", future), ["198.51.100.7 0.99 high until 2026-11-29T12:00:00Z []"]);
}

#[test]
fn prose() {
    let settings: ListSettings =
        serde_json::from_str(r#"{"name":"report","format":{"type":"freetext"}}"#).unwrap();
    let text =
        "The loader at hxxp://evil[.]example[.]com/x talks to\n198.51.100[.]7:4444 (and 198.51.100[.]8).";
    let (found, _) = read(settings, text).unwrap();
    let values: Vec<String> = found.iter().map(|one| one.values[0].to_string()).collect();
    assert_eq!(values, ["http://evil.example.com/x", "198.51.100.7 and 4444", "198.51.100.8"]);
}

#[test]
fn rejects_have_a_place_and_lose_nothing_else() {
    let network = ListSettings::new("list", ListKind::parse("network").unwrap());
    let input = b"198.51.100.7\n\xff\xfe nonsense\n\n# caf\xe9\n300.1.1.1\n198.51.100.8 caf\xe9\n".as_slice();
    let mut found = Vec::new();
    let report = ListReader::new(network.clone()).read(input, fetched(), &mut |one| found.push(one)).unwrap();
    assert_eq!((found.len(), report.rejected), (2, 2));
    assert_eq!(report.rejects.iter().map(|reject| reject.at).collect::<Vec<_>>(), [2, 5]);
    let long = "1".repeat(100_000) + "\n198.51.100.7\n";
    let (found, report) = read(network.clone(), &long).unwrap();
    assert_eq!((found.len(), &*report.rejects[0].why), (1, "the line is longer than 65536 bytes"));
}

#[test]
fn what_is_no_list_is_an_error() {
    let network = || ListSettings::new("list", ListKind::parse("network").unwrap());
    let error = |settings, input: &str| read(settings, input).unwrap_err().to_string();
    let page = error(network(), "\n <!DOCTYPE html><html><body>Please log in</body></html>");
    assert!(page.contains("web page"), "{page}");
    assert!(error(network(), "hello\nworld\n").starts_with("none of the 2 records of the list can be used"));
    assert!(error(preset("abuseipdb").unwrap(), "{\"data\":[{\"ip").contains("no whole JSON"));
    let utf16 = ListReader::new(network()).read(&b"\xff\xfe1\0"[..], fetched(), &mut |_| ()).unwrap_err();
    assert!(matches!(utf16, ListError::Utf16));
    assert!(read(network(), "").unwrap().0.is_empty(), "an empty list is one");
}

#[test]
fn limits_hold() {
    let network = ListSettings::new("list", ListKind::parse("network").unwrap());
    let endless = std::io::repeat(b'1');
    let error = ListReader::new(network.clone()).read(endless, fetched(), &mut |_| ()).unwrap_err();
    assert!(matches!(error, ListError::Large(_)), "{error}");
    let mut limits = ListLimits::default();
    limits.records = 3;
    let reader = ListReader::new(network).with_limits(limits);
    let mut found = 0;
    let error =
        reader.read("198.51.100.7\n".repeat(9).as_bytes(), fetched(), &mut |_| found += 1).unwrap_err();
    assert!(matches!(error, ListError::TooMany(3)) && found == 3, "{error}");
    let nested = "[".repeat(200_000);
    let error = ListReader::new(preset("abuseipdb").unwrap()).read(nested.as_bytes(), fetched(), &mut |_| ());
    assert!(matches!(error.unwrap_err(), ListError::Json(_)));
}

#[test]
fn settings_are_refused_with_what_would_be_right() {
    let wrong = |text: &str| serde_json::from_str::<ListSettings>(text).unwrap_err().to_string();
    assert!(wrong(r#"{"name":"a","knid":"network"}"#).contains("unknown field `knid`"));
    let kind = serde_json::from_str::<ListKind>("\"netwrok\"").unwrap_err().to_string();
    assert!(
        kind.contains("`netwrok` is no kind of value: there are `guess`, `address-port`, `network`"),
        "{kind}"
    );
    let staged: ListSettings = serde_json::from_str(
        r#"{"name":"a","severity":{"from":"s","words":{"bad":"high"}},"format":{"type":"ndjson"},"value":["x","y.z"]}"#,
    )
    .unwrap();
    let (found, _) =
        read(staged, "{\"y\":{\"z\":\"198.51.100.7\"},\"s\":\"BAD\"}\n{\"x\":\"evil.example.com\"}").unwrap();
    assert_eq!((found[0].severity, found[1].severity), (Severity::High, Severity::Medium));
}
