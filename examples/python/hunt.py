"""A hunt through a log, cell by cell: Sigma rules, a model of what is usual, and a report to pass on.

    python examples/python/hunt.py                          # a log that it makes up
    python examples/python/hunt.py --corpus ../shared/corpora --report hunt.html

Editors that know `# %%` run it as a notebook.
"""

# %% What it takes: the wheel, and nothing else
from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path
from typing import Any

import autosec
from charts import histogram, stacked
from log import write_log

HERE = Path(__file__).parent

asked = argparse.ArgumentParser(description="A hunt through a log, and a report of it.")
asked.add_argument("--corpus", type=Path, help="a folder with `sigma/rules` and `events/*.jsonl` instead of the own ones")
asked.add_argument("--report", type=Path, default=Path("hunt.html"), help="where the report goes")
given = asked.parse_args()

# %% The rules, and the log
if given.corpus:
    path = next(iter(sorted((given.corpus / "events").glob("*.jsonl"))))
    rules = autosec.RuleSet(given.corpus / "sigma/rules", lenient=True)
    window = timedelta(minutes=1)
else:
    path = Path(tempfile.mkdtemp()) / "log.jsonl"
    write_log(path)
    rules = autosec.RuleSet(HERE / "rules")
    window = timedelta(hours=1)
print(rules)

# %% The backtest: what each rule finds in the log
backtest = rules.backtest(path, progress=True)
print(backtest)

# %% The findings one by one, for the picture and for whoever looks into them
verdicts = autosec.Engine(rules).process_ndjson(path.read_bytes())
findings = verdicts.findings
names = {finding.analytic: finding.name for finding in findings}


def begin(time: datetime) -> datetime:
    """The window that a time is in."""
    return datetime.fromtimestamp(time.timestamp() // window.total_seconds() * window.total_seconds(), timezone.utc)


if backtest.first is None or backtest.last is None:
    raise SystemExit(f"no event of {path} could be read")
# At most as many bars as there is room for, however long the log is.
bar = max(window, (backtest.last - backtest.first) / 90)
bars: list[Counter[str]] = [Counter() for _ in range((backtest.last - backtest.first) // bar + 1)]
by_window: dict[datetime, Counter[str]] = defaultdict(Counter)
for finding in findings:
    bars[(finding.time - backtest.first) // bar][finding.name] += 1
    by_window[begin(finding.time)][finding.name] += 1

# %% Features: what a machine did in a window, as numbers
FEATURES = ["programs", "kinds of programs", "rare programs", "longest command", "hour of the day"]
events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def program(event: dict[str, Any]) -> str:
    return str(event.get("Image", "")).rpartition("\\")[2].lower()


seen_at: dict[str, set[str]] = defaultdict(set)
groups: dict[tuple[str, datetime], list[dict[str, Any]]] = defaultdict(list)
for event in events:
    # An event without a time is in no window; the backtest counts those that could not be read.
    if "@timestamp" not in event:
        continue
    host = str(event.get("Hostname", ""))
    seen_at[program(event)].add(host)
    groups[host, begin(datetime.fromisoformat(event["@timestamp"].replace("Z", "+00:00")))].append(event)


def features(start: datetime, group: list[dict[str, Any]]) -> list[float]:
    programs = [program(event) for event in group]
    rare = sum(len(seen_at[each]) == 1 for each in programs)
    longest = max(len(str(event.get("CommandLine", ""))) for event in group)
    return [float(len(group)), float(len(set(programs))), float(rare), float(longest), float(start.hour)]


keys = sorted(groups)
rows = [features(key[1], groups[key]) for key in keys]

# %% The model: which windows are unlike the others, and in what
forest = autosec.IsolationForest(contamination=0.01, random_state=7).fit(rows, progress=True)
scores = list(forest.score_samples(rows))
unusual = sorted(range(len(rows)), key=lambda n: scores[n])[:10]
print(f"{len(rows)} windows of {len({host for host, _ in keys})} machines; the most unusual:")
for n in unusual[:3]:
    print(f"  {scores[n]:.3f}  {keys[n][0]}  {keys[n][1]:%Y-%m-%d %H:%M}")

# %% The pictures
starts = [f"{backtest.first + n * bar:%m-%d %H:%M}" for n in range(len(bars))]
timeline = stacked(bars, starts, "findings over the time of the log")
spread = histogram(scores, forest.offset_, "scores of all windows")


# %% The report: one file that needs nothing else and says everything of the log escaped
def table(head: list[str], lines: list[list[str]]) -> str:
    cells = ["".join(f"<td>{escape(cell)}</td>" for cell in line) for line in lines]
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>"


fired = sorted((rule for rule in backtest.rules if rule.findings), key=lambda rule: -rule.findings)
found = [
    [rule.name, str(rule.findings), ", ".join(f"{name} ({count})" for name, count in rule.subjects[:3])] for rule in fired
]
strange = []
for n in unusual:
    why = ", ".join(f"{FEATURES[column]} {rows[n][column]:g}" for column, share in forest.explain(rows[n])[:2] if share > 0)
    names_there = sorted(by_window[keys[n][1]])
    strange.append([keys[n][0], f"{keys[n][1]:%Y-%m-%d %H:%M}", f"{scores[n]:.3f}", why, ", ".join(names_there[:3])])

page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hunt in {escape(path.name)}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; color: #111827 }}
table {{ border-collapse: collapse }} td, th {{ padding: 2px 10px 2px 0; text-align: left; vertical-align: top }}
svg text {{ font-size: 10px; fill: #4b5563 }} .legend {{ list-style: none; padding: 0 }}
.legend span {{ display: inline-block; width: .8em; height: .8em; margin-right: .4em }}
</style></head><body>
<h1>Hunt in {escape(path.name)}</h1>
<p>{backtest.events} events from {backtest.first:%Y-%m-%d %H:%M} to {backtest.last:%Y-%m-%d %H:%M} UTC, {backtest.unread} that
could not be read, {len(rules)} rules, of which {len(fired)} found something: {len(findings)} findings.</p>
<h2>When</h2>{timeline}
<h2>What the rules found</h2>{table(["rule", "findings", "about"], found)}
<h2>What is unlike the rest</h2>
<p>Scores of an isolation forest of {forest.n_estimators} trees over {len(rows)} windows: lower is more unusual.</p>{spread}
{table(["machine", "window", "score", "mostly for", "rules at that time"], strange)}
<h2>The riskiest events</h2>{verdicts._repr_html_()}
</body></html>
"""
given.report.write_text(page, encoding="utf-8")
print(f"the report is {given.report}")
