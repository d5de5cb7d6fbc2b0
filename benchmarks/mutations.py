"""Would the tests of the metrics notice if a metric were wrong?

Copies the package and its tests to a temporary folder, breaks one line at a time, and runs the tests of the metrics
against the broken copy. Prints which test noticed; exits 1 if a mutation survives. `python -m benchmarks.mutations`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = ("encaudit", "tests", "fixtures", "pyproject.toml")


# a test that fails is enough, the smallest example of its failure is not asked for
WITHOUT_SHRINKING = """
from hypothesis import Phase, settings
settings.register_profile("mutated", phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutated")
"""


@dataclass(frozen=True)
class Mutation:
    """One wrong line: ``right``, which is in the file exactly once, becomes ``wrong``."""

    name: str
    file: str
    right: str
    wrong: str


MUTATIONS = (
    Mutation("retrieval_rank off by one", "cloud", "(nearer + 0.5 * tied)", "(nearer + 1 + 0.5 * tied)"),
    Mutation("retrieval_rank divided by n", "cloud", "0.5 * tied) / (n - 1)", "0.5 * tied) / n"),
    Mutation(
        "an image is its own rival in a sample",
        "cloud",
        "0.5 * (as_near - is_rival)) / (len(rivals) - is_rival)",
        "0.5 * as_near) / len(rivals)",
    ),
    Mutation("few rivals are taken for many", "neighbours", "n / len(rivals) * (hits", "1 * (hits"),
    Mutation("recall asks for one place more", "neighbours", "np.clip((k - nearer)", "np.clip((k + 1 - nearer)"),
    Mutation("a tie is no tie", "../pairs/all_pairs", "TIE = 1e-12", "TIE = 0.0"),
    Mutation("an image is its own neighbour", "../pairs/kernels", "and start + j != own[i]", "and True"),
    Mutation("the last dimensions are forgotten", "../pairs/kernels", "range(d - d % 4, d)", "range(d - d % 4, d - 1)"),
    Mutation(
        "information_imbalance rank off by one", "neighbour_influence", "(1 + (nearer - apart)", "(2 + (nearer - apart)"
    ),
    Mutation(
        "information_imbalance ways exchanged",
        "neighbours",
        "pair.cloud.neighbours.nearest, pair.mu)",
        "pair.moved_neighbours.nearest, pair.cloud.mu)",
    ),
    Mutation(
        "alignment of the other sign",
        "geometry",
        "value = min(float(common @ common)",
        "value = min(-float(common @ common)",
    ),
    Mutation(
        "recoverability fitted on what it predicts",
        "geometry",
        "predicted = cross_val_predict(LinearRegression(), cloud.mu, moved, cv=folds)",
        "predicted = LinearRegression().fit(cloud.mu, moved).predict(cloud.mu)",
    ),
    Mutation(
        "cka not centred",
        "geometry",
        "centred = points - points.mean(axis=0)",
        "centred = points - 0 * points.mean(axis=0)",
    ),
    Mutation(
        "pair_auc inverted", "displacement", "value = float(own_below.mean())", "value = 1 - float(own_below.mean())"
    ),
    Mutation(
        "displacement_ratio upside down",
        "displacement",
        "value = float(np.median(pair.displacement)) / random_distance",
        "value = random_distance / float(np.median(pair.displacement))",
    ),
    Mutation(
        "sigma of twice the exponent", "displacement", "np.exp(-0.5 * pair.cloud.logvar)", "np.exp(-pair.cloud.logvar)"
    ),
    Mutation(
        "posterior_kl arguments swapped",
        "divergence",
        "PerImage(gaussian_kl(pair.mu, moved, pair.cloud.mu, reference))",
        "PerImage(gaussian_kl(pair.cloud.mu, reference, pair.mu, moved))",
    ),
    Mutation(
        "marginal_distance without the moved cloud",
        "distribution",
        "reference.sum() - moved.sum())",
        "reference.sum() - reference.sum())",
    ),
    Mutation(
        "beyond_renoise inverted", "against_noise", "share_above(moved, renoised)", "share_above(renoised, moved)"
    ),
    Mutation(
        "beyond_renoise takes other images",
        "against_noise",
        "np.searchsorted(encodings.rows(spec), rows)",
        "np.arange(len(rows))",
    ),
    Mutation(
        "leakage without cross-validation",
        "leakage",
        "LinearRegression().fit(scaled[fit], mu[fit])",
        "LinearRegression().fit(scaled, mu)",
    ),
    Mutation(
        "leakage of categories without cross-validation",
        "leakage",
        "sums = np.stack([np.bincount(codes[fit], weights=column, minlength=levels) for column in mu[fit].T]",
        "count, sums = np.bincount(codes)[:, None], np.stack([np.bincount(codes, weights=column) for column in mu.T]",
    ),
    Mutation("astigmatism of period 360", "leakage", "2 * np.deg2rad(", "np.deg2rad("),
    Mutation("active_units of any variance", "encoder_alone", "(variance > ACTIVE).sum()", "(variance > 0).sum()"),
    Mutation("mutual_information without its mixture", "encoder_alone", "axis=1) - np.log(n)", "axis=1)"),
    Mutation(
        "medians of a third",
        "../stats",
        "np.quantile(values, max(0.5 - reach, 0), method",
        "np.quantile(values, max(0.4 - reach, 0), method",
    ),
    Mutation("pairs counted twice", "../stats", "(sums**2).sum() - (twice**2).sum()", "(sums**2).sum()"),
    Mutation(
        "groups ignored in errors",
        "../stats",
        "sums = influence if groups is None else np.bincount(groups, weights=influence)",
        "sums = influence",
    ),
)


def main() -> int:
    survived = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in COPIED:
            source = ROOT / part
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / part, ignore=leave) if source.is_dir() else shutil.copy(source, copy / part)
        with (copy / "tests" / "conftest.py").open("a") as file:
            file.write(WITHOUT_SHRINKING)
        noticed = tests_that_fail(copy)
        if noticed:
            print(f"the unbroken copy fails {noticed}")
            return 1
        for mutation in MUTATIONS:
            noticed = with_mutation(copy, mutation)
            print(f"{'caught by ' + noticed if noticed else 'SURVIVED':<100} {mutation.name}", flush=True)
            if not noticed:
                survived.append(mutation.name)
    print(f"{len(MUTATIONS) - len(survived)} of {len(MUTATIONS)} mutations caught")
    return 1 if survived else 0


def with_mutation(copy: Path, mutation: Mutation) -> str:
    """Return the first test that fails with the wrong line in place; nothing if none does."""
    path = (copy / "encaudit" / "metrics" / f"{mutation.file}.py").resolve()
    right = path.read_text()
    assert right.count(mutation.right) == 1, f"{mutation.name}: the line to break is not there once; mend the mutation"
    path.write_text(right.replace(mutation.right, mutation.wrong))
    try:
        return tests_that_fail(copy)
    finally:
        path.write_text(right)


def tests_that_fail(copy: Path) -> str:
    # the module that a test imports is that of the copy, since the copy comes first on the path
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    asked = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/metrics",
        "tests/pairs",
        "tests/test_stats.py",
    ]
    run = subprocess.run(asked, cwd=copy, env=environment, capture_output=True, text=True)
    if run.returncode == 0:
        return ""
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0].split("::")[-1] if failed else f"exit {run.returncode}: {run.stderr[-200:]}"


if __name__ == "__main__":
    sys.exit(main())
