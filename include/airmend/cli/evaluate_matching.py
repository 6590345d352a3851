"""`airmend evaluate matching`: how often free text finds the right known error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from airmend.cli.lint import count
from airmend.cli.matching_baselines import AIRMEND, Ranker, rankers
from airmend.cli.matching_queries import GIVEN, TEXT, Query, QuerySet, read_queries
from airmend.errors import ConfigurationError
from airmend.runbook.corpus import read_corpus
from airmend.runbook.similarity import KnownErrorEntry, KnownErrorIndex

UNUSABLE = 2
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class Result:
    """How one way of ranking did on the queries of one form; shares between 0 and 1.

    `mrr` is the mean of 1 / the place of the first right answer, 0 where there is none.
    """

    form: str
    method: str
    queries: int
    top_1: float
    top_3: float
    mrr: float


@dataclass(frozen=True)
class Suggested:
    """What people would be shown, for texts with a right answer and for those without."""

    form: str
    queries: int
    with_suggestion: int
    first_is_right: int
    unknown_queries: int  # texts that are about no known error
    unknown_with_suggestion: int


def matching_command(
    queries: Annotated[
        Path,
        typer.Argument(
            help="Another organisation's runbooks: a folder of Markdown (its file names are the "
            "alerts' names) or Prometheus rules. Or texts with answers: .jsonl, .json or .csv "
            "with 'text' and 'expected'.",
            show_default=False,
        ),
    ],
    corpus: Annotated[
        list[Path],
        typer.Option(
            help="Known errors that are looked up: a folder of Markdown runbooks, Prometheus "
            "rules, or Airmend's own runbooks. May be given again.",
            show_default=False,
        ),
    ],
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the figures as JSON, and nothing else.")
    ] = False,
) -> None:
    """Measure how often free text finds the right known error, beside two plain ways.

    A query from a runbook counts when the corpus has a known error of the same name; that name
    is taken out of its text. The names of both need not be written alike: words count.
    """
    try:
        known = [entry for path in corpus for entry in read_corpus(path)]
        _refuse_equal_ids(known)
        found = read_queries(queries, known)
    except ConfigurationError as error:
        typer.echo(f"airmend: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    document = measure(found, known)
    if json_output:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _print(document)


def measure(found: QuerySet, corpus: Sequence[KnownErrorEntry]) -> dict[str, Any]:
    """Every figure as plain data.

    `mrr`, `top_1` and `top_3` at the top are Airmend's on the whole texts without their names,
    or on the texts as they were given.
    """
    methods = rankers(corpus)
    forms = list(dict.fromkeys(query.form for query in found.queries))
    by_form = {form: [query for query in found.queries if query.form == form] for form in forms}
    results = [
        judge(form, method, rank, by_form[form])
        for form in forms
        if any(query.expected for query in by_form[form])
        for method, rank in methods.items()
    ]
    index = KnownErrorIndex(corpus)
    suggested = [look_at_suggestions(form, index, by_form[form]) for form in forms]
    head = next((r for r in results if r.form in {TEXT, GIVEN} and r.method == AIRMEND), None)
    return {
        "known_errors": len(corpus),
        "queries": len({query.name for query in found.queries}),
        "left_out": found.left_out,
        "mrr": head and head.mrr,
        "top_1": head and head.top_1,
        "top_3": head and head.top_3,
        "results": [asdict(result) for result in results],
        "suggestions": [asdict(each) for each in suggested],
    }


def judge(form: str, method: str, rank: Ranker, queries: Iterable[Query]) -> Result:
    """How one way of ranking does on queries that have a right answer."""
    places = []
    for query in queries:
        if query.expected:
            ranked = rank(query.text)
            found = (place for place, key in enumerate(ranked, start=1) if key in query.expected)
            places.append(next(found, None))
    reached = [place for place in places if place is not None]
    return Result(
        form=form,
        method=method,
        queries=len(places),
        top_1=round(sum(place == 1 for place in reached) / len(places), 4),
        top_3=round(sum(place <= 3 for place in reached) / len(places), 4),
        mrr=round(sum(1 / place for place in reached) / len(places), 4),
    )


def look_at_suggestions(form: str, index: KnownErrorIndex, queries: Iterable[Query]) -> Suggested:
    """What the limit for suggestions does to queries, those without an answer too."""
    firsts = [(query, index.suggest(query.text, 1)) for query in queries]
    known = [(query, first) for query, first in firsts if query.expected]
    unknown = [first for query, first in firsts if not query.expected]
    return Suggested(
        form=form,
        queries=len(known),
        with_suggestion=sum(bool(first) for _, first in known),
        first_is_right=sum(
            bool(first) and first[0].known_error_id in query.expected for query, first in known
        ),
        unknown_queries=len(unknown),
        unknown_with_suggestion=sum(bool(first) for first in unknown),
    )


def _refuse_equal_ids(corpus: Sequence[KnownErrorEntry]) -> None:
    seen: set[str] = set()
    for entry in corpus:
        if entry.id in seen:
            raise ConfigurationError(
                f"two corpora have a known error '{entry.id}'. Give one of them, or rename it."
            )
        seen.add(entry.id)


def _print(document: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    left_out = document["left_out"]
    console.print(
        f"{count(document['queries'], 'query').replace('querys', 'queries')} against "
        f"{count(document['known_errors'], 'known error')}",
        highlight=False,
    )
    if left_out:
        more = f" and {len(left_out) - _SHOWN_NAMES} more" if len(left_out) > _SHOWN_NAMES else ""
        names = ", ".join(left_out[:_SHOWN_NAMES])
        console.print(
            f"Left out, of no known error's name: {names}{more}", highlight=False, markup=False
        )
    table = Table()
    for heading in ("Text", "Method", "n", "Top-1", "Top-3", "MRR"):
        table.add_column(
            heading, justify="left" if heading in {"Text", "Method"} else "right", no_wrap=True
        )
    results = document["results"]
    for number, result in enumerate(results):
        first = number == 0 or results[number - 1]["form"] != result["form"]
        last = number + 1 == len(results) or results[number + 1]["form"] != result["form"]
        figures = [f"{result[key]:.3f}" for key in ("top_1", "top_3", "mrr")]
        form = result["form"] if first else ""
        table.add_row(form, result["method"], str(result["queries"]), *figures, end_section=last)
    console.print(table)
    for each in document["suggestions"]:
        if each["queries"]:
            console.print(
                f"{each['form']}: {each['with_suggestion']} of {each['queries']} get a suggestion; "
                f"the first one is right for {each['first_is_right']}",
                highlight=False,
            )
        if each["unknown_queries"]:
            console.print(
                f"{each['form']}: {each['unknown_with_suggestion']} of {each['unknown_queries']} "
                "texts about no known error get one",
                highlight=False,
            )
