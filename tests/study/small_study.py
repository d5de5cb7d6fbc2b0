"""A study of 30 particles of 16 pixels and 120 digits of 6, one epoch a row: the smallest on which all rows can run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.images.idx import write_idx
from encaudit.study.carrying_out import Study, study_paper
from encaudit.study.options import StudyOptions
from encaudit.study.scales import Scale
from tests.fresh_run import write_run

NETWORK = {"qlayers": 1, "qdim": 8, "players": 1, "pdim": 8, "zdim": 3}
SMALLEST = Scale(
    "tiny",
    "the smallest",
    particles=0,
    dataset="digits",
    networks={"base": NETWORK, "large": NETWORK | {"qdim": 16}, "small": NETWORK | {"zdim": 2}},
    training={"epochs": 1, "batch_size": 8, "lr": 1e-3},
    digits={"epochs": 1, "batch_size": 32, "encoder_layers": (8,), "decoder_layers": (8,)},
    timed=(16, 1),
    volumes=4,
)


class Watched:
    """A watcher that remembers the stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, what: str, *, unit: str = "") -> None:  # noqa: ARG002 (every watcher is told it)
        self.stages.append(what)

    def advance_to(self, done: int, total: int) -> None: ...

    def note(self, what: str) -> None: ...

    def say(self, what: str | None) -> None: ...


def write_data(folder: Path) -> dict[str, Any]:
    """Write particles and digits; returns the options that name them."""
    run = write_run(folder)
    digits = folder / "digits"
    digits.mkdir()
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 10
    images = (25 * labels[:, None, None] + rng.integers(0, 20, (120, 6, 6))).astype(np.uint8)
    write_idx(images, digits / "train-images-idx3-ubyte.gz")
    write_idx(labels.astype(np.uint8), digits / "train-labels-idx1-ubyte.gz")
    places = {"images": run.particles, "poses": run.folder / "poses.pkl", "ctf": run.folder / "ctf.pkl"}
    return {name: str(path) for name, path in places.items()} | {"mnist": str(digits)}


def study(
    output: Path,
    *,
    stop: Callable[[], object] = lambda: None,
    watcher: Watched | None = None,
    scale: Scale = SMALLEST,
    **told: Any,
) -> Study:
    """Carry out the smallest study."""
    options = StudyOptions(output, device="cpu", **told)
    return study_paper(options, command=["study"], watcher=watcher or Watched(), stop=stop, scale=scale)
