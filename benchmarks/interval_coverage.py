"""How often does a 95 % interval hold the truth? Counted on planted data, for every measure that a verdict stands on.

Latents are a mixture of Gaussians, with effects that the images of a micrograph share, moved by a lawful part and by
noise. The truth is the population value, taken from one very large sample; for quantities that are about n images (the
neighbours among n, a map fitted on n) it is their mean over all data sets of n. Prints a table, and writes it and
a figure: `python -m benchmarks.interval_coverage [--replicates 400] [-o docs]`.
"""

import argparse
import csv
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from encaudit.metrics import ENCODER_METRICS, METRICS, Covariate, measure_against_renoise, measure_leakage
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.measuring import summary
from encaudit.metrics.metric import WholeSet
from encaudit.report.figures.canvas import FAINT, MEASURED_BLUE, MOVED_GREEN, paper, png
from encaudit.results import Encodings, Latents, Summary

HEADLINES = (
    "displacement_ratio",
    "retrieval_rank",
    "pair_auc",
    "neighbour_overlap",
    "displacement_sigma",
    "posterior_kl",
)
OTHERS = (
    "alignment",
    "recoverability",
    "cka",
    "information_imbalance",
    "information_imbalance_back",
    "cluster_agreement",
    "recall_at_1",
    "marginal_distance",
)
ELSEWHERE = ("beyond_renoise", "leakage", "mutual_information")
MEASURES = (*HEADLINES, *OTHERS, *ELSEWHERE)
ABOUT_N = {
    "retrieval_rank",
    "recoverability",
    "leakage",
    "neighbour_overlap",
    "information_imbalance",
    "information_imbalance_back",
    "cluster_agreement",
    "recall_at_1",
    "mutual_information",
    "marginal_distance",
}
DIMENSIONS = 4
LARGE = 1_000_000
WANTED = (0.93, 0.97)


@dataclass(frozen=True)
class Setting:
    """n images, in so many micrographs of equal size (0: each image for itself), moved by noise of this strength."""

    n: int
    micrographs: int
    noise: float

    @property
    def sampled(self) -> str:
        return f"{self.micrographs} x {self.n // self.micrographs}" if self.micrographs else f"{self.n}"

    @property
    def groups(self) -> np.ndarray | None:
        return np.arange(self.n) * self.micrographs // self.n if self.micrographs else None


SETTINGS = [
    Setting(n, micrographs, noise) for n, micrographs in [(200, 0), (1000, 0), (990, 30)] for noise in (0.3, 1, 3)
]


def planted(setting: Setting, seed: int) -> tuple[Encodings, Covariate]:
    """Draw the latents of the images, of the moved ones, of a fresh noise draw, and a covariate that they leak."""
    rng = np.random.default_rng([seed, setting.n, setting.micrographs, int(1000 * setting.noise)])
    n, d = setting.n, DIMENSIONS
    micrograph = np.arange(n) if setting.groups is None else setting.groups
    shared = rng.normal(size=(micrograph.max() + 1, d))[micrograph]
    louder = np.exp(0.3 * rng.normal(size=micrograph.max() + 1))[micrograph, None]
    state = 2.0 * np.array([[1, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 0]])[rng.choice(3, n, p=[0.5, 0.3, 0.2])]
    mu = state + 0.5 * shared + rng.normal(size=(n, d)) * [1, 1, 0.7, 0.5]
    logvar = np.log(0.1) + 0.3 * rng.normal(size=(n, d))
    turn = np.eye(d)
    turn[:2, :2] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
    moved = mu @ turn + 0.3 + setting.noise * louder * rng.normal(size=(n, d))
    renoised = mu + louder * rng.normal(size=(n, d))
    index = np.arange(n)
    entries = {
        "moved": Latents(moved.astype(np.float32), (logvar + 0.1 * rng.normal(size=(n, d))).astype(np.float32), index),
        "renoise": Latents(renoised.astype(np.float32), None, index),
    }
    reference = Latents(mu.astype(np.float32), logvar.astype(np.float32), index)
    return Encodings(reference, entries), Covariate(mu[:, 0] + shared[:, 1] + rng.normal(size=n))


def measured(setting: Setting, chosen: tuple[str, ...], seed: int) -> dict[str, Summary]:
    encodings, covariate = planted(setting, seed)
    cloud = Cloud(encodings.reference, setting.groups, seed)
    pair = Pair(cloud, encodings.moved["moved"])
    found = {name: summary(METRICS.get(name).evaluate(pair), cloud) for name in chosen if name not in ELSEWHERE}
    if "beyond_renoise" in chosen:
        found["beyond_renoise"] = measure_against_renoise(encodings, "renoise", seed=seed, groups=setting.groups)[
            0
        ].value
    if "leakage" in chosen:
        leak = measure_leakage(encodings.reference, {"": covariate}, seed=seed, groups=setting.groups)
        found["leakage"] = leak[0].value
    if "mutual_information" in chosen:
        told = ENCODER_METRICS.get("mutual_information").evaluate(cloud)
        assert isinstance(told, WholeSet)
        found["mutual_information"] = summary(told, cloud)
    measured = {name: one for name, one in found.items() if isinstance(one, Summary)}
    assert len(measured) == len(found), "planted data skip nothing"
    return measured


@cache
def population(noise: float, chosen: tuple[str, ...]) -> dict[str, Summary]:
    return measured(Setting(LARGE, 0, noise), chosen, seed=10**6) if chosen else {}


def coverage(setting: Setting, chosen: tuple[str, ...], replicates: int, pool: ProcessPoolExecutor) -> list[dict]:
    """Count for each measure how often its interval held the truth, and compare its width with the true spread."""
    asked = tuple(name for name in chosen if name not in ABOUT_N)
    large = population(setting.noise, asked)
    found = list(pool.map(partial(measured, setting, chosen), range(replicates), chunksize=10))
    rows = []
    for name in chosen:
        value, low, high = np.array([(one[name].median, one[name].ci_low, one[name].ci_high) for one in found]).T
        truth = _centre(name, value) if name in ABOUT_N else large[name].median
        rows.append(
            {
                "measure": name,
                "images": setting.sampled,
                "noise": setting.noise,
                "truth": f"{truth:.4f}",
                "coverage": f"{((low <= truth) & (truth <= high)).mean():.3f}",
                "bias_in_sd": f"{(value.mean() - truth) / value.std():.2f}",
                "width_by_spread": f"{(high - low).mean() / (2 * 1.96 * value.std()):.2f}",
            }
        )
    return rows


def _centre(name: str, value: np.ndarray) -> float:
    """The median for a median, which stands on the lattice of the ranks among n; else the mean."""
    return float(np.median(value) if name == "retrieval_rank" else value.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--measures", nargs="+", default=MEASURES, choices=MEASURES)
    parser.add_argument("-o", "--output", type=Path, help="folder for coverage.csv and coverage.png")
    options = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for setting in SETTINGS:
            rows += coverage(setting, tuple(options.measures), options.replicates, pool)
            for row in rows[-len(options.measures) :]:
                print("  ".join(f"{value!s:>10}" for value in row.values()), flush=True)
    if options.output is not None:
        with (options.output / "coverage.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        (options.output / "coverage.png").write_bytes(drawn(rows, options.replicates))


def drawn(rows: list[dict], replicates: int) -> bytes:
    names = list(dict.fromkeys(row["measure"] for row in rows))
    with paper(7, 0.28 * len(names) + 1.2) as figure:
        axes = figure.subplots()
        axes.axvspan(*WANTED, color=MOVED_GREEN, alpha=0.2, lw=0)
        for row in rows:
            marker = {"200": "o", "1000": "s"}.get(row["images"], "D")
            axes.plot(float(row["coverage"]), names.index(row["measure"]), marker, color=MEASURED_BLUE, ms=4, alpha=0.6)
        for images, marker in {
            row["images"]: {"200": "o", "1000": "s"}.get(row["images"], "D") for row in rows
        }.items():
            axes.plot([], [], marker, color=MEASURED_BLUE, ms=4, label=f"{images} images")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(right=1.002)
        axes.set_xlabel(f"share of {replicates} intervals that held the truth, at three strengths of noise")
        axes.grid(axis="x", color=FAINT, alpha=0.2)
        axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
        return png(figure)


if __name__ == "__main__":
    sys.exit(main())
