"""Threads, forks and the end of the interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import autosec

from .conftest import RULES

LOG = "\n".join(
    json.dumps({"@timestamp": n // 1000, "source.ip": f"203.0.{n % 250}.7", "url.path": "/x" * 20}) for n in range(20_000)
).encode()


def test_one_engine_serves_many_threads(engine: autosec.Engine) -> None:
    events = [{"@timestamp": 1, "url.path": "/admin", "source.ip": f"198.51.{n}.7"} for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(engine.process, events * 5))
        batches = list(pool.map(engine.process_ndjson, [LOG] * 8))
    assert all(not verdict.is_quiet for verdict in verdicts)
    assert all(len(batch) == 20_000 for batch in batches)


def test_other_threads_run_while_a_log_is_looked_at(engine: autosec.Engine) -> None:
    ticks, over = [0], threading.Event()

    def tick() -> None:
        while not over.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks[0]
    engine.process_ndjson(LOG * 5)
    during = ticks[0] - before
    over.set()
    thread.join()
    assert during >= 5, "with the interpreter held nobody would have ticked"


def child(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    start = f"import autosec, json, os, sys, threading, time\nRULES = {RULES!r}\nLOG = {LOG.decode()!r}.encode()\n"
    return subprocess.run(
        [sys.executable, "-"],
        input=start + program,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_interpreter_may_end_while_threads_are_matching() -> None:
    done = child(
        """
engine = autosec.Engine(autosec.RuleSet(text=RULES))
begun = threading.Event()
def work():
    begun.set()
    while True:
        engine.process_ndjson(LOG)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
time.sleep(0.2)
print("ending", flush=True)
"""
    )
    assert (done.returncode, done.stdout) == (0, "ending\n"), done.stderr


def test_the_interpreter_may_end_under_a_firewall_and_a_detector() -> None:
    done = child(
        """
class Slow(autosec.FirewallIntegration):
    name = "slow"
    def block(self, blocks): time.sleep(60)
    def unblock(self, targets): pass
    def blocked(self): return []
class Busy(autosec.Detector):
    fields = ("url.path",)
    def detect(self, event, time): pass
engine = autosec.Engine(autosec.RuleSet(text=RULES), Busy(), firewalls=[Slow()])
decision = engine.process({"@timestamp": 1, "url.path": "/admin", "source.ip": "203.0.113.7"}).decision
threading.Thread(target=engine.enforce, args=(decision,), daemon=True).start()
def work():
    while True: engine.process_ndjson(LOG)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
print("ending", flush=True)
"""
    )
    assert (done.returncode, done.stdout) == (0, "ending\n"), done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_in_the_middle_of_matching_is_an_exception_in_the_child() -> None:
    done = child(
        """
engine = autosec.Engine(autosec.RuleSet(text=RULES))
over = threading.Event()
def work():
    while not over.is_set(): engine.process_ndjson(LOG)
thread = threading.Thread(target=work)
thread.start()
seen = set()
for _ in range(20):
    time.sleep(0.01)
    pid = os.fork()
    if pid == 0:
        try:
            engine.process({"@timestamp": 1})
            os._exit(0)
        except autosec.AutosecError as error:
            fresh = autosec.Engine(autosec.RuleSet(text=RULES))
            os._exit(1 if "forked" in str(error) and fresh.process({"@timestamp": 1}).is_quiet else 2)
    seen.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
over.set()
thread.join()
print(sorted(seen), engine.process({"@timestamp": 1}).is_quiet)
""",
        PYTHONWARNINGS="ignore",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout in ("[1] True\n", "[0, 1] True\n"), done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_at_rest_takes_the_engine_along() -> None:
    done = child(
        """
engine = autosec.Engine(autosec.RuleSet(text=RULES))
engine.process_ndjson(LOG)
pid = os.fork()
if pid == 0:
    os._exit(0 if len(engine.process_ndjson(LOG)) == 20000 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    )
    assert done.stdout == "0\n", done.stderr


def test_ctrl_c_ends_a_long_call() -> None:
    done = child(
        """
import signal
engine = autosec.Engine(autosec.RuleSet(text=RULES))
signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
signal.setitimer(signal.ITIMER_REAL, 0.5)
begun = time.monotonic()
try:
    while True: engine.process_ndjson(LOG * 50)
except KeyboardInterrupt:
    print("ended", time.monotonic() - begun < 30)
"""
    )
    assert done.stdout == "ended True\n", done.stderr
