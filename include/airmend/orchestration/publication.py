"""Runbook folders become a published catalog, and a catalog becomes a folder of DAG files.

The records hold everything that a version of the DAG bundle is made of, so that a worker that
never saw the runbooks folder can rebuild any version of it. Called by `bundle`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from airmend.change.granting import suspend_edited
from airmend.records.changes import changes_under_way, changes_without_run
from airmend.records.model import Catalog, CatalogEntry
from airmend.records.runbooks import (
    current_catalog_version,
    get_catalog,
    get_version,
    known_digests,
    publish_catalog,
    save_version,
)
from airmend.runbook.catalog import LoadedCatalog

_log = logging.getLogger(__name__)

CATALOG_FILE = "catalog.json"
DOCUMENTS_FOLDER = "documents"
BROKEN_FOLDER = "runbooks"

_STUB = '''\
"""An import error of airflow for a runbook that makes no dag: it has mistakes."""

from airmend.errors import AirmendError

raise AirmendError({message!r})
'''


def publish_runbooks(
    session: Session, loaded: LoadedCatalog, dag_files: Mapping[str, str], *, at: datetime
) -> Catalog:
    """Keep every new runbook version and make this set the current catalog.

    A runbook that has mistakes now, or is gone, keeps the version that was published last for
    the runs that began with it, marked as refused: no new run starts from it.

    Args:
        loaded: What the runbooks folder holds.
        dag_files: File name to text of the DAG files that go with it.
        at: When.

    Returns:
        The catalog; its version depends on its content alone.
    """
    known = known_digests(session)
    for each in loaded.runbooks:
        if each.version.digest not in known:
            save_version(session, each.version, each.archive, at=at)
    entries = {
        each.version.runbook.id: CatalogEntry(
            runbook_id=each.version.runbook.id, digest=each.version.digest
        )
        for each in loaded.runbooks
    }
    reasons = {broken.folder: broken.messages[0] for broken in loaded.broken}
    current = current_catalog_version(session)
    earlier = get_catalog(session, current).entries if current else []
    in_use = {change.runbook_id for change in changes_under_way(session)}
    in_use |= {change.runbook_id for change in changes_without_run(session)}
    for entry in earlier:
        name = entry.runbook_id
        if name not in entries and (name in reasons or name in in_use):
            reason = reasons.get(name, "the runbook is no longer in the runbooks folder")
            entries[name] = entry.model_copy(update={"refused": reason})
    draft = Catalog(
        version="",
        entries=[entries[name] for name in sorted(entries)],
        broken=sorted(loaded.broken, key=lambda broken: broken.folder),
        dag_files=dict(sorted(dag_files.items())),
    )
    digest = hashlib.sha256(draft.model_dump_json().encode()).hexdigest()[:16]
    catalog = draft.model_copy(update={"version": digest})
    if catalog.version != current:
        publish_catalog(session, catalog, at=at)
        for template in suspend_edited(session, catalog, at=at):
            _log.warning("the template of %s is suspended: it was edited", template.runbook_id)
    return catalog


def write_catalog(session: Session, catalog: Catalog, folder: Path) -> None:
    """Write the DAG files of a catalog below `folder`, at once or not at all.

    The work is done beside the folder, which then gets its name in one step, so that a kill
    leaves nothing half-written and two processes may do the same.
    """
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    try:
        draft.chmod(0o755)
        for name, text in catalog.dag_files.items():
            (draft / name).write_text(text)
        (draft / DOCUMENTS_FOLDER).mkdir()
        for entry in catalog.entries:
            version = get_version(session, entry.digest)
            path = draft / DOCUMENTS_FOLDER / f"{entry.runbook_id}.json"
            path.write_text(version.model_dump_json(by_alias=True))
        (draft / BROKEN_FOLDER).mkdir()
        for broken in catalog.broken:
            path = draft / BROKEN_FOLDER / f"{_safe_name(broken.folder)}.py"
            path.write_text(_STUB.format(message="\n".join(broken.messages)))
        listing = {entry.runbook_id: entry.refused for entry in catalog.entries}
        (draft / CATALOG_FILE).write_text(json.dumps(listing))
        os.rename(draft, folder)
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _safe_name(folder: str) -> str:
    """A file name for a runbook folder, whatever its own name is."""
    if folder.replace("-", "").isalnum() and folder.isascii():
        return folder
    return f"folder-{hashlib.sha256(folder.encode(errors='replace')).hexdigest()[:12]}"
