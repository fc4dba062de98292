"""What a caller can do wrong on purpose: it is an exception, never an abort, a hang, or an answer that is not true."""

from __future__ import annotations

import ctypes
import gc
import os
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES
from .test_process import child

READ_THROUGH: dict[str, Any] = {"dns": {"answers": [{"data": "192.0.2.9"}]}, "user.name": "ann"}
"""With a dict in a list, every key of the event is read in its order."""


class Acting:
    """Looks like a `datetime`, and does something when it is asked for its text."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def isoformat(self) -> str:
        self.act()
        return "/admin"


Acting.__module__ = "datetime"


def test_a_dict_that_changes_while_it_is_read_is_read_as_it_was(engine: autosec.Engine) -> None:
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda event: event.update({f"new{n}": n for n in range(99)}),
        lambda event: event.clear(),
        lambda event: event.pop("user.name"),
    ]
    for change in changes:
        event: dict[str, Any] = {"@timestamp": 1, **READ_THROUGH}
        event["url.path"] = Acting(partial(change, event))
        event["source.ip"] = "203.0.113.7"
        assert {finding.analytic for finding in engine.process(event).findings} == {"admin", "answers"}


def test_lists_and_dicts_are_read_as_they_are_kept(engine: autosec.Engine) -> None:
    class Endless(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            while True:
                yield {}

    class Failing(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            raise RuntimeError("for ever")

    class Locked(dict[str, Any]):
        pass

    def locked(self: Locked, *given: Any) -> Any:
        raise RuntimeError("locked")

    for name in ("__getitem__", "__iter__", "__len__", "get", "items", "keys", "values"):
        setattr(Locked, name, locked)
    for path in (Endless(["/admin"]), Failing(["/admin"])):
        assert not engine.process({**ADMIN, "url.path": path}).is_quiet
    shut = Locked()
    dict.update(shut, ADMIN)
    assert not engine.process(shut).is_quiet


def test_ctrl_c_is_not_lost_in_an_event(engine: autosec.Engine) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    calls: list[Callable[[Any], object]] = [engine.process, lambda event: engine.process_many([event])]
    for call in calls:
        with pytest.raises(KeyboardInterrupt):
            call({**ADMIN, "url.path": Acting(interrupt)})
    assert not engine.process(ADMIN).is_quiet


@pytest.mark.parametrize("one", [ADMIN, "{}", b"{}", bytearray(b"{}")], ids=lambda one: type(one).__name__)
def test_one_event_is_not_many(engine: autosec.Engine, one: Any) -> None:
    with pytest.raises(TypeError, match="one event and not many"):
        engine.process_many(one)
    if isinstance(one, dict):
        with pytest.raises(TypeError, match="a log is bytes"):
            lines: Any = one
            engine.process_ndjson(lines)


def test_a_byte_order_mark_costs_no_event(engine: autosec.Engine) -> None:
    (verdict,) = engine.process_ndjson(b'\xef\xbb\xbf{"@timestamp":1,"url.path":"/admin","source.ip":"203.0.113.7"}\r\n')
    assert verdict is not None and not verdict.is_quiet


def test_rows_of_another_width_get_no_score() -> None:
    forest = autosec.IsolationForest(10).fit([[1.0, 2.0], [2.0, 1.0]] * 50)
    asked: list[Callable[[Any], object]] = [forest.score_one, forest.explain]
    for row in ([], [1.0], [1.0] * 3, [1.0] * 100):
        for ask in asked:
            with pytest.raises(autosec.ConfigError, match="fitted to 2"):
                ask(row)


def test_files_without_an_end_are_read_up_to_their_limit() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("there is no /dev/zero here")
    with pytest.raises(autosec.LimitError, match="larger than 1 MiB"):
        autosec.Engine(config="/dev/zero")
    with pytest.raises(autosec.AutosecError):
        autosec.RuleSet("/dev/zero")
    with pytest.raises(autosec.AutosecError):
        autosec.RuleSet(text=RULES, pipelines=["/dev/zero"])


def test_threads_get_their_turn_and_signals_are_heard_while_a_list_is_looked_at() -> None:
    done = child(
        """
import signal
engine = autosec.Engine(autosec.RuleSet(text=RULES))
ticks = [0]
def tick():
    while True:
        ticks[0] += 1
        time.sleep(0.001)
threading.Thread(target=tick, daemon=True).start()
def end(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, end)
events = [{"@timestamp": 1, "url.path": "/x"}] * 20_000_000
begun = time.monotonic()
engine.process_many(events[:50_000])
whole = 400 * (time.monotonic() - begun)
signal.setitimer(signal.ITIMER_REAL, 1.0)
before, begun = ticks[0], time.monotonic()
try:
    engine.process_many(events)
except KeyboardInterrupt:
    print("ended", time.monotonic() - begun < whole / 2, ticks[0] - before > 5)
"""
    )
    assert done.stdout == "ended True True\n", (done.stdout, done.stderr)


def test_training_and_backtests_hear_signals() -> None:
    done = child(
        """
import signal
rows = [[float(n % 97), float(n % 31)] for n in range(5_000)]
rules = autosec.RuleSet(text=RULES)
def end(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, end)
forest = autosec.IsolationForest(5_000, max_samples=5_000)
for work in (lambda: forest.fit(rows), lambda: rules.backtest(LOG * 500), lambda: rules.backtest([{"@timestamp": 1}] * 5_000_000)):
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        while True: work()
    except KeyboardInterrupt:
        print("ended")
"""
    )
    assert done.stdout == "ended\n" * 3, done.stderr


def test_an_engine_and_a_part_that_hold_each_other_go_together() -> None:
    class Loop(autosec.Detector):
        name = "loop"
        fields = ("user.name",)
        engine: autosec.Engine

        def detect(self, event: Mapping[str, Any], time: datetime) -> None:
            return None

    class Wall(autosec.FirewallIntegration):
        engine: autosec.Engine

        def block(self, blocks: Sequence[autosec.Block]) -> None:
            return None

        def unblock(self, targets: Sequence[str]) -> None:
            return None

        def blocked(self) -> list[autosec.Block]:
            return []

    def made() -> list[weakref.ref[Any]]:
        loop, wall = Loop(), Wall()
        engine = autosec.Engine(loop, firewalls=[wall])
        engine.process(ADMIN)
        engine.reconcile()
        loop.engine = wall.engine = engine
        return [weakref.ref(loop), weakref.ref(wall)]

    gone = made()
    until = time.monotonic() + 10
    while any(each() is not None for each in gone) and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)  # A call's own thread may still be on its way out.
    assert [each() for each in gone] == [None, None]


class Wall(autosec.FirewallIntegration):
    def block(self, blocks: Sequence[autosec.Block]) -> None:
        pass

    def unblock(self, targets: Sequence[str]) -> None:
        pass

    def blocked(self) -> list[autosec.Block]:
        return []


def asking(secret: Callable[[], Any]) -> str:
    """What becomes of a block on a device whose secret comes from this."""

    class Vault(autosec.SecretSource):
        def secret(self, name: str) -> Any:
            return secret()

    device = autosec.PanOs("http://127.0.0.1:9", Vault(), name="pan")
    config = {"enforcement": {"timeout": "500ms", "attempts": 1}}
    engine = autosec.Engine(autosec.RuleSet(text=RULES), firewalls=[device], config=config)
    decision = engine.process(ADMIN).decision
    assert decision is not None
    return engine.enforce(decision).text


def test_a_secret_that_hangs_delays_nobody_beyond_the_time_limit() -> None:
    over, begun = threading.Event(), time.monotonic()
    assert "did not answer within 500ms" in asking(lambda: over.wait(30))
    assert time.monotonic() - begun < 10
    over.set()


def test_a_secret_may_be_awaited_under_a_loop_that_runs() -> None:
    import asyncio

    async def secret() -> str:
        await asyncio.sleep(0)
        return "key"

    async def main() -> str:
        return asking(secret)

    assert "could not be had" not in asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_rules_indicators_and_baselines_do_not_deadlock_in_a_child_that_was_forked_in_the_middle() -> None:
    done = child(
        """
import signal
rules, indicators, behavior = autosec.RuleSet(text=RULES), autosec.Indicators(), autosec.Behavior(seed=1)
engine = autosec.Engine(rules, indicators, behavior)
log = LOG.replace(b"/x", b"/y")
feed = b"\\n".join(b"10.%d.%d.1" % (n % 250, n // 250) for n in range(20_000))
over = threading.Event()
def work():
    while not over.is_set(): engine.process_ndjson(log)
def load():
    while not over.is_set(): indicators.load(feed)
threads = [threading.Thread(target=each) for each in (work, load)]
for thread in threads: thread.start()
seen = set()
for _ in range(20):
    time.sleep(0.01)
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        refused = 0
        calls = [rules.snapshot, behavior.snapshot, lambda: indicators.add("9.9.9.9"), lambda: autosec.Engine(rules)]
        for call in calls:
            try: call()
            except autosec.AutosecError as error: refused += "forked" in str(error)
        os._exit(refused)
    seen.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
over.set()
for thread in threads: thread.join()
print(seen <= {0, 4}, 4 in seen, len(rules.snapshot()) > 0)
""",
        PYTHONWARNINGS="ignore",
    )
    assert done.stdout == "True True True\n", (done.stdout, done.stderr)


LATE = """
class Late:
    "Makes the end of the interpreter take a while, in which other threads want to go on."
    def __del__(self):
        until = time.monotonic() + 1.5
        while time.monotonic() < until: time.sleep(0.01)
sys.late = Late()
"""


def test_the_interpreter_may_end_while_threads_log_and_firewalls_sleep() -> None:
    done = child(
        LATE
        + """
import logging
logging.basicConfig(level=logging.DEBUG, stream=open(os.devnull, "w"))
class Slow(autosec.FirewallIntegration):
    def block(self, blocks): time.sleep(1.2)
    def unblock(self, targets): pass
    def blocked(self): return []
engine = autosec.Engine(autosec.RuleSet(text=RULES), firewalls=[Slow()])
event = {"@timestamp": 1, "url.path": "/admin", "source.ip": "203.0.113.7"}
decision = engine.process(event).decision
def work():
    while True: engine.process(event).findings
for _ in range(2): threading.Thread(target=work, daemon=True).start()
threading.Thread(target=engine.enforce, args=(decision,), daemon=True).start()
time.sleep(0.3)
print("ending", flush=True)
"""
    )
    assert (done.returncode, done.stdout) == (0, "ending\n"), done.stderr


def test_what_is_done_at_the_exit_is_done_whole() -> None:
    program = (
        "import atexit\n"
        "def late():\n"
        "    print(len(engine.process_ndjson(LOG)), len(autosec.Engine(Seen()).process(EVENT).findings))\n"
        "    print(len(autosec.IsolationForest(20).fit([[1.0, 2.0], [2.0, 1.0]] * 99).score_samples([[1.0, 2.0]])))\n"
        "atexit.register(late)  # Before the package is there, and so after it has been told of the end.\n"
    )
    program = f"exec({program!r})\nimport autosec, json\n"
    program += "LOG = b'{\"@timestamp\":1}\\n' * 20_000\nEVENT = {'@timestamp': 1, 'user.name': 'ann'}\n"
    program += "class Seen(autosec.Detector):\n    fields = ('user.name',)\n"
    program += "    def detect(self, event, time): return autosec.Found('user:ann')\n"
    program += "engine = autosec.Engine()\n"
    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "20000 1\n1\n", done.stderr


def test_a_second_interpreter_is_refused() -> None:
    done = child(
        """
try:
    import _interpreters as interpreters
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        sys.exit("no interpreters")
other = interpreters.create()
told = interpreters.run_string(other, '''
try:
    import autosec
    print("imported", flush=True)
except ImportError:
    print("refused", flush=True)
''')
interpreters.destroy(other)
print(autosec.Engine().process({"@timestamp": 1}).is_quiet)
"""
    )
    if "no interpreters" in done.stderr:
        pytest.skip("this Python has no second interpreters")
    assert done.stdout == "refused\nTrue\n", (done.stdout, done.stderr)


class Schema(ctypes.Structure):
    """A schema of the C data interface, made by hand."""


class Array(ctypes.Structure):
    """An array of the C data interface, made by hand."""


FREE_SCHEMA = ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))
FREE_ARRAY = ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", FREE_SCHEMA),
    ("private", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", FREE_ARRAY),
    ("private", ctypes.c_void_p),
]


class Crafted:
    """A producer whose column of texts says of itself what a test wants."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.rows = 2
        self.format, self.buffers = b"u", [None, struct.pack("<3i", 0, 6, 12), b"/admin/admin"]
        self.column: dict[str, int] = {}
        self.whole: dict[str, int] = {}
        self.levels = 0

    def _schema(self, kind: bytes, name: bytes, children: Sequence[Any]) -> Any:
        made = Schema(format=kind, name=name, flags=2, n_children=len(children), release=FREE_SCHEMA(self._freed))
        made.children = (ctypes.POINTER(Schema) * max(len(children), 1))(*map(ctypes.pointer, children))
        self.kept += [made, *children]
        return made

    def _array(self, buffers: Sequence[bytes | None], children: Sequence[Any], length: int) -> Any:
        held = [None if each is None else ctypes.create_string_buffer(each, len(each) + 64) for each in buffers]
        places = [None if each is None else ctypes.addressof(each) for each in held]
        made = Array(length=length, n_buffers=len(buffers), n_children=len(children), release=FREE_ARRAY(self._freed))
        made.buffers = (ctypes.c_void_p * max(len(places), 1))(*places)
        made.children = (ctypes.POINTER(Array) * max(len(children), 1))(*map(ctypes.pointer, children))
        self.kept += [made, held, *children]
        return made

    def _freed(self, given: Any) -> None:
        given.contents.release = type(given.contents.release)()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        schema, array = self._schema(self.format, b"url.path", []), self._array(self.buffers, [], self.rows)
        for name, value in self.column.items():
            setattr(array, name, value)
        for _ in range(self.levels):
            schema, array = self._schema(b"+s", b"url", [schema]), self._array([None], [array], self.rows)
        schema, array = self._schema(b"+s", b"", [schema]), self._array([None], [array], self.rows)
        for name, value in self.whole.items():
            setattr(array, name, value)
        capsule = ctypes.pythonapi.PyCapsule_New
        capsule.restype, capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return (
            capsule(ctypes.addressof(schema), b"arrow_schema", None),
            capsule(ctypes.addressof(array), b"arrow_array", None),
        )


VIEW = struct.pack("<i12s", 6, b"/admin") * 2
HUGE, LEAST = 2**62, -(2**63)
LIES: list[dict[str, Any]] = [
    *({where: {what: value}} for where in ("column", "whole") for what in ("length", "offset") for value in (-1, HUGE, LEAST)),
    *({"column": {"n_buffers": value}} for value in (-1, 0, 1, 2, HUGE)),
    *({"whole": {"n_children": value}} for value in (-1, 0, 2, HUGE)),
    {"column": {"n_children": 3}},
    {"column": {"length": HUGE}, "whole": {"length": HUGE}},
    {"buffers": [None, struct.pack("<3i", 0, -6, -12), b"/admin/admin"]},
    {"buffers": [None, struct.pack("<3i", 0, 12, 6), b"/admin/admin"]},
    {"buffers": [None, None, b"/admin/admin"]},
    {"buffers": [None, struct.pack("<3i", 0, 6, 12), None]},
    {"format": b"U", "buffers": [None, struct.pack("<3q", 0, 6, -12), b"/admin/admin"]},
    {"format": b"vu", "buffers": [None, VIEW]},
    {"format": b"vu", "buffers": [None, struct.pack("<i4sii", 60, b"/adm", 0, 0) * 2, b"x" * 64, struct.pack("<q", -64)]},
    {"format": b"vu", "buffers": [None, struct.pack("<i4sii", 60, b"/adm", 9, 99) * 2, b"x" * 64, struct.pack("<q", 64)]},
    {"format": b"i", "buffers": [None, b"\0" * 8], "column": {"n_buffers": 3}},
    {"format": b"nonsense"},
    {"format": None},
    {"format": b"\xff"},
    {"levels": 1_000},
    {"levels": 20_000},
]


def test_what_is_made_by_hand_and_tells_the_truth_is_read() -> None:
    rules = autosec.RuleSet(text=RULES.replace("severity: high", "severity: high\n  subject: url.path"))
    for truth in ({}, {"format": b"vu", "buffers": [None, VIEW, struct.pack("<q", 0)]}):
        producer = Crafted()
        vars(producer).update(truth)
        verdicts = autosec.Engine(rules).process_arrow(producer, at=1)
        assert [finding.analytic for finding in verdicts.findings] == ["admin"] * 2


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: str(lie)[:60])
def test_a_producer_that_lies_is_refused(engine: autosec.Engine, lie: dict[str, Any]) -> None:
    producer = Crafted()
    vars(producer).update(lie)
    with pytest.raises(autosec.EventError) as refused:
        engine.process_arrow(producer, at=1)
    assert refused.value.code == "arrow-invalid"
