"""One event, whichever way it comes in, gives one verdict."""

from __future__ import annotations

import ipaddress
import json
import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES

Json = dict[str, Any]

SHAPES: list[Json] = [
    ADMIN,
    {"@timestamp": 1_700_000_000, "source.ip": "203.0.113.7", "url": {"path": "/admin"}},
    {"@timestamp": 1_700_000_000_000, "source": {"ip": "203.0.113.7", "port": 4000}, "destination": {"port": 22}},
    {"@timestamp": "1700000000.5", "source": {"ip": "203.0.113.7", "port": "4000"}, "destination.port": "22"},
    {"@timestamp": 1_700_000_000.25, "source.port": 2000.0, "destination": {"port": 22.0}, "source.ip": "10.0.0.1"},
    {"@timestamp": 1, "url": {"path": ["/x", "/admin"]}, "source": {"ip": ["203.0.113.7", "203.0.113.8"]}},
    {"@timestamp": 1, "url.path": None, "url": {"path": "/admin"}, "source.ip": "8.8.8.8"},
    {"@timestamp": 1, "url.path": "/admin", "url": {"path": "/other"}, "source.ip": "8.8.8.8"},
    {"@timestamp": 1, "url": {"path": "/other"}, "url.path": "/admin", "source.ip": "8.8.8.8"},
    {"@timestamp": 1, "dns": {"answers": [{"data": "192.0.2.1"}, {"data": "192.0.2.9"}]}, "user": {"name": "ann"}},
    {"@timestamp": 1, "dns.answers": [{"data": ["192.0.2.1", ["192.0.2.9"]]}], "user.name": "ann"},
    {"@timestamp": 1, "dns.answers.data": "x", "dns": {"answers": [{"data": "192.0.2.9"}]}, "user.name": "ann"},
    {"@timestamp": 1, "user.name": True, "dns.answers.data": "192.0.2.9"},
    {"@timestamp": 1, "user.name": 1e16, "dns.answers.data": "192.0.2.9"},
    {"@timestamp": 1, "user.name": 1.5e-7, "dns.answers.data": "192.0.2.9"},
    {"@timestamp": 1, "user.name": 2**70, "dns.answers.data": "192.0.2.9"},
    {"@timestamp": 1, "destination.port": 22, "source.port": 2**70, "source.ip": "8.8.8.8"},
    {"@timestamp": 1, "url.path": "/admin\ud800", "source.ip": "8.8.8.8"},
    {"@timestamp": 1, "url.path": "", "source.ip": ""},
    {"@timestamp": 1, "url.path": [], "source": {}, "x": {"y": [1, {"z": 2}]}},
]


@pytest.mark.parametrize("event", SHAPES, ids=range(len(SHAPES)))
def test_a_dict_means_what_its_json_means(event: Json) -> None:
    text = json.dumps(event)
    forms: list[Any] = [event, text, text.encode(), bytearray(text.encode()), memoryview(text.encode())]
    verdicts = [autosec.Engine(autosec.RuleSet(text=RULES)).process(form).to_dict() for form in forms]
    assert all(verdict == verdicts[0] for verdict in verdicts)


def value(chance: random.Random, depth: int) -> Any:
    plain: list[Any] = ["/admin", "192.0.2.9", "22", "4000", "login", 22, 4000, 3.5, True, None, 10**20, "x y"]
    kind = chance.randrange(8)
    if depth < 3 and kind == 0:
        return [value(chance, depth + 1) for _ in range(chance.randrange(3))]
    if depth < 3 and kind == 1:
        return event(chance, depth + 1)
    return chance.choice(plain)


def event(chance: random.Random, depth: int) -> Json:
    names = ["source", "ip", "source.ip", "port", "destination.port", "url.path", "path", "url", "dns", "answers"]
    names += ["dns.answers", "answers.data", "data", "user.name", "user", "name", "event.action", "my field"]
    return {chance.choice(names): value(chance, depth) for _ in range(chance.randrange(6))}


def test_random_dicts_mean_what_their_json_means() -> None:
    chance = random.Random(8)
    dicts, lines = (autosec.Engine(autosec.RuleSet(text=RULES)) for _ in range(2))
    told = 0
    for second in range(3_000):
        made = {"@timestamp": second, "source.ip": "203.0.113.7", **event(chance, 0)}
        by_dict, by_json = dicts.process(made), lines.process(json.dumps(made))
        assert by_dict.to_dict() == by_json.to_dict(), made
        told += not by_dict.is_quiet
    assert told > 20, "events that set off nothing compare nothing"


SIGMA = r"""
title: Whoami
logsource: { category: process_creation }
detection:
  selection: { Image|endswith: '\whoami.exe', Threat Name: x }
  keywords: ['needle']
  condition: selection or keywords
level: high
"""


def test_names_with_spaces_and_keywords_are_found_in_dicts_as_in_json() -> None:
    dicts, lines = (autosec.Engine(autosec.RuleSet(text=SIGMA)) for _ in range(2))
    events: list[Json] = [
        {"Image": r"C:\whoami.exe", "Threat Name": "x", "Computer": "pc1"},
        {"Im age": r"C:\whoami.exe", "ThreatName": "x"},
        {"anything": {"at": [1, {"all": "a needle here"}]}},
        {"anything": {"at": [1, {"all": "nothing"}]}},
    ]
    for each in events:
        verdict = dicts.process(each, at=1)
        assert verdict.to_dict() == lines.process(json.dumps(each), at=1).to_dict()
        assert verdict.is_quiet == (each is events[3])


def fresh() -> autosec.Engine:
    return autosec.Engine(autosec.RuleSet(text=RULES))


def test_addresses_and_times_may_be_python_s_own() -> None:
    zone = timezone(timedelta(hours=1))
    made = fresh().process(
        {
            "@timestamp": datetime(2026, 11, 22, 15, 2, 11, tzinfo=zone),
            "source": {"ip": ipaddress.ip_address("203.0.113.7")},
            "url.path": "/admin/users",
        }
    )
    assert made == fresh().process(ADMIN)
    assert made.time == datetime(2026, 11, 22, 14, 2, 11, tzinfo=timezone.utc)


@pytest.mark.parametrize("at", [1_700_000_000, "2023-11-14T22:13:20Z", datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)])
def test_an_event_without_time_takes_the_one_that_is_given(engine: autosec.Engine, at: Any) -> None:
    assert engine.process({"url.path": "/admin"}, at=at).time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert engine.process(b'{"url.path":"/admin"}', at=at).time.year == 2023


def dicts(verdicts: autosec.Verdicts) -> list[Json | None]:
    return [verdict and verdict.to_dict() for verdict in verdicts]


def test_many_events_give_what_each_gives() -> None:
    events = [{"@timestamp": n, "event.action": "login", "source.ip": "203.0.113.7"} for n in range(5)]
    alone = [autosec.Engine(autosec.RuleSet(text=RULES)) for _ in range(4)]
    one = [alone[0].process(event).to_dict() for event in events]
    log = "\n".join(map(json.dumps, events))
    assert dicts(alone[1].process_many(events)) == one
    assert dicts(alone[2].process_many(map(json.dumps, events))) == one
    assert dicts(alone[3].process_ndjson(log)) == one
    assert sum(len(verdict["assessments"]) for verdict in one) == 1


def test_only_what_rules_read_is_looked_at(engine: autosec.Engine) -> None:
    assert "url.path" in engine.fields and "process.name" not in engine.fields
    assert engine.process({**ADMIN, "process.name": object()}) == fresh().process(ADMIN)
