"""Recordings on disk, small enough to count by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

START = 1_700_000_000
"""2023-11-14T22:13:20Z."""

TOPOLOGY: dict[str, Any] = {
    "nodes": [
        {"id": "cart", "type": "Service"},
        {"id": "web", "type": "Service"},
        {"id": "cart-0", "type": "Service_Instance"},
        {"id": "cart-1", "type": "Service_Instance"},
        {"id": "node-1", "type": "Host"},
        {"id": "node-2", "type": "Host"},
    ],
    "edges": [
        {"source": "web", "target": "cart", "label": "control_flow"},
        {"source": "cart-0", "target": "cart", "label": "instance_of"},
        {"source": "cart", "target": "cart-1", "label": "has_instance"},
        {"source": "cart-0", "target": "node-1", "label": "hosted_on"},
        {"source": "node-1", "target": "cart-1", "label": "hosts"},
    ],
}

LABELS = (
    "fault_id,fault_level,fault_entity,fault_type,fault_st_time,fault_datetime\n"
    f"0,pod,cart-0,cpu,{START},2023-11-15 06:13:20\n"
    f"1,node,node-2,disk,{START + 3600},2023-11-15 07:13:20\n"
)

METRICS: dict[str, Any] = {
    "0": [
        [f"{START}000", "cart-0", "node-1", "cpu", "up"],
        [f"{START + 20}000", "web", None, "latency", "up"],
    ],
    "1": [[f"{START + 3600}000", "node-2", None, "disk", "up"]],
}
TRACES: dict[str, Any] = {"0": [[f"{START + 10}000", "web", "cart-0", "GET /", "PD"]]}
LOGS: dict[str, Any] = {
    "0": [["cart-1", "7", ["2023-11-15 06:13:25.500 | out of memory"], 1, None]],
    "1": [["cart-1", "8", ["no time here"], 1, None]],
}


def write_folder(folder: Path, **files: Any) -> Path:
    """A folder of the layout by fault; `metrics=...` replaces a file, None leaves it out."""
    contents: dict[str, Any] = {
        "label.csv": LABELS,
        "metric/metrics.json": METRICS,
        "trace/traces.json": TRACES,
        "log/logs.json": LOGS,
        "topology.json": TOPOLOGY,
    }
    keys = {
        "labels": "label.csv",
        "metrics": "metric/metrics.json",
        "traces": "trace/traces.json",
        "logs": "log/logs.json",
        "topology": "topology.json",
    }
    contents |= {keys[key]: value for key, value in files.items()}
    for name, content in contents.items():
        if content is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def write_lines(folder: Path, *lines: dict[str, Any], name: str = "alerts.jsonl") -> Path:
    """Alerts as JSON lines."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path
