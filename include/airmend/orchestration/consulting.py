"""The trained risk model, where one is in use: asked about every change that is assessed.

It comes beside the policy's rules and never instead of them. A model that cannot be used says
nothing where it is only recorded or shown, and stops the change where it may decide. Imports
nothing of Airflow, and scikit-learn only where a model is in use.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from airmend.change.learning.card import Mode
from airmend.change.learning.store import ModelStore
from airmend.change.model import ChangeRequest, RiskScore
from airmend.change.policy import Policy
from airmend.errors import ConfigurationError
from airmend.orchestration.change_run import ChangeRun


def consult_model(
    run: ChangeRun, session: Session, change: ChangeRequest, score: RiskScore, policy: Policy
) -> RiskScore:
    """The score with the model's word; as it is where no model is in use.

    Raises:
        ConfigurationError: The model may raise the band, and cannot be used.
    """
    store = ModelStore(run.settings.risk_models_path)
    uses = store.uses()
    if not uses:
        return score
    from airmend.change.learning.combining import combine
    from airmend.change.learning.prediction import predict_change

    use = uses[-1]
    try:
        model, card = store.load(use.version)
    except ConfigurationError as error:
        if use.mode is Mode.ENFORCING:
            raise
        run.log.warning("the risk model is left out: %s", error)
        return score
    service = run.read_incident(session).service or ""
    learned = predict_change(model, card.version, change, service)
    run.log.info(
        "the risk model %s (%s) says %.1f%%",
        card.version,
        use.mode.value,
        100 * learned.probability,
    )
    return combine(score, learned, use.mode, policy)
