from __future__ import annotations

from pathlib import Path

import pytest

from airmend.change.learning.columns import (
    ColumnMapping,
    find_columns,
    known_afterwards,
    load_mapping,
    refuse_afterwards,
)
from airmend.errors import ConfigurationError
from tests.documents import ROOT, blocks_of

BANK = [
    "CI Name (aff)",
    "CI Type (aff)",
    "CI Subtype (aff)",
    "Service Component WBS (aff)",
    "Change ID",
    "Change Type",
    "Risk Assessment",
    "Emergency Change",
    "CAB-approval needed",
    "Planned Start",
    "Planned End",
    "Requested End Date",
    "Change record Open Time",
    "label_linked",
    "split",
]


def test_a_bank_s_columns_are_found_and_none_of_them_is_refused() -> None:
    found = find_columns(BANK, ColumnMapping(), "changes.csv")
    assert set(BANK) - set(found.values()) == {"split"}
    assert found["items"] == "CI Name (aff)"
    assert found["failed"] == "label_linked"
    refuse_afterwards(BANK, found, ColumnMapping(), "changes.csv")


@pytest.mark.parametrize(
    "column",
    [
        "Actual Start",
        "actual_end",
        "ActualEnd",
        "Change record Close Time",
        "closed_at",
        "Originated from",
        "# Related Incidents",
        "# Related Interactions",
        "Number of incidents",
        "Closure Code",
        "CI Name (CBy)",
        "Status",
    ],
)
def test_a_column_known_only_afterwards_is_refused_by_its_name(column: str) -> None:
    assert known_afterwards(column)
    header = [*BANK, column]
    found = find_columns(header, ColumnMapping(), "changes.csv")
    with pytest.raises(ConfigurationError, match="known only after the change"):
        refuse_afterwards(header, found, ColumnMapping(), "changes.csv")
    aside = ColumnMapping(ignore=[column])
    refuse_afterwards(header, find_columns(header, aside, "changes.csv"), aside, "changes.csv")


@pytest.mark.parametrize(
    "mapping",
    [
        ColumnMapping(fields={"change_type": "Originated from"}, ignore=["Originated from"]),
        ColumnMapping(extra=["Originated from"], ignore=["Originated from"]),
    ],
)
def test_what_is_used_cannot_be_put_aside(mapping: ColumnMapping) -> None:
    header = [*BANK, "Originated from"]
    found = find_columns(header, mapping, "changes.csv")
    with pytest.raises(ConfigurationError, match="'Originated from' is known only after"):
        refuse_afterwards(header, found, mapping, "changes.csv")


def test_a_missing_column_is_named_with_the_way_to_name_it() -> None:
    with pytest.raises(ConfigurationError, match=r"a\.csv: no column for 'opened_at'.*--columns"):
        find_columns(["Change ID"], ColumnMapping(), "a.csv")


def test_a_mapping_names_columns_in_another_language(tmp_path: Path) -> None:
    file = tmp_path / "columns.yaml"
    file.write_text("fields: {id: Nummer, opened_at: Erfasst}\nextra: [Abteilung]\n")
    header = ["Nummer", "Erfasst", "Abteilung"]
    assert find_columns(header, load_mapping(file), "a.csv") == {
        "id": "Nummer",
        "opened_at": "Erfasst",
    }


def test_a_mapping_with_an_unknown_field_or_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "columns.yaml"
    file.write_text("fields: {colour: Farbe}\n")
    with pytest.raises(ConfigurationError, match="no field 'colour'"):
        load_mapping(file)
    with pytest.raises(ConfigurationError, match="no column 'Farbe'"):
        find_columns(BANK, ColumnMapping(extra=["Farbe"]), "a.csv")


def test_the_mapping_of_the_documents_is_one(tmp_path: Path) -> None:
    (block,) = [b for b in blocks_of(ROOT / "docs/risk-models.md") if b.label == "columns.yaml"]
    file = tmp_path / "columns.yaml"
    file.write_text(block.text)
    header = ["Nummer", "Erfasst", "Misslungen", "Abteilung", "Actual End"]
    mapping = load_mapping(file)
    found = find_columns(header, mapping, "a.csv")
    assert found["failed"] == "Misslungen"
    refuse_afterwards(header, found, mapping, "a.csv")
