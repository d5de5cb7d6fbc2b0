"""What a training run came to, in words."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encaudit.train.run_record import RunRecord


def say_how_it_went(record: "RunRecord", output: Path) -> None:
    """Print what a run came to."""
    last = record.epochs[-1].train
    print(
        f"Trained for {len(record.epochs)} epochs on {record.n - len(record.held_out or []):,} images: loss "
        f"{last.total:.5f}, of it reconstruction {last.reconstruction:.5f}; KL {last.kl:.2f} nats. Run: {output}",
        file=sys.stderr,
    )
