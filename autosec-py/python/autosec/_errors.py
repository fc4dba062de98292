"""What goes wrong, as exceptions: all are an `AutosecError`."""

from __future__ import annotations

from collections.abc import Sequence


class AutosecError(Exception):
    """Base of everything that this package raises by itself."""


class ConfigError(AutosecError, ValueError):
    """A setting, a source or a file that cannot be used as it is."""


class LimitError(AutosecError):
    """Something is larger, deeper or more than the limit that its text names."""


class EventError(AutosecError, ValueError):
    """An event that cannot be read.

    `code` is stable (`event-type`, `json-malformed`, …); `place` is the path of the field in a dict, or `byte N` of JSON.
    """

    def __init__(self, message: str, code: str = "event", place: str = "") -> None:
        super().__init__(message, code, place)
        self.code = code
        self.place = place

    def __str__(self) -> str:
        return str(self.args[0])


class EventLimitError(EventError, LimitError):
    """An event that is too long or too deep."""


class RuleError(AutosecError, ValueError):
    """A rule that was refused when it was loaded.

    `code` is stable (`E002`); `line` and `column` count from 1 and are `None` where no place is known; `rendered` shows the
    lines of the source with the place marked. `errors` holds one `RuleError` for each thing wrong, this one as the first.
    """

    def __init__(
        self,
        message: str,
        code: str = "",
        source: str = "",
        rule: str | None = None,
        line: int | None = None,
        column: int | None = None,
        help: str | None = None,
        rendered: str = "",
        others: Sequence[RuleError] = (),
    ) -> None:
        super().__init__(message, code, source, rule, line, column, help, rendered, tuple(others))
        self.message = message
        self.code = code
        self.source = source
        self.rule = rule
        self.line = line
        self.column = column
        self.help = help
        self.rendered = rendered
        self.errors: tuple[RuleError, ...] = (self, *others)

    def __str__(self) -> str:
        more = len(self.errors) - 1
        return self.rendered + (f"\n\nand {more} more: see `errors`" if more else "")


class RuleLimitError(RuleError, LimitError):
    """A rule, or a set of them, that is larger than it may be."""


class FirewallError(AutosecError):
    """A firewall did not do what was asked; `report` says what became of each.

    Raise it in a firewall of your own to say that a call failed; `transient` says whether trying again can help.
    """

    def __init__(self, message: str, report: object = None, *, transient: bool = True) -> None:
        super().__init__(message)
        self.report = report
        self.transient = transient


# Tracebacks name them as programs do.
for _class in (AutosecError, ConfigError, EventError, EventLimitError, FirewallError, LimitError, RuleError, RuleLimitError):
    _class.__module__ = "autosec"
