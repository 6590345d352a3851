"""Models on disk: a folder a version, named by its content; which one is used, and the one before.

A model is written whole or not at all, its file is compared with the digest on its card, and only
types that `stored_form` names are loaded from it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from airmend.change.learning.card import Mode, ModelCard, render_card
from airmend.errors import ConfigurationError
from airmend.whole_files import PUBLIC, replace_file

if TYPE_CHECKING:
    from airmend.change.learning.fitting import RiskModel

MODEL_FILE, CARD_FILE, PAGE_FILE, USE_FILE = (
    "model.skops",
    "card.json",
    "MODEL_CARD.md",
    "in-use.json",
)


class Use(BaseModel):
    """Which version was put into use, in which mode, when and by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    mode: Mode
    at: datetime
    by: str


@dataclass(frozen=True)
class ModelStore:
    """The folder of the models."""

    folder: Path

    def save(self, model: RiskModel, make_card: Callable[[str], ModelCard]) -> ModelCard:
        """Store a model with its card; the same content is stored once.

        Args:
            model: The fitted model.
            make_card: Given the model file's SHA-256, makes the card.
        """
        from airmend.change.learning.stored_form import dump_model

        content = dump_model(model)
        card = make_card(hashlib.sha256(content).hexdigest())
        target = self.folder / card.version
        if target.exists():
            return self.card(card.version)
        self.folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".writing-", dir=self.folder))
        try:
            (work / MODEL_FILE).write_bytes(content)
            (work / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
            (work / PAGE_FILE).write_text(render_card(card), encoding="utf-8")
            work.chmod(0o755)
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return card

    def versions(self) -> list[ModelCard]:
        """The cards of all models, the one with the newest training data last."""
        found = [self.card(path.parent.name) for path in self.folder.glob(f"[!.]*/{CARD_FILE}")]
        return sorted(found, key=lambda card: (card.last_opened_at, card.version))

    def card(self, version: str) -> ModelCard:
        """The card of a version; its first digits are enough where they are unambiguous.

        Raises:
            ConfigurationError: There is no such version, or its card cannot be used.
        """
        path = self._find(version) / CARD_FILE
        try:
            card = ModelCard.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConfigurationError(
                f"{path}: is no card of a risk model. Remove the folder and train again."
            ) from error
        if card.version != path.parent.name:
            raise ConfigurationError(
                f"{path}: is the card of {card.version}, not of {path.parent.name}. "
                "Remove the folder and train again."
            )
        return card

    def load(self, version: str) -> tuple[RiskModel, ModelCard]:
        """A model that is what its card says.

        Raises:
            ConfigurationError: The file was changed, or holds a type that is not trusted.
        """
        card = self.card(version)
        path = self.folder / card.version / MODEL_FILE
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"{path}: cannot be read ({error.strerror}). Train again, or use another version."
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != card.model_sha256 or not digest.startswith(card.version):
            raise ConfigurationError(
                f"{path}: its digest is {digest[:16]}, and the card says {card.model_sha256[:16]}: "
                "it was changed after training. Remove the folder and train again."
            )
        from airmend.change.learning.stored_form import load_model

        return load_model(content, str(path)), card

    def uses(self) -> list[Use]:
        """What was put into use, oldest first; the last one holds."""
        path = self.folder / USE_FILE
        if not path.exists():
            return []
        try:
            return [Use.model_validate(each) for each in json.loads(path.read_bytes())]
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(
                f"{path}: cannot be read. Correct it, or remove it and say `airmend risk use`."
            ) from error

    def use(self, version: str, mode: Mode, *, at: datetime, by: str) -> Use:
        """Put a version into use, after loading it once.

        Raises:
            ConfigurationError: There is no such version, or it is not what its card says.
        """
        _, card = self.load(version)
        chosen = Use(version=card.version, mode=mode, at=at, by=by)
        self._write_uses([*self.uses(), chosen])
        return chosen

    def roll_back(self) -> Use | None:
        """Return to what was in use before; None where that was no model at all.

        Raises:
            ConfigurationError: No model is in use, or the one before is not what its card says.
        """
        uses = self.uses()
        if not uses:
            raise ConfigurationError(
                f"{self.folder}: no model is in use, so there is nothing to return from. "
                "`airmend risk use VERSION` puts one into use."
            )
        before = uses[-2] if len(uses) > 1 else None
        if before is not None:
            self.load(before.version)
        self._write_uses(uses[:-1])
        return before

    def _find(self, version: str) -> Path:
        found = sorted(path.parent for path in self.folder.glob(f"[!.]*/{CARD_FILE}"))
        matching = [path for path in found if version and path.name.startswith(version)]
        if len(matching) != 1:
            known = ", ".join(path.name for path in found) or "none; `airmend risk train` makes one"
            raise ConfigurationError(
                f"{self.folder}: {'no' if not matching else 'more than one'} risk model "
                f"'{version}'. There are: {known}."
            )
        return matching[0]

    def _write_uses(self, uses: list[Use]) -> None:
        path = self.folder / USE_FILE
        text = json.dumps([each.model_dump(mode="json") for each in uses], indent=2)
        replace_file(path, text + "\n", mode=PUBLIC)
