"""The kinds of models there are, each with its settings."""

from __future__ import annotations

import math
import sys
from typing import Any, ClassVar

from . import _autosec
from ._errors import ConfigError
from ._model import Model
from ._records import Judgement, Opinion
from ._rows import is_array, packed, unpacked


class IsolationForest(Model):
    """An isolation forest: how soon a row stands alone when rows are split at random. Scores are from -1 to 0.

    `mode` is how trees are grown: `capped` as in the original and fastest, `deep` until every row stands alone,
    `pooled_gain` by two columns at once where the gain is largest, `mixed` of both and most accurate. With the contamination
    `auto`, what scores below -0.5 is unusual.
    """

    kind: ClassVar[str] = "isolation-forest"

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

    def _settings(self) -> dict[str, Any]:
        return self._named("n_estimators", "max_samples", "random_state", "mode")

    def _offset(self, rows: bytes) -> float:
        return -0.5 if self.contamination == "auto" else super()._offset(rows)


class OnlineForest(Model):
    """An isolation forest of a stream's recent rows: it learns and forgets by `partial_fit`, while an engine scores by it.

    What was learned counts from when trees next grow, at the latest after a twelfth of the `window`, and is forgotten after
    two windows. A file and a pickle hold its trees and no row of the window. The threshold is that of the rows of
    `fit`; with the contamination `auto` it is -0.5.
    """

    kind: ClassVar[str] = "online-forest"

    def __init__(
        self,
        *,
        window: int = 2048,
        max_samples: int = 256,
        contamination: float | str = 0.01,
        random_state: int = 0,
        mode: str = "mixed",
    ) -> None:
        self.window = window
        self.max_samples = max_samples
        self.contamination = contamination
        self.random_state = random_state
        self.mode = mode

    def _settings(self) -> dict[str, Any]:
        return self._named("window", "max_samples", "random_state", "mode")

    def _offset(self, rows: bytes) -> float:
        return -0.5 if self.contamination == "auto" else super()._offset(rows)

    def partial_fit(self, X: Any, y: object = None, *, features: Any = None, progress: Any = None) -> OnlineForest:
        """Goes on learning, in the order of the rows; the threshold stays. The first time it is `fit`."""
        if self._model is None:
            return self.fit(X, y, features=features, progress=progress)
        rows = self._rows(X)
        if rows:
            self._model.learn(rows, progress=progress)
        return self

    def merge(self, other: OnlineForest) -> OnlineForest:
        """Takes over the youngest trees of a forest that learned elsewhere."""
        if not isinstance(other, OnlineForest):
            raise TypeError(f"an OnlineForest takes over trees of another, not of a `{type(other).__name__}`")
        self._fitted.merge(other._fitted)
        return self


class KMeans(Model):
    """Groups of rows, and how far a row is from those that hold most of them: about -1 is usual, and there is no lower bound.

    `predict` gives the number of the nearest cluster as in scikit-learn, of which 0 is the largest;
    `decision_function` below 0 says what is unusual. Clusters of one or two rows are dropped. Columns are standardised by
    themselves.
    """

    kind: ClassVar[str] = "k-means"

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        max_iter: int = 300,
        tol: float = 1e-4,
        contamination: float = 0.01,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.max_iter = max_iter
        self.tol = tol
        self.contamination = contamination
        self.random_state = random_state

    def _settings(self) -> dict[str, Any]:
        return self._named("n_clusters", "max_iter", "tol", "random_state")

    def predict(self, X: Any) -> Any:
        """The number of the cluster that each row is nearest to."""
        found = unpacked(X, self._fitted.clusters(self._rows(X)), "q")
        return found if is_array(X) else list(found)

    @property
    def cluster_centers_(self) -> Any:
        """Where the centroids are, in the units of the rows; an array if numpy is in use."""
        centres, _, _ = self._fitted.centroids()
        return sys.modules["numpy"].array(centres) if "numpy" in sys.modules else centres

    @property
    def cluster_sizes_(self) -> list[int]:
        """How many rows of the training each cluster had, the largest first."""
        return self._fitted.centroids()[1]

    @property
    def inertia_(self) -> float:
        """The sum of the squares of the training rows' distances to their centroids, in standard deviations."""
        return self._fitted.centroids()[2]


class StatisticalModel(Model):
    """How far each value lies from the median of its column, in robust units: exact, without a seed, and fastest.

    A score is the negative of the sum over columns of ln(1 + z²). It looks at each column by itself.
    """

    kind: ClassVar[str] = "statistical"

    def __init__(self, *, contamination: float = 0.01) -> None:
        self.contamination = contamination

    def _settings(self) -> dict[str, Any]:
        return {}


class SeasonalModel(Model):
    """How unusual a row is for its hour of the week: how rare the hour is, and how far each column lies from what it holds
    then. The column number `time` tells hours since Monday, 00:00 (`hour_of_week` of a `FeatureSet`)."""

    kind: ClassVar[str] = "seasonal"

    def __init__(self, time: int = 0, *, contamination: float = 0.01) -> None:
        self.time = time
        self.contamination = contamination

    def _settings(self) -> dict[str, Any]:
        return self._named("time")


class Ensemble(Model):
    """A forest, clusters and a statistical model as one, and a seasonal one if the column number `time` tells hours since
    Monday: the best default. A score is the negative of the weighted mean of the members' surprises, in nats.

    It spares one row of four to learn what scores mean, so `p_values` and the threshold hold for new rows too.
    `weights` are those of the forest, the clusters, the statistical and the seasonal model; only proportions count.
    """

    kind: ClassVar[str] = "ensemble"

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_samples: int = 256,
        mode: str = "mixed",
        n_clusters: int = 8,
        time: int | None = None,
        weights: tuple[float, float, float, float] | None = None,
        contamination: float = 0.01,
        random_state: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.mode = mode
        self.n_clusters = n_clusters
        self.time = time
        self.weights = weights
        self.contamination = contamination
        self.random_state = random_state

    def _settings(self) -> dict[str, Any]:
        told = self._named("n_estimators", "max_samples", "mode", "n_clusters", "time", "random_state")
        return {**told, "weights": None if self.weights is None else tuple(self.weights)}

    def _offset(self, rows: bytes) -> float:
        fallback = super()._offset(rows)
        known = self._fitted.threshold(float(self.contamination))
        # What scores as high as that is flagged, too. Where too few rows were spared to tell so small a share, those that were
        # trained on have to do.
        return fallback if known is None else math.nextafter(-known, math.inf)

    def judge(self, row: Any) -> Judgement:
        """All there is to say about one row: its p-value, how far members agree, and what each says."""
        values, columns = packed([row])
        if columns != self.n_features_in_:
            raise ConfigError(f"the row has {columns} columns, and the model was fitted to {self.n_features_in_}")
        score, p_value, confidence, members = self._fitted.judge(list(memoryview(values).cast("d")))
        return Judgement(score, p_value, confidence, tuple(Opinion(*each) for each in members))

    def p_values(self, X: Any) -> Any:
        """Of each row how rarely a usual one scores as high, above 0 and at most 1."""
        return unpacked(X, self._fitted.p_values(self._rows(X)))
