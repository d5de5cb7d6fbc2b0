"""What all tests of the command line share."""

import pytest

from encaudit.report.figures import canvas


@pytest.fixture(autouse=True)
def coarse_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """How figures look is tested with them; here they only have to be there, and encoding them takes long."""
    monkeypatch.setattr(canvas, "DPI", 30)
