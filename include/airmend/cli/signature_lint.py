"""What `airmend lint` says of signatures: mistakes in their files, and runbooks without one."""

from __future__ import annotations

from pathlib import Path

from airmend.change.signing import RunbooksPolicy, find_refusal, judge_signatures
from airmend.errors import RunbookError
from airmend.runbook.model import RunbookVersion
from airmend.runbook.signature_file import SIGNATURE_FILE, read_signature_file
from airmend.settings import get_settings

SIGN = "Sign it with `airmend runbook sign`."


def read_runbooks_policy() -> RunbooksPolicy:
    """Whose signatures count, by the policy file that is configured.

    Raises:
        ConfigurationError: The file is named and cannot be used.
    """
    path = get_settings().policy_file
    if path is None:
        return RunbooksPolicy()
    from airmend.change.policy import load_policy  # which takes a quarter of a second

    return load_policy(path, calendars=False).runbooks


def lint_signatures(
    folder: Path, version: RunbookVersion | None, policy: RunbooksPolicy
) -> tuple[list[RunbookError], list[str]]:
    """Look at the signatures beside a runbook.

    Args:
        folder: The runbook's folder.
        version: What it holds; None where it has mistakes, and nobody could sign it.
        policy: Whose signatures count.

    Returns:
        Mistakes: a file that cannot be read, or a runbook that the policy refuses. And warnings:
        a runbook that nobody signed, where a key is trusted and none is required.
    """
    try:
        texts = list(map(str, read_signature_file(folder)))
    except RunbookError as mistake:
        return [mistake], []
    if version is None or not policy.trusted_keys:
        return [], []
    verdict = judge_signatures(version, texts, policy)
    if verdict.is_signed:
        return [], []
    path, fact = folder / SIGNATURE_FILE, f"the runbook is {verdict.told}"
    if find_refusal(version, verdict, policy) is None:
        return [], [f"warning: {RunbookError(path, None, fact, SIGN)}"]
    return [RunbookError(path, None, f"{fact}, and the policy requires it", SIGN)], []
