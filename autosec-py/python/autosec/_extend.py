"""Parts of an engine that are written in Python: subclass one, and hand it to `Engine`."""

from __future__ import annotations

import asyncio
import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from . import _autosec
from ._errors import FirewallError
from ._http import HttpAnswer, HttpClient, HttpRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Found:
    """What a detector found: about whom, how bad, how sure, and the facts.

    `subject` is an address or a prefix, or `user:NAME`, `host:NAME` or any other `WORD:NAME`.
    """

    subject: str
    severity: str = "medium"
    confidence: float = 1.0
    evidence: Mapping[str, object] = field(default_factory=dict, hash=False)
    analytic: str | None = None
    """The stable id of what found it; the detector's name unless given."""
    name: str | None = None
    tags: Sequence[str] = ()
    action: str | None = None
    """What it asks for: `monitor`, `alert`, `challenge`, `throttle`, `block` or `isolate`."""
    duration: timedelta | None = None


class Detector(ABC):
    """Looks at events and says what it finds. What it raises becomes a fault beside the verdict."""

    name: str = "python"
    """What it is called in faults and findings."""

    fields: Sequence[str] = ()
    """The names of the fields that it reads; it is shown no others."""

    @abstractmethod
    def detect(self, event: Mapping[str, Any], time: datetime) -> Iterable[Found] | Found | None:
        """What is found in an event, of which `event` has the fields that are there, at its own time."""


@dataclass(frozen=True)
class Capabilities:
    """What a firewall can do."""

    native_ttl: bool = False
    """Whether it forgets a block by itself when its time is over; if not, AutoSec takes it back."""
    max_ttl: timedelta | None = None
    prefixes: bool = True
    ipv6: bool = True
    batch: int = 1_000
    """The most items of one call."""
    capacity: int | None = None
    atomic: bool = False


@dataclass(frozen=True)
class Block:
    """A block of an address or a prefix, for a time, and why."""

    target: str
    ttl: timedelta | None = None
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one item: `done`, `unsupported` for good, or `rejected` this time, and why."""

    status: str = "done"
    why: str = ""


@dataclass(frozen=True)
class Health:
    """Whether blocks take effect now, and in a sentence how the firewall is."""

    enforcing: bool
    detail: str = ""


class FirewallIntegration(ABC):
    """A firewall of your own. Calls are idempotent, touch only what AutoSec owns, and may be `async def`.

    Each call has a thread of its own and a time limit. Raise `FirewallError` to say that a call failed as a whole.
    """

    name: str = "python"
    """What it is called in reports, unique among the firewalls of an engine."""

    capabilities: Capabilities = Capabilities()

    @abstractmethod
    def block(self, blocks: Sequence[Block]) -> Any:
        """Starts dropping; one `Outcome` an item in their order, or `None` if all went well."""

    @abstractmethod
    def unblock(self, targets: Sequence[str]) -> Any:
        """Stops dropping; one `Outcome` an item in their order, or `None` if all went well."""

    @abstractmethod
    def blocked(self) -> Any:
        """Every `Block` that AutoSec has there now."""

    def health(self) -> Any:
        """The `Health` of the firewall; by default it is taken to be well."""
        return Health(True)


class Store(ABC):
    """Where blocks outlive the process: journals of records, each one line of text. Calls are durable when they return."""

    @abstractmethod
    def append(self, journal: str, records: Sequence[str]) -> None:
        """Adds records to the end of a journal, all or none of them."""

    @abstractmethod
    def read(self, journal: str) -> Sequence[str]:
        """Every record of a journal, oldest first; none if there is no such journal."""

    @abstractmethod
    def replace(self, journal: str, records: Sequence[str]) -> None:
        """Replaces a journal as a whole."""


class SecretSource(ABC):
    """Where firewalls get passwords and keys from, each time they need one. What it gives is kept nowhere."""

    @abstractmethod
    def secret(self, name: str) -> Any:
        """The secret of this name as text; may be `async def`. Raise `KeyError` if there is none."""


def _ask(function: str, part: Any, given: tuple[Any, ...], answer: _autosec._Answer) -> None:
    """Calls a function of this module for a part, on a thread of its own that nobody waits for at the end."""
    call = _CALLS[function]
    threading.Thread(target=_answered, args=(call, part, given, answer), name=f"autosec{function}", daemon=True).start()


def _answered(call: Callable[..., Any], part: Any, given: tuple[Any, ...], answer: _autosec._Answer) -> None:
    try:
        made = call(part, *given)
    except BaseException as raised:
        answer.failed(raised)
    else:
        answer.done(made)


def _awaited(made: Any) -> Any:
    if not inspect.isawaitable(made):
        return made

    async def wait() -> Any:
        return await made

    return asyncio.run(wait())


def _outcomes(made: Any, count: int) -> list[tuple[str, str]]:
    if made is None:
        return [("done", "")] * count
    outcomes = [(each.status, each.why) for each in made]
    if len(outcomes) != count:
        raise FirewallError(f"{len(outcomes)} outcomes for {count} items", transient=False)
    return outcomes


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _capabilities(firewall: FirewallIntegration) -> tuple[bool, float | None, bool, bool, int, int | None, bool]:
    can = firewall.capabilities
    return (
        can.native_ttl,
        _seconds(can.max_ttl),
        can.prefixes,
        can.ipv6,
        can.batch,
        can.capacity,
        can.atomic,
    )


def _block(firewall: FirewallIntegration, items: list[tuple[str, float | None, str]]) -> list[tuple[str, str]]:
    blocks = [Block(target, None if ttl is None else timedelta(seconds=ttl), why) for target, ttl, why in items]
    return _outcomes(_awaited(firewall.block(blocks)), len(blocks))


def _unblock(firewall: FirewallIntegration, targets: list[str]) -> list[tuple[str, str]]:
    return _outcomes(_awaited(firewall.unblock(targets)), len(targets))


def _blocked(firewall: FirewallIntegration) -> list[tuple[str, float | None, str]]:
    return [(each.target, _seconds(each.ttl), each.reason) for each in _awaited(firewall.blocked())]


def _health(firewall: FirewallIntegration) -> tuple[bool, str]:
    health = _awaited(firewall.health())
    return health.enforcing, health.detail


def _secret(source: SecretSource, name: str) -> str:
    value = _awaited(source.secret(name))
    if not isinstance(value, str):
        raise TypeError("a secret is text")
    return value


def _send(client: HttpClient, *given: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    answer = _awaited(client.send(HttpRequest(*given)))
    if not isinstance(answer, HttpAnswer):
        raise TypeError(f"`send` gives an `HttpAnswer`, not `{type(answer).__name__}`")
    return answer.status, [(str(name), str(value)) for name, value in answer.headers], answer.body


_CALLS: dict[str, Callable[..., Any]] = {
    "_block": _block,
    "_unblock": _unblock,
    "_blocked": _blocked,
    "_health": _health,
    "_secret": _secret,
    "_send": _send,
}


def _transient(error: BaseException) -> bool:
    """Whether trying again may help against what a firewall raised."""
    if isinstance(error, FirewallError):
        return error.transient
    return isinstance(error, (OSError, asyncio.TimeoutError))


_Sighting = tuple[str, str, float, list[tuple[str, str]], str, str, list[str], "str | None", "float | None"]


def _look(detector: Detector, event: dict[str, Any], micros: int) -> list[_Sighting]:
    made = detector.detect(event, _EPOCH + timedelta(microseconds=micros))
    if made is None:
        return []
    return [_sighting(detector, each) for each in ([made] if isinstance(made, Found) else made)]


def _sighting(detector: Detector, found: Found) -> _Sighting:
    if not isinstance(found, Found):
        raise TypeError(f"`detect` gives `Found`, not `{type(found).__name__}`")
    analytic = found.analytic or detector.name
    evidence = [(str(name), str(value)) for name, value in found.evidence.items()]
    seconds = _seconds(found.duration)
    tags = [str(tag) for tag in found.tags]
    facts = (str(found.subject), found.severity, float(found.confidence), evidence)
    return (*facts, analytic, found.name or analytic, tags, found.action, seconds)
