"""The native module of AutoSec."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from os import PathLike
from typing import Any, Literal, Self, TypeAlias, final

from typing_extensions import disjoint_base

from ._errors import EventError, RuleError
from ._extend import Detector, FirewallIntegration, SecretSource, Store
from ._progress import Progress
from ._records import (
    Assessment,
    BacktestReport,
    Decision,
    Enforcement,
    Fault,
    Finding,
    FirewallHealth,
    FirewallReport,
    InForce,
)

_Path: TypeAlias = str | PathLike[str]
_Bytes: TypeAlias = bytes | bytearray | memoryview
_Event: TypeAlias = Mapping[str, Any] | _Bytes | str
_Time: TypeAlias = datetime | str | float
_Network: TypeAlias = str | IPv4Address | IPv6Address | IPv4Network | IPv6Network
_Tell: TypeAlias = bool | Callable[[Progress], object] | None

@disjoint_base
class Engine:
    def __new__(
        cls,
        *detectors: RuleSet | Indicators | Behavior | Detector,
        config: Mapping[str, Any] | _Path | None = None,
        allowlist: Iterable[_Network] | None = None,
        firewalls: Iterable[MemoryFirewall | Nftables | PanOs | FirewallIntegration] | None = None,
        store: _Path | Store | None = None,
        dry_run: bool = False,
        text_errors: Literal["replace", "strict"] = "replace",
    ) -> Self: ...
    @property
    def fields(self) -> list[str]: ...
    def process(self, event: _Event, /, at: _Time | None = None) -> Verdict: ...
    def process_many(self, events: Iterable[_Event], /, at: _Time | None = None) -> Verdicts: ...
    def process_ndjson(self, log: _Bytes | str, /, at: _Time | None = None) -> Verdicts: ...
    def process_arrow(self, data: object, /, at: _Time | None = None, validate: bool = True) -> Verdicts: ...
    def enforce(self, decision: Decision) -> Enforcement: ...
    def unblock(self, network: _Network) -> Enforcement: ...
    def allow(self, entity: _Network, name: str = "") -> Enforcement: ...
    def reconcile(self) -> tuple[FirewallReport, ...]: ...
    def maintain(self) -> tuple[FirewallReport, ...]: ...
    def health(self) -> tuple[FirewallHealth, ...]: ...
    def in_force(self) -> tuple[InForce, ...]: ...

@final
class RuleSet:
    def __new__(
        cls,
        *paths: _Path,
        text: str | None = None,
        name: str = "rules.yaml",
        starter: bool = False,
        lists: Mapping[str, Iterable[str | int | IPv4Address | IPv6Address | IPv4Network | IPv6Network]] | None = None,
        lenient: bool = False,
        fields: Mapping[str, Literal["address", "boolean", "float", "integer", "text"]] | None = ...,
        placeholders: Mapping[str, Sequence[str]] | None = ...,
        pipelines: Sequence[_Path] | None = ...,
        ecs: bool | None = ...,
        route_by: tuple[str, str, str] | None = ...,
        lateness: str | None = ...,
        keys_per_rule: int | None = ...,
        memory: int | None = ...,
        rule_limit: int | None = ...,
        seed: int | None = ...,
        resume: bytes | None = ...,
    ) -> Self: ...
    @property
    def refused(self) -> list[RuleError]: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def fields(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def replace_list(
        self, name: str, values: Iterable[str | int | IPv4Address | IPv6Address | IPv4Network | IPv6Network]
    ) -> None: ...
    def test(self) -> dict[str, Any]: ...
    def backtest(
        self,
        log: _Path | bytes | bytearray | Iterable[_Event],
        /,
        *,
        against: RuleSet | None = None,
        samples: int = 5,
        profile: int = 0,
        at: _Time | None = None,
        progress: _Tell = None,
    ) -> BacktestReport: ...
    def snapshot(self) -> bytes: ...
    def restore(self, snapshot: bytes) -> int: ...
    def merge(self, snapshot: bytes) -> int: ...

@final
class Verdict:
    @property
    def time(self) -> datetime: ...
    @property
    def is_quiet(self) -> bool: ...
    @property
    def risk(self) -> float: ...
    @property
    def assessments(self) -> tuple[Assessment, ...]: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def decisions(self) -> tuple[Decision, ...]: ...
    @property
    def decision(self) -> Decision | None: ...
    @property
    def faults(self) -> tuple[Fault, ...]: ...
    def explain(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_json(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: object, /) -> bool: ...
    def __le__(self, other: object, /) -> bool: ...
    def __gt__(self, other: object, /) -> bool: ...
    def __ge__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]
    def _repr_html_(self) -> str: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @staticmethod
    def _restore(state: bytes) -> Verdict: ...

@final
class Verdicts(Sequence[Verdict | None]):
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Verdict | None: ...  # type: ignore[override]
    @property
    def told(self) -> list[tuple[int, Verdict]]: ...
    @property
    def errors(self) -> list[tuple[int, EventError]]: ...
    @property
    def findings(self) -> list[Finding]: ...
    @property
    def decisions(self) -> list[Decision]: ...
    @property
    def risk(self) -> float: ...
    def _repr_html_(self) -> str: ...

@final
class Indicators:
    def __new__(cls) -> Self: ...
    def __len__(self) -> int: ...
    def add(
        self,
        value: _Network,
        /,
        *,
        source: str = "host",
        kind: str = "guess",
        id: str | None = None,
        confidence: float | None = None,
        severity: str | None = None,
        tags: Sequence[str] = ...,
        valid_until: _Time | None = None,
    ) -> None: ...
    def load(
        self,
        feed: _Path | bytes | bytearray,
        /,
        *,
        source: str | None = None,
        kind: str = "guess",
        preset: str | None = None,
        at: _Time | None = None,
        progress: _Tell = None,
    ) -> dict[str, Any]: ...
    def load_stix(
        self, feed: _Path | bytes | bytearray, /, *, source: str = "stix", progress: _Tell = None
    ) -> dict[str, Any]: ...
    def lookup(self, value: _Network, /, *, kind: str = "guess") -> list[dict[str, Any]]: ...
    @staticmethod
    def presets() -> list[str]: ...

@final
class Behavior:
    def __new__(
        cls, config: Mapping[str, Any] | None = None, *, seed: int | None = None, snapshot: bytes | None = None
    ) -> Self: ...
    def __len__(self) -> int: ...
    @property
    def memory(self) -> int: ...
    def snapshot(self) -> bytes: ...
    def merge(self, snapshot: bytes) -> None: ...

@final
class MemoryFirewall:
    def __new__(cls, name: str = "memory") -> Self: ...
    def drops(self, address: str | IPv4Address | IPv6Address) -> bool: ...
    def flush(self) -> None: ...

@final
class Nftables:
    def __new__(
        cls,
        *,
        name: str = "nftables",
        table: str = "autosec",
        priority: int = ...,
        capacity: int | None = None,
        timeout: float = 5.0,
    ) -> Self: ...
    def release(self) -> None: ...

@final
class PanOs:
    def __new__(
        cls,
        url: str,
        secrets: SecretSource,
        *,
        name: str = "pan-os",
        user: str | None = None,
        secret: str = "pan-os-key",
        vsys: str = "vsys1",
        tag: str = "autosec-block",
        fingerprints: Sequence[str] | None = None,
    ) -> Self: ...

@final
class _Forest:
    @staticmethod
    def fit(
        rows: bytes,
        columns: int,
        *,
        trees: int,
        sample: int,
        seed: int,
        mode: str,
        progress: _Tell = None,
    ) -> _Forest: ...
    @property
    def columns(self) -> int: ...
    def score_many(self, rows: bytes) -> bytes: ...
    def score(self, row: Sequence[float]) -> float: ...
    def attribute(self, row: Sequence[float]) -> list[tuple[int, float]]: ...
    def to_bytes(self, name: str, columns: Sequence[str]) -> bytes: ...
    @staticmethod
    def from_bytes(file: bytes, name: str, columns: Sequence[str]) -> _Forest: ...

def _forked() -> None: ...
