"""How much time and memory does an audit of many images take once their latents are there?

Every part of an audit after the pass, on the made-up latents of `benchmarks.statistics` with micrographs (a hundred
images each): measures, leakage, PCA (with --umap the UMAP too), verdicts, files and figures. Peaks are those of each
part, above what was resident before it; Linux only. `python -m benchmarks.after_the_pass [--n 200000]`.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.statistics import planted
from encaudit import findings
from encaudit.audits import Audit
from encaudit.embedding import embed, overlay_measurements
from encaudit.metrics import Covariate, measure, measure_against_renoise, measure_leakage
from encaudit.report import figures
from encaudit.report.folder import write_latents, write_particles
from encaudit.results import RENOISE, RENOISE_AGAIN, Encodings, Report
from encaudit.stability import overall, stability
from encaudit.stats import group_codes
from encaudit.verdicts import is_probe, judge

SAMPLED, A_MICROGRAPH, COPIES_DRAWN = 1_000, 100, 500


@contextmanager
def part(name: str) -> Iterator[None]:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, wall, cpu = resident("VmRSS"), time.perf_counter(), time.process_time()
    yield
    seconds, busy = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{seconds:8.1f} s  {busy:8.1f} s of CPU  {resident('VmHWM') - before:+8.0f} MiB  {name}", flush=True)


def resident(which: str) -> float:
    """MiB that are resident, or were at most since the peak started."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


def with_controls(encodings: Encodings) -> Encodings:
    """Add renoise controls on a sample."""
    rows = np.sort(np.random.default_rng(1).choice(len(encodings.reference), SAMPLED, replace=False))
    controls = {RENOISE: encodings.moved["roll1"].take(rows), RENOISE_AGAIN: encodings.moved["rot90"].take(rows)}
    return replace(encodings, moved=encodings.moved | controls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200_000, help="images")
    parser.add_argument("--d", type=int, default=8, help="latent dimensions")
    parser.add_argument("--umap", action="store_true")
    options = parser.parse_args()
    n, rng = options.n, np.random.default_rng(2)
    encodings = with_controls(planted(n, options.d))
    count = n // A_MICROGRAPH + 1
    names = np.array([f"MotionCorr/job002/Movies/FoilHole_{k:08d}_fractions.mrc" for k in range(count)])
    micrographs = names[np.sort(rng.integers(count, size=n))]
    covariates = {
        "pose": Covariate(rng.normal(size=(n, 9))),
        "defocus": Covariate(rng.normal(size=n)),
        "micrograph": Covariate(micrographs, categorical=True),
    }
    with part("micrographs as numbers"):
        groups = group_codes(micrographs)
    with part("measures"):
        measured = measure(encodings, seed=0, groups=groups)
    with part("beyond renoise"):
        beside = measure_against_renoise(encodings, RENOISE, seed=0, groups=groups)
    with part("leakage"):
        leaks = measure_leakage(encodings.reference, covariates, seed=0, groups=groups)
    with part("pictures of the latent space"):
        layouts = embed(encodings, seed=0, umap=options.umap, moved_n=COPIES_DRAWN, neighbours=measured.neighbours)
        drawn = overlay_measurements(layouts)
    with part("findings and verdicts"):
        found = [*findings.of_the_images(encodings), *findings.of_the_latents(encodings, measured.measurements)]
        measurements = [*measured.measurements, *beside, *leaks, *drawn]
        verdicts = judge(measurements, found)
    with part("stability"):
        particles = {
            spec: columns | ({"stability": stability(columns["rank"])} if "rank" in columns else {})
            for spec, columns in measured.particles.items()
        }
        probes = {spec: columns["stability"] for spec, columns in particles.items() if is_probe(spec)}
        least = overall({spec: column for spec, column in probes.items() if len(column) == n})
    report = Report({}, measurements, found, verdicts)
    audit = Audit(report, encodings, particles, least, layouts, None, [], None)
    with tempfile.TemporaryDirectory() as folder:
        with part("latents.npz"):
            write_latents(Path(folder) / "latents.npz", encodings)
        with part("particles.csv"):
            write_particles(Path(folder) / "particles.csv", audit)
    with part("figures"):
        for _ in figures.draw_all(audit):
            pass
    latents = [encodings.reference, *encodings.moved.values()]
    held = sum(each.nbytes for one in latents for each in (one.mu, one.logvar, one.index) if each is not None)
    print(f"{held / 2**20:.0f} MiB of latents; {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
