"""One fitted model for all tests of this folder; fitting takes seconds."""

from __future__ import annotations

import pytest

from airmend.change.learning.fitting import Fitted, fit
from tests.unit.change.learning.histories import make_history


@pytest.fixture(scope="session")
def fitted() -> Fitted:
    return fit(make_history(1_500), seed=0)
