"""Imported by a Celery worker before it forks: what each of its tasks would import.

Celery calls no listener of Airflow's where it starts; the modules that its setting `imports`
names are what it loads first. docker-compose.yml names this one for its workers.
"""

from __future__ import annotations

from airmend.orchestration.preloading import preload

preload()
