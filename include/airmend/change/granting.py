"""What people grant and take: a template of a standard change, a rung of the ladder.

In the caller's transaction. Whoever grants has no part in the runbook, as with an approval; to
take away is everybody's. Called by the command line; `suspend_edited` by the publication.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.approval import vote_refusal
from airmend.change.authors import Authors, find_authors
from airmend.change.autonomy import check_move, top_rung
from airmend.change.model import ChangeType
from airmend.change.policy import POLICY, Policy
from airmend.change.signed_content import find_signature_refusal
from airmend.change.standard import meets_bound, success_bound, tell_record
from airmend.change.trust import rung_of, settle_caused
from airmend.errors import (
    RunbookLockedError,
    StandardChangeError,
    UnknownRunbookError,
    UnsignedRunbookError,
)
from airmend.records.authorship import list_authorship
from airmend.records.model import Catalog
from airmend.records.runbooks import (
    current_catalog_version,
    get_catalog,
    get_version,
    lock_reason,
)
from airmend.records.standard import (
    active_templates,
    add_step,
    add_template,
    latest_template,
    queue_for_ladder,
    suspend_template,
)
from airmend.records.standard_model import Autonomy, AutonomyStep, Template
from airmend.records.troubles import count_runs
from airmend.runbook.model import RunbookVersion


def published_version(session: Session, runbook_id: str) -> RunbookVersion:
    """What a runbook holds now, as the DAG processor published it last.

    Raises:
        UnknownRunbookError: It is not published.
        StandardChangeError: It has mistakes now, and starts no new runs.
    """
    current = current_catalog_version(session)
    entries = get_catalog(session, current).entries if current else []
    entry = next((each for each in entries if each.runbook_id == runbook_id), None)
    if entry is None:
        names = ", ".join(each.runbook_id for each in entries) or "none"
        raise UnknownRunbookError(f"no runbook '{runbook_id}' is published; there are: {names}")
    if entry.refused:
        raise StandardChangeError(f"runbook {runbook_id} starts no new runs: {entry.refused}")
    return get_version(session, entry.digest)


def read_authors(session: Session, version: RunbookVersion, policy: Policy) -> Authors:
    """Who may not approve the changes of a runbook version, by its YAML and by git."""
    authorship = list_authorship(session, version.digest)
    return find_authors(version.runbook.authors, authorship, policy.authors)


def approve_template(
    session: Session,
    runbook_id: str,
    policy: Policy,
    *,
    by: str,
    reason: str,
    now: datetime,
    max_hosts: int | None = None,
    hosts: Sequence[str] = (),
) -> Template:
    """Approve what a runbook holds now as the template of a standard change, and set `auto`.

    Args:
        session: The transaction.
        runbook_id: Of the runbook.
        policy: What its record must be worth.
        by: Who approves; no author of the runbook.
        reason: Why.
        now: The time; aware.
        max_hosts: The most hosts of one change; by default as many as the runbook allows.
        hosts: Patterns of hosts, with * and ?; none means any host that the runbook allows.

    Raises:
        UnknownRunbookError: It is not published.
        RunbookLockedError: It is locked.
        UnsignedRunbookError: The policy requires a signature, and nothing of it may run.
        StandardChangeError: It may not be approved, with the reason.
    """
    queue_for_ladder(session)
    version = published_version(session, runbook_id)
    _refuse_grantor(session, version, policy, by, reason)
    unsigned = find_signature_refusal(session, version, policy.runbooks, until=now)
    if unsigned is not None:
        raise UnsignedRunbookError(f"{unsigned}. It gets no template before")
    runbook, most = version.runbook, version.runbook.targets.max_hosts
    if runbook.change.type is not ChangeType.STANDARD:
        raise StandardChangeError(
            f"runbook {runbook_id} makes {runbook.change.type.value} changes; only a standard "
            "change has a template"
        )
    limit = most if max_hosts is None else max_hosts
    if not 1 <= limit <= most:
        raise StandardChangeError(
            f"at most {limit} hosts cannot be: the runbook allows 1 to {most} ('targets.max_hosts')"
        )
    if not all(pattern.strip() for pattern in hosts):
        raise StandardChangeError("an empty pattern of hosts allows nothing; leave it out")
    if (locked := lock_reason(session, runbook_id)) is not None:
        raise RunbookLockedError(f"runbook {runbook_id} is locked: {locked}. Unlock it first")
    settle_caused(session, policy, now=now, digest=version.digest)
    rung = rung_of(session, runbook_id, policy.autonomy)
    if rung.rung < Autonomy.APPROVE.rung:
        raise StandardChangeError(
            f"runbook {runbook_id} stands at '{rung.value}'. It gets a template from 'approve' on; "
            "`airmend autonomy set` moves it up, one rung at a time"
        )
    record = count_runs(session, version.digest)
    if not meets_bound(record, policy.standard):
        raise StandardChangeError(
            f"the record of {runbook_id} {runbook.version} is too small: "
            f"{tell_record(record, policy.standard)}. People approve its changes until then; see "
            "'standard' in the policy file"
        )
    earlier = latest_template(session, runbook_id)
    if earlier is not None:
        suspend_template(session, earlier.id, by=by, reason="replaced by a newer one", at=now)
    template = add_template(
        session,
        runbook_id=runbook_id,
        digest=version.digest,
        approved_by=by,
        approved_at=now,
        reason=reason,
        max_hosts=limit,
        hosts=list(hosts),
        clean_runs=record.clean,
        failed_runs=record.failed,
        bound=success_bound(record, policy.standard),
        asked_bound=policy.standard.success_bound,
    )
    if rung is not Autonomy.AUTO:
        text = f"template {template.id} is approved: {reason}"
        _step(session, runbook_id, rung, Autonomy.AUTO, by=by, reason=text, at=now)
    return template


def suspend_by_person(
    session: Session, runbook_id: str, *, by: str, reason: str, now: datetime
) -> Template:
    """Suspend the template of a runbook; anybody may.

    Raises:
        StandardChangeError: There is none that is not suspended, or no reason is given.
    """
    _require_words(by, reason)
    queue_for_ladder(session)
    template = latest_template(session, runbook_id)
    if template is None or not suspend_template(session, template.id, by=by, reason=reason, at=now):
        raise StandardChangeError(
            f"runbook {runbook_id} has no template that could be suspended. `airmend standard "
            "list` shows those that there are"
        )
    return template


def suspend_edited(session: Session, catalog: Catalog, *, at: datetime) -> list[Template]:
    """Suspend every template whose runbook holds something else by now; gives them."""
    digests = {entry.runbook_id: entry.digest for entry in catalog.entries}
    edited = [
        template
        for template in active_templates(session)
        if digests.get(template.runbook_id, template.digest) != template.digest
    ]
    for template in edited:
        reason = f"the runbook was edited; it is content {digests[template.runbook_id][:12]} now"
        suspend_template(session, template.id, by=POLICY, reason=reason, at=at)
    return edited


def move_on_ladder(
    session: Session,
    runbook_id: str,
    wanted: Autonomy,
    policy: Policy,
    *,
    by: str,
    reason: str,
    now: datetime,
) -> AutonomyStep:
    """Move a runbook on the ladder: up one rung by somebody with no part in it, down by anybody.

    Raises:
        UnknownRunbookError: It is not published.
        StandardChangeError: It may not be moved so, with the reason.
    """
    _require_words(by, reason)
    queue_for_ladder(session)
    version = published_version(session, runbook_id)
    rung = rung_of(session, runbook_id, policy.autonomy)
    template = latest_template(session, runbook_id)
    check_move(
        runbook_id,
        rung,
        wanted,
        top=top_rung(version.runbook.change.type),
        has_template=template is not None
        and template.is_active
        and template.digest == version.digest,
    )
    if wanted.rung > rung.rung:
        _refuse_grantor(session, version, policy, by, reason)
    return _step(session, runbook_id, rung, wanted, by=by, reason=reason, at=now)


def _step(
    session: Session,
    runbook_id: str,
    before: Autonomy,
    level: Autonomy,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> AutonomyStep:
    step = AutonomyStep(
        runbook_id=runbook_id, before=before, level=level, by=by, reason=reason, at=at
    )
    add_step(session, step)
    return step


def _refuse_grantor(
    session: Session, version: RunbookVersion, policy: Policy, by: str, reason: str
) -> None:
    """Refuse whoever may not grant anything to a runbook: by the rules of an approval."""
    _require_words(by, reason)
    authors = read_authors(session, version, policy)
    if authors.unknown and policy.authors.require_committed:
        raise StandardChangeError(
            f"the authors of {version.runbook.id} are not known: {authors.unknown}. The policy "
            "requires that runbooks are committed"
        )
    refusal = vote_refusal(by, "", authors.names, policy)
    if refusal is not None:
        raise StandardChangeError(f"{refusal}; somebody else has to decide this")


def _require_words(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise StandardChangeError("say who decides and why: --by NAME --reason WHY")
