"""Models behave as scikit-learn's users expect, with numpy and without."""

from __future__ import annotations

import copy
import pickle
import random
import subprocess
import sys
from array import array

import pytest

import autosec

CHANCE = random.Random(7)
USUAL = [[CHANCE.gauss(12.0, 2.0), CHANCE.gauss(0.5, 0.2)] for _ in range(500)]
ODD = [[12.0, 0.5], [90.0, 40.0]]


def test_a_forest_tells_what_is_unusual() -> None:
    forest = autosec.IsolationForest(random_state=7).fit(USUAL)
    usual, odd = forest.score_samples(ODD)
    assert -1.0 <= odd < usual <= 0.0 and list(forest.predict(ODD)) == [1, -1]
    assert forest.score_one(ODD[1]) == -odd and forest.n_features_in_ == 2
    assert forest.explain(ODD[1])[0][1] > 0
    assert autosec.IsolationForest(random_state=7).fit(USUAL).score_samples(ODD) == array("d", [usual, odd])
    share = autosec.IsolationForest(contamination=0.1, random_state=7).fit_predict(USUAL)
    assert 0.02 <= share.count(-1) / len(share) <= 0.15


def test_arrays_come_back_where_arrays_went_in() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    forest = autosec.IsolationForest().fit(numpy.asarray(USUAL))
    for rows in (numpy.asarray(ODD), numpy.asfortranarray(ODD), numpy.asarray(ODD, dtype="float32")):
        scores = forest.score_samples(rows)
        assert isinstance(scores, numpy.ndarray) and scores.shape == (2,)
    assert list(forest.score_samples(numpy.asarray(ODD))) == list(forest.score_samples(ODD))
    assert list(forest.predict(numpy.asarray(ODD))) == forest.predict(ODD) == [1, -1]
    assert forest.score_one(numpy.asarray(ODD[1])) == forest.score_one(ODD[1])
    with pytest.raises(autosec.ConfigError, match="2 dimensions"):
        forest.score_samples(numpy.asarray(ODD[0]))


def test_without_numpy_nothing_of_it_is_needed() -> None:
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "import autosec\n"
        f"forest = autosec.IsolationForest().fit({USUAL!r})\n"
        f"print(forest.predict({ODD!r}))\n"
    )
    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, check=False)
    assert done.stdout == "[1, -1]\n", done.stderr


def test_forests_are_kept_copied_and_set() -> None:
    forest = autosec.IsolationForest(n_estimators=20).fit(USUAL)
    for made in (pickle.loads(pickle.dumps(forest)), copy.deepcopy(forest)):
        assert made.score_samples(ODD) == forest.score_samples(ODD) and made.get_params() == forest.get_params()
    assert forest.set_params(mode="deep").fit(USUAL).get_params()["mode"] == "deep"
    assert "n_estimators=20" in repr(forest)


def test_rows_that_cannot_be_meant_are_refused() -> None:
    forest = autosec.IsolationForest()
    with pytest.raises(autosec.ConfigError, match="not fitted"):
        forest.predict(ODD)
    forest.fit(USUAL)
    for wrong in ([[1.0]], [[1.0, 2.0], [3.0]], [[1.0, 2.0, 3.0]]):
        with pytest.raises(autosec.ConfigError, match="columns"):
            forest.score_samples(wrong)
    for settings in ({"n_estimators": 0}, {"mode": "wild"}, {"contamination": 0.9}, {"max_samples": 1}):
        with pytest.raises(autosec.ConfigError):
            autosec.IsolationForest(**settings).fit(USUAL)  # type: ignore[arg-type, unused-ignore]
    with pytest.raises(autosec.ConfigError):
        autosec.IsolationForest().fit([])
    with pytest.raises(autosec.ConfigError, match="no setting"):
        forest.set_params(trees=3)
    with pytest.raises((TypeError, ValueError)):
        forest.fit([["a", "b"]])
    assert list(forest.score_samples([])) == [] and -1.0 <= forest.score_samples([[float("nan"), 1.0]])[0] <= 0.0


def test_training_tells_and_may_be_stopped() -> None:
    seen: list[int] = []
    autosec.IsolationForest(n_estimators=10).fit(USUAL, progress=lambda progress: seen.append(progress.done))
    assert seen[-1] == 10

    def stop(progress: autosec.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        autosec.IsolationForest().fit(USUAL, progress=stop)
