"""CEL over an incident: what may be written, and evaluation that cannot hurt.

Used by runbooks (which incident they take, and which values of it) and by suppression (which
incidents a mute covers). An expression sees one variable, `incident`, with the fields of
`Incident.facts()`. Its text is the author's, its data comes from outside; CEL has no loops and no
side effects, its regular expressions take linear time, and a length limit keeps the parser's
depth small.

The `cel` module costs 0.4 s to import, so it is imported where it is first needed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from airmend.errors import AirmendError

MAX_EXPRESSION_CHARACTERS = 1000
"""The Rust parser recurses; this much was safe on a stack of 1 MiB with every operator."""

FACT_FIELDS = (
    "source",
    "name",
    "severity",
    "service",
    "host",
    "summary",
    "description",
    "labels",
    "annotations",
    "inferred",
)
"""The fields of `Incident.facts()`."""

FUNCTIONS = frozenset(
    {
        *(
            "bytes",
            "double",
            "duration",
            "dyn",
            "int",
            "string",
            "timestamp",
            "type",
            "uint",
        ),
        *("contains", "endsWith", "matches", "size", "startsWith"),
        *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"),
        *("getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"),
    }
)
"""What the engine calls by name; operators and macros are its own matter."""

_LITERAL = re.compile(
    r"""[rRbB]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|//[^\n]*""",
    re.DOTALL,
)
_MACRO_VARIABLE = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")
_FIELD = re.compile(r"(?<![\w.])incident\s*\.\s*(\w+)")
_OPERATOR_NAME = re.compile(r"\W|^_.*_$|_$|^_")


class ExpressionError(AirmendError):
    """An expression cannot be compiled or evaluated; `fact` says why, `remedy` what helps."""

    def __init__(self, fact: str, remedy: str = "") -> None:
        self.fact, self.remedy = fact, remedy
        super().__init__(fact)


class MissingFactError(ExpressionError):
    """The incident lacks a field or a label, `key`, that the expression reads."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the incident has no '{_shorten(key)}'")


PROGRAMS = 16_384
"""Compiled expressions that are kept: those of some 3,000 runbooks. With fewer places than
expressions, a round through all of them would find none."""


@lru_cache(maxsize=PROGRAMS)
def _compile(text: str) -> Any:
    import cel

    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise ExpressionError(
            f"the expression has {len(text)} characters, {MAX_EXPRESSION_CHARACTERS} are allowed",
            "Split it into several expressions.",
        )
    try:
        return cel.compile(text)
    except Exception as error:
        raise ExpressionError(
            f"'{_shorten(text)}' is not a CEL expression: {_first_line(error)}",
            "See https://cel.dev for the language; text stands in quotes.",
        ) from error


def check_expression(text: str) -> None:
    """Find the mistakes that can be seen without an incident.

    Raises:
        ExpressionError: It does not compile, or names a variable, a field of the incident or
            a function that does not exist.
    """
    program = _compile(text)
    bare = _LITERAL.sub("''", text)
    bound = set(_MACRO_VARIABLE.findall(bare))
    references = program.references()
    for name in references["variables"]:
        if name != "incident" and name not in bound:
            raise ExpressionError(
                f"'{name}' is not defined; an expression sees 'incident' alone",
                f"Write 'incident.{name}'." if name in FACT_FIELDS else _suggest_label(name),
            )
    for name in _FIELD.findall(bare):
        if name not in FACT_FIELDS:
            raise ExpressionError(
                f"an incident has no field '{name}'",
                suggest(name, FACT_FIELDS) or _suggest_label(name),
            )
    for name in references["functions"]:
        if name not in FUNCTIONS and not _OPERATOR_NAME.search(name):
            raise ExpressionError(
                f"there is no function '{name}'",
                suggest(name, FUNCTIONS) or f"There are: {', '.join(sorted(FUNCTIONS))}.",
            )


class PreparedFacts:
    """The facts of one incident, for many expressions: translated for the engine once.

    The translation takes 70 microseconds and an expression less than one. For the thread that
    made it: the engine's own object is not safe to share.

    Args:
        facts: `Incident.facts()`.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts
        self._context: Any = None

    def context(self) -> Any:
        """The engine's object; raises the engine's error for what it cannot translate."""
        if self._context is None:
            import cel

            self._context = cel.Context(variables={"incident": self._facts})
        return self._context


def evaluate(text: str, facts: dict[str, Any] | PreparedFacts) -> Any:
    """The value of an expression for one incident.

    Args:
        text: CEL, at most `MAX_EXPRESSION_CHARACTERS`.
        facts: `Incident.facts()`, prepared where several expressions look at the same ones.

    Raises:
        MissingFactError: It reads a label or field that the incident lacks.
        ExpressionError: It has no value for this incident.
    """
    program = _compile(text)
    prepared = facts if isinstance(facts, PreparedFacts) else PreparedFacts(facts)
    try:
        return program.execute(prepared.context())
    except KeyError as error:
        raise MissingFactError(str(error.args[0]) if error.args else "") from error
    except Exception as error:
        # the engine raises the builtin errors of its choice, all of them about this expression
        raise ExpressionError(_first_line(error)) from error


def suggest(word: str, words: Iterable[str]) -> str:
    """`Did you mean 'x'?` when a known word is close, else nothing."""
    close = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""


def _suggest_label(name: str) -> str:
    return f"For a label write 'incident.labels.{name}', for a text put it in quotes."


def _first_line(error: Exception) -> str:
    """The fact of an engine's message, without its repetition of the text and its advice."""
    line = str(error).strip().split("\n", 1)[0]
    if "ERROR: " in line:
        line = line.split("ERROR: ", 1)[1].removeprefix("<input>:")
    return _shorten(line.split(". ", 1)[0], 200)


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
