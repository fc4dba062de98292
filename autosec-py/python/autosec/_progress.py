"""Progress of long work: to a callable of the host's, to a bar of `tqdm`, or to the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_LOG = logging.getLogger("autosec")
_EVERY = 5.0


@dataclass(frozen=True)
class Progress:
    """How far work has come: `done` of `total`, where that is known, and what there is beside it."""

    title: str
    done: int
    total: int | None
    numbers: Mapping[str, int]


class Meter(Protocol):
    """What the native module tells."""

    def __call__(self, done: int, numbers: Mapping[str, int], /) -> object: ...

    def close(self) -> None: ...


class _Called:
    def __init__(self, call: Callable[[Progress], object], title: str, total: int | None) -> None:
        self._call, self._title, self._total = call, title, total

    def __call__(self, done: int, numbers: Mapping[str, int], /) -> None:
        self._call(Progress(self._title, done, self._total, numbers))

    def close(self) -> None:
        pass


class _Bar:
    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __call__(self, done: int, numbers: Mapping[str, int], /) -> None:
        self._bar.update(done - self._bar.n)
        if numbers:
            self._bar.set_postfix(numbers, refresh=False)

    def close(self) -> None:
        self._bar.close()


class _Logged:
    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total, self._due = title, total, time.monotonic() + _EVERY

    def __call__(self, done: int, numbers: Mapping[str, int], /) -> None:
        if time.monotonic() >= self._due:
            share = f"{100 * done // self._total} %" if self._total else str(done)
            _LOG.info("%s: %s %s", self._title, share, dict(numbers))
            self._due = time.monotonic() + _EVERY

    def close(self) -> None:
        pass


def meter(progress: Any, title: str, total: int | None) -> Meter:
    """What to tell: `True` is a bar if `tqdm` is installed, else lines in the log; a callable gets a `Progress`."""
    if callable(progress):
        return _Called(progress, title, total)
    if progress is not True:
        raise TypeError(f"`progress` is `True` for a bar, or a callable that is told, and not `{type(progress).__name__}`")
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return _Logged(title, total)
    return _Bar(tqdm(total=total, desc=title, unit_scale=True))
