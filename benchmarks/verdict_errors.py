"""How often is a verdict wrong? Encoders whose truth is known by construction, through the real pass and rules.

``python -m benchmarks.verdict_errors`` judges the seeds that no threshold was chosen on, prints the table of truth and
verdict, and writes docs/verdicts.md and docs/verdict_errors.png. ``--calibrate`` judges the other seeds, and
writes nothing; ``--quick`` a part of the cases.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.planted_images import DOUBTS_ALL, Case, verdict
from encaudit.encoders.planted import Mixture

CALIBRATED_ON, REPORTED_ON = 1, 101
IMAGES = (12, 30, 100, 300, 1000)
DIMENSIONS = (2, 8)
SNRS = (0.1, 1.0, 10.0, 100.0)
TRUTHS = ("invariant", "equivariant", "scatters", "memorizes-noise", "collapsed", "too-few-images", "inconclusive")
ROWS = (*TRUTHS, "between")

# invariant, lawful, scattering, hashing: along the edges between them, and some of everything
SHARES = (
    *((stays, 0, 1 - stays, 0) for stays in (1, 0.97, 0.92, 0.88, 0.8, 0.7, 0.5, 0.3, 0)),
    *((stays, 1 - stays, 0, 0) for stays in (0.9, 0.5, 0.2, 0)),
    *((0, turns, 1 - turns, 0) for turns in (0.98, 0.9, 0.7, 0.5)),
    *((stays, 0, 0, 1 - stays) for stays in (0.97, 0.9, 0.7, 0.4, 0.1, 0)),
    *((0, 0, scatters, 1 - scatters) for scatters in (0.9, 0.6, 0.3)),
    *((0.3, 0.3, 0.4, 0), (0.4, 0.2, 0.2, 0.2), (0.2, 0.6, 0.1, 0.1), (0, 0.5, 0, 0.5)),
)
QUICK_SHARES = SHARES[::4]


@dataclass(frozen=True)
class Outcome:
    """A case, and the verdict it got."""

    case: Case
    given: str

    @property
    def kind(self) -> str:
        """How good the verdict is: ``right``, ``withheld`` where there was one to give, or ``wrong``."""
        if self.given in self.case.right:
            return "right"
        return "withheld" if self.given in ("inconclusive", "too-few-images") else "wrong"


def cases(seed: int, shares: Sequence[tuple[float, ...]] = SHARES, images: Sequence[int] = IMAGES) -> list[Case]:
    """Return all combinations, each with images and noise of its own."""
    encoders = [Mixture(d, None, *share) for d, share in product(DIMENSIONS, shares)]
    encoders += [Mixture(d, DOUBTS_ALL, *shares[0]) for d in DIMENSIONS]
    combined = product(images, SNRS, encoders)
    return [Case(encoder, snr, n, seed * 10_000 + number) for number, (n, snr, encoder) in enumerate(combined)]


def judged(case: Case) -> Outcome:
    """Judge one case."""
    torch.set_num_threads(1)
    return Outcome(case, verdict(case).code)


def confusion(outcomes: list[Outcome]) -> dict[str, Counter[str]]:
    """Count the verdicts of each truth."""
    counts: dict[str, Counter[str]] = {row: Counter() for row in ROWS}
    for outcome in outcomes:
        counts[outcome.case.truth][outcome.given] += 1
    return counts


def confident(outcomes: list[Outcome]) -> list[Outcome]:
    """Return those that say something of the encoder."""
    return [one for one in outcomes if one.given not in ("inconclusive", "too-few-images")]


def wrong(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the verdicts that the construction contradicts."""
    return [one for one in outcomes if one.kind == "wrong"]


def rates(outcomes: list[Outcome]) -> str:
    """Say in one sentence how good the verdicts are."""
    said, errors = confident(outcomes), wrong(outcomes)
    withheld = sum(one.kind == "withheld" for one in outcomes)
    clear = [one for one in outcomes if one.case.truth not in ("between", "inconclusive", "too-few-images")]
    share_wrong, share_withheld = len(errors) / max(len(said), 1), withheld / max(len(clear), 1)
    return (
        f"{len(errors)} of {len(said)} confident verdicts are wrong ({share_wrong:.1%}); of {len(clear)} encoders with "
        f"one true verdict, {withheld} did not get it ({share_withheld:.0%})."
    )


def print_table(outcomes: list[Outcome], console: Console) -> None:
    """Print truth by verdict, and every wrong case."""
    counts = confusion(outcomes)
    table = Table(title="verdicts given (columns) by what is true (rows)")
    table.add_column("true by construction")
    for code in TRUTHS:
        table.add_column(code, justify="right")
    for row in ROWS:
        table.add_row(row, *(str(counts[row][code] or "") for code in TRUTHS))
    console.print(table)
    for one in wrong(outcomes):
        console.print(f"wrong: {one.given} for {sorted(one.case.right)}: {one.case}")
    console.print(rates(outcomes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the encoders, up to 300 images")
    parser.add_argument("--calibrate", action="store_true", help="the seeds that thresholds were chosen on")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where to write page and figure")
    options = parser.parse_args()
    started, console = time.monotonic(), Console(width=150)
    first = CALIBRATED_ON if options.calibrate else REPORTED_ON
    chosen = (QUICK_SHARES, IMAGES[:-1]) if options.quick else (SHARES, IMAGES)
    asked = [case for seed in range(first, first + options.seeds) for case in cases(seed, *chosen)]
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        outcomes = list(pool.map(judged, asked, chunksize=8))
    print_table(outcomes, console)
    if not (options.quick or options.calibrate):
        from benchmarks.verdict_pages import figure, page

        (options.docs / "verdicts.md").write_text(page(outcomes), encoding="utf-8")
        (options.docs / "verdict_errors.png").write_bytes(figure(outcomes))
    console.print(f"{len(outcomes)} cases in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
