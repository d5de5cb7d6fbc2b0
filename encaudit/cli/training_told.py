"""What a training run came to, in words."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encaudit.train.run_record import LossTerms, RunRecord


def say_how_it_went(record: "RunRecord", output: Path) -> None:
    """Print what a run came to: the network as it is, and for comparison the last epoch, in which it still learned."""
    last, final = record.epochs[-1].train, _evaluated(output)
    print(
        f"Trained for {len(record.epochs)} epochs on {record.n - len(record.held_out or []):,} images. The final "
        f"network on these images: {_written(final)}. Mean over the last epoch, while it learned: {_written(last)}. "
        f"Run: {output}",
        file=sys.stderr,
    )


def _evaluated(output: Path) -> "LossTerms":
    """Return the means of evaluation.npz over the images trained on, which `encaudit compare` tells too."""
    import numpy as np

    from encaudit.train.run_folder import EVALUATION
    from encaudit.train.run_record import LossTerms

    with np.load(output / EVALUATION) as arrays:
        trained = ~arrays["held_out"]
        total, reconstruction, kl = (float(arrays[name][trained].mean()) for name in ("loss", "reconstruction", "kl"))
    return LossTerms(total=total, reconstruction=reconstruction, kl=kl)


def _written(terms: "LossTerms") -> str:
    return f"loss {terms.total:.5f}, of it reconstruction {terms.reconstruction:.5f}; KL {terms.kl:.2f} nats"
