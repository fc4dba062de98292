"""Whatever is handed in, what comes out is an answer or an exception of a kind that programs expect."""

from __future__ import annotations

import copy
import inspect
import itertools
import math
import pickle
from collections import OrderedDict, UserDict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES
from .test_process import child

EXPECTED = (TypeError, ValueError, OverflowError, OSError, KeyError, IndexError, autosec.AutosecError)


class Refusing:
    """Raises whatever is asked of it."""

    def _refuse(self, *_: Any) -> Any:
        raise ValueError("refused")

    __bool__ = __float__ = __fspath__ = __getattr__ = __index__ = __iter__ = __len__ = __str__ = _refuse


class Half:
    def __fspath__(self) -> str:
        return "\ud800"


def wrong() -> list[Any]:
    """Values that hardly any argument takes, each made anew because some can be used once."""
    numbers: list[Any] = [None, True, 7, -1, 0, 10**400, -(10**400), 1.5, math.nan, math.inf, 2**63, 2**64, -(2**63) - 1]
    texts: list[Any] = ["", "x", "\ud800", "\0", "a\0b", "x" * 100_000, b"", b"\xff", bytearray(b"x"), memoryview(b"{}")]
    held: list[Any] = [[], [None], [[]], ["\ud800"], {}, {"a": 1}, {1: 2}, {"\ud800": "\ud800"}, (), (1, 2, 3), {1}]
    others: list[Any] = [object(), object, Refusing(), Refusing, Half(), iter([object()]), range(5), Path("/nonexistent")]
    return numbers + texts + held + others


class Wall(autosec.FirewallIntegration):
    def block(self, blocks: Any) -> None:
        return None

    def unblock(self, targets: Any) -> None:
        return None

    def blocked(self) -> list[autosec.Block]:
        return []


def calls() -> dict[str, Callable[..., Any]]:
    """All that can be called of the package, by its name."""
    rows = [[float(n % 7), float(n % 3)] for n in range(100)]
    engine = autosec.Engine(autosec.RuleSet(text=RULES), firewalls=[Wall(), autosec.MemoryFirewall()])
    verdicts = engine.process_many([ADMIN])
    features = autosec.FeatureSet("http")
    live, indicators, behavior = autosec.LiveRules(text=RULES), autosec.Indicators(), autosec.Behavior(seed=1)
    forest, online = autosec.IsolationForest(5).fit(rows), autosec.OnlineForest().fit(rows)
    objects: list[Any] = [engine, verdicts, verdicts[0], verdicts.findings[0], verdicts.decisions[0], features, live]
    objects += [indicators, behavior, forest, online, autosec.KMeans(2).fit(rows), autosec.Ensemble(5).fit(rows)]
    objects += [autosec.RuleSet(text=RULES), autosec.ModelDetector("d", features, autosec.IsolationForest(5))]
    found: dict[str, Callable[..., Any]] = {"read_log": autosec.read_log}
    found |= {name: getattr(autosec, name) for name in autosec.__all__ if name not in ("Nftables", "read_log")}
    for each in objects:
        own = (name for name in dir(each) if not name.startswith("_") or name in ("__getitem__", "__eq__", "__contains__"))
        # Those would wait, or begin to.
        waits = {"keep", "kept"}
        named = {f"{type(each).__name__}.{name}": getattr(each, name) for name in own if name not in waits}
        found |= {name: call for name, call in named.items() if callable(call) and not inspect.iscoroutinefunction(call)}
    return found


def tried(call: Callable[..., Any], *given: Any, **named: Any) -> None:
    try:
        call(*given, **named)
    except EXPECTED:
        pass
    except Exception as raised:
        # What the value itself raised may come through.
        assert "refused" in str(raised), (given, named, raised)


@pytest.fixture(scope="module")
def everything() -> dict[str, Callable[..., Any]]:
    return calls()


NAMES = sorted(calls())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_wrong_values_are_refused_everywhere(
    everything: dict[str, Callable[..., Any]], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = everything[name]
    for count in (1, 2, 3):
        for values in zip(*(wrong() for _ in range(count)), strict=True):
            tried(call, *values)
    try:
        parameters = inspect.signature(call).parameters.values()
    except ValueError:
        return
    for each in parameters:
        for value in wrong() if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD) else []:
            tried(call, **{each.name: value})
            tried(call, b"{}\n", **{each.name: value})


@pytest.mark.parametrize("option", ["fields", "placeholders", "pipelines", "ecs", "route_by", "lateness", "resume", "lists"])
def test_options_of_rules_that_are_wrong_are_named(option: str) -> None:
    for value in wrong():
        tried(autosec.RuleSet, text=RULES, **{option: value})
    with pytest.raises(TypeError, match=option):
        autosec.RuleSet(text=RULES, **{option: 7})  # type: ignore[arg-type]


def test_settings_that_are_wrong_are_named() -> None:
    for option in ("keys_per_rule", "memory", "rule_limit", "seed"):
        with pytest.raises(autosec.ConfigError, match=f"`{option}`"):
            autosec.RuleSet(text=RULES, **{option: -1})  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=f"`{option}`"):
            autosec.RuleSet(text=RULES, **{option: "x"})  # type: ignore[arg-type]
    rows = [[1.0], [2.0]] * 20
    for name, value in {"n_estimators": -1, "max_samples": "x", "random_state": 10**30, "mode": 7}.items():
        settings: dict[str, Any] = {name: value}
        with pytest.raises(autosec.ConfigError, match=f"`{name}`"):
            autosec.IsolationForest(**settings).fit(rows)
    for every in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(autosec.ConfigError, match="`every`"), autosec.Engine().kept(every):
            pass
    with pytest.raises(TypeError, match="`every`"), autosec.Engine().kept("1"):  # type: ignore[arg-type]
        pass
    with autosec.Engine().kept(reconcile_every=math.inf):
        pass


def test_what_to_do_is_said_in_python_s_words(tmp_path: Path) -> None:
    sigma = """
title: T
logsource: { category: process_creation }
detection: { selection: { Image|expand: '%tools%' }, condition: selection }
"""
    with pytest.raises(autosec.RuleError) as refused:
        autosec.RuleSet(text=sigma)
    assert refused.value.help == 'give it values with `placeholders={"tools": […]}`'
    assert refused.value.help in str(refused.value) and "Builder" not in str(refused.value)
    with pytest.raises(autosec.RuleError) as refused:
        autosec.RuleSet(text=RULES, rule_limit=2)
    assert "`rule_limit=`" in str(refused.value)
    with pytest.raises(autosec.RuleError) as refused:
        autosec.RuleSet(text="- { id: a, name: A, severity: low, when: '`RuleSetBuilder::list(` in $bad' }")
    assert "when: '`RuleSetBuilder::list(` in $bad'" in str(refused.value)
    with pytest.raises(autosec.RuleError, match=r"lists=\{name: \[…\]\}"):
        autosec.RuleSet(text="- { id: a, name: A, severity: low, when: source.ip in $bad }")
    with pytest.raises(autosec.EventError, match="`at=`"):
        autosec.Engine().process(b"{}")


class Text(str):
    def __str__(self) -> str:
        raise ValueError("not this one")

    __repr__ = __format__ = __str__  # type: ignore[assignment]


class Number(int):
    def __int__(self) -> int:
        raise ValueError("not this one")

    __index__ = __str__ = __repr__ = __int__  # type: ignore[assignment]


def admin(verdict: autosec.Verdict) -> bool:
    return [finding.analytic for finding in verdict.findings] == ["admin"]


def test_subclasses_of_python_s_own_are_read_as_what_they_are(engine: autosec.Engine) -> None:
    event: dict[str, Any] = {Text("@timestamp"): 1, Text("url.path"): Text("/admin"), Text("source.ip"): Text("203.0.113.7")}
    assert admin(engine.process(event))
    assert admin(engine.process(OrderedDict(event)))
    ports = {"destination.port": Number(22), "source.port": Number(4000), "source.ip": "203.0.113.7"}
    assert [finding.analytic for finding in engine.process(ports, at=1).findings] == ["ssh-port"]

    class Bytes(bytes):
        pass

    assert admin(engine.process(Bytes(b'{"@timestamp":1,"url.path":"/admin","source.ip":"203.0.113.7"}')))


def test_a_mapping_that_is_no_dict_is_an_event_too(engine: autosec.Engine, rules: autosec.RuleSet) -> None:
    made = [UserDict(ADMIN), MappingProxyType(ADMIN)]
    for event in made:
        assert admin(engine.process(event))
        with pytest.raises(TypeError, match="one event and not many"):
            engine.process_many(event)
        with pytest.raises(TypeError, match="one event and not many"):
            rules.backtest(event)
    assert [finding.analytic for finding in engine.process_many(made).findings] == ["admin"] * 2
    assert rules.backtest(made).rules[0].findings == 2
    assert rules.backtest(memoryview(b'{"@timestamp":1}\n')).events == 1

    class Broken(UserDict[str, Any]):
        def keys(self) -> Any:
            raise self.raises

        raises: BaseException = OSError("the keys are gone")

    with pytest.raises(OSError, match="the keys are gone"):
        engine.process(Broken(ADMIN))
    assert engine.process_many([Broken(ADMIN)]).errors[0][0] == 0
    Broken.raises = KeyboardInterrupt()
    for call in (lambda: engine.process(Broken(ADMIN)), lambda: engine.process_many([Broken(ADMIN)] * 9)):
        with pytest.raises(KeyboardInterrupt):
            call()


def test_keys_that_act_when_they_are_compared_change_nothing(engine: autosec.Engine) -> None:
    event: dict[Any, Any] = {}

    class Acting(str):
        acts = 0

        def __hash__(self) -> int:
            return str.__hash__(self)

        def __eq__(self, other: object) -> bool:
            Acting.acts += 1
            if 0 < Acting.acts < 50:
                event.pop("source.ip", None)
                event[f"new{Acting.acts}"] = 1
            return str.__eq__(self, other)

    for name, value in {"@timestamp": 1, "url.path": "/admin", "source.ip": "203.0.113.7"}.items():
        event[Acting(name)] = value
    for _ in range(5):
        try:
            engine.process(event)
        except autosec.EventError:
            pass
    event.clear()
    event.update(ADMIN)
    assert admin(engine.process(event))

    class Raising(Acting):
        __hash__ = Acting.__hash__

        def __eq__(self, other: object) -> bool:
            raise OSError("no comparison")

    tried(engine.process, {Raising("@timestamp"): 1, Raising("url.path"): "/admin"})
    assert admin(engine.process(ADMIN))


def test_times_of_python_and_numpy(engine: autosec.Engine) -> None:
    zone = timezone(timedelta(hours=2))
    assert engine.process({**ADMIN, "@timestamp": datetime(2026, 11, 22, 16, tzinfo=zone)}).time.hour == 14
    with pytest.raises(autosec.EventError, match="knows its zone"):
        engine.process({**ADMIN, "@timestamp": datetime(2026, 11, 22, 16)})
    with pytest.raises(autosec.EventError, match="no time"):
        engine.process({**ADMIN, "@timestamp": date(2026, 11, 22)})
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    for kind in (numpy.int64, numpy.uint32, numpy.float64):
        assert engine.process({**ADMIN, "@timestamp": kind(1_700_000_000)}).time.year == 2023
    event = {**ADMIN, "url.path": numpy.str_("/admin"), "destination.port": numpy.uint16(22), "user.name": numpy.bool_(True)}
    assert admin(engine.process(event))
    with pytest.raises(autosec.EventError) as refused:
        engine.process({**ADMIN, "url.path": numpy.array(["/admin", "/x"])})
    assert refused.value.place == "url.path"


def test_a_generator_is_many_events_and_one_without_an_end_is_stopped(engine: autosec.Engine) -> None:
    assert len(engine.process_many(ADMIN for _ in range(1_000))) == 1_000

    def endless() -> Iterator[dict[str, Any]]:
        for n in itertools.count():
            if n == 5_000:
                raise KeyboardInterrupt
            yield ADMIN

    with pytest.raises(KeyboardInterrupt):
        engine.process_many(endless())
    done = child(
        """
import itertools, signal
engine, rules = autosec.Engine(autosec.RuleSet(text=RULES)), autosec.RuleSet(text=RULES)
def end(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, end)
for work in (engine.process_many, rules.backtest, autosec.FeatureSet("http").rows):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    begun = time.monotonic()
    try: work(itertools.repeat({"@timestamp": 1}))
    except KeyboardInterrupt: print("ended", time.monotonic() - begun < 2)
"""
    )
    assert done.stdout == "ended True\n" * 3, (done.stdout, done.stderr)


def test_progress_may_come_back() -> None:
    rules = autosec.RuleSet(text=RULES)
    engine = autosec.Engine(rules)
    told: list[int] = []

    def progress(now: autosec.Progress) -> None:
        told.append(now.done)
        if len(told) < 9:
            rules.backtest([ADMIN] * 10_000, progress=progress)
            engine.process(ADMIN)
            autosec.IsolationForest(3).fit([[1.0], [2.0]] * 9, progress=progress)

    assert rules.backtest([ADMIN] * 20_000, progress=progress).events == 20_000 and len(told) >= 9


def test_no_progress_is_no_bar(capsys: pytest.CaptureFixture[str], rules: autosec.RuleSet) -> None:
    rules.backtest([ADMIN] * 10, progress=False)
    with pytest.raises(TypeError, match="`progress` is `True`"):
        rules.backtest([ADMIN], progress="yes")  # type: ignore[arg-type]
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_copied_says_so() -> None:
    engine, rules = autosec.Engine(autosec.RuleSet(text=RULES)), autosec.RuleSet(text=RULES)
    parts = [engine, rules, autosec.LiveRules(text=RULES), autosec.Indicators(), autosec.Behavior(seed=1), autosec.FeatureSet("http")]
    ways: list[Callable[[Any], Any]] = [pickle.dumps, copy.copy, copy.deepcopy]
    for part in parts:
        for way in ways:
            try:
                made = way(part)
            except TypeError as error:
                assert type(part).__name__ in str(error)
            else:
                assert made is not None


def test_a_list_that_cannot_be_used_is_told(caplog: pytest.LogCaptureFixture) -> None:
    told = autosec.Indicators().load(b"ok.example\n# remark\n203.0.113.0/40\n203.0.113.0/24\n", kind="network")
    assert told["rejected"] == 2 and "2 records of the feed could not be used; the first at 1: " in caplog.text
    with pytest.raises(autosec.ConfigError, match="use guess, .*domain"):
        autosec.Indicators().add("x.example", kind="domian")


def test_models_take_part_in_scikit_learn_s_pipelines() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.validation import check_is_fitted

    rows = numpy.random.default_rng(5).normal(size=(300, 4))
    rows[0] = 40.0
    forest = autosec.IsolationForest(20, random_state=5)
    pipeline = make_pipeline(StandardScaler(), clone(forest)).fit(rows)
    assert pipeline.predict(rows)[0] == -1 and pipeline.score_samples(rows).argmin() == 0
    check_is_fitted(pipeline)

    def score(model: Any, X: Any, y: Any = None) -> float:
        return float(model.score_samples(X).mean())

    found = GridSearchCV(forest, {"n_estimators": [5, 10]}, scoring=score, cv=2).fit(rows)
    assert found.best_params_["n_estimators"] in (5, 10)


def test_exceptions_are_named_as_programs_name_them() -> None:
    named = [each for each in vars(autosec).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(named) == 8
    for each in named:
        assert (each.__module__, getattr(autosec, each.__name__)) == ("autosec", each)


def test_a_report_says_the_names_of_sigma_s_rules() -> None:
    sigma = """
title: Whoami of the year
id: 11111111-1111-4111-8111-111111111111
logsource: { category: process_creation }
detection: { selection: { Image|endswith: 'whoami.exe' }, condition: selection }
"""
    report = autosec.RuleSet(text=sigma + "---" + sigma.replace("id: 1", "id: 2")).backtest([{"Image": "whoami.exe"}], at=1)
    assert "11111111-1111-4111-8111-111111111111 Whoami of the year" in str(report)


def test_a_part_of_a_batch_is_a_list(engine: autosec.Engine) -> None:
    verdicts = engine.process_many([{**ADMIN, "@timestamp": second} for second in range(6)])
    whole = list(verdicts)
    for part in (slice(2), slice(1, -1), slice(None, None, -2), slice(4, 99), slice(9, 3), slice(-(10**30), 10**30, 3)):
        assert verdicts[part] == whole[part]
    with pytest.raises(ValueError, match="zero"):
        verdicts[::0]


def test_a_feed_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_text("{")
    with pytest.raises(autosec.ConfigError, match=r"bundle\.json`: the bundle is truncated, at byte 1 \(line 1\)$"):
        autosec.Indicators().load_stix(path)
    with pytest.raises(autosec.ConfigError, match="^the feed: "):
        autosec.Indicators().load(b"nothing here\n", kind="network")
