"""Models look at events: rows of them, findings in an engine, training on a log and on what was seen."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import autosec

BEGIN = 1_790_000_000
SET = {
    "name": "downloads",
    "version": 1,
    "entity": "user.name",
    "columns": ["hour", {"count": "1h"}, {"log": "http.response.bytes"}],
}


def download(number: int, size: float, user: str = "ann") -> dict[str, Any]:
    return {"@timestamp": BEGIN + 60 * number, "user.name": user, "http": {"response": {"bytes": int(size)}}}


def usual(count: int = 3_000, begin: int = 0) -> list[dict[str, Any]]:
    chance = random.Random(5)
    return [download(begin + n, chance.lognormvariate(9.0, 1.0), f"user{n % 5}") for n in range(count)]


def test_rows_are_made_of_events(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    features = autosec.FeatureSet(SET)
    assert features.columns == ["hour.sin", "hour.cos", "count.1h", "log.http.response.bytes"]
    assert (features.name, features.entity, features.schema[2]) == ("downloads", "user.name", features.columns)
    assert autosec.FeatureSet(features.to_dict()).schema == features.schema and "downloads by user.name" in repr(features)
    events = usual(100)
    rows = features.rows(events, learning=0)
    assert len(rows) == 100 and len(features.rows(events, learning=10)) == 50
    lines = "\n".join([*map(json.dumps, events), "", "no event"]).encode()
    (tmp_path / "log.jsonl").write_bytes(lines)
    for log in (lines, tmp_path / "log.jsonl", str(tmp_path / "log.jsonl"), iter(events), [json.dumps(each) for each in events]):
        again = features.rows(log, learning=0)
        assert [list(row) for row in again] == [list(row) for row in rows]
    assert "1 events could not be read" in caplog.text
    assert len(features.rows(events, learning=0, at_most=30)) == 30
    seen: list[int] = []
    features.rows(lines, progress=lambda progress: seen.append(progress.done))
    assert seen[-1] == len(lines)
    assert len(features.rows([{**each, "@timestamp": None} for each in events[:10]], learning=0, at=BEGIN)) == 10


@pytest.mark.parametrize("name", ["login", "http", "flow", "process", "rhythm"])
def test_there_are_ready_made_sets(name: str) -> None:
    features = autosec.FeatureSet(name, by="host.name")
    assert features.entity == "host.name" and len(features.columns) >= 8


def test_sets_that_cannot_be_meant_are_refused() -> None:
    refused: list[tuple[Any, str]] = [
        ("logins", "there are flow, http, login"),
        ({"name": "x"}, "missing field"),
        ({**SET, "columns": []}, "from 1 to 256 columns"),
        ({**SET, "columns": [{"log": "no.such"}]}, "`no.such`"),
        ({**SET, "columns": [{"log": "user.name"}]}, "needs a number"),
        ({**SET, "entity": "app.tenant"}, "`app.tenant`"),
    ]
    for wrong, text in refused:
        with pytest.raises(autosec.ConfigError, match=text):
            autosec.FeatureSet(wrong)
    assert autosec.FeatureSet({**SET, "entity": "app.tenant"}, fields={"app.tenant": "text"}).entity == "app.tenant"


@pytest.mark.parametrize("model", [autosec.Ensemble(30), autosec.IsolationForest(), autosec.KMeans(4)], ids=lambda m: m.kind)
def test_a_model_in_an_engine_finds_what_is_unusual(model: autosec.Model) -> None:
    detector = autosec.ModelDetector(
        "downloads", SET, model, name="Unusual downloads", chance=0.01, severity="medium", tags=["attack.t1048"], collect=1_000
    )
    engine = autosec.Engine(autosec.RuleSet(starter=True), detector)
    assert not detector.is_trained and engine.process(download(0, 1e15)).is_quiet
    assert detector.fit(usual()) is detector and detector.is_trained
    verdicts = engine.process_many(usual(1_500, 10_000))
    assert sum(not finding.shadow for finding in verdicts.findings) <= 60, "of usual events few are found"
    (finding,) = engine.process(download(11_500, 1e15, "user1")).findings
    assert (finding.analytic, finding.name, finding.kind) == ("downloads", "Unusual downloads", "learning")
    assert finding.subject == autosec.Subject("user", "user1") and finding.severity != "low" and not finding.shadow
    assert "log.http.response.bytes" in finding.explain() and detector.entities == 6
    kept = detector.model
    assert detector.refit() is detector and detector.model is not kept and type(detector.model) is type(model)
    assert engine.process(download(11_501, 1e15, "user2")).findings, "the new model finds it too"


def test_a_score_as_a_threshold_needs_no_rows_beside() -> None:
    features = autosec.FeatureSet(SET)
    forest = autosec.IsolationForest(random_state=1).fit(features.rows(usual()), features=features)
    detector = autosec.ModelDetector("downloads", features, forest, above=0.6, learning=0, shadow=True)
    (finding,) = autosec.Engine(detector).process(download(0, 1e15)).findings
    assert finding.shadow and finding.kind == "learning"
    assert autosec.ModelDetector("downloads", features, forest, usual=features.rows(usual(2_000, 5_000))).is_trained


def test_a_forest_in_an_engine_learns_on() -> None:
    features = autosec.FeatureSet(SET)
    forest = autosec.OnlineForest(window=512).fit(features.rows(usual()), features=features)
    (odd,) = features.rows([download(0, 1e15)], learning=0)
    between = (forest.score_one(odd) + 0.5) / 2
    detector = autosec.ModelDetector("downloads", features, forest, above=between, learning=0)
    engine = autosec.Engine(detector)
    assert engine.process(download(0, 1e15)).findings
    forest.partial_fit(features.rows([download(120 * n, 1e15) for n in range(3_000)], learning=0))
    assert engine.process(download(300, 1e15)).is_quiet


def test_models_that_do_not_fit_are_refused() -> None:
    features = autosec.FeatureSet(SET)
    rows = features.rows(usual())
    forest = autosec.IsolationForest().fit(rows)
    other = autosec.StatisticalModel().fit(rows, features=["a", "b", "c", "d"])
    wrong: list[tuple[Any, str]] = [
        (lambda: autosec.ModelDetector("x", features, forest), "no calibration"),
        (lambda: autosec.ModelDetector("x", features, forest, usual=rows[:5]), "calibrate on more rows"),
        (lambda: autosec.ModelDetector("x", features, other, above=1.0), "other columns"),
        (lambda: autosec.ModelDetector("x", features, autosec.KMeans(2).fit([[1.0]] * 9), above=1.0), "1 columns"),
        (lambda: autosec.ModelDetector("x", features, chance=0.0), "out of bounds"),
        (lambda: autosec.ModelDetector("x", features, severity="bad"), "no severity"),
        (lambda: autosec.ModelDetector("x", features).fit(usual()), "no model to train"),
        (lambda: autosec.ModelDetector("x", features, autosec.KMeans()).fit([]), "too few rows"),
        (lambda: autosec.ModelDetector("x", features, autosec.KMeans()).refit(), "no rows were kept"),
    ]
    for make, text in wrong:
        with pytest.raises(autosec.ConfigError, match=text):
            make()


def test_fields_of_ones_own_are_shared_with_rules() -> None:
    own: dict[str, Any] = {"app.bytes": "integer", "app.tenant": "text"}
    rules = autosec.RuleSet(text='- { id: a, name: A, severity: low, when: app.tenant == "x" }', fields=own)
    columns = {**SET, "entity": "app.tenant", "columns": [{"log": "app.bytes"}]}
    features = autosec.FeatureSet(columns, fields=own)
    model = autosec.StatisticalModel().fit([[float(n % 7)] for n in range(100)])
    engine = autosec.Engine(rules, autosec.ModelDetector("m", features, model, above=1.0, learning=0))
    event = {"@timestamp": BEGIN, "app.tenant": "x", "app.bytes": 10**9}
    assert {finding.analytic for finding in engine.process({**event, "source.ip": "192.0.2.1"}).findings} == {"a", "m"}
    lone = autosec.FeatureSet({**columns, "columns": ["hour"]}, fields={"app.tenant": "text"})
    with pytest.raises(autosec.ConfigError, match="different orders"):
        autosec.Engine(rules, autosec.ModelDetector("m", lone))
