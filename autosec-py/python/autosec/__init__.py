"""Detection and response inside your program: an event in, a verdict with its reasons out.

    import autosec

    engine = autosec.Engine(autosec.RuleSet(starter=True))
    verdict = engine.process({"@timestamp": 1700000000, "url.path": "/../../etc/passwd", "source.ip": "203.0.113.7"})
    print(verdict.explain())
"""

import atexit as _atexit
import os as _os
import sys as _sys

from . import _autosec
from ._autosec import (
    Behavior,
    EnvironmentSecrets,
    FileSecrets,
    Indicators,
    LogEvents,
    MemoryFirewall,
    PanOs,
    PluginFirewall,
    RuleSet,
    Verdict,
    Verdicts,
    read_log,
)
from ._detect import FeatureSet, ModelDetector
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
from ._http import HttpAnswer, HttpClient, HttpRequest, HttpsClient
from ._live import LiveRules
from ._model import Model
from ._models import Ensemble, IsolationForest, KMeans, OnlineForest, SeasonalModel, StatisticalModel
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
    Judgement,
    Opinion,
    Reason,
    Reloaded,
    RuleReport,
    Subject,
)
from ._report import ModelReport

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
    "Ensemble",
    "EnvironmentSecrets",
    "EventError",
    "EventLimitError",
    "Evidence",
    "Fault",
    "FeatureSet",
    "FileSecrets",
    "Finding",
    "FirewallError",
    "FirewallHealth",
    "FirewallIntegration",
    "FirewallReport",
    "Found",
    "Health",
    "HttpAnswer",
    "HttpClient",
    "HttpRequest",
    "HttpsClient",
    "InForce",
    "Indicators",
    "IsolationForest",
    "ItemOutcome",
    "Judgement",
    "KMeans",
    "LimitError",
    "LiveRules",
    "LogEvents",
    "MemoryFirewall",
    "Model",
    "ModelDetector",
    "ModelReport",
    "OnlineForest",
    "Opinion",
    "Outcome",
    "PanOs",
    "PluginFirewall",
    "Progress",
    "Reason",
    "Reloaded",
    "RuleError",
    "RuleLimitError",
    "RuleReport",
    "RuleSet",
    "SeasonalModel",
    "SecretSource",
    "StatisticalModel",
    "Store",
    "Subject",
    "Verdict",
    "Verdicts",
    "read_log",
]

if _sys.platform == "linux":
    from ._autosec import Nftables as Nftables

    __all__ += ["Nftables"]

_atexit.register(_autosec._ending)
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_autosec._forked)
