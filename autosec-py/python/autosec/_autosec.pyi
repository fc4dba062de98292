"""The native module of AutoSec."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from os import PathLike
from typing import Any, Literal, Self, TypeAlias, final, overload

from typing_extensions import disjoint_base

from ._errors import EventError, RuleError
from ._extend import Detector, FirewallIntegration, SecretSource, Store
from ._http import HttpClient
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
    ItemOutcome,
    Reloaded,
)

_Path: TypeAlias = str | PathLike[str]
_Bytes: TypeAlias = bytes | bytearray | memoryview
_Event: TypeAlias = Mapping[str, Any] | _Bytes | str
_Time: TypeAlias = datetime | str | float
_Network: TypeAlias = str | IPv4Address | IPv6Address | IPv4Network | IPv6Network
_Secrets: TypeAlias = SecretSource | EnvironmentSecrets | FileSecrets
_Kind: TypeAlias = Literal["address", "boolean", "float", "integer", "text"]
_List: TypeAlias = Iterable[str | int | IPv4Address | IPv6Address | IPv4Network | IPv6Network]
_LogFormat: TypeAlias = Literal["auto", "access", "eve", "syslog"]
_Schema: TypeAlias = tuple[str, int, list[str]]
_Tell: TypeAlias = bool | Callable[[Progress], object] | None

@disjoint_base
class Engine:
    def __new__(
        cls,
        *detectors: RuleSet | LiveRules | Indicators | Behavior | _ModelDetector | Detector,
        config: Mapping[str, Any] | _Path | None = None,
        allowlist: Iterable[_Network] | None = None,
        firewalls: Iterable[MemoryFirewall | Nftables | PanOs | PluginFirewall | FirewallIntegration] | None = None,
        store: _Path | Store | None = None,
        dry_run: bool = False,
        text_errors: Literal["replace", "strict"] = "replace",
    ) -> Self: ...
    @property
    def fields(self) -> list[str]: ...
    def process(self, event: _Event, /, at: _Time | None = None) -> Verdict: ...
    def process_many(self, events: Iterable[_Event], /, at: _Time | None = None) -> Verdicts: ...
    def process_ndjson(self, log: _Bytes | str, /, at: _Time | None = None) -> Verdicts: ...
    def process_log(
        self, log: _Path | bytes | bytearray, /, format: _LogFormat = "auto", *, at: _Time | None = None, utc_offset: int = 0
    ) -> Verdicts: ...
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
        lists: Mapping[str, _List] | None = None,
        lenient: bool = False,
        fields: Mapping[str, _Kind] | None = ...,
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
    @property
    def keys(self) -> dict[str, tuple[tuple[str, ...], ...]]: ...
    def replace_list(self, name: str, values: _List) -> None: ...
    def test(self) -> dict[str, Any]: ...
    def backtest(
        self,
        log: _Path | _Bytes | Iterable[_Event],
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

@disjoint_base
class LiveRules:
    def __new__(
        cls,
        *paths: _Path,
        text: str | None = None,
        name: str = "rules.yaml",
        starter: bool = False,
        lists: Mapping[str, _List] | None = None,
        lenient: bool = False,
        reads: Sequence[str] | None = None,
        fields: Mapping[str, _Kind] | None = ...,
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
    def replace(
        self,
        *paths: _Path,
        text: str | None = None,
        name: str = "rules.yaml",
        starter: bool = False,
        lists: Mapping[str, _List] | None = None,
        lenient: bool = False,
        fields: Mapping[str, _Kind] | None = ...,
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
    ) -> Reloaded: ...
    def __len__(self) -> int: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def refused(self) -> list[RuleError]: ...

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
    @overload
    def __getitem__(self, index: int, /) -> Verdict | None: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[Verdict | None]: ...
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
        secrets: _Secrets,
        *,
        name: str = "pan-os",
        user: str | None = None,
        secret: str = "pan-os-key",
        vsys: str = "vsys1",
        tag: str = "autosec-block",
        fingerprints: Sequence[str] | None = None,
        client: HttpClient | None = None,
    ) -> Self: ...

@final
class PluginFirewall:
    def __new__(
        cls,
        folder: _Path,
        config: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        keys: Mapping[str, str] | None = None,
        unsigned: bool = False,
        grant: _Path | Mapping[str, Any] | bool | None = None,
        networks: Iterable[_Network] | None = None,
        secrets: _Secrets | None = None,
        libraries: _Path | None = None,
        runner: _Path | None = None,
    ) -> Self: ...
    @staticmethod
    def kinds() -> list[str]: ...
    @property
    def name(self) -> str: ...
    def about(self) -> dict[str, Any]: ...
    def configure(self, config: Mapping[str, Any]) -> None: ...
    def replace(self, folder: _Path) -> None: ...
    def plan(self, targets: Iterable[_Network]) -> tuple[ItemOutcome, ...]: ...

@final
class EnvironmentSecrets:
    def __new__(cls, prefix: str = "AUTOSEC_") -> Self: ...

@final
class FileSecrets:
    def __new__(cls, folder: _Path) -> Self: ...

@final
class LogEvents:
    def __iter__(self) -> Self: ...
    def __next__(self) -> dict[str, Any]: ...
    @property
    def summary(self) -> dict[str, Any]: ...

def read_log(
    log: _Path | bytes | bytearray, /, format: _LogFormat = "auto", *, at: _Time | None = None, utc_offset: int = 0
) -> LogEvents: ...

@disjoint_base
class FeatureSet:
    def __new__(
        cls, set: str | Mapping[str, Any], *, by: str | None = None, fields: Mapping[str, _Kind] | None = None
    ) -> Self: ...
    @property
    def name(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def schema(self) -> _Schema: ...
    def to_dict(self) -> dict[str, Any]: ...
    def _rows(
        self,
        log: _Path | bytes | bytearray | Iterable[_Event],
        /,
        *,
        at_most: int,
        seed: int,
        learning: int,
        at: _Time | None = None,
        progress: _Tell = None,
    ) -> tuple[bytes, int]: ...

@disjoint_base
class _ModelDetector:
    def __new__(
        cls,
        id: str,
        features: FeatureSet,
        *,
        name: str,
        chance: float,
        above: float | None,
        severity: str,
        gravest: str,
        confidence: float,
        learning: int,
        shadow: bool,
        reasons: int,
        tags: Sequence[str],
        collect: int,
        seed: int,
        entities: int,
    ) -> Self: ...
    @property
    def is_trained(self) -> bool: ...
    @property
    def entities(self) -> int: ...
    def _replace(self, model: _Model, usual: bytes | None = None) -> None: ...
    def _collected(self) -> tuple[bytes, bytes] | None: ...

@final
class _Answer:
    def done(self, made: object) -> None: ...
    def failed(self, raised: BaseException) -> None: ...

@final
class _Model:
    @staticmethod
    def fit(
        kind: str, rows: bytes, columns: int, settings: dict[str, Any], *, progress: _Tell = None
    ) -> _Model: ...
    @property
    def columns(self) -> int: ...
    def learn(self, rows: bytes, *, progress: _Tell = None) -> None: ...
    def merge(self, other: _Model) -> None: ...
    def score_many(self, rows: bytes) -> bytes: ...
    def score(self, row: Sequence[float]) -> float: ...
    def attribute(self, row: Sequence[float]) -> list[tuple[int, float]]: ...
    def clusters(self, rows: bytes) -> bytes: ...
    def centroids(self) -> tuple[list[list[float]], list[int], float]: ...
    def threshold(self, share: float) -> float | None: ...
    def p_values(self, rows: bytes) -> bytes: ...
    def judge(self, row: Sequence[float]) -> tuple[float, float, float, list[tuple[str, float, float, float, float]]]: ...
    def to_bytes(self, schema: _Schema) -> bytes: ...
    @staticmethod
    def from_bytes(kind: str, file: bytes, schema: _Schema) -> _Model: ...

def _report(
    title: str,
    scores: bytes,
    bad: Sequence[bool],
    facts: Sequence[tuple[str, str]],
    explained: Sequence[tuple[str, Sequence[tuple[str, float]]]],
) -> tuple[str, str, dict[str, str], float, float]: ...
def _ending() -> None: ...
def _forked() -> None: ...
