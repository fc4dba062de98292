"""What all models have in common: the manners of scikit-learn, and files."""

from __future__ import annotations

import inspect
import json
import os
import sys
from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from . import _autosec
from ._errors import ConfigError
from ._report import ModelReport
from ._rows import is_array, names_of, one_row, packed, unpacked

_Schema = tuple[str, int, list[str]]
_Self = TypeVar("_Self", bound="Model")
_MAGIC = b"autosec-model 1\n"
_LARGEST = (1 << 28) + (1 << 20)


class Model(ABC):
    """A model that learns what is usual, and says how unusual rows are beside that.

    As in scikit-learn, `score_samples` is the lower the more unusual, `decision_function` is that less the threshold
    `offset_`, and `predict` gives -1 for what is unusual and 1 for what is not. Rows are arrays of numpy, or lists of lists
    of floats; arrays come back where arrays went in. NaN says that a value is missing. The same seed makes the same model on
    every machine. `contamination` is the share of training rows whose scores are to be beyond the threshold.
    """

    kind: ClassVar[str]
    """The kind of model, as it is called in findings and files."""

    contamination: float | str
    _model: _autosec._Model | None = None
    _schema: _Schema

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """The settings as the native module takes them."""

    def _named(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}

    def _offset(self, rows: bytes) -> float:
        """The threshold, of a model that was fitted to these rows."""
        share = self.contamination
        if isinstance(share, str) or not 0.0 < share <= 0.5:
            raise ConfigError("`contamination` is above 0 and up to 0.5")
        scores = sorted(array("d", self._fitted.score_many(rows)), reverse=True)
        return -scores[min(int(share * len(scores)), len(scores) - 1)]

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings, as scikit-learn's tools ask for them."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self: _Self, **settings: Any) -> _Self:
        """Changes settings; they count from the next `fit` on."""
        for name, value in settings.items():
            if name not in self._names():
                raise ConfigError(f"`{name}` is no setting of {type(self).__name__}: use one of {', '.join(self._names())}")
            setattr(self, name, value)
        return self

    def fit(self: _Self, X: Any, y: object = None, *, features: Any = None, progress: Any = None) -> _Self:
        """Learns these rows; other threads go on meanwhile. `y` is not looked at.

        `features` says what the columns are: a `FeatureSet`, or their names; those of a data frame are known. A model of a
        `FeatureSet` can look at events: see `ModelDetector`.
        """
        rows, columns = packed(X)
        schema = _schema(features if features is not None else names_of(X), columns)
        model = _autosec._Model.fit(self.kind, rows, columns, self._settings(), progress=progress)
        self._model, self._schema, self.n_features_in_ = model, schema, columns
        self.offset_ = self._offset(rows)
        return self

    @property
    def feature_names_in_(self) -> list[str]:
        """What the columns are called; their numbers if nobody said."""
        return list(self._schema[2]) if self._fitted else []

    @property
    def _fitted(self) -> _autosec._Model:
        if self._model is None:
            raise ConfigError(f"the {type(self).__name__} is not fitted yet: call `fit` first")
        return self._model

    def score_one(self, row: Any) -> float:
        """How unusual one row is: the higher the more, and the fastest way to ask about one. It has the sign of no other
        method."""
        return self._fitted.score(one_row(row))

    def score_samples(self, X: Any) -> Any:
        """The negative of how unusual each row is."""
        scores = unpacked(X, self._fitted.score_many(self._rows(X)))
        return -scores if is_array(X) else array("d", (-score for score in scores))

    def decision_function(self, X: Any) -> Any:
        """`score_samples` less the threshold: below 0 is unusual."""
        scores = self.score_samples(X)
        return scores - self.offset_ if is_array(X) else array("d", (score - self.offset_ for score in scores))

    def predict(self, X: Any) -> Any:
        """-1 for each row that is unusual, 1 for the others."""
        decided = self.decision_function(X)
        if is_array(X):
            return sys.modules["numpy"].where(decided < 0, -1, 1)
        return [-1 if each < 0 else 1 for each in decided]

    def fit_predict(self, X: Any, y: object = None) -> Any:
        """`fit`, then `predict` of the same rows."""
        return self.fit(X, y).predict(X)

    def explain(self, row: Sequence[float]) -> list[tuple[int, float]]:
        """What each column adds to how unusual a row is, by its number, the most first."""
        return self._fitted.attribute([float(value) for value in row])

    def report(self, X: Any, y: Sequence[object], *, title: str = "", explain: int = 3) -> ModelReport:
        """How good the model is on these rows, of which `y` says whether each is bad: measures with intervals, curves, and
        why the `explain` highest scores are what they are."""
        rows = self._rows(X)
        scores = array("d", self._fitted.score_many(rows))
        bad = [bool(each) for each in y]
        width = self.n_features_in_
        first = sorted(range(len(scores)), key=lambda row: -scores[row])[:explain]
        values = memoryview(rows).cast("d")
        explained = [
            (f"row {row}", [(self._schema[2][n], adds) for n, adds in self.explain(values[row * width : (row + 1) * width])])
            for row in first
        ]
        facts = [("model", repr(self)), ("columns", str(width))]
        made = _autosec._report(title or f"What {type(self).__name__} finds", scores.tobytes(), bad, facts, explained)
        return ModelReport(*made)

    def _rows(self, X: Any) -> bytes:
        rows, columns = packed(X)
        if rows and columns != self.n_features_in_:
            raise ConfigError(f"rows have {columns} columns, and the model was fitted to {self.n_features_in_}")
        return rows

    def to_bytes(self) -> bytes:
        """The model alone, as hosts in Rust read it for the same features."""
        return self._fitted.to_bytes(self._schema)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes model, settings and threshold into a file, which `load` reads; reading one runs nothing of it, as unpickling
        would. Whoever can write the file can make everything look usual: keep it where only those who may change
        detection can write."""
        head = {
            "kind": self.kind,
            "settings": self.get_params(),
            "schema": self._schema if self._fitted else None,
            "offset": self.offset_,
        }
        path = Path(path)
        beside = path.with_name(path.name + ".new")
        beside.write_bytes(_MAGIC + json.dumps(head, default=_plain).encode() + b"\n" + self.to_bytes())
        os.replace(beside, path)

    @classmethod
    def load(cls: type[_Self], path: str | os.PathLike[str]) -> _Self:
        """The model of a file; `Model.load` takes every kind."""
        with open(os.fspath(path), "rb") as file:
            whole = file.read(_LARGEST + 1)
        if len(whole) > _LARGEST or not whole.startswith(_MAGIC):
            raise ConfigError(f"`{path}` is no model that `save` wrote")
        head, _, body = whole[len(_MAGIC) :].partition(b"\n")
        try:
            told = json.loads(head)
            name, version, columns = told["schema"]
            made = {each.kind: each for each in _kinds()}[told["kind"]](**told["settings"])
            made._schema = (str(name), int(version), [str(column) for column in columns])
            made.n_features_in_, made.offset_ = len(columns), float(told["offset"])
        except (ValueError, TypeError, KeyError, RecursionError) as wrong:
            raise ConfigError(f"`{path}` is damaged: its first lines say nothing of a model") from wrong
        if not isinstance(made, cls):
            raise ConfigError(f"`{path}` holds the kind {type(made).__name__}, and not {cls.__name__}")
        made._model = _autosec._Model.from_bytes(made.kind, body, made._schema)
        return made

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({settings})"

    def __sklearn_tags__(self) -> Any:
        """What pipelines and searches of scikit-learn ask."""
        from sklearn.utils import InputTags, Tags, TargetTags

        target, inputs = TargetTags(required=False), InputTags(allow_nan=True)
        return Tags(estimator_type="outlier_detector", target_tags=target, input_tags=inputs)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether it is fitted, for the same."""
        return self._model is not None

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if self._model is not None:
            state["_model"] = self.to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        kept = state.get("_model")
        if isinstance(kept, bytes):
            self._model = _autosec._Model.from_bytes(self.kind, kept, self._schema)


def _kinds() -> list[type[Model]]:
    """The classes that a file may hold, which are ours."""
    return [each for each in Model.__subclasses__() if each.__module__ == "autosec._models"]


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    try:
        return value.item()
    except AttributeError:
        raise ConfigError(f"a setting of the model is a `{type(value).__name__}`, which no file can hold") from None


def _schema(features: Any, columns: int) -> _Schema:
    if isinstance(features, _autosec.FeatureSet):
        name, version, names = features.schema
    else:
        name, version = "rows", 1
        names = [str(number) for number in range(columns)] if features is None else [str(each) for each in features]
    if len(names) != columns:
        raise ConfigError(f"rows have {columns} columns, and `features` names {len(names)}")
    return name, version, names
