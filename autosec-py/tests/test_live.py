"""Rules are replaced while an engine works, and logs of other kinds than JSON are read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import autosec

PACK = """
- id: failures
  name: Failures
  severity: {severity}
  when: event.action == "ssh_login" and event.outcome == "failure"
  count: {{ by: [source.ip], within: 10m, at_least: 3 }}
"""
SYSLOG = "".join(
    f"Nov 22 14:02:{second} web1 sshd[42]: Failed password for root from 203.0.113.7 port 4711 ssh2\n"
    for second in (11, 12, 13)
)
ACCESS = '203.0.113.7 - - [22/Nov/2026:14:02:11 +0100] "GET /a%2f..%2fb HTTP/1.1" 404 162 "-" "curl/8.5"\n'
EVE = '{"timestamp":"2026-11-22T14:02:11.5+0000","event_type":"alert","src_ip":"203.0.113.7","alert":{"signature_id":7}}\n'
FAILURE = {"event.action": "ssh_login", "event.outcome": "failure", "source.ip": "203.0.113.7"}


def failure(second: int) -> dict[str, object]:
    return {"@timestamp": 1_790_000_000 + second, **FAILURE}


def test_rules_are_replaced_and_go_on_counting() -> None:
    rules = autosec.LiveRules(text=PACK.format(severity="low"))
    engine = autosec.Engine(rules)
    assert engine.process(failure(0)).is_quiet and engine.process(failure(1)).is_quiet and len(rules) == 1
    reloaded = rules.replace(text=PACK.format(severity="high"))
    assert reloaded.kept == ("failures",) and str(reloaded) == "1 kept" and reloaded.new_fields == ()
    (finding,) = engine.process(failure(2)).findings
    assert finding.severity == "high", "the two before are still counted"
    with pytest.raises(autosec.RuleError):
        rules.replace(text="- { id: x, name: X, severity: low, when: sorce.ip == 1 }")
    assert rules.ids == ["failures"]
    gone = rules.replace(text="- { id: other, name: O, severity: low, when: exists(source.ip) }")
    assert (gone.added, gone.removed) == (("other",), ("failures",)) and rules.ids == ["other"]
    assert [each.analytic for each in engine.process(failure(3)).findings] == ["other"]


def test_a_folder_is_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PACK.format(severity="low"))
    rules = autosec.LiveRules(tmp_path, lenient=True)
    assert rules.reload().kept == ("failures",) and rules.refused == []
    (tmp_path / "b.yaml").write_text("- { id: b, name: B, severity: low, when: sorce.ip == 1 }\n- { id: c, name: C, severity: low, when: url.path == \"/c\" }")
    reloaded = rules.reload()
    assert reloaded.added == ("c",) and [wrong.rule for wrong in rules.refused] == ["b"] and "LiveRules of 2" in repr(rules)


def test_fields_of_later_rules_are_read_from_the_start() -> None:
    path = "- { id: path, name: P, severity: low, when: url.path == \"/x\" }"
    first = autosec.LiveRules(text=PACK.format(severity="low"))
    prepared = autosec.LiveRules(text=PACK.format(severity="low"), reads=["url.path"])
    event = {**failure(0), "url.path": "/x"}
    for rules, fields, found in [(first, ("url.path",), 0), (prepared, (), 1)]:
        engine = autosec.Engine(rules)
        assert rules.replace(text=path).new_fields == fields
        assert len(engine.process(event).findings) == found
        assert len(autosec.Engine(rules).process(event).findings) == 1, "a new engine reads what the rules read now"
    with pytest.raises(autosec.ConfigError, match="no field"):
        autosec.LiveRules(text=path, reads=["no.field"])


def test_events_and_replacements_do_not_wait_for_each_other() -> None:
    rules = autosec.LiveRules(text=PACK.format(severity="low"))
    engine = autosec.Engine(rules)
    over, seen = threading.Event(), 0

    def look() -> None:
        nonlocal seen
        while not over.is_set():
            seen += len(engine.process_many([failure(n) for n in range(100)]))

    thread = threading.Thread(target=look)
    thread.start()
    for round in range(20):
        assert rules.replace(text=PACK.format(severity="low" if round % 2 else "high")).kept == ("failures",)
    over.set()
    thread.join()
    assert seen > 0


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "bytes"])
def test_logs_of_syslog_are_processed(as_file: bool, tmp_path: Path) -> None:
    text = SYSLOG + "what is this\n"
    (tmp_path / "auth.log").write_text(text)
    log = tmp_path / "auth.log" if as_file else text.encode()
    engine = autosec.Engine(autosec.RuleSet(text=PACK.format(severity="low")))
    verdicts = engine.process_log(log, format="syslog", at="2026-11-22T15:00:00Z")
    assert len(verdicts) == 4 and [finding.analytic for finding in verdicts.findings] == ["failures"]
    assert verdicts.findings[0].time.isoformat() == "2026-11-22T14:02:13+00:00"
    ((index, wrong),) = verdicts.errors
    assert (index, wrong.code, wrong.place) == (3, "not_syslog", "line 4")
    east = engine.process_log(log, format="syslog", at="2026-11-22T15:00:00Z", utc_offset=3600)
    assert east[0] is not None and east[0].time.hour == 13
    with pytest.raises(autosec.ConfigError, match="`format`"):
        engine.process_log(log, format="csv")  # type: ignore[arg-type]
    with pytest.raises(autosec.ConfigError, match="no-such"):
        engine.process_log(tmp_path / "no-such.log")


def test_logs_are_read_as_events() -> None:
    events = autosec.read_log((SYSLOG + ACCESS + EVE + "\nwhat\n").encode(), at="2026-11-22T15:00:00Z")
    made = list(events)
    assert [each["event.action"] for each in made] == ["ssh_login"] * 3 + ["http_request", "ids_alert"]
    assert made[0]["user.name"] == "root" and made[0]["source.port"] == 4711
    assert made[3]["@timestamp"] == "2026-11-22T13:02:11Z" and made[3]["url.path"] == "/a/../b"
    assert events.summary["events"] == 5 and sum(events.summary["unread"].values()) == 1 and list(events) == []
    verdicts = autosec.Engine(autosec.RuleSet(text=PACK.format(severity="low"))).process_many(made)
    assert len(verdicts.findings) == 1 and not verdicts.errors
