"""The time of each stage is taken, and what to type where one does not fit into memory."""

import pytest

from encaudit.audits import stages
from encaudit.audits.stages import Stages, advice


class Watching:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def stage(self, what: str, *, unit: str = "") -> None:
        self.told.append((what, unit))

    def advance_to(self, done: int, total: int) -> None:
        self.told.append((done, total))

    def note(self, what: str) -> None:
        self.told.append(what)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that says what the last number of the list is."""
    times = [100.0]
    monkeypatch.setattr(stages.time, "monotonic", lambda: times[-1])
    return times


def test_each_stage_has_its_seconds_and_what_is_before_the_first_is_nobodys(clock: list[float]) -> None:
    watched = Stages(Watching())
    for now, name in ((101.0, "Encoding"), (104.0, "Decoding volumes"), (104.5, "Encoding"), (106.0, "UMAP")):
        clock.append(now)
        watched.stage(name)
    clock.append(110.0)
    assert watched.seconds == {"encoding": 4.5, "decoding volumes": 0.5, "UMAP": 4.0}
    clock.append(111.0)
    assert watched.seconds["UMAP"] == 5.0  # it is still under way
    assert watched.current == "UMAP"


def test_everything_is_handed_on() -> None:
    watching = Watching()
    watched = Stages(watching)
    watched.stage("Encoding", unit="images")
    watched.advance_to(3, 7)
    watched.note("roll1")
    assert watching.told == [("Encoding", "images"), (3, 7), "roll1"]


@pytest.mark.parametrize(
    ("stage", "batch_size", "typed"),
    [
        ("Encoding", 64, "--batch-size 16 (it was 64)"),
        ("Encoding by the other run", 3, "--batch-size 1 (it was 3)"),
        ("Encoding", 1, "smaller images"),
        ("UMAP", 64, "--umap-n N"),
        ("Decoding volumes", 64, "--volume-box D"),
        ("Calibration of the posterior", 64, "--calibration none"),
        ("Measuring", 64, "--n N"),
        ("", None, "--n N"),
    ],
)
def test_the_advice_goes_by_the_stage(stage: str, batch_size: int | None, typed: str) -> None:
    assert typed in advice(stage, batch_size)
