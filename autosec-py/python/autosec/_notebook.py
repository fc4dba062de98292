"""Verdicts as notebooks show them: small tables with a bar for the risk, escaped, with no script and nothing from outside."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._autosec import Verdict, Verdicts
    from ._records import Assessment

_COLOURS = {"informational": "#6b7280", "low": "#2563eb", "medium": "#ca8a04", "high": "#ea580c", "critical": "#b91c1c"}
_CELL = "padding:2px 8px;text-align:left;vertical-align:top"
_ROWS = 50


def _bar(risk: float) -> str:
    width = round(100 * min(max(risk, 0.0), 1.0))
    colour = "#b91c1c" if risk >= 0.8 else "#ca8a04" if risk >= 0.5 else "#2563eb"
    return (
        f'<svg width="104" height="12" role="img" aria-label="risk {risk:.2f}">'
        '<rect x="0.5" y="0.5" width="103" height="11" rx="2" fill="none" stroke="#9ca3af"/>'
        f'<rect x="2" y="2" width="{width}" height="8" rx="1" fill="{colour}"/></svg> {risk:.2f}'
    )


def _row(*cells: str, head: bool = False) -> str:
    tag = "th" if head else "td"
    return "<tr>" + "".join(f'<{tag} style="{_CELL}">{cell}</{tag}>' for cell in cells) + "</tr>"


def _found(each: Assessment) -> str:
    lines = []
    for finding in each.findings:
        colour = _COLOURS.get(finding.severity, "#6b7280")
        facts = "<br>".join(f"<small>{escape(evidence.text)}</small>" for evidence in finding.evidence)
        name = f'<b style="color:{colour}">{escape(finding.name)}</b> <small>{escape(finding.analytic)}</small>'
        lines.append(f"{name}<br>{facts}" if facts else name)
    return "<br>".join(lines)


def _decided(each: Assessment) -> str:
    decision = each.decision
    if decision is None:
        return ""
    if decision.refusal:
        return f"{escape(decision.action)}, held back: {escape(decision.refusal)}"
    return f"{escape(decision.action)} for {escape(str(decision.duration))}"


def verdict_html(verdict: Verdict) -> str:
    """A verdict as a table, a row for each subject."""
    time = escape(verdict.time.isoformat())
    if verdict.is_quiet:
        return f"<div>Nothing was found in the event of {time}.</div>"
    rows = [_row("subject", "risk", "found", "decided", head=True)]
    rows += [
        _row(escape(each.subject.name[:200]), _bar(each.risk), _found(each), _decided(each))
        for each in verdict.assessments
    ]
    return f'<div>Verdict of {time}<table style="border-collapse:collapse">{"".join(rows)}</table></div>'


def verdicts_html(verdicts: Verdicts) -> str:
    """The verdicts that have something to say, the riskiest first, at most fifty of them."""
    told = sorted(verdicts.told, key=lambda each: -each[1].risk)
    rows = [_row("event", "time", "risk", "found", head=True)]
    for index, verdict in told[:_ROWS]:
        found = ", ".join(escape(finding.analytic) for finding in verdict.findings)
        rows.append(_row(str(index), escape(verdict.time.isoformat()), _bar(verdict.risk), found))
    more = f"<div>and {len(told) - _ROWS} more</div>" if len(told) > _ROWS else ""
    table = f'<table style="border-collapse:collapse">{"".join(rows)}</table>' if told else ""
    return f"<div>{escape(repr(verdicts))}{table}{more}</div>"
