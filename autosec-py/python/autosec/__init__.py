"""Detection and response inside your program: an event in, a verdict with its reasons out.

    import autosec

    engine = autosec.Engine(autosec.RuleSet(starter=True))
    verdict = engine.process({"@timestamp": 1700000000, "url.path": "/../../etc/passwd", "source.ip": "203.0.113.7"})
    print(verdict.explain())
"""

import os as _os
import sys as _sys

from . import _autosec
from ._autosec import Behavior, Indicators, MemoryFirewall, PanOs, RuleSet, Verdict, Verdicts
from ._engine import Engine
from ._errors import (
    AutosecError,
    ConfigError,
    EventError,
    EventLimitError,
    FirewallError,
    LimitError,
    RuleError,
    RuleLimitError,
)
from ._extend import (
    Block,
    Capabilities,
    Detector,
    FirewallIntegration,
    Found,
    Health,
    Outcome,
    SecretSource,
    Store,
)
from ._models import IsolationForest
from ._progress import Progress
from ._records import (
    Assessment,
    BacktestReport,
    Contribution,
    Decision,
    Enforcement,
    Evidence,
    Fault,
    Finding,
    FirewallHealth,
    FirewallReport,
    InForce,
    ItemOutcome,
    Reason,
    RuleReport,
    Subject,
)

__all__ = [
    "Assessment",
    "AutosecError",
    "BacktestReport",
    "Behavior",
    "Block",
    "Capabilities",
    "ConfigError",
    "Contribution",
    "Decision",
    "Detector",
    "Enforcement",
    "Engine",
    "EventError",
    "EventLimitError",
    "Evidence",
    "Fault",
    "Finding",
    "FirewallError",
    "FirewallHealth",
    "FirewallIntegration",
    "FirewallReport",
    "Found",
    "Health",
    "InForce",
    "Indicators",
    "IsolationForest",
    "ItemOutcome",
    "LimitError",
    "MemoryFirewall",
    "Outcome",
    "PanOs",
    "Progress",
    "Reason",
    "RuleError",
    "RuleLimitError",
    "RuleReport",
    "RuleSet",
    "SecretSource",
    "Store",
    "Subject",
    "Verdict",
    "Verdicts",
]

if _sys.platform == "linux":
    from ._autosec import Nftables as Nftables

    __all__ += ["Nftables"]

if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_autosec._forked)
