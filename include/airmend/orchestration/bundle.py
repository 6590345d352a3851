"""A versioned DAG bundle: Airflow runs every task of a run from the version it began with.

Configured in `[dag_processor] dag_bundle_config_list`. The DAG processor calls `refresh`;
workers ask for a version by name, which is rebuilt from the records where it is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion

from airmend.settings import get_settings


class RunbookBundle(BaseDagBundle):
    """Airmend's runbooks as DAG files, by content.

    A version is a catalog of the records (`records.model.Catalog`): DAG files, one document a
    runbook, and a stub for each runbook folder with mistakes, so that these show as import
    errors of their own and hide nobody else.
    """

    supports_versioning = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._current: str | None = self.version
        self._reader: Any = None  # a CatalogReader, imported by whoever reads the folder
        self._authors: Any = None  # an AuthorsTaker, likewise
        self._signatures: Any = None  # and a SignaturesTaker

    def initialize(self) -> None:
        """Make the folder of the version that was asked for, or of what the runbooks hold now."""
        if self.version is None:
            self.refresh()
        elif not self.path.exists():
            with self.lock():
                self._rebuild(self.version)
        super().initialize()

    def refresh(self) -> None:
        """Publish what the runbooks folder holds now; cheap when nothing changed."""
        self._current = self._publish()

    def _publish(self) -> str:
        from airmend.orchestration.authorship import AuthorsTaker
        from airmend.orchestration.publication import publish_runbooks, write_catalog
        from airmend.orchestration.services import open_records, utc_now
        from airmend.orchestration.signatures import SignaturesTaker
        from airmend.runbook.catalog import CatalogReader

        settings = get_settings()
        if self._reader is None:
            self._reader = CatalogReader(settings.runbooks_dir)
            self._authors = AuthorsTaker(settings.runbooks_dir)
            self._signatures = SignaturesTaker(settings.runbooks_dir)
        with self.lock():
            loaded, records = self._reader.read(), open_records()
            self._authors.take(records, loaded, at=utc_now())
            self._signatures.take(records, loaded, at=utc_now())
            with records.session() as session:
                dag_files = {
                    path.name: path.read_text() for path in sorted(settings.dags_dir.glob("*.py"))
                }
                catalog = publish_runbooks(session, loaded, dag_files, at=utc_now())
                write_catalog(session, catalog, self.versions_dir / catalog.version)
        return catalog.version

    def get_current_version(self) -> BundleVersion:
        """The catalog's version."""
        return BundleVersion(version=self._require_current())

    @property
    def path(self) -> Path:
        """The folder of the version in use."""
        return self.versions_dir / self._require_current()

    def _require_current(self) -> str:
        if self._current is None:
            self._current = self._publish()
        return self._current

    def _rebuild(self, version: str) -> None:
        from airmend.orchestration.publication import write_catalog
        from airmend.orchestration.services import open_records
        from airmend.records.runbooks import get_catalog

        with open_records().session() as session:
            write_catalog(session, get_catalog(session, version), self.versions_dir / version)
