"""The engine with what waits: the same calls for `asyncio`, and upkeep in the background."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import _autosec
from ._records import Decision, Enforcement, FirewallHealth, FirewallReport
from ._seconds import seconds

_LOG = logging.getLogger("autosec")


class Engine(_autosec.Engine):
    """Takes events and gives verdicts; enforces what was decided. One serves all threads.

    Whoever enforces keeps firewalls in order as well: by `kept()`, by `keep()`, or by calling `reconcile()` at start and
    every minute or so and `maintain()` every second or so.
    """

    __slots__ = ()

    async def enforce_async(self, decision: Decision) -> Enforcement:
        """`enforce` without holding up the event loop. A task that is cancelled leaves the call to end by itself."""
        return await asyncio.to_thread(self.enforce, decision)

    async def unblock_async(self, network: Any) -> Enforcement:
        """`unblock` without holding up the event loop."""
        return await asyncio.to_thread(self.unblock, network)

    async def reconcile_async(self) -> tuple[FirewallReport, ...]:
        """`reconcile` without holding up the event loop."""
        return await asyncio.to_thread(self.reconcile)

    async def maintain_async(self) -> tuple[FirewallReport, ...]:
        """`maintain` without holding up the event loop."""
        return await asyncio.to_thread(self.maintain)

    async def health_async(self) -> tuple[FirewallHealth, ...]:
        """`health` without holding up the event loop."""
        return await asyncio.to_thread(self.health)

    async def keep(self, every: float = 1.0, reconcile_every: float = 60.0) -> None:
        """Keeps firewalls in order until the task is cancelled; times in seconds."""
        _spans(every, reconcile_every)
        due = 0.0
        while True:
            due = await asyncio.to_thread(self._upkeep, due, reconcile_every)
            await asyncio.sleep(every)

    @contextmanager
    def kept(self, every: float = 1.0, reconcile_every: float = 60.0) -> Iterator[Engine]:
        """Keeps firewalls in order on a thread of its own while the `with` lasts; times in seconds."""
        _spans(every, reconcile_every)
        over = threading.Event()

        def go_on() -> None:
            due = 0.0
            while not over.is_set():
                due = self._upkeep(due, reconcile_every)
                over.wait(every)

        thread = threading.Thread(target=go_on, name="autosec-upkeep", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _upkeep(self, due: float, reconcile_every: float) -> float:
        """One round: when the next comparison is due, by the clock that only goes forward."""
        try:
            if time.monotonic() >= due:
                self.reconcile()
                return time.monotonic() + reconcile_every
            self.maintain()
        except Exception:
            _LOG.exception("upkeep of the firewalls failed; the next round tries again")
        return due


def _spans(every: float, reconcile_every: float) -> None:
    """Refuses what is no span of time here: upkeep on a thread of its own would end unheard."""
    seconds("every", every)
    seconds("reconcile_every", reconcile_every, math.inf)


def turn() -> None:
    """What the engine calls now and then while it keeps the interpreter: Python lets threads that wait have it at a call of
    its own code, and only there for sure. One that lets go and takes it again at once is first again.
    """
