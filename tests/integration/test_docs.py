"""Examples of the documents that need a program: Alertmanager's own check, Ansible's inventory."""

from __future__ import annotations

import subprocess
from pathlib import Path

from airmend.execution.inventory import resolve_targets
from tests.documents import ROOT, all_blocks
from tests.programs import require_program


def write_example(folder: Path, name: str) -> Path:
    (block,) = [block for block in all_blocks("yaml") if block.label == name]
    path = folder / name
    path.write_text(block.text)
    return path


def test_alertmanager_takes_its_configuration_from_the_readme(tmp_path: Path) -> None:
    amtool = require_program("amtool")
    path = write_example(tmp_path, "alertmanager.yml")
    done = subprocess.run(
        [amtool, "check-config", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_alerts_of_the_shop_go_to_airmend_and_to_people(tmp_path: Path) -> None:
    amtool = require_program("amtool")
    path = write_example(tmp_path, "alertmanager.yml")
    command = [amtool, "config", "routes", "test", f"--config.file={path}"]
    done = subprocess.run([*command, "service=shop"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "airmend,people"
    done = subprocess.run([*command, "service=mail"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "people"


def test_the_inventory_of_the_documents_has_the_targets_of_the_shipped_runbooks(
    tmp_path: Path,
) -> None:
    path = write_example(tmp_path, "inventory.yaml")
    targets = resolve_targets(path, "web", None, 10, cache_dir=tmp_path / "cache")
    assert [target.name for target in targets] == ["web-1", "web-2"]
    needed = {"http_port", "log_dir", "service_config"}
    assert all(needed <= set(target.variables) for target in targets)
    assert (ROOT / "docs/adr/0005-runbook-content.md").exists()
