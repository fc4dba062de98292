"""A million events leave nothing behind."""

from __future__ import annotations

import gc
import json
import resource
import sys
from pathlib import Path
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES

EVENTS = 1_000_000
"""Looked at by all ways together, after a tenth of them to warm up."""

GROWTH = 12 << 20
"""What the process may grow by, in bytes: a leak of 16 bytes an event would be 16 MB."""


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc here")
def test_a_million_events_leave_nothing_behind() -> None:
    engine = autosec.Engine(autosec.RuleSet(text=RULES))
    quiet: dict[str, Any] = {"@timestamp": 1, "url.path": ["/x", "/y"], "source": {"ip": "192.0.2.1", "port": 5}}
    broken: dict[str, Any] = {"@timestamp": 1, "url.path": object()}
    line = json.dumps(quiet).encode()
    log = b"\n".join([line] * 999 + [b"broken"])

    def look(events: int) -> None:
        for _ in range(events // 10_000):
            for _ in range(3_000):
                engine.process(quiet)
            for _ in range(100):
                verdict = engine.process(ADMIN)
                assert verdict.findings and verdict.explain() and verdict.to_dict()
            for _ in range(900):
                try:
                    engine.process(broken)
                except autosec.EventError:
                    pass
            engine.process_many([quiet, line] * 500)
            for _ in range(5):
                assert len(engine.process_ndjson(log).errors) == 1

    look(EVENTS // 10)
    gc.collect()
    before = resident()
    look(EVENTS)
    gc.collect()
    assert resident() - before < GROWTH
