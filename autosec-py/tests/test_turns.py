"""Whatever is under way, other threads get their turns and Ctrl-C is heard at once."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import autosec

from .conftest import RULES

SIGMA = """
title: Rule {n}
id: {n:08x}-0000-4000-8000-000000000000
logsource: {{ category: process_creation }}
detection:
  selection:
    Image|endswith: '\\tool{n}.exe'
    CommandLine|contains|all: [' -first{n}', ' -second{n}', '/third{n}']
  filter: {{ ParentImage|startswith: 'C:\\Program Files\\vendor{n}' }}
  condition: selection and not filter
level: high
"""
SOME = [{"@timestamp": n, "source.ip": "203.0.113.7", "url.path": "/x", "user.name": f"user{n % 9}"} for n in range(500)]
EVENTS = 400 * SOME
LINES = [json.dumps(event) for event in SOME]
FEED = "\n".join(f"198.{n % 250}.{n // 250 % 250}.{n // 62_500}" for n in range(200_000)).encode()


def sigma(rules: int) -> str:
    return "---".join(SIGMA.format(n=n) for n in range(rules))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of many Sigma rules, which take about a second of a fast build."""
    made = tmp_path_factory.mktemp("rules")
    for n in range(5_000):
        (made / f"{n}.yml").write_text(SIGMA.format(n=n))
    return made


class Work:
    """What can be done that takes long, with what it needs made before."""

    def __init__(self, folder: Path) -> None:
        self.rules = autosec.RuleSet(text=RULES)
        self.engine = autosec.Engine(self.rules)
        chance = __import__("random").Random(5)
        self.rows = [[chance.random() for _ in range(8)] for _ in range(30_000)]
        self.forest = autosec.IsolationForest(100, random_state=1).fit(self.rows[:1_000])
        self.folder = folder

    def __call__(self, name: str) -> object:
        calls: dict[str, Callable[[], object]] = {
            "process_many": lambda: self.engine.process_many(EVENTS),
            "process_many of JSON": lambda: self.engine.process_many(400 * LINES),
            "process_ndjson": lambda: self.engine.process_ndjson("\n".join(400 * LINES)),
            "process_arrow": self.arrow,
            "backtest of dicts": lambda: self.rules.backtest(EVENTS),
            "backtest of JSON": lambda: self.rules.backtest(400 * LINES),
            "backtest of a log": lambda: self.rules.backtest("\n".join(400 * LINES).encode()),
            "rows": lambda: autosec.FeatureSet("http").rows(EVENTS),
            "fit": lambda: autosec.IsolationForest(300, max_samples=20_000, random_state=1).fit(self.rows),
            "score_samples": lambda: self.forest.score_samples(10 * self.rows),
            "rules": lambda: autosec.RuleSet(self.folder),
            "rules of a text": lambda: autosec.RuleSet(text=sigma(1_500)),
            "live rules": lambda: autosec.LiveRules(text="- { id: a, name: A, severity: low, when: exists(url.path) }").replace(
                self.folder
            ),
            "a list": lambda: autosec.RuleSet(text=RULES, lists={"hosts": (f"host{n}.example" for n in range(300_000))}),
            "a feed": lambda: autosec.Indicators().load(FEED, kind="network"),
        }
        return calls[name]()

    def arrow(self) -> object:
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        return self.engine.process_arrow(pyarrow.Table.from_pylist(EVENTS))


CALLS = ["process_many", "process_many of JSON", "process_ndjson", "process_arrow", "backtest of dicts", "backtest of JSON"]
CALLS += ["backtest of a log", "rows", "fit", "score_samples", "rules", "rules of a text", "live rules", "a list", "a feed"]


@pytest.fixture(scope="module")
def work(folder: Path) -> Work:
    return Work(folder)


@pytest.mark.parametrize("name", CALLS)
def test_other_threads_get_their_turns(work: Work, name: str) -> None:
    over, gaps = threading.Event(), []

    def tick() -> None:
        last = time.monotonic()
        while not over.is_set():
            time.sleep(0.001)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    begun = time.monotonic()
    try:
        work(name)
    finally:
        took = time.monotonic() - begun
        over.set()
        thread.join()
    # One that holds the interpreter to its end leaves a gap as long as it takes, and a turn or two.
    assert len(gaps) > min(took, 1.0) * 20, f"{len(gaps)} turns in {took:.2f} s"
    assert max(gaps) < max(0.15, took / 3), f"nobody had a turn for {max(gaps):.3f} s of {took:.2f} s"


class Interrupt(KeyboardInterrupt):
    """What the handler raises, so that no other can be taken for it."""


@pytest.fixture
def interrupted() -> Iterator[Callable[[float], list[float]]]:
    """Sends a signal after so many seconds; gives the list in which its handler writes down when that was."""
    heard: list[float] = []
    before = signal.getsignal(signal.SIGALRM)

    def raising(*_: Any) -> None:
        raise Interrupt

    signal.signal(signal.SIGALRM, raising)

    def arm(seconds: float) -> list[float]:
        heard.append(time.monotonic() + seconds)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return heard

    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
@pytest.mark.parametrize("after", [0.02, 0.1, 0.25])
@pytest.mark.parametrize("way", ["folder", "lenient", "text", "list", "replace"])
def test_ctrl_c_ends_the_loading_of_rules(
    folder: Path, way: str, after: float, interrupted: Callable[[float], list[float]]
) -> None:
    live = autosec.LiveRules(text=RULES)
    text = sigma(2_000)
    calls: dict[str, Callable[[], object]] = {
        "folder": lambda: autosec.RuleSet(*[folder] * 9, rule_limit=10**6),
        "lenient": lambda: autosec.RuleSet(*[folder] * 9, lenient=True),
        "text": lambda: [autosec.RuleSet(text=text) for _ in range(99)],
        "list": lambda: autosec.RuleSet(text=RULES, lists={"hosts": (f"h{n}.example" for n in range(10**8))}),
        "replace": lambda: live.replace(*[folder] * 9, lenient=True),
    }
    sent = interrupted(after)
    with pytest.raises(Interrupt):
        calls[way]()
    late = time.monotonic() - sent[0]
    # A slow build, or a busy machine, takes its time; loading to the end would take seconds.
    assert late < 0.5, f"{late:.3f} s after the signal"
    assert live.ids == autosec.RuleSet(text=RULES).ids and not autosec.RuleSet(text=RULES).refused
