"""What a verdict holds, as plain frozen records. They are made when asked for: a quiet verdict costs none of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ._errors import FirewallError

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str) -> datetime:
    """The aware datetime of an RFC 3339 text, as this package writes it."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")


def span(text: str | None) -> timedelta | None:
    """The length of a text such as `1h30m`."""
    if text is None:
        return None
    parts = re.findall(r"(\d+)(ms|[smhdw])", text)
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def plain(value: Any) -> Any:
    """The value made of dicts, lists, texts and numbers, as `json.dumps` takes them."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return dict(value) if isinstance(value, Mapping) else value


class _Record:
    def to_dict(self) -> dict[str, Any]:
        """The record as dicts, lists, texts and numbers; spans in seconds."""
        made = plain(self)
        assert isinstance(made, dict)
        return made


@dataclass(frozen=True)
class Subject(_Record):
    """Whom something is about: `kind` is `address`, `host`, `user` or `other`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Evidence(_Record):
    """A fact that supports a finding: `text` for people, `facts` as they were measured."""

    kind: str
    text: str
    facts: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Finding(_Record):
    """Something that was found about a subject."""

    analytic: str
    """The stable id of the rule, indicator, baseline or model."""
    name: str
    kind: str
    """`rule`, `indicator`, `behavioral`, `learning` or `statistical`."""
    subject: Subject
    time: datetime
    severity: str
    confidence: float
    tags: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    action: str | None = None
    duration: timedelta | None = None
    shadow: bool = False

    def explain(self) -> str:
        """What was found and the facts, for people."""
        shadow = ", shadow: reported only" if self.shadow else ""
        head = f"{self.analytic}: {self.name} ({self.severity}, confidence {self.confidence:.2f}{shadow})"
        return "\n".join([head, *(f"  {each.text}" for each in self.evidence)])


@dataclass(frozen=True)
class Contribution(_Record):
    """What one analytic adds to a risk; the shares add up to the risk."""

    analytic: str
    name: str
    share: float
    times: int
    last: datetime


@dataclass(frozen=True)
class Reason(_Record):
    """Why a decision was made: `asked` by an analytic, or the risk `reached` a threshold."""

    kind: str
    analytic: str | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Decision(_Record):
    """What is to be done about a subject: give it to `Engine.enforce`."""

    id: str
    subject: Subject
    action: str
    duration: timedelta
    time: datetime
    risk: float
    scenario: str
    reasons: tuple[Reason, ...] = ()
    strikes: int = 0
    dry_run: bool = False
    refused: str | None = None
    """Why the guard holds it back, if it does: the code of the refusal."""
    refusal: str | None = None
    """The same in words."""
    unless: str = ""
    """What would have to be different for it not to be made."""

    def explain(self) -> str:
        """What is to be done, why, and what would have to be different."""
        lines = [f"{self.action} {self.subject} for {self.duration}"]
        if self.unless:
            lines.append(f"  unless {self.unless}")
        if self.refusal:
            lines.append(f"  held back: {self.refusal}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Fault(_Record):
    """Something that went wrong beside a verdict; the verdict stands."""

    kind: str
    origin: str
    detail: str


@dataclass(frozen=True)
class Assessment(_Record):
    """All about one subject: what was found, its risk and what that is made of, what is to be done."""

    subject: Subject
    findings: tuple[Finding, ...]
    risk: float
    contributions: tuple[Contribution, ...]
    decision: Decision | None


@dataclass(frozen=True)
class ItemOutcome(_Record):
    """What became of one address or prefix on one firewall, and why."""

    target: str
    status: str
    why: str = ""


@dataclass(frozen=True)
class FirewallReport(_Record):
    """What became of a change on one firewall; `pending` items will be tried again by `maintain`."""

    firewall: str
    done: int
    failed: int
    pending: int
    error: str | None
    outcomes: tuple[ItemOutcome, ...] = ()


@dataclass(frozen=True)
class Enforcement(_Record):
    """What became of a decision: `fanned` out to firewalls, `nothing` to do, `refused`, `failed` or a `dry_run`."""

    kind: str
    complete: bool
    """Whether every firewall is as it should be now."""
    text: str
    reports: tuple[FirewallReport, ...] = ()

    def check(self) -> Enforcement:
        """The same if it is complete.

        Raises:
            FirewallError: a firewall is not as it should be; `maintain` goes on trying.
        """
        if not self.complete:
            raise FirewallError(self.text, self)
        return self


@dataclass(frozen=True)
class InForce(_Record):
    """A block that is in force."""

    target: str
    until: datetime
    duration: timedelta
    decision: str
    reason: str


@dataclass(frozen=True)
class FirewallHealth(_Record):
    """Whether blocks take effect on a firewall now, and how it is in a sentence."""

    firewall: str
    enforcing: bool
    detail: str


@dataclass(frozen=True)
class RuleReport(_Record):
    """What one rule did in a backtest."""

    id: str
    name: str
    mode: str
    matches: int
    findings: int
    subjects: tuple[tuple[str, int], ...]
    """Whom it found something about, and how often, the most often first."""
    samples: tuple[tuple[datetime, str, tuple[str, ...]], ...]
    """Some findings: when, about whom, the facts."""
    nanoseconds: float | None = None
    """What an evaluation costs on average, if that was measured."""


@dataclass(frozen=True)
class BacktestReport(_Record):
    """What rules found in a log."""

    events: int
    unread: int
    first: datetime | None
    last: datetime | None
    rules: tuple[RuleReport, ...]
    faults: Mapping[str, int] = field(hash=False)
    gained: int | None = None
    """How many findings the rules that it was compared with have more."""
    lost: int | None = None
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.text


def _subject(made: Mapping[str, Any]) -> Subject:
    return Subject(made["type"], made["value"])


def _finding(made: Mapping[str, Any]) -> Finding:
    analytic, response = made["analytic"], made["response"] or {}
    return Finding(
        analytic=analytic["id"],
        name=analytic["name"],
        kind=analytic["kind"],
        subject=_subject(made["subject"]),
        time=moment(made["time"]),
        severity=made["severity"],
        confidence=made["confidence"],
        tags=tuple(analytic["tags"]),
        evidence=tuple(
            Evidence(each["type"], each["text"], {k: v for k, v in each.items() if k not in ("type", "text")})
            for each in made["evidence"]
        ),
        action=response.get("action"),
        duration=span(response.get("for")),
        shadow=made["shadow"],
    )


def _reason(made: Mapping[str, Any]) -> Reason:
    return Reason(made["type"], made.get("analytic"), made.get("threshold"))


def _decision(made: Mapping[str, Any], refusal: Mapping[str, str] | None) -> Decision:
    return Decision(
        id=made["id"],
        subject=_subject(made["subject"]),
        action=made["action"],
        duration=span(made["duration"]) or timedelta(),
        time=moment(made["time"]),
        risk=made["risk"],
        scenario=made["scenario"],
        reasons=tuple(map(_reason, made["reasons"])),
        strikes=made["strikes"],
        dry_run=made["dry_run"],
        refused=refusal["code"] if refusal else None,
        refusal=refusal["text"] if refusal else None,
        unless=made["unless"],
    )


def _contribution(made: Mapping[str, Any]) -> Contribution:
    analytic = made["analytic"]
    return Contribution(analytic["id"], analytic["name"], made["share"], made["times"], moment(made["last"]))


def assessments(made: Mapping[str, Any]) -> tuple[Assessment, ...]:
    """The assessments of a verdict from its `to_dict()`."""
    return tuple(
        Assessment(
            subject=_subject(each["subject"]),
            findings=tuple(map(_finding, each["findings"])),
            risk=each["risk"]["score"],
            contributions=tuple(map(_contribution, each["risk"]["contributions"])),
            decision=_decision(each["decision"], each["refusal"]) if each["decision"] else None,
        )
        for each in made["assessments"]
    )


def faults(made: Mapping[str, Any]) -> tuple[Fault, ...]:
    """The faults of a verdict from its `to_dict()`."""
    return tuple(Fault(each["kind"], each["origin"], each["detail"]) for each in made["faults"])


def reports(made: Any) -> tuple[FirewallReport, ...]:
    """Reports of firewalls from plain values."""
    return tuple(
        FirewallReport(**{**each, "outcomes": outcomes(each["outcomes"])}) for each in made
    )


def outcomes(made: Any) -> tuple[ItemOutcome, ...]:
    """What became of items, or would, from plain values."""
    return tuple(ItemOutcome(**one) for one in made)


def enforcement(made: Mapping[str, Any]) -> Enforcement:
    """What became of a decision, from plain values."""
    return Enforcement(made["kind"], made["complete"], made["text"], reports(made["reports"]))


def in_force(made: Any) -> tuple[InForce, ...]:
    """Blocks in force, from plain values."""
    spans = ((each, span(each["duration"]) or timedelta()) for each in made)
    return tuple(InForce(**{**each, "until": moment(each["until"]), "duration": length}) for each, length in spans)


def health(made: Any) -> tuple[FirewallHealth, ...]:
    """How firewalls are, from plain values."""
    return tuple(FirewallHealth(**each) for each in made)


def told(decision: Decision) -> tuple[Any, ...]:
    """A decision as the native module takes it."""
    if not isinstance(decision, Decision):
        hint = ": a verdict that asks for nothing has none" if decision is None else ""
        raise TypeError(f"`{type(decision).__name__}` is no decision{hint}")
    since = (decision.time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    return (
        decision.subject.kind,
        decision.subject.name,
        decision.action,
        decision.duration.total_seconds(),
        since,
        decision.risk,
        decision.scenario,
        [(reason.kind, reason.analytic, reason.threshold) for reason in decision.reasons],
        decision.strikes,
        decision.dry_run,
    )


def _rule_report(made: Mapping[str, Any]) -> RuleReport:
    return RuleReport(
        id=made["id"],
        name=made["name"],
        mode=made["mode"],
        matches=made["matches"],
        findings=made["findings"],
        subjects=tuple((subject["value"], count) for subject, count in made["subjects"]),
        samples=tuple(
            (moment(each["time"]), each["subject"]["value"], tuple(each["evidence"])) for each in made["samples"]
        ),
        nanoseconds=made["cost"]["nanoseconds"] if made["cost"] else None,
    )


def backtest(made: Mapping[str, Any], text: str) -> BacktestReport:
    """What rules found in a log, from plain values."""
    difference = made["difference"] or {}
    return BacktestReport(
        events=made["events"],
        unread=made["unread"],
        first=moment(made["first"]) if made["first"] else None,
        last=moment(made["last"]) if made["last"] else None,
        rules=tuple(map(_rule_report, made["rules"])),
        faults=made["faults"],
        gained=difference.get("gained"),
        lost=difference.get("lost"),
        text=text,
    )


@dataclass(frozen=True)
class Reloaded(_Record):
    """What became of rules when others took their place, as ids: rules that count the same are `kept` with what they had
    counted, `changed` and `added` ones start empty. `new_fields` no engine reads that was made before: name them by
    `LiveRules(reads=…)`, or make the engine anew."""

    kept: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    new_fields: tuple[str, ...]
    text: str = ""

    def __str__(self) -> str:
        return self.text


def reloaded(made: Mapping[str, Any]) -> Reloaded:
    """What became of rules, from plain values."""
    ids = {name: tuple(value) for name, value in made.items() if name != "text"}
    return Reloaded(**ids, text=str(made["text"]))


@dataclass(frozen=True)
class Opinion(_Record):
    """What a member of an ensemble says about a row: its kind, how much it counts, its score, what that means in nats, and how
    rarely a usual row has such a score."""

    name: str
    weight: float
    score: float
    surprise: float
    p_value: float


@dataclass(frozen=True)
class Judgement(_Record):
    """What an ensemble says about a row: its score in nats (usual rows have about 1), how rarely a usual row has such a score,
    how far the members agree (0 to 1), and what each says."""

    score: float
    p_value: float
    confidence: float
    members: tuple[Opinion, ...]


_ACTIONS = ("monitor", "alert", "challenge", "throttle", "block", "isolate")


def findings(made: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of a verdict from its `to_dict()`."""
    return tuple(finding for each in assessments(made) for finding in each.findings)


def decisions(made: Mapping[str, Any]) -> tuple[Decision, ...]:
    """The decisions of a verdict that the guard let pass, from its `to_dict()`."""
    decided = (each.decision for each in assessments(made))
    return tuple(decision for decision in decided if decision and not decision.refused)


def harshest(made: Mapping[str, Any]) -> Decision | None:
    """The decision of a verdict that does most."""
    return max(reversed(decisions(made)), key=lambda decision: _ACTIONS.index(decision.action), default=None)
