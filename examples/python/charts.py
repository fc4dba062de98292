"""Two charts as SVG within a page: no script, no style sheet, nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM = 760, 200, 40, 24
COLOURS = ["#2563eb", "#ea580c", "#15803d", "#b91c1c", "#7c3aed", "#ca8a04", "#0e7490", "#6b7280"]


def stacked(counts: Sequence[Mapping[str, int]], labels: Sequence[str], title: str) -> str:
    """A bar for each label, made of the counts of each name; the most frequent seven names, and `others`."""
    total: dict[str, int] = {}
    for bar in counts:
        for name, count in bar.items():
            total[name] = total.get(name, 0) + count
    shown = sorted(total, key=lambda name: -total[name])[: len(COLOURS) - 1]
    names = [*shown, "others"] if len(total) > len(shown) else shown
    highest = max((sum(bar.values()) for bar in counts), default=0) or 1
    parts = []
    for n, bar in enumerate(counts):
        top = 0
        parted = {name: count for name, count in bar.items() if name in shown}
        if left := sum(bar.values()) - sum(parted.values()):
            parted["others"] = left
        for name in names:
            if count := parted.get(name, 0):
                text = f"{labels[n]}: {count} × {name}"
                parts.append(_bar(n, len(counts), top / highest, (top + count) / highest, names.index(name), text))
                top += count
    legend = "".join(
        f'<li><span style="background:{COLOURS[n]}"></span>{escape(name)}</li>' for n, name in enumerate(names)
    )
    return f'{_chart(parts, labels, highest, title)}<ul class="legend">{legend}</ul>'


def histogram(values: Sequence[float], threshold: float, title: str, bins: int = 40) -> str:
    """How often values are within each of equal steps; those below the threshold in another colour."""
    low, high = min(values), max(values)
    step = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(int((value - low) / step), bins - 1)] += 1
    highest = max(counts)
    edges = [low + step * n for n in range(bins)]
    parts = [
        _bar(n, bins, 0.0, count / highest, 3 if edges[n] < threshold else 0, f"{count} from {edges[n]:.3f}")
        for n, count in enumerate(counts)
        if count
    ]
    return _chart(parts, [f"{edge:.2f}" for edge in edges], highest, title)


def _bar(n: int, bars: int, low: float, high: float, colour: int, text: str) -> str:
    wide = (WIDTH - LEFT) / bars
    tall = HEIGHT - BOTTOM - 8
    x, y = LEFT + n * wide, HEIGHT - BOTTOM - high * tall
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(wide - 1, 1):.1f}" height="{(high - low) * tall:.1f}" '
        f'fill="{COLOURS[colour]}"><title>{escape(text)}</title></rect>'
    )


def _chart(parts: Sequence[str], labels: Sequence[str], highest: int, title: str) -> str:
    every = max(len(labels) // 8, 1)
    wide = (WIDTH - LEFT) / max(len(labels), 1)
    ticks = "".join(
        f'<text x="{LEFT + n * wide:.1f}" y="{HEIGHT - 8}">{escape(labels[n])}</text>' for n in range(0, len(labels), every)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}" stroke="#9ca3af"/>'
        f'<text x="{LEFT - 6}" y="16" text-anchor="end">{highest}</text>{"".join(parts)}{ticks}</svg>'
    )
