"""Rules that are replaced while engines work."""

from __future__ import annotations

from typing import Any

from . import _autosec
from ._records import Reloaded


class LiveRules(_autosec.LiveRules):
    """Rules as `RuleSet` loads them, which can be replaced while engines look at events by them.

    An event is looked at by one set from its beginning to its end, and none waits. Rules that count the same in both go on
    with what they have counted. Engines read the fields of the first rules, and those in `reads`.
    """

    def __new__(cls, *paths: Any, reads: Any = None, **options: Any) -> LiveRules:
        self = super().__new__(cls, *paths, reads=reads, **options)
        self._loaded = (paths, options)
        return self

    _loaded: tuple[tuple[Any, ...], dict[str, Any]]

    def replace(self, *paths: Any, **options: Any) -> Reloaded:
        """Puts other rules in place of the current ones, and says what became of each. If they cannot be loaded, the
        current ones stay."""
        reloaded = super().replace(*paths, **options)
        self._loaded = (paths, options)
        return reloaded

    def reload(self) -> Reloaded:
        """Loads the same paths once more, with the same options."""
        paths, options = self._loaded
        return self.replace(*paths, **options)
