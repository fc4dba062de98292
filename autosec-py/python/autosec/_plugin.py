"""What a plugin is given, as the native module takes it."""

from __future__ import annotations

import json
import os
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ._errors import ConfigError


def grant(given: dict[str, object]) -> str:
    """What a plugin may reach, as JSON: networks of `ipaddress` and paths are their text."""
    try:
        return json.dumps(given, default=_text, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as wrong:
        raise ConfigError(f"`grant`: {wrong}") from None


def _text(value: object) -> str:
    if isinstance(value, (IPv4Address, IPv4Network, IPv6Address, IPv6Network, os.PathLike)):
        return str(value)
    raise TypeError(f"`{type(value).__name__}` is no value of a grant")
