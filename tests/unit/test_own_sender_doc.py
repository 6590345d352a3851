"""The sender of one's own that the documents show is one that Airmend takes."""

from __future__ import annotations

import json
from pathlib import Path

from airmend.cli.lint import lint
from airmend.incident.mapping.files import check_sender
from airmend.incident.mapping.form import PROOFS, AlertForm, SenderForm
from airmend.incident.mapping.source import MappedSource
from airmend.incident.model import AlertStatus, Severity
from airmend.incident.sources import built_in_names
from tests.documents import ROOT, Block, blocks_of

NAME = "config/senders/checkmk.yaml"


def example() -> tuple[Block, Block, str]:
    """The file, the payload that stands below it, and the section that both are in."""
    for path in sorted(ROOT.glob("docs/senders*.md")):
        blocks = blocks_of(path)
        for number, block in enumerate(blocks):
            if block.label == NAME:
                text = path.read_text(encoding="utf-8").split("\n## A sender of your own\n")[1]
                return block, blocks[number + 1], text.split("\n## ")[0]
    raise AssertionError(f"no document shows {NAME}")


def write_example(folder: Path) -> Path:
    """The file exactly as it is shown."""
    path = folder / Path(NAME).name
    path.write_text(example()[0].text)
    return path


def test_it_has_no_mistakes(tmp_path: Path) -> None:
    assert lint([write_example(tmp_path)]) == 0


def test_it_reads_the_payload_that_is_shown(tmp_path: Path) -> None:
    source = check_sender(write_example(tmp_path), built_in_names())
    assert isinstance(source, MappedSource)
    body = json.loads(example()[1].text)
    (alert,) = source.parse(body, {})
    assert (alert.name, alert.host, alert.service) == ("ServiceDown", "web-1", "shop")
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.CRITICAL)
    assert alert.fingerprint == "checkmk:berlin:17"
    assert (alert.summary, alert.description) == ("no answer", "no answer")
    assert alert.labels == {"team": "web", "urgent": "true"}
    assert alert.annotations == {"site": "berlin"}
    assert alert.starts_at is not None
    assert alert.link == "https://checkmk.example/17"
    assert "not_read" not in alert.unmapped
    assert source.delivery_id({}, body) == "n-1"


def test_every_key_and_every_proof_is_explained() -> None:
    _, _, section = example()
    keys = {*AlertForm.model_fields, *SenderForm.model_fields} - {"alert", "description"}
    told = section.split("\n| key | takes |\n")[1]
    assert [key for key in keys if f"`{key}`" not in told and f"`alert.{key}`" not in told] == []
    assert [name for name in PROOFS if f"`{name}`" not in told] == []
