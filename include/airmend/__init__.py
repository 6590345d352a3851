"""Airmend: known errors repaired by Ansible, under change control, on Apache Airflow.

The rooms follow an incident through the house: `incident` takes the signal in,
`runbook` knows the error, `change` decides whether it may be repaired,
`execution` repairs and proves it, `review` writes it up. `records` keeps what
happened; `orchestration`, `web` and `cli` are the doors to Airflow, HTTP and the
terminal.
"""

__version__ = "0.1.0"
