"""The example runs with nothing but the wheel, and its report shows what was hidden in the log."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared/corpora"


def hunt(report: Path, *arguments: str) -> tuple[str, str]:
    """What the example says, and its report."""
    command = [sys.executable, str(ROOT / "examples/python/hunt.py"), "--report", str(report), *arguments]
    done = subprocess.run(command, cwd=report.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, report.read_text(encoding="utf-8")


def check_page(page: str) -> None:
    """All that is opened is closed, and nothing comes from outside or runs."""
    opened: list[str] = []

    class Checked(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "link", "img", "iframe"), tag
            assert not {name for name, _ in attrs} & {"src", "href", "onload", "onclick"}
            if tag != "meta":
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Checked().feed(page)
    assert opened == [] and "url(" not in page and "@import" not in page


def test_the_hunt_finds_what_is_hidden(tmp_path: Path) -> None:
    told, page = hunt(tmp_path / "own.html")
    check_page(page)
    strangest = told.split("the most unusual:\n")[1].splitlines()[0]
    assert "ws-07  2026-11-18 02:00" in strangest
    for title in ("PowerShell With an Encoded Command", "Memory of LSASS", "Download by certutil", "Shell Started by"):
        assert re.search(rf"<td>{title}[^<]*</td><td>2</td><td>[^<]*ws-07", page), title
    assert page.count("<svg viewBox") == 2 and len(page) < 200_000
    again, same = hunt(tmp_path / "again.html")
    assert same == page


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"SKIPPED: there is no corpus at {CORPUS}")
def test_the_hunt_goes_through_a_log_of_others(tmp_path: Path) -> None:
    _, page = hunt(tmp_path / "corpus.html", "--corpus", str(CORPUS))
    check_page(page)
    events = re.search(r"<p>(\d+) events .* UTC, (\d+) that\ncould not be read", page)
    assert events is not None and int(events.group(1)) + int(events.group(2)) == 2_000
    fired = re.search(r"of which (\d+) found something", page)
    assert fired is not None and int(fired.group(1)) > 5
