"""Indicators and feeds, baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import autosec


def test_indicators_find_events() -> None:
    indicators = autosec.Indicators()
    indicators.add("203.0.113.0/24", source="mine", severity="high", confidence=0.9, tags=["botnet"])
    indicators.add("evil.example", kind="domain")
    assert len(indicators) == 2 and repr(indicators) == "<Indicators: 2>"
    (listed,) = indicators.lookup("203.0.113.7")
    assert (listed["source"], listed["severity"], listed["tags"]) == ("mine", "high", ["botnet"])
    verdict = autosec.Engine(indicators).process({"@timestamp": 1, "source.ip": "203.0.113.7"})
    (finding,) = verdict.findings
    assert finding.kind == "indicator" and "203.0.113.0/24" in finding.evidence[0].text


@pytest.mark.parametrize(
    "wrong", [{"kind": "colour"}, {"kind": "sha256"}, {"confidence": 7.0}, {"severity": "terrible"}], ids=str
)
def test_what_is_no_indicator_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(autosec.ConfigError):
        autosec.Indicators().add("203.0.113.7", **wrong)  # type: ignore[arg-type]
    with pytest.raises(autosec.ConfigError, match="looks like no value"):
        autosec.Indicators().add("not a value")


def test_feeds_replace_what_they_said_before(tmp_path: Path) -> None:
    indicators = autosec.Indicators()
    feed = tmp_path / "drop.txt"
    feed.write_text("198.51.100.0/24 ; SBL1\n203.0.113.0/24 ; SBL2\n")
    told = indicators.load(feed, preset="spamhaus-drop")
    assert (told["indicators"], told["added"], told["rejected"]) == (2, 2, 0)
    feed.write_text("198.51.100.0/24 ; SBL1\n")
    assert indicators.load(feed, preset="spamhaus-drop")["removed"] == 1 and len(indicators) == 1
    assert indicators.load(b"192.0.2.1\n192.0.2.2\n", source="lines", kind="network")["added"] == 2
    assert "spamhaus-drop" in indicators.presets()
    wrongs: list[dict[str, Any]] = [{"preset": "nobody"}, {"kind": "colour"}]
    for wrong in wrongs:
        with pytest.raises(autosec.ConfigError):
            indicators.load(feed, **wrong)
    with pytest.raises(autosec.ConfigError, match="web page"):
        indicators.load(b"<!DOCTYPE html><html></html>", source="lines", kind="network")
    assert len(indicators) == 3, "a feed that fails leaves what was there"


def test_stix_bundles_are_read_and_progress_is_told() -> None:
    def indicator(number: int) -> dict[str, object]:
        return {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--00000000-0000-4000-8000-{number:012}",
            "created": "2026-01-01T00:00:00Z",
            "modified": "2026-01-01T00:00:00Z",
            "pattern": f"[ipv4-addr:value = '198.51.{number // 250}.{number % 250}']",
            "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z",
        }

    bundle = {"type": "bundle", "id": "bundle--1", "objects": [indicator(n) for n in range(8_000)]}
    seen: list[autosec.Progress] = []
    indicators = autosec.Indicators()
    told = indicators.load_stix(json.dumps(bundle).encode(), source="ours", progress=seen.append)
    assert told["indicators"] == told["added"] == 8_000 == len(indicators)
    assert len(seen) >= 2 and seen[-1].done == seen[-1].total

    def stop(progress: autosec.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        autosec.Indicators().load_stix(json.dumps(bundle).encode(), progress=stop)
    with pytest.raises(autosec.ConfigError):
        indicators.load_stix(b"{")


def login(day: int, user: str, address: str) -> dict[str, object]:
    return {
        "@timestamp": 1_700_000_000 + day * 86_400,
        "event.category": "authentication",
        "event.action": "login",
        "event.outcome": "success",
        "user.name": user,
        "source.ip": address,
        "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    }


def test_behavior_learns_and_its_snapshots_go_on() -> None:
    behavior = autosec.Behavior(seed=7)
    engine = autosec.Engine(behavior)
    for day in range(40):
        engine.process(login(day, "ann", "192.0.2.7"))
    assert len(behavior) >= 1 and behavior.memory > 0
    again = autosec.Behavior(seed=7, snapshot=behavior.snapshot())
    assert len(again) == len(behavior) and again.snapshot() == behavior.snapshot()
    other = autosec.Behavior(seed=7)
    other.merge(behavior.snapshot())
    assert len(other) == len(behavior)
    with pytest.raises(autosec.ConfigError):
        autosec.Behavior(seed=8).merge(behavior.snapshot())
    with pytest.raises(autosec.ConfigError):
        autosec.Behavior(snapshot=b"no snapshot")
    with pytest.raises(autosec.ConfigError):
        autosec.Behavior({"half_lief": "30d"})
