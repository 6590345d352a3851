"""The bar for learned risk, held on the last month of a bank's changes.

They lie beside the checkout, in `../shared/itsm` or where AIRMEND_SHARED says, since their terms
are not ours. Without that folder nothing is tried here.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airmend.change.learning.fitting import fit
from airmend.change.learning.leaks import refuse_leaks
from airmend.change.learning.metrics import measure
from airmend.change.learning.reading import read_history
from tests.texts import SHARED

FILE = SHARED / "itsm" / "changes.csv.gz"
LAST_MONTH = datetime(2014, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason=f"needs {FILE}; AIRMEND_SHARED names the folder shared"
)


def test_a_month_that_was_never_seen_is_ranked_and_calibrated_well_enough() -> None:
    history = read_history(FILE, strict=True)
    refuse_leaks(history.changes, history.columns, str(FILE))
    earlier = [change for change in history.changes if change.opened_at < LAST_MONTH]
    later = [change for change in history.changes if change.opened_at >= LAST_MONTH]
    model = fit(earlier, seed=0).model
    figures = measure([bool(change.failed) for change in later], model.predict(later))
    assert figures.pr_auc > 0.28
    assert figures.roc_auc > 0.84
    assert figures.ece < 0.02
    assert figures.caught["10%"] > 0.5
