"""Models behave as scikit-learn's users expect, with numpy and without."""

from __future__ import annotations

import copy
import math
import pickle
import random
import subprocess
import sys
import threading
from array import array
from pathlib import Path
from typing import Any

import pytest

import autosec

CHANCE = random.Random(7)
USUAL = [[CHANCE.gauss(12.0, 2.0), CHANCE.gauss(0.5, 0.2)] for _ in range(500)]
ODD = [[12.0, 0.5], [90.0, 40.0]]
MODELS: list[autosec.Model] = [
    autosec.Ensemble(20, random_state=7),
    autosec.IsolationForest(random_state=7),
    autosec.KMeans(4, random_state=7),
    autosec.OnlineForest(window=256, random_state=7),
    autosec.SeasonalModel(0),
    autosec.StatisticalModel(),
]


def made(model: autosec.Model) -> autosec.Model:
    """A model like it that nothing has been done to."""
    return type(model)(**model.get_params())


@pytest.fixture(params=MODELS, ids=lambda model: model.kind)
def model(request: pytest.FixtureRequest) -> autosec.Model:
    return made(request.param)


def test_every_model_tells_what_is_unusual(model: autosec.Model) -> None:
    assert model.fit(USUAL) is model
    usual, odd = model.score_samples(ODD)
    assert odd < usual <= 0.0 and model.score_one(ODD[1]) == -odd
    decided = model.decision_function(ODD)
    assert decided[0] >= 0.0 > decided[1] and decided[1] == odd - model.offset_
    if model.kind != "k-means":
        assert list(model.predict(ODD)) == [1, -1] == list(made(model).fit_predict(USUAL + ODD))[-2:]
    share = sum(value < 0 for value in model.decision_function(USUAL)) / len(USUAL)
    assert model.contamination == "auto" or share <= 0.05, "few of what was learned are unusual"
    why = model.explain(ODD[1])
    assert sorted(number for number, _ in why) == [0, 1] and why[0][1] >= why[1][1] and why[0][1] > 0
    assert made(model).fit(USUAL).score_samples(ODD) == array("d", [usual, odd]), "the same seed makes the same model"
    assert model.n_features_in_ == 2 and model.feature_names_in_ == ["0", "1"]


def test_arrays_come_back_where_arrays_went_in(model: autosec.Model) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    model.fit(numpy.asarray(USUAL))
    for rows in (numpy.asarray(ODD), numpy.asfortranarray(ODD), numpy.asarray(ODD, dtype="float32")):
        for answer in (model.score_samples(rows), model.predict(rows)):
            assert isinstance(answer, numpy.ndarray) and answer.shape == (2,)
    assert list(model.score_samples(numpy.asarray(ODD))) == list(model.score_samples(ODD))
    assert list(model.predict(numpy.asarray(ODD))) == model.predict(ODD)
    assert model.score_one(numpy.asarray(ODD[1])) == model.score_one(ODD[1]) == model.score_one(tuple(ODD[1]))
    with pytest.raises(autosec.ConfigError, match="2 dimensions"):
        model.score_samples(numpy.asarray(ODD[0]))


def test_without_numpy_nothing_of_it_is_needed() -> None:
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "import autosec\n"
        f"forest = autosec.IsolationForest().fit({USUAL!r})\n"
        f"print(forest.predict({ODD!r}))\n"
        f"print(len(autosec.KMeans(2).fit({USUAL!r}).cluster_sizes_))\n"
    )
    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, check=False)
    assert done.stdout == "[1, -1]\n2\n", done.stderr


def test_models_are_kept_copied_and_set(model: autosec.Model, tmp_path: Path) -> None:
    model.fit(USUAL, features=["amount", "share"])
    file = tmp_path / "kept.model"
    model.save(file)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model), autosec.Model.load(file), type(model).load(file)]
    for kept in copies:
        assert type(kept) is type(model) and kept.get_params() == model.get_params()
        assert kept.score_samples(ODD) == model.score_samples(ODD) and kept.offset_ == model.offset_
        assert list(kept.predict(ODD)) == list(model.predict(ODD)) and kept.feature_names_in_ == ["amount", "share"]
        assert kept.to_bytes() == model.to_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.model"]
    name, value = next(iter(model.get_params().items()))
    assert f"{name}={value!r}" in repr(model) and model.set_params(**{name: value}) is model
    with pytest.raises(autosec.ConfigError, match="no setting"):
        model.set_params(nonsense=3)


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    forest, file = autosec.IsolationForest(10).fit(USUAL), tmp_path / "a.model"
    forest.save(file)
    whole = file.read_bytes()
    with pytest.raises(autosec.ConfigError, match="holds the kind IsolationForest, and not KMeans"):
        autosec.KMeans.load(file)
    for broken in [
        b"",
        b"x" * 100,
        whole[:40],
        whole[:-1],
        whole[:-1] + b"\0",
        whole.replace(b"isolation-forest", b"k-means"),
        whole.replace(b"isolation-forest", b"os.system"),
        whole.replace(b'"schema"', b'"scheme"'),
        whole.replace(b'{"kind"', b"[" * 100_000 + b'{"kind"'),
    ]:
        file.write_bytes(broken)
        with pytest.raises(autosec.ConfigError):
            autosec.Model.load(file)
    with pytest.raises(OSError):
        autosec.Model.load(tmp_path / "none")
    with pytest.raises(autosec.ConfigError, match="not fitted"):
        autosec.IsolationForest().save(file)


def test_rows_that_cannot_be_meant_are_refused(model: autosec.Model) -> None:
    asks: list[Any] = [model.predict, model.score_samples, model.score_one, model.explain]
    for ask in asks:
        with pytest.raises(autosec.ConfigError, match="not fitted"):
            ask(ODD)
    model.fit(USUAL)
    for wrong in ([[1.0]], [[1.0, 2.0], [3.0]], [[1.0, 2.0, 3.0]]):
        with pytest.raises(autosec.ConfigError, match="columns"):
            model.score_samples(wrong)
    with pytest.raises((TypeError, ValueError)):
        made(model).fit([["a", "b"]])
    with pytest.raises(autosec.ConfigError):
        made(model).fit([])
    with pytest.raises(autosec.ConfigError, match="names 3"):
        made(model).fit(USUAL, features=["a", "b", "c"])
    assert list(model.score_samples([])) == [] and math.isfinite(model.score_samples([[float("nan"), 1.0]])[0])


@pytest.mark.parametrize(
    "model",
    [
        autosec.IsolationForest(0),
        autosec.IsolationForest(mode="wild"),
        autosec.IsolationForest(contamination=0.9),
        autosec.IsolationForest(max_samples=1),
        autosec.KMeans(0),
        autosec.KMeans(tol=-1.0),
        autosec.KMeans(contamination=0.0),
        autosec.OnlineForest(window=1),
        autosec.OnlineForest(mode="wild"),
        autosec.SeasonalModel(2),
        autosec.StatisticalModel(contamination=1.0),
        autosec.Ensemble(weights=(0.0, 0.0, 0.0, 0.0)),
        autosec.Ensemble(time=9),
        autosec.Ensemble(n_clusters=0),
    ],
    ids=repr,
)
def test_settings_out_of_bounds_are_refused(model: autosec.Model) -> None:
    with pytest.raises(autosec.ConfigError):
        model.fit(USUAL)


def test_training_tells_and_may_be_stopped(model: autosec.Model) -> None:
    seen: list[autosec.Progress] = []
    model.fit(USUAL, progress=seen.append)
    assert seen[-1].done == seen[-1].total and [each.done for each in seen] == sorted(each.done for each in seen)

    def stop(progress: autosec.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        made(model).fit(USUAL, progress=stop)


def test_training_lets_other_threads_go_on() -> None:
    rows, counted = USUAL * 20, 0
    thread = threading.Thread(target=lambda: autosec.IsolationForest(300).fit(rows))
    thread.start()
    while thread.is_alive():
        counted += 1
    assert counted > 100, "this thread counted while the other trained"


def test_clusters_are_those_of_scikit_learn() -> None:
    groups = [[centre + CHANCE.gauss(0.0, 0.5), centre] for centre in (0.0, 50.0, 100.0) for _ in range(60 + int(centre))]
    model = autosec.KMeans(3, random_state=1).fit(groups)
    numbers = model.predict([[100.0, 100.0], [50.0, 50.0], [0.0, 0.0], [101.0, 100.0]])
    assert numbers == [0, 1, 2, 0] and model.cluster_sizes_ == [160, 110, 60] and model.inertia_ > 0
    assert [round(float(centre[1])) for centre in model.cluster_centers_] == [100, 50, 0]
    with pytest.raises(autosec.ConfigError, match="only k-means"):
        autosec.StatisticalModel().fit(groups)._fitted.clusters(b"")


def test_a_forest_learns_on_while_it_scores() -> None:
    forest = autosec.OnlineForest(window=256, random_state=3).partial_fit(USUAL)
    before = forest.score_one([60.0, 60.0])
    over = threading.Event()

    def score() -> None:
        while not over.is_set():
            forest.score_one([60.0, 60.0])

    threads = [threading.Thread(target=score) for _ in range(3)]
    for thread in threads:
        thread.start()
    told: list[int] = []
    elsewhere = [[60.0 + CHANCE.gauss(0.0, 2.0), 60.0 + CHANCE.gauss(0.0, 2.0)] for _ in range(2_000)]
    forest.partial_fit(elsewhere, progress=lambda progress: told.append(progress.done))
    over.set()
    for thread in threads:
        thread.join()
    assert forest.score_one([60.0, 60.0]) < before - 0.1 and told[-1] == len(elsewhere) and len(told) > 3
    other = autosec.OnlineForest(window=256, random_state=4).fit(USUAL)
    assert forest.merge(other).score_one([12.0, 0.5]) < 0.6 and forest.merge(forest) is forest
    for wrong in ([[1.0]], [[1.0, 2.0, 3.0]]):
        with pytest.raises(autosec.ConfigError, match="columns"):
            forest.partial_fit(wrong)
    with pytest.raises(autosec.ConfigError, match="columns"):
        forest.merge(autosec.OnlineForest(window=256).fit([[1.0]] * 64))


def test_an_ensemble_says_what_its_members_say() -> None:
    ensemble = autosec.Ensemble(30, random_state=7).fit(USUAL)
    usual, odd = ensemble.judge(ODD[0]), ensemble.judge(ODD[1])
    assert usual.p_value > 0.05 > odd.p_value and list(ensemble.p_values(ODD)) == [usual.p_value, odd.p_value]
    assert [each.name for each in odd.members] == ["isolation-forest", "k-means", "statistical"]
    assert odd.to_dict()["score"] == odd.score == ensemble.score_one(ODD[1]) and 0 < odd.confidence <= 1
    assert sum(share for _, share in ensemble.explain(ODD[1])) == odd.score
    seasonal = autosec.Ensemble(10, time=0, weights=(0.0, 0.0, 0.0, 1.0)).fit(USUAL)
    assert seasonal.judge(ODD[0]).members[-1].weight == 1.0
    with pytest.raises(autosec.ConfigError, match="3 columns"):
        ensemble.judge([1.0, 2.0, 3.0])


def test_a_report_says_how_good_a_model_is(tmp_path: Path) -> None:
    bad = [[40.0 + n, 20.0] for n in range(20)]
    model = autosec.IsolationForest(random_state=7).fit(USUAL, features=["amount", "<share>"])
    report = model.report(USUAL + bad, [0] * len(USUAL) + [1] * len(bad), title="What & why")
    assert report.roc_auc > 0.95 and report.average_precision > 0.8
    assert "What &amp; why" in report.html and "<share>" not in report.html and "src=" not in report.html
    assert "ROC-AUC" in report.markdown and report.pictures and "srcdoc" in report._repr_html_()
    report.write(tmp_path / "deep/report")
    written = {file.name for file in (tmp_path / "deep/report").iterdir()}
    assert written == {"report.html", "report.md", *report.pictures}
    assert all(name in report.markdown for name in report.pictures)
    for truths in ([1], [0] * len(USUAL), []):
        with pytest.raises(autosec.ConfigError):
            model.report(USUAL, truths)


def test_names_of_a_data_frame_are_kept() -> None:
    pandas: Any = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(USUAL, columns=["amount", "share"])
    assert autosec.StatisticalModel().fit(frame).feature_names_in_ == ["amount", "share"]
