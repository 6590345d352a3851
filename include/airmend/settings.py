"""What an operator can set, read once from AIRMEND_* variables.

Owns names, defaults and meaning of every setting; the README's table is made from here.
Secrets are not settings: they live in Airflow's connections or a secrets backend.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one Airmend installation; relative paths are relative to `home`'s parent."""

    model_config = SettingsConfigDict(env_prefix="AIRMEND_", extra="forbid", frozen=True)

    home: Path = Field(
        default=Path(".airmend"),
        description="Folder for what Airmend writes: records, reports, unpacked runbook versions.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the records; empty means a SQLite file below the home.",
    )
    runbooks_dir: Path = Field(
        default=Path("runbooks"), description="Folder with one folder a runbook."
    )
    dags_dir: Path = Field(
        default=Path("dags"), description="Folder with the DAG files that go with the runbooks."
    )
    inventory: Path = Field(
        default=Path("inventory"), description="Ansible inventory: a file or a folder."
    )
    ansible_environment: str = Field(
        default="",
        description="Names of environment variables that Ansible is given besides the usual ones, "
        "with commas between them: AWS_PROFILE for a cloud inventory.",
    )
    topology_file: Path | None = Field(
        default=None,
        description="YAML or JSON of services and configuration items with depends_on.",
    )
    policy_file: Path | None = Field(
        default=None, description="YAML of the change policy; without one the defaults hold."
    )
    senders_dir: Path = Field(
        default=Path("config/senders"),
        description="Folder with one YAML file for each alert source of your own.",
    )
    maintenance_dir: Path | None = Field(
        default=None, description="Folder of iCalendar files with the maintenance windows."
    )
    reports_dir: Path | None = Field(
        default=None, description="Folder for the reports; without one, `reports` below the home."
    )
    base_url: str = Field(
        default="http://localhost:8080", description="Where people reach Airflow; used in links."
    )
    webhook_attempts_per_minute: int = Field(
        default=60_000,
        ge=1,
        description="Requests a minute from one address to one alert source, proven or not; "
        "what goes beyond is answered 429.",
    )
    webhook_deliveries_per_minute: int = Field(
        default=30_000,
        ge=1,
        description="Deliveries a minute of one alert source, of proven senders; what goes beyond "
        "is answered 503.",
    )
    webhook_in_flight: int = Field(
        default=256,
        ge=1,
        description="Deliveries that are read or stored at one moment; one source has at most "
        "half, one address a quarter. What goes beyond is answered 503.",
    )
    intake_host: str = Field(
        default="127.0.0.1", description="Where `airmend intake` listens: an address."
    )
    intake_port: int = Field(
        default=8081, ge=1, le=65535, description="The port of `airmend intake`."
    )
    tickets_file: Path | None = Field(
        default=None,
        description="YAML of the ticket system that incidents and changes are told to; without "
        "one, none is.",
    )
    notifiers_file: Path | None = Field(
        default=None,
        description="YAML of the notifiers that tell people of approvals; without one, nobody is "
        "told but in Airflow.",
    )
    roles_max_age_seconds: int = Field(
        default=120,
        ge=30,
        le=3_600,
        description="How old what Airflow's API server wrote down of roles may be; where it is "
        "older, no rule that asks a role is met.",
    )
    audit_key_file: Path | None = Field(
        default=None,
        description="The private key of the audit log; without one, `secrets/audit-key` below the "
        "home.",
    )
    audit_queue: str = Field(
        default="",
        description="The Celery queue of the task that seals the audit log, for a worker that "
        "alone holds the key; without one, any worker seals.",
    )
    audit_anchor: str = Field(
        default="",
        description="Where checkpoints of the audit log are kept besides: a folder, or an address "
        "to post them to.",
    )
    audit_retention_days: int | None = Field(
        default=None,
        ge=1,
        description="After how many days `airmend audit prune` may remove ended incidents; "
        "without a number, never.",
    )

    prose_url: str = Field(
        default="",
        description="Address of a language model's API (OpenAI's chat completions) for "
        "`airmend report prose`: https://llm.example/v1. Without one, no text is asked for.",
    )
    prose_model: str = Field(default="", description="The name of that model.")
    prose_timeout_seconds: int = Field(
        default=60, ge=1, le=600, description="How long one of its answers may take."
    )

    @property
    def audit_key_path(self) -> Path:
        """Where the key of the audit log is."""
        return self.audit_key_file or self.home / "secrets" / "audit-key"

    @property
    def audit_checkpoints_path(self) -> Path:
        """The file of the audit log's checkpoints."""
        return self.home / "audit" / "checkpoints"

    @property
    def records_url(self) -> str:
        """The SQLAlchemy URL of the records, with the default filled in."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'airmend.db'}"

    @property
    def reports_path(self) -> Path:
        """Where reports are saved."""
        return self.reports_dir or self.home / "reports"

    @property
    def risk_models_path(self) -> Path:
        """Where learned risk models are kept."""
        return self.home / "risk-models"

    @property
    def versions_path(self) -> Path:
        """Where runbook versions are unpacked for Ansible."""
        return self.home / "runbook-versions"

    @property
    def inventory_cache(self) -> Path:
        """Where the listing of a static inventory is kept."""
        return self.home / "inventory-cache"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
