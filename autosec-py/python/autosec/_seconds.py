"""Spans of time as arguments."""

from __future__ import annotations

import threading

from ._errors import ConfigError


def seconds(name: str, given: float, most: float = threading.TIMEOUT_MAX) -> float:
    """Gives the seconds of this argument, if they are a span of time that can be waited for."""
    if not isinstance(given, (int, float)):
        raise TypeError(f"`{name}` is a number of seconds, not `{type(given).__name__}`")
    if not 0 < given <= most:
        raise ConfigError(f"`{name}` is a number of seconds, more than 0, and not {given!r}")
    return given
