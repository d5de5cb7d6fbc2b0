"""How large is the study? Data, networks and epochs of tiny, small and full."""

from dataclasses import dataclass
from typing import Any


def _networks(encoder: tuple[int, int], decoder: tuple[int, int], zdim: int) -> dict[str, Any]:
    return dict(zip(("qlayers", "qdim", "players", "pdim", "zdim"), (*encoder, *decoder, zdim), strict=True))


@dataclass(frozen=True)
class Scale:
    """One size of the study.

    ``particles``: how many are simulated where no data are named; 0: they must be named. ``networks``: by the size that
    a row asks for. ``training``: of particles; ``digits``: of digits. ``timed``: images and rounds of Table 1.
    ``table_lr``: of lookup tables, whose rows are visited once an epoch, so that few epochs need longer steps; None:
    its default. ``volumes`` are decoded for H, ``umap_n`` images drawn.
    """

    name: str
    words: str
    particles: int
    dataset: str
    networks: dict[str, dict[str, Any]]
    training: dict[str, Any]
    digits: dict[str, Any]
    timed: tuple[int, int]
    table_lr: float | None = None
    volumes: int = 20
    umap_n: int = 20_000


SCALES = {
    "tiny": Scale(
        "tiny",
        "1,000 simulated particles of 32 pixels and scikit-learn's 1,797 digits; 10 minutes on two cores",
        particles=1_000,
        dataset="digits",
        networks={
            "base": _networks((3, 64), (3, 64), 4),
            "large": _networks((5, 256), (3, 64), 4),
            "small": _networks((2, 64), (3, 64), 2),
        },
        training={"epochs": 24, "batch_size": 16, "lr": 1e-3},
        digits={"epochs": 200, "lr": 1e-3, "encoder_layers": (128, 128), "decoder_layers": (128, 128)},
        timed=(256, 3),
        table_lr=0.05,
    ),
    "small": Scale(
        "small",
        "3,000 particles of 32 pixels and MNIST's 60,000 digits; about 75 minutes on two cores",
        particles=3_000,
        dataset="mnist",
        networks={
            "base": _networks((3, 128), (3, 128), 8),
            "large": _networks((5, 1024), (3, 128), 8),
            "small": _networks((2, 128), (3, 128), 2),
        },
        training={"epochs": 30, "batch_size": 8, "lr": 5e-4},
        digits={"epochs": 60},
        timed=(800, 5),
        table_lr=0.03,
    ),
    "full": Scale(
        "full",
        "EMPIAR-10076 at 128 pixels and MNIST with the paper's settings; days on a GPU",
        particles=0,
        dataset="mnist",
        networks={
            "base": _networks((3, 256), (3, 256), 8),
            "large": _networks((5, 1024), (3, 256), 8),
            "small": _networks((2, 256), (3, 256), 2),
        },
        training={},
        digits={},
        timed=(4_000, 5),
    ),
}
