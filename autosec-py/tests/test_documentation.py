"""The code in the documentation runs, and the types are those of the module."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
PAGES = [HERE / "README.md", *sorted((HERE.parent / "docs").glob("python*.md"))]
BLOCKS = [
    (page, text.count("\n", 0, match.start()) + 2, match.group(1))
    for page in PAGES
    for text in [page.read_text()]
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
]


def test_there_is_code_to_run() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize(
    ("page", "line", "code"), BLOCKS, ids=[f"{page.name}:{line}" for page, line, _ in BLOCKS]
)
def test_code_blocks_run(page: Path, line: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if "pyspark" in code:
        if shutil.which("java") is None:
            pytest.skip("SKIPPED: there is no Java, which Spark runs on")
        # Spark's own, of which nobody here is the cause.
        warnings.simplefilter("ignore")
        # Workers know this package even where only this process was told of it.
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    exec(compile("\n" * (line - 1) + code, str(page), "exec"), {"__name__": "__main__"})


def mypy(*arguments: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)


def test_the_stubs_are_true() -> None:
    settings = ["--mypy-config-file", "pyproject.toml", "--allowlist", "tests/stubtest.txt"]
    # What is allowed is not there where PySpark is.
    settings.append("--ignore-unused-allowlist")
    done = mypy("mypy.stubtest", "autosec", "--ignore-missing-stub", *settings)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_and_its_tests_are_typed() -> None:
    done = mypy("mypy", "--strict", "python/autosec", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
