"""Reading the files of a recording, with the place of every mistake."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airmend.errors import ConfigurationError
from airmend.incident.times import read_epoch, read_time

LABEL_FILE = "label.csv"


def mistake(place: str, fact: str, remedy: str) -> ConfigurationError:
    """An error with place, fact and remedy."""
    return ConfigurationError(f"{place}: {fact}. {remedy}")


def read_text_file(path: Path) -> str:
    """A file as text.

    Raises:
        ConfigurationError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise mistake(str(path), "it is not UTF-8 text", "Save the file as UTF-8.") from error
    except OSError as error:
        raise mistake(
            str(path),
            f"cannot be read ({error.strerror})",
            "Name another one, or correct its rights.",
        ) from error


def read_json_file(path: Path) -> Any:
    """A file of JSON.

    Raises:
        ConfigurationError: It cannot be read, or is not JSON.
    """
    return parse_json(read_text_file(path), str(path))


def parse_json(text: str, place: str) -> Any:
    """A text of JSON; `place` is where it stands."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{place}:{error.lineno}" if "\n" in text else place
        raise mistake(where, f"it is not JSON: {error.msg}", "Correct it.") from error
    except (RecursionError, ValueError) as error:
        raise mistake(
            place, "it is JSON that is too deep or has too long a number", "Correct it."
        ) from error


def read_label_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of `label.csv`, each with its place: one a fault.

    Raises:
        ConfigurationError: No such columns, a fault twice, or a row that is too long or short.
    """
    reader = csv.DictReader(io.StringIO(read_text_file(path)), strict=True)
    needed = {"fault_id", "fault_entity"}
    seen: set[str] = set()
    try:
        missing = sorted(needed - set(reader.fieldnames or ()))
        if missing:
            raise mistake(
                f"{path}:1",
                f"the column {missing[0]} is missing",
                "Add it; the first line names the columns.",
            )
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                raise mistake(
                    place, "the row has another number of fields than the first line", "Correct it."
                )
            fault = row["fault_id"].strip()
            if fault in seen or not fault:
                raise mistake(
                    place,
                    f"the fault id '{fault}' is {'there twice' if fault else 'empty'}",
                    "Give each fault one of its own.",
                )
            seen.add(fault)
            yield place, {name: value.strip() for name, value in row.items()}
    except csv.Error as error:
        raise mistake(
            f"{path}:{reader.line_num}", f"it is not CSV: {error}", "Correct it."
        ) from error


def read_moment(value: object, place: str) -> Any:
    """A time: ISO 8601, or a number since 1970 in seconds, milliseconds, micro- or nanoseconds.

    Raises:
        ConfigurationError: It is none.
    """
    moment = read_epoch(value) or read_time(value)
    if moment is None:
        shown = repr(value)[:60]
        raise mistake(
            place, f"{shown} is no time", "Write a number since 1970, or 2026-03-02T09:00:00Z."
        )
    return moment
