"""Detection and response inside your program: an event in, a verdict with its reasons out.

    import autosec

    engine = autosec.Engine(autosec.RuleSet(starter=True))
    verdict = engine.process({"@timestamp": 1800000000, "url.path": "/../../etc/passwd", "source.ip": "203.0.113.7"})
    print(verdict.explain())
"""

import os as _os

from . import _autosec
from ._autosec import Engine, RuleSet, Verdict, Verdicts
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
from ._records import Assessment, Contribution, Decision, Evidence, Fault, Finding, Reason, Subject

__all__ = [
    "Assessment",
    "AutosecError",
    "ConfigError",
    "Contribution",
    "Decision",
    "Engine",
    "EventError",
    "EventLimitError",
    "Evidence",
    "Fault",
    "Finding",
    "FirewallError",
    "LimitError",
    "Reason",
    "RuleError",
    "RuleLimitError",
    "RuleSet",
    "Subject",
    "Verdict",
    "Verdicts",
]

if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_autosec._forked)
