"""JMESPath over a payload: what may be written, and evaluation that ends.

An expression sees three things: `alert`, one alert of the payload; `body`, the payload; `headers`,
the HTTP headers by lower-case names. Its text is the operator's, its data comes from outside.
JMESPath has no loops and no side effects; what it can cost is counted in steps, and a budget is
given to each delivery.

Source of the language: https://jmespath.org/specification.html.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import jmespath
from jmespath import exceptions, functions, visitor

from airmend.errors import AirmendError

MAX_EXPRESSION_CHARACTERS = 500
"""The parser and the interpreter recurse; this much stays far from Python's limit."""

MAX_STEPS = 500_000
"""Of one delivery: about a second. A thousand alerts of twenty fields take some 100,000."""

ROOTS = ("alert", "body", "headers")

_SEE = "See https://jmespath.org."
_UNITS_A_STEP = 64
"""Characters or entries of a result that count as one more step, so that it cannot grow."""

_LEFT_ALONE = {"subexpression", "index_expression", "pipe"} | {
    *("projection", "value_projection", "filter_projection", "flatten")
}
"""Nodes of which the first part alone looks at what an expression sees."""


class MappingExpressionError(AirmendError):
    """An expression cannot be compiled, or has no value; `fact` says why, `remedy` what helps."""

    def __init__(self, fact: str, remedy: str = "Correct it; see https://jmespath.org.") -> None:
        self.fact, self.remedy = fact, remedy
        super().__init__(f"{fact}; {remedy}")


class BudgetSpentError(MappingExpressionError):
    """A delivery would take more steps than one may."""


class Budget:
    """The steps that are left to a delivery.

    Args:
        steps: How many there are.
    """

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, result: object) -> None:
        """Count one step, and more for a long result.

        Raises:
            BudgetSpentError: There are none left.
        """
        size = len(result) if isinstance(result, str | list) else 0
        self.left -= 1 + size // _UNITS_A_STEP
        if self.left < 0:
            raise BudgetSpentError("takes more steps than a delivery may", "Send fewer alerts.")


class _Interpreter(visitor.TreeInterpreter):  # type: ignore[misc]  # the library has no types
    """JMESPath's own interpreter, which counts what it visits."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        result = super().visit(node, *args, **kwargs)
        self._budget.spend(result)
        return result


def check_expression(text: str) -> str:
    """Find the mistakes that can be seen without a payload.

    Returns:
        The text as it came.

    Raises:
        MappingExpressionError: It does not compile, or names something that it cannot see or
            a function that does not exist.
    """
    try:
        with warnings.catch_warnings(category=PendingDeprecationWarning, action="error"):
            tree = _parse(text)
    except PendingDeprecationWarning as error:
        raise MappingExpressionError(
            "what stands between ` and ` is no JSON", "Write a text as 'text'."
        ) from error
    known = functions.Functions.FUNCTION_TABLE
    for name, given in _calls(tree):
        if name not in known:
            raise MappingExpressionError(
                f"there is no function '{name}'", suggest(name, known) or _SEE
            )
        wanted = known[name]["signature"]
        if given < len(wanted) or (given > len(wanted) and not _takes_more(wanted)):
            raise MappingExpressionError(
                f"the function '{name}' takes another number of values than {given}", _SEE
            )
    for name in _names_seen(tree):
        if name not in ROOTS:
            raise MappingExpressionError(
                f"'{name}' is not defined, an expression sees {', '.join(ROOTS)}",
                f"Write 'alert.{name}', or \"'{name}'\" for a text.",
            )
    return text


def evaluate(text: str, seen: Mapping[str, object], budget: Budget) -> Any:
    """The value of an expression; None where there is nothing.

    Args:
        text: An expression that was checked.
        seen: Decoded JSON by the names of `ROOTS`.
        budget: The steps that are left; they become fewer.

    Raises:
        BudgetSpentError: It takes too many.
        MappingExpressionError: A function was given what it does not take.
    """
    try:
        return _Interpreter(budget).visit(_parse(text), seen)
    except MappingExpressionError:
        raise
    except Exception as error:
        # the library raises errors of its own and Python's, all of them about this expression
        raise MappingExpressionError(f"has no value here: {_first_line(error)}") from error


def suggest(word: str, words: Iterable[str]) -> str:
    """`Did you mean 'x'?` when a known word is close, else nothing."""
    close = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise MappingExpressionError(
            f"the expression has {len(text)} characters, {MAX_EXPRESSION_CHARACTERS} are allowed",
            "Make it shorter.",
        )
    try:
        return jmespath.compile(text).parsed
    except (exceptions.JMESPathError, RecursionError) as error:
        raise MappingExpressionError(f"'{text[:80]}' is no JMESPath: {_where(error)}") from error


def _calls(node: Any) -> list[tuple[str, int]]:
    """Each function that is called, and the number of values that it is given."""
    children = _children(node)
    own = [(node["value"], len(children))] if node["type"] == "function_expression" else []
    return own + [call for child in children for call in _calls(child)]


def _takes_more(signature: Any) -> bool:
    return bool(signature) and bool(signature[-1].get("variadic"))


def _names_seen(node: Any) -> list[str]:
    """The fields that are looked up in what an expression sees, and not in a part of it."""
    kind, children = node["type"], _children(node)
    if kind == "field":
        return [node["value"]]
    if kind == "expref":
        return []
    looked_at = children[:1] if kind in _LEFT_ALONE else children
    return [name for child in looked_at for name in _names_seen(child)]


def _children(node: Any) -> list[Any]:
    return [child for child in node.get("children", ()) if isinstance(child, dict)]


def _where(error: Exception) -> str:
    """Where an expression stops being one, in fewer words than the library has for it."""
    if isinstance(error, exceptions.EmptyExpressionError):
        return "it is empty"
    if isinstance(error, exceptions.IncompleteExpressionError):
        return "it ends too early"
    if isinstance(error, exceptions.LexerError):
        return f"'{error.token_value}' at character {error.lex_position + 1} begins nothing"
    if isinstance(error, exceptions.ParseError):
        return f"'{error.token_value}' cannot stand at character {error.lex_position + 1}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200]
