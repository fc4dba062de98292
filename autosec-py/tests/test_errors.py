"""What is wrong is said where it is, and nothing ends the process."""

from __future__ import annotations

import logging
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES


def test_a_rule_that_is_wrong_is_shown_with_its_place() -> None:
    text = "- id: x\n  name: X\n  severity: high\n  when: sorce.ip == 192.0.2.1\n"
    with pytest.raises(autosec.RuleError) as refused:
        autosec.RuleSet(text=text, name="mine.yaml")
    error = refused.value
    assert (error.code, error.line, error.column, error.rule) == ("E002", 4, 9, "x")
    assert error.source == "mine.yaml" and error.help == "did you mean `source.ip`?"
    assert "sorce.ip == 192.0.2.1" in error.rendered and "^^^^" in error.rendered and str(error) == error.rendered
    assert isinstance(error, autosec.AutosecError) and isinstance(error, ValueError)
    kept = pickle.loads(pickle.dumps(error))
    assert (kept.code, kept.line, str(kept)) == (error.code, error.line, str(error))


def test_every_rule_that_is_wrong_is_named() -> None:
    text = "\n".join(f"- {{ id: r{n}, name: R, severity: low, when: 'nope{n} == 1' }}" for n in range(3))
    with pytest.raises(autosec.RuleError) as refused:
        autosec.RuleSet(text=text)
    assert [error.rule for error in refused.value.errors] == ["r0", "r1", "r2"]
    assert "and 2 more" in str(refused.value)
    lenient = autosec.RuleSet(text=text + RULES, lenient=True)
    assert [error.rule for error in lenient.refused] == ["r0", "r1", "r2"] and len(lenient) == 4


def test_limits_are_limit_errors() -> None:
    with pytest.raises(autosec.LimitError) as large:
        autosec.RuleSet(text="#" * (1 << 20) + "\n- id: x")
    assert isinstance(large.value, autosec.RuleError) and large.value.code == "E108"
    many = "\n".join(f"- {{ id: r{n}, name: R, severity: low, when: source.port == {n} }}" for n in range(3))
    with pytest.raises(autosec.LimitError) as many_rules:
        autosec.RuleSet(text=many, rule_limit=2)
    assert isinstance(many_rules.value, autosec.RuleError) and many_rules.value.code == "E109"


def test_settings_that_are_wrong_are_config_errors(tmp_path: Path) -> None:
    broken = tmp_path / "autosec.yaml"
    broken.write_text("policy: { alert: 2 }")
    wrong: list[Any] = [{"policy": {"alret": 0.5}}, {"policy": {"alert": 0.9, "block": 0.5}}, broken, tmp_path / "none"]
    for config in wrong:
        with pytest.raises(autosec.ConfigError):
            autosec.Engine(config=config)
    with pytest.raises(autosec.ConfigError, match="not an address"):
        autosec.Engine(allowlist=["not an address"])
    with pytest.raises(autosec.ConfigError, match="replace"):
        autosec.Engine(text_errors="ignore")  # type: ignore[arg-type]
    with pytest.raises(autosec.ConfigError, match="no rules"):
        autosec.RuleSet()
    with pytest.raises(autosec.ConfigError, match="missing.yml"):
        autosec.RuleSet(tmp_path / "missing.yml")
    with pytest.raises(TypeError, match="colour"):
        autosec.RuleSet(text=RULES, colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no detector"):
        autosec.Engine(7)  # type: ignore[arg-type]
    with pytest.raises(autosec.ConfigError, match="kind"):
        autosec.RuleSet(text=RULES, fields={"app.x": "number"})  # type: ignore[dict-item]


class Odd:
    pass


UNREADABLE: list[tuple[Any, str, str]] = [
    ({}, "event-time-missing", "@timestamp"),
    ({"@timestamp": None}, "event-time-missing", "@timestamp"),
    ({"@timestamp": "yesterday"}, "event-time-unreadable", "@timestamp"),
    ({"@timestamp": [1]}, "event-time-unreadable", "@timestamp"),
    ({"@timestamp": True}, "event-time-unreadable", "@timestamp"),
    ({"@timestamp": 10**400}, "event-time-unreadable", "@timestamp"),
    ({"@timestamp": float("nan")}, "event-time-unreadable", "@timestamp"),
    ({"@timestamp": 1, "url.path": Odd()}, "event-type", "url.path"),
    ({"@timestamp": 1, "url": {"path": {1, 2}}}, "event-type", "url.path"),
    ({"@timestamp": 1, "url.path": ["/", b"/admin"]}, "event-type", "url.path.1"),
    ({"@timestamp": 1, "url.path": 10**5000}, "event-number", "url.path"),
    (b"", "json-truncated", "byte 0"),
    (b"\xff\xfe", "json-not-an-object", "byte 0"),
    (b'{"@timestamp":1', "json-truncated", "byte 15"),
    (b'{"@timestamp":1} x', "json-trailing", "byte 17"),
    ("[]", "json-not-an-object", "byte 0"),
    ('{"@timestamp":01}', "json-malformed", "byte 15"),
]


@pytest.mark.parametrize(("event", "code", "place"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_an_event_that_cannot_be_read_says_where(engine: autosec.Engine, event: Any, code: str, place: str) -> None:
    with pytest.raises(autosec.EventError) as refused:
        engine.process(event)
    assert (refused.value.code, refused.value.place) == (code, place)
    assert isinstance(refused.value, ValueError)
    kept = pickle.loads(pickle.dumps(refused.value))
    assert (kept.code, kept.place, str(kept)) == (code, place, str(refused.value))


@pytest.mark.parametrize("event", [7, None, 1.5, object(), [], {1}], ids=str)
def test_what_is_no_event_at_all_is_a_type_error(engine: autosec.Engine, event: Any) -> None:
    with pytest.raises(TypeError, match="an event is a dict"):
        engine.process(event)


def nested(levels: int, leaf: Any = "/admin") -> Any:
    made = leaf
    for _ in range(levels):
        made = [made]
    return made


def test_what_is_nested_too_deeply_is_refused_and_what_nobody_reads_is_not_looked_at(engine: autosec.Engine) -> None:
    with pytest.raises(autosec.EventLimitError) as deep:
        engine.process({"@timestamp": 1, "url.path": nested(1_000)})
    assert deep.value.code == "event-too-deep" and deep.value.place.startswith("url.path.0.0")
    assert isinstance(deep.value, autosec.LimitError)
    assert engine.process({"@timestamp": 1, "unknown": nested(1_000)}).is_quiet
    with pytest.raises(autosec.EventLimitError, match="64 nested"):
        engine.process("{" + '"@timestamp":1,"a":' + "[" * 1_000 + "]" * 1_000 + "}")
    circle: dict[str, Any] = {"@timestamp": 1}
    circle["url"] = circle
    assert engine.process(circle).is_quiet
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(autosec.EventLimitError):
        engine.process({"@timestamp": 1, "url.path": ring})
    keywords = autosec.RuleSet(text="title: K\nlogsource: { product: x }\ndetection: { k: [needle], condition: k }\n")
    with pytest.raises(autosec.EventLimitError):
        autosec.Engine(keywords).process({"@timestamp": 1, "any": circle})


def test_what_is_too_long_is_refused(engine: autosec.Engine) -> None:
    for event in ({"url.path": "x" * (1 << 20) + "x"}, {"url.path": list(range(100_000))}, b" " * (1 << 20) + b"{}"):
        with pytest.raises(autosec.EventLimitError) as long:
            engine.process(event, at=1)
        assert long.value.code in ("event-too-long", "json-too-long")


def test_halves_of_characters_and_bytes_that_are_no_text_are_replaced_or_refused() -> None:
    lenient = autosec.Engine(autosec.RuleSet(text=RULES))
    event = {**ADMIN, "url.path": "/admin/\ud800"}
    log = b'{"@timestamp":1,"source.ip":"8.8.8.8","url.path":"/admin/\xff"}'
    for given in (event, log):
        (finding,) = lenient.process(given).findings
        assert finding.evidence[0].text == "url.path = /admin/\ufffd"
    strict = autosec.Engine(autosec.RuleSet(text=RULES), text_errors="strict")
    with pytest.raises(autosec.EventError) as half:
        strict.process(event)
    assert (half.value.code, half.value.place) == ("event-text", "url.path")
    with pytest.raises(autosec.EventError) as broken:
        strict.process(log)
    assert (broken.value.code, broken.value.place) == ("json-text", "byte 57")


def test_numbers_of_other_packages(engine: autosec.Engine) -> None:
    assert engine.process({**ADMIN, "destination.port": Decimal(22), "source.port": 4000}).findings[-1].analytic
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    made = {"@timestamp": 1, "destination.port": numpy.int64(22), "source.port": numpy.int32(4000), "source.ip": "8.8.8.8"}
    assert [finding.analytic for finding in engine.process(made).findings] == ["ssh-port"]


def test_a_broken_line_is_told_and_the_others_count(
    engine: autosec.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    log = b'{"@timestamp":1}\n\n{"@timestamp":\n\xff\n{"@timestamp":2}\n'
    with caplog.at_level(logging.WARNING, "autosec"):
        verdicts = engine.process_ndjson(log)
    assert [verdict is None for verdict in verdicts] == [False, True, True, False]
    assert [error.place for _, error in verdicts.errors] == ["line 3, byte 14", "line 4, byte 0"]
    assert "2 of 4 events could not be read; the first: line 3" in caplog.text


def test_a_list_with_what_is_no_event_goes_on(engine: autosec.Engine) -> None:
    given: list[Any] = [ADMIN, 7, {"@timestamp": 1, "url.path": Odd()}]
    verdicts = engine.process_many(given)
    assert [error.code for _, error in verdicts.errors] == ["event-type", "event-type"]

    def broken() -> Any:
        yield ADMIN
        raise OSError("the source ended")

    with pytest.raises(OSError, match="the source ended"):
        engine.process_many(broken())
    with pytest.raises(TypeError):
        engine.process_many(7)  # type: ignore[arg-type]


def test_what_was_found_goes_to_logging(engine: autosec.Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "autosec"):
        engine.process({**ADMIN, "url.path": "/admin/\x1b[2J"})
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO"]
    assert "decided: block 203.0.113.7" in caplog.text and "\x1b" not in caplog.text


def test_a_batch_tells_logging_what_it_takes_and_no_more(
    engine: autosec.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    many = [{**ADMIN, "@timestamp": second} for second in range(1_500)]
    for level, told in [(logging.WARNING, set[str]()), (logging.INFO, {"INFO"}), (logging.DEBUG, {"DEBUG", "INFO"})]:
        caplog.clear()
        with caplog.at_level(level, "autosec"):
            assert len(engine.process_many(many).told) == 1_500
        assert {record.levelname for record in caplog.records} - {"WARNING"} == told
        # Of more lines than are kept it tells how many there were.
        assert ("more records were not kept" in caplog.text) == (level < logging.WARNING)
    with caplog.at_level(logging.DEBUG, "autosec"):
        logging.disable(logging.CRITICAL)
        caplog.clear()
        engine.process_many(many)
        logging.disable(logging.NOTSET)
    assert not caplog.records
