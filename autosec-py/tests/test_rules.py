"""Rules from texts, files and folders; their tests, lists, state, and what a log says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES

SIGMA = "title: Whoami\nlogsource: {}\ndetection:\n  s: { Image|endswith: whoami.exe }\n  condition: s\nlevel: high\n"
CORPUS = Path(__file__).parents[3] / "shared/corpora"


def test_files_and_folders_of_native_and_sigma_rules(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "mine.yaml").write_text(RULES)
    (tmp_path / "deep/er/whoami.yml").write_text(SIGMA)
    (tmp_path / "notes.txt").write_text("no rules")
    rules = autosec.RuleSet(tmp_path)
    assert len(rules) == 5 and {"admin", "whoami"} <= set(rules.ids) and "Image" in rules.fields
    assert len(autosec.RuleSet(tmp_path / "mine.yaml", str(tmp_path / "deep"))) == 5
    assert len(autosec.RuleSet(starter=True, text=RULES)) > 10
    assert "4 native and 1 Sigma" in repr(rules)
    (tmp_path / "latin.yml").write_bytes(b"\xff")
    with pytest.raises(autosec.ConfigError, match="latin.yml"):
        autosec.RuleSet(tmp_path)


def test_lists_are_replaced_while_events_come_in() -> None:
    text = "- { id: office, name: O, severity: high, when: source.ip in $office and source.port in $ports }"
    rules = autosec.RuleSet(text=text, lists={"office": ["192.0.2.0/24"], "ports": [22, 23]})
    engine = autosec.Engine(rules)
    event = {"@timestamp": 1, "source.ip": "198.51.100.7", "source.port": 22}
    assert engine.process(event).is_quiet
    rules.replace_list("office", ["198.51.100.0/24"])
    assert not engine.process(event).is_quiet
    with pytest.raises(autosec.ConfigError):
        rules.replace_list("office", [1, 2])
    with pytest.raises(autosec.ConfigError):
        rules.replace_list("nobody", ["x"])


def test_tests_in_rules_are_run() -> None:
    text = """
- id: admin
  name: Admin
  severity: high
  when: url.path == "/admin"
  tests:
    - { name: right, events: [{ url.path: /admin, source.ip: 192.0.2.1 }], expect: match }
    - { name: wrong, events: [{ url.path: /, source.ip: 192.0.2.1 }], expect: match }
"""
    report = autosec.RuleSet(text=text).test()
    assert (report["passed"], report["passes"]) == (False, 1)
    assert [(failure["rule"], failure["test"]) for failure in report["failures"]] == [("admin", "wrong")]


def test_what_is_counted_outlives_the_engine() -> None:
    logins = [{"@timestamp": n, "event.action": "login", "source.ip": "203.0.113.7"} for n in range(3)]
    first = autosec.RuleSet(text=RULES, seed=7)
    assert autosec.Engine(first).process_many(logins[:2]).findings == []
    second = autosec.RuleSet(text=RULES, seed=7)
    assert second.restore(first.snapshot()) >= 1
    assert [finding.analytic for finding in autosec.Engine(second).process_many(logins[2:]).findings] == ["three-times"]
    third = autosec.RuleSet(text=RULES, seed=7)
    assert third.merge(first.snapshot()) >= 1
    for wrong in (b"no snapshot", autosec.RuleSet(text=RULES, seed=8).snapshot()):
        with pytest.raises(autosec.ConfigError):
            second.restore(wrong)
    resumed = autosec.RuleSet(text=RULES, resume=first.snapshot())
    assert autosec.Engine(resumed).process_many(logins[2:]).findings
    with pytest.raises(autosec.ConfigError):
        autosec.RuleSet(text=RULES, resume=b"no snapshot")


LOG = [ADMIN, {"@timestamp": 1}, {**ADMIN, "url.path": "/"}, {**ADMIN, "source": {"ip": "198.51.100.9"}}]


def test_a_backtest_says_what_each_rule_finds(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    path.write_text("\n".join(map(json.dumps, LOG)) + "\nbroken\n")
    rules = autosec.RuleSet(text=RULES)
    forms: list[Any] = [path, str(path), path.read_bytes(), [*LOG, "broken"]]
    reports = [rules.backtest(given) for given in forms]
    for report in reports:
        assert (report.events, report.unread) == (4, 1)
        admin = next(rule for rule in report.rules if rule.id == "admin")
        assert (admin.matches, admin.findings) == (2, 2) and len(admin.samples) == 2
        assert "admin" in str(report) and json.dumps(report.to_dict())
    wider = autosec.RuleSet(text=RULES.replace('starts_with "/admin"', 'starts_with "/"'))
    compared = rules.backtest(path, against=wider, profile=10)
    assert (compared.gained, compared.lost) == (1, 0)
    assert any(rule.nanoseconds for rule in compared.rules)
    with pytest.raises(autosec.ConfigError, match="missing.ndjson"):
        rules.backtest(tmp_path / "missing.ndjson")


def test_progress_is_told_and_may_stop_the_work() -> None:
    rules = autosec.RuleSet(text=RULES)
    log = b'{"@timestamp":1}\n' * 20_000
    seen: list[autosec.Progress] = []
    rules.backtest(log, progress=seen.append)
    assert [each.numbers["events"] for each in seen[:2]] == [8_192, 16_384]
    assert seen[-1].done == seen[-1].total == len(log) and seen[0].title == "backtest"

    def stop(progress: autosec.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        rules.backtest(log, progress=stop)
    with pytest.raises(RuntimeError, match="enough"):
        rules.backtest([{"@timestamp": 1}] * 10_000, progress=stop)
    assert rules.backtest(log).events == 20_000, "nothing is left behind"


def test_progress_is_a_bar_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    autosec.RuleSet(text=RULES).backtest(b'{"@timestamp":1}\n' * 20_000, progress=True)
    assert "backtest: 100%" in capsys.readouterr().err


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no corpus at {CORPUS}")
def test_sigma_s_rules_find_the_same_in_dicts_and_lines() -> None:
    rules = autosec.RuleSet(CORPUS / "sigma", lenient=True, ecs=False)
    assert len(rules) > 3_000
    lines = (CORPUS / "events/windows-otrf-2000.jsonl").read_bytes().splitlines()[:200]
    by_line = autosec.Engine(rules).process_ndjson(b"\n".join(lines), at=1_700_000_000)
    again = autosec.RuleSet(CORPUS / "sigma", lenient=True, ecs=False)
    events: list[Any] = [json.loads(line) for line in lines]
    by_dict = autosec.Engine(again).process_many(events, at=1_700_000_000)
    found = [[finding.analytic for finding in verdict.findings] for _, verdict in by_line.told]
    assert found == [[finding.analytic for finding in verdict.findings] for _, verdict in by_dict.told]
    assert sum(map(len, found)) > 10


def test_rules_tell_by_what_they_count() -> None:
    text = """
- { id: one, name: One, severity: low, when: exists(url.path) }
- { id: two, name: Two, severity: low, when: exists(url.path), count: { by: [source.ip, user.name], within: 1m, at_least: 2 } }
- id: three
  name: Three
  severity: low
  when: exists(url.path)
  sequence:
    by: [source.ip]
    within: 5m
    steps:
      - when: event.outcome == "failure"
      - { when: event.outcome == "success", by: [destination.ip] }
"""
    keys = autosec.RuleSet(text=text).keys
    assert keys == {"two": (("source.ip", "user.name"),), "three": (("source.ip",), ("destination.ip",))}
