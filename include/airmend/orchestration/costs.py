"""What it costs to make DAGs, and a task to load its own: measured in fresh processes.

`airmend bench` starts `python -m airmend.orchestration.costs MODE ARGUMENT...`. Each sample is
taken in a fork of its own, since a second look in the same process finds everything warm; what
a long-lived process has imported is imported before. Each mode prints one JSON document.
Nothing else calls this.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Report = dict[str, Any]


def publish(runbooks: str, bundle: str) -> Report:
    """Publish a folder of runbooks as the DAG bundle does; not timed."""
    from airmend.orchestration.publication import publish_runbooks, write_catalog
    from airmend.orchestration.services import open_records, utc_now
    from airmend.runbook.catalog import load_catalog

    open_records().migrate()
    with open_records().session() as session:
        catalog = publish_runbooks(
            session, load_catalog(Path(runbooks)), _dag_files(), at=utc_now()
        )
        write_catalog(session, catalog, Path(bundle))
    return {"count": len(catalog.entries)}


def build(runbooks: str, bundle: str, plain: str, repeats: str) -> Report:
    """CPU seconds of all DAGs: runbooks for the first time and again, and the same in Python.

    The three take turns, so that a machine whose speed changes treats them alike. Everything
    that the process of a DAG processor has imported is imported before.
    """
    for name in (
        "airmend.orchestration.dag_builder",
        "airmend.orchestration.publication",
        "airmend.orchestration.services",
        "airmend.runbook.catalog",
        "cel",
    ):
        import_module(name)
    samples: dict[str, list[float]] = {}
    for _ in range(int(repeats)):
        for name, work in (
            ("first", lambda: _build_first(Path(runbooks))),
            ("again", lambda: _build_again(Path(runbooks), Path(bundle))),
            ("plain", lambda: _build_plain(Path(plain))),
        ):
            report = _in_child(work)
            samples.setdefault(name, []).append(report["cpu_seconds"])
            if name == "plain":
                samples.setdefault("compiled", []).append(report["compiled_cpu_seconds"])
    return dict(samples)


def _build_first(runbooks: Path) -> Report:
    """From the bytes of all runbooks, validated, to their DAGs; nothing is kept from before."""
    from airmend.orchestration.dag_builder import build_all
    from airmend.runbook.catalog import load_catalog

    begun = time.process_time()
    loaded = load_catalog(runbooks)
    dags = build_all(each.version for each in loaded.runbooks)
    return {"cpu_seconds": time.process_time() - begun, "count": len(dags)}


def _build_again(runbooks: Path, bundle: Path) -> Report:
    """A further look at unchanged runbooks: is anything new, and all DAGs."""
    from airmend.orchestration.dag_builder import build_dags
    from airmend.orchestration.publication import publish_runbooks
    from airmend.orchestration.services import open_records, utc_now
    from airmend.runbook.catalog import CatalogReader

    reader, dag_files = CatalogReader(runbooks), _dag_files()

    def look() -> None:
        with open_records().session() as session:
            publish_runbooks(session, reader.read(), dag_files, at=utc_now())

    look()
    gc.freeze()
    begun = time.process_time()
    look()
    dags = build_dags(bundle)
    return {"cpu_seconds": time.process_time() - begun, "count": len(dags)}


def _build_plain(folder: Path) -> Report:
    """The same DAGs in Python files: from source, and from kept byte code."""
    files = sorted(folder.glob("*.py"))
    begun = time.process_time()
    codes = [compile(path.read_bytes(), str(path), "exec") for path in files]
    compiled = time.process_time()
    dags = []
    for code in codes:
        module: dict[str, Any] = {"__name__": "plain_dag"}
        exec(code, module)  # noqa: S102 - our own files; what importing them does
        dags.append(module["dag"])
    ended = time.process_time()
    return {
        "cpu_seconds": ended - begun,
        "compiled_cpu_seconds": ended - compiled,
        "count": len(dags),
    }


def load_forked(bundle: str, file: str, dag_id: str, repeats: str) -> Report:
    """What a task's process pays for its DAG, forked from one that imported beforehand."""
    from airmend.orchestration.preloading import preload

    preload()
    return _samples(lambda: _load_one(bundle, file, dag_id), repeats)


def load_cold(bundle: str, file: str, dag_id: str) -> Report:
    """CPU seconds of the same with all imports, Airflow's own among them."""
    _load_one(bundle, file, dag_id)
    return {"cpu_seconds": time.process_time()}


def _load_one(bundle: str, file: str, dag_id: str) -> Report:
    """Load one DAG out of a bundle's folder, in the way in which Airflow's task runner does."""
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.definitions._internal.dag_parsing_context import (
        _airflow_parsing_context_manager,
    )

    with _airflow_parsing_context_manager(dag_id=dag_id, task_id="guard"):
        bag = BundleDagBag(
            dag_folder=str(Path(bundle) / file),
            safe_mode=False,
            load_op_links=False,
            bundle_path=Path(bundle),
            bundle_name="bench",
        )
    if list(bag.dags) != [dag_id]:
        raise SystemExit(f"{file} gave {sorted(bag.dags)} and not {dag_id}: {bag.import_errors}")
    return {"count": len(bag.dags)}


def _dag_files() -> dict[str, str]:
    from airmend.settings import get_settings

    return {path.name: path.read_text() for path in get_settings().dags_dir.glob("*.py")}


def _samples(work: Callable[[], Report], repeats: str) -> Report:
    """The reports of several forks, each value as a list."""
    reports = [_in_child(work) for _ in range(int(repeats))]
    return {key: [report[key] for report in reports] for key in reports[0]}


def _in_child(work: Callable[[], Report]) -> Report:
    """Do some work in a fork; gives its report, and the seconds from before the fork on."""
    gc.collect()
    gc.freeze()  # what was made before is not the child's to look through
    read, write = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            report = work()
            os.write(write, json.dumps(report | {"seconds": time.monotonic() - begun}).encode())
        except BaseException:  # noqa: BLE001 - a child that returned would go on as its parent
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    if not text:
        raise SystemExit("the child failed; what it said is above")
    answer: Report = json.loads(text)
    return answer


MODES: dict[str, Callable[..., Report]] = {
    "publish": publish,
    "build": build,
    "load-forked": load_forked,
    "load-cold": load_cold,
}

if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(MODES[sys.argv[1]](*sys.argv[2:]))}\n")
