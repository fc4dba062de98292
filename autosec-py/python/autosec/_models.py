"""Models as scikit-learn's users expect them: `fit`, `score_samples`, `decision_function`, `predict`.

Rows are arrays of numpy, or lists of lists of floats; arrays come back where arrays went in.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

from . import _autosec
from ._errors import ConfigError


def _is_array(rows: Any) -> bool:
    return hasattr(rows, "__array__") or hasattr(rows, "to_numpy")


def _packed(rows: Any) -> tuple[bytes, int]:
    """The rows as the bytes of their floats, and how many columns they have."""
    if _is_array(rows):
        import numpy

        made = numpy.ascontiguousarray(rows, dtype=numpy.float64)
        if made.ndim != 2:
            raise ConfigError(f"rows are of 2 dimensions, not of {made.ndim}: reshape(-1, 1) makes a column of values")
        return made.tobytes(), made.shape[1]
    values = array("d")
    columns = None
    for row in rows:
        before = len(values)
        values.extend(map(float, row))
        columns = len(values) - before if columns is None else columns
        if len(values) - before != columns:
            raise ConfigError(f"a row has {len(values) - before} columns, and the first has {columns}")
    return values.tobytes(), columns or 0


def _unpacked(like: Any, scores: bytes) -> Any:
    if _is_array(like):
        return sys.modules["numpy"].frombuffer(scores, dtype="float64")
    return array("d", scores)


class IsolationForest:
    """An isolation forest: how unusual rows are beside those it was fitted to.

    As in scikit-learn, scores are negative and the lower the more unusual, `predict` gives -1 for what is unusual and 1
    for what is not. NaN says that a value is missing. The same seed makes the same forest on every machine.
    """

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_samples: int = 256,
        contamination: float | str = "auto",
        random_state: int = 0,
        mode: str = "capped",
    ) -> None:
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.contamination = contamination
        self.random_state = random_state
        self.mode = mode
        self._forest: _autosec._Forest | None = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings, as scikit-learn's tools ask for them."""
        names = ("n_estimators", "max_samples", "contamination", "random_state", "mode")
        return {name: getattr(self, name) for name in names}

    def set_params(self, **settings: Any) -> IsolationForest:
        """Changes settings; they count from the next `fit` on."""
        for name, value in settings.items():
            if name not in self.get_params():
                raise ConfigError(f"`{name}` is no setting of a forest: use one of {', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: object = None, *, progress: Any = None) -> IsolationForest:
        """Grows the forest; other threads go on meanwhile."""
        rows, columns = _packed(X)
        self._forest = _autosec._Forest.fit(
            rows,
            columns,
            trees=self.n_estimators,
            sample=self.max_samples,
            seed=self.random_state,
            mode=self.mode,
            progress=progress,
        )
        self.n_features_in_ = columns
        self.offset_ = -0.5
        if self.contamination != "auto":
            share = float(self.contamination)
            if not 0.0 < share <= 0.5:
                raise ConfigError("`contamination` is `auto`, or above 0 and up to 0.5")
            scores = sorted(array("d", self._grown.score_many(rows)), reverse=True)
            self.offset_ = -scores[min(int(share * len(scores)), len(scores) - 1)]
        return self

    @property
    def _grown(self) -> _autosec._Forest:
        if self._forest is None:
            raise ConfigError("the forest is not fitted yet: call `fit` first")
        return self._forest

    def score_one(self, row: Any) -> float:
        """How unusual one row is, from 0 to 1: the fastest way to ask about one. It has the sign of no other method."""
        return self._grown.score(row if type(row) is list else row.tolist() if _is_array(row) else list(row))

    def score_samples(self, X: Any) -> Any:
        """The negative of how unusual each row is: -1 is as unusual as can be."""
        scores = self._scores(X)
        return -scores if _is_array(X) else array("d", (-score for score in scores))

    def decision_function(self, X: Any) -> Any:
        """`score_samples` less the threshold: below 0 is unusual."""
        scores = self.score_samples(X)
        return scores - self.offset_ if _is_array(X) else array("d", (score - self.offset_ for score in scores))

    def predict(self, X: Any) -> Any:
        """-1 for each row that is unusual, 1 for the others."""
        decided = self.decision_function(X)
        if _is_array(X):
            return sys.modules["numpy"].where(decided < 0, -1, 1)
        return [-1 if each < 0 else 1 for each in decided]

    def fit_predict(self, X: Any, y: object = None) -> Any:
        """`fit`, then `predict` of the same rows."""
        return self.fit(X, y).predict(X)

    def explain(self, row: Sequence[float]) -> list[tuple[int, float]]:
        """What each column adds to how unusual a row is, the most first."""
        return self._grown.attribute([float(value) for value in row])

    def _scores(self, X: Any) -> Any:
        rows, columns = _packed(X)
        if rows and columns != self._grown.columns:
            raise ConfigError(f"rows have {columns} columns, and the forest was fitted to {self._grown.columns}")
        return _unpacked(X, self._grown.score_many(rows))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"IsolationForest({settings})"

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if self._forest is not None:
            state["_forest"] = self._forest.to_bytes("rows", [str(n) for n in range(self._forest.columns)])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(self._forest, bytes):
            names = [str(n) for n in range(self.n_features_in_)]
            self._forest = _autosec._Forest.from_bytes(self._forest, "rows", names)
