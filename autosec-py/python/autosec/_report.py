"""How good a model is, for people to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ModelReport:
    """Measures with intervals, curves, and why some rows have the scores they have. Names in it are escaped."""

    html: str = field(repr=False)
    """One page that needs nothing else and loads nothing."""
    markdown: str = field(repr=False)
    """The same as CommonMark, which shows `pictures` by their names."""
    pictures: Mapping[str, str] = field(repr=False, hash=False)
    """The pictures of `markdown` as SVG, by the names of their files."""
    roc_auc: float
    """How often a bad row scores higher than a good one; chance is 0.5."""
    average_precision: float

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Writes `report.html`, `report.md` and the pictures into a folder, which is made if it is not there."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files = {"report.html": self.html, "report.md": self.markdown, **self.pictures}
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")

    def _repr_html_(self) -> str:
        from html import escape

        return f'<iframe srcdoc="{escape(self.html)}" style="border:0;width:100%;height:40rem" sandbox=""></iframe>'
