"""What a verdict says, in every form that it has."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest

import autosec

from .conftest import ADMIN


def test_a_verdict_says_what_was_found_and_why(engine: autosec.Engine) -> None:
    verdict = engine.process(ADMIN)
    assert not verdict.is_quiet and verdict.risk > 0.5 and verdict.faults == ()
    (finding,) = verdict.findings
    assert (finding.analytic, finding.name, finding.kind, finding.severity) == ("admin", "Admin page", "rule", "high")
    assert str(finding.subject) == "203.0.113.7/32" or finding.subject.name.startswith("203.0.113.7")
    assert finding.time == verdict.time == datetime(2026, 11, 22, 14, 2, 11, tzinfo=timezone.utc)
    assert finding.evidence[0].text == "url.path = /admin/users"
    assert finding.evidence[0].facts == {"name": "url.path", "value": "/admin/users"}
    decision = verdict.decision
    assert decision is not None and verdict.decisions == (decision,)
    assert (decision.action, decision.duration) == ("block", timedelta(hours=1))
    assert decision.unless == "`admin` had not fired"
    (assessment,) = verdict.assessments
    assert assessment.risk == pytest.approx(sum(part.share for part in assessment.contributions))
    assert "Admin page" in verdict.explain() and "Admin page" in finding.explain()
    assert "block" in decision.explain() and "unless" in decision.explain()


def test_a_quiet_verdict_says_so(engine: autosec.Engine) -> None:
    verdict = engine.process({"@timestamp": 1, "url.path": "/"})
    assert verdict.is_quiet and verdict.risk == 0.0 and verdict.decision is None
    assert [*verdict.findings, *verdict.decisions, *verdict.assessments, *verdict.faults] == []
    assert repr(verdict) == "<Verdict 1970-01-01T00:00:01Z risk=0.00 findings=0>"


def test_pickles_and_copies_are_equal(engine: autosec.Engine) -> None:
    for event in (ADMIN, {"@timestamp": 1}):
        verdict = engine.process(event)
        for made in (pickle.loads(pickle.dumps(verdict)), copy.deepcopy(verdict)):
            assert made == verdict and made.explain() == verdict.explain() and made.risk == verdict.risk
            assert made.findings == verdict.findings and made.decision == verdict.decision
            assert repr(made) == repr(verdict) and made.is_quiet == verdict.is_quiet and made.time == verdict.time
            assert pickle.loads(pickle.dumps(made)) == verdict
    finding = engine.process(ADMIN).findings[0]
    assert pickle.loads(pickle.dumps(finding)) == finding and hash(finding) == hash(copy.copy(finding))


def test_foreign_bytes_are_no_verdict() -> None:
    for state in (b"", b"{}", b"[]", b'{"record":{},"explanation":"","risk":0}', b"\xff"):
        with pytest.raises(ValueError, match="no verdict"):
            autosec.Verdict._restore(state)


def test_dicts_are_json(engine: autosec.Engine) -> None:
    verdict = engine.process(ADMIN)
    assert json.loads(verdict.to_json()) == json.loads(json.dumps(verdict.to_dict())) == verdict.to_dict()
    assert json.loads(json.dumps(verdict.findings[0].to_dict()))["subject"]["kind"] == "address"
    assert verdict.decision is not None and verdict.decision.to_dict()["duration"] == 3600.0


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.seen.add(tag)
        if tag not in ("br", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_notebooks_show_a_picture_and_nothing_that_strangers_wrote_as_html(engine: autosec.Engine) -> None:
    verdict = engine.process({**ADMIN, "url.path": "/admin/<script>alert(1)</script>"})
    many = engine.process_many([ADMIN] * 60)
    for html in (verdict._repr_html_(), many._repr_html_(), engine.process({"@timestamp": 1})._repr_html_()):
        tags = Tags()
        tags.feed(html)
        assert tags.open == [] and "script" not in tags.seen
    assert "<svg" in verdict._repr_html_() and "&lt;script&gt;" in verdict._repr_html_()
    assert "and 10 more" in many._repr_html_()


def test_a_batch_is_a_sequence(engine: autosec.Engine) -> None:
    verdicts = engine.process_many([{"@timestamp": 1}, ADMIN, "no json", {"@timestamp": 2}])
    assert len(verdicts) == 4 and verdicts[-1] == verdicts[3] and verdicts[2] is None
    assert [index for index, _ in verdicts.told] == [1]
    assert [(index, error.code) for index, error in verdicts.errors] == [(2, "json-not-an-object")]
    assert [verdict and verdict.is_quiet for verdict in verdicts] == [True, False, None, True]
    assert [finding.analytic for finding in verdicts.findings] == ["admin"]
    assert [decision.action for decision in verdicts.decisions] == ["block"]
    assert verdicts.risk == verdicts.told[0][1].risk
    assert repr(verdicts) == "<Verdicts of 4 events: 1 with something to say, 1 unread>"
    for index in (4, -5):
        with pytest.raises(IndexError):
            verdicts[index]
