"""Models that look at events: rows of events, and the detector that scores them."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from . import _autosec
from ._errors import ConfigError
from ._model import Model
from ._rows import packed

_LOG = logging.getLogger("autosec")


def _rows(values: bytes, columns: int) -> Any:
    """Rows as an array where numpy is, else as a list of lists."""
    try:
        import numpy
    except ImportError:
        flat = array("d", values).tolist()
        return [flat[at : at + columns] for at in range(0, len(flat), columns)]
    return numpy.frombuffer(values, dtype="float64").reshape(-1, columns)


class FeatureSet(_autosec.FeatureSet):
    """Which columns make a row of an event, of which entity, from which events.

    A name of a ready-made set (`login`, `http`, `flow`, `process`, `rhythm`), or a dict such as `to_dict()` gives; `by`
    is another entity than the set's own, and `fields` are fields of your own as in `RuleSet`.
    """

    def rows(
        self,
        log: Any,
        *,
        at_most: int = 100_000,
        learning: int = 10,
        seed: int = 0,
        at: datetime | str | float | None = None,
        progress: Any = None,
    ) -> Any:
        """The rows of a log's events, to train on: a path or bytes of JSON lines, or events; an array where numpy is.

        Of more than `at_most` rows a random choice is kept. The first `learning` events of an entity make no rows, because
        who is new looks unusual by that alone. What cannot be read is passed over and told to the log.
        """
        values, unread = self._rows(log, at_most=at_most, seed=seed, learning=learning, at=at, progress=progress)
        if unread:
            _LOG.warning("%d events could not be read and made no rows", unread)
        return _rows(values, len(self.columns))


class ModelDetector(_autosec._ModelDetector):
    """A detector for an engine: each event becomes a row, and a row that is too unusual a finding about its entity, with the
    columns that made it so.

    What is found is rarer among usual rows than `chance`; or, if `above` is given, `score_one` of it is that or more. A
    chance takes rows that the model was not trained on: an `Ensemble` spares some by itself, `fit` spares half of them for
    others. Without a fitted model it finds nothing, and learns only what entities do. `collect` rows are kept for `refit`.
    The model can be replaced while an engine works.
    """

    def __new__(
        cls,
        id: str,
        features: FeatureSet | str | Mapping[str, Any],
        model: Model | None = None,
        *,
        usual: Any = None,
        name: str | None = None,
        chance: float = 0.001,
        above: float | None = None,
        severity: str = "low",
        gravest: str = "high",
        confidence: float = 0.5,
        learning: int = 10,
        shadow: bool = False,
        reasons: int = 5,
        tags: Iterable[str] = (),
        collect: int = 0,
        seed: int = 0,
        entities: int = 50_000,
    ) -> ModelDetector:
        made = features if isinstance(features, FeatureSet) else FeatureSet(features)
        self = super().__new__(
            cls,
            id,
            made,
            name=name or id,
            chance=chance,
            above=above,
            severity=severity,
            gravest=gravest,
            confidence=confidence,
            learning=learning,
            shadow=shadow,
            reasons=reasons,
            tags=list(tags),
            collect=collect,
            seed=seed,
            entities=entities,
        )
        self.id, self.features, self.model = id, made, model
        self._learning, self._seed, self._spares = learning, seed, above is None
        if model is not None and model._model is not None:
            self.replace(model, usual=usual)
        return self

    id: str
    """The stable id of what it finds."""
    features: FeatureSet
    """What makes its rows."""
    model: Model | None
    """The model it scores by, or the one that `fit` is to train."""
    _learning: int
    _seed: int
    _spares: bool

    def replace(self, model: Model, *, usual: Any = None) -> None:
        """Scores by another fitted model from the next event on; `usual` are rows that it was not trained on."""
        if not isinstance(model, Model):
            raise TypeError(f"a model is needed, such as an IsolationForest, not a `{type(model).__name__}`")
        names, known = self.features.columns, model.feature_names_in_
        if known != names and known != [str(number) for number in range(len(known))]:
            raise ConfigError(f"the model was fitted to other columns than those of `{self.features.name}`: fit it to its rows")
        self._replace(model._fitted, None if usual is None else packed(usual)[0])
        self.model = model

    def fit(
        self,
        log: Any,
        *,
        at_most: int = 100_000,
        at: datetime | str | float | None = None,
        progress: Any = None,
    ) -> ModelDetector:
        """Trains its model on the events of a log (as `FeatureSet.rows` takes it), and scores by it from then on."""
        told = {"at": at, "progress": progress, "learning": self._learning, "seed": self._seed}
        rows = self.features.rows(log, at_most=at_most, **told)
        self._train(rows[0::2], rows[1::2], progress)
        return self

    def refit(self, *, progress: Any = None) -> ModelDetector:
        """Trains a model like the present one on the rows that it kept of what it saw, and scores by it from then on.
        Rows that were findings are not among them."""
        kept = self._collected()
        if kept is None:
            raise ConfigError("no rows were kept to train on: say how many by `collect`")
        columns = len(self.features.columns)
        self._train(_rows(kept[0], columns), _rows(kept[1], columns), progress)
        return self

    def _train(self, first: Sequence[Any], second: Sequence[Any], progress: Any) -> None:
        if self.model is None:
            raise ConfigError("there is no model to train: give one to the detector, `ModelDetector(…, Ensemble())`")
        if len(second) == 0:
            raise ConfigError(f"there are too few rows to train on: {len(first)} of `{self.features.name}`")
        fresh = type(self.model)(**self.model.get_params())
        spares = self._spares and fresh.kind != "ensemble"
        fresh.fit(first if spares else _joined(first, second), features=self.features, progress=progress)
        self.replace(fresh, usual=second if spares else None)


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, list):
        return first + second
    import numpy

    return numpy.concatenate([first, second])
