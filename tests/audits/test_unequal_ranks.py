"""Ranks that do not see the same end together, before anything is encoded or written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encaudit.audits import AuditOptions, audit_checkpoint
from encaudit.cli.progress import Progress
from encaudit.errors import InputError
from encaudit.precision import computing
from encaudit.probe import Ranks
from tests.fresh_run import FreshRun
from tests.probe.test_ranks import on_each


def audited(run: FreshRun, tmp_path: Path, **of_the_second: Any) -> list[Any]:
    """What each of two ranks raises, when the second is told something else."""
    options = AuditOptions(str(run.checkpoint), images=str(run.particles), device="cpu", batch_size="10")

    def act(ranks: Ranks) -> Any:
        own = options if ranks.is_first else replace(options, **of_the_second)
        return audit_checkpoint(
            own, command=[], watcher=Progress(shown=False), ranks=ranks, unfinished=tmp_path / "unfinished"
        )

    with computing("float32"):  # the two of them set the switches of one torch, which this puts back
        found = on_each(2, act)
    assert not (tmp_path / "unfinished").exists()
    return found


def test_other_images_of_the_same_shape(run: FreshRun, tmp_path: Path) -> None:
    images = run.images.copy()
    images[29, 0, 0] += 1
    np.save(tmp_path / "others.npy", images)
    first, second = audited(run, tmp_path, images=str(tmp_path / "others.npy"))
    assert isinstance(first, InputError)
    assert "30 of the images (" in str(first)
    assert second.code == 2


@pytest.mark.parametrize(
    ("change", "fact"),
    [({"n": 29}, "images (30 of 16 x 16 pixels for rank 0, 29"), ({"seed": 8}, "--seed (0 for rank 0, 8 for rank 1)")],
)
def test_another_command(run: FreshRun, tmp_path: Path, change: dict[str, Any], fact: str) -> None:
    first, second = audited(run, tmp_path, **change)
    assert fact in str(first)
    assert second.code == 2


def test_a_file_that_one_of_them_does_not_find(run: FreshRun, tmp_path: Path) -> None:
    first, second = audited(run, tmp_path, images=str(tmp_path / "gone.mrcs"))
    assert first.code == 2
    assert "gone.mrcs" in str(second)
