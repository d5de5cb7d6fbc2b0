"""Figures 12 to 19: digits, in two latent dimensions."""

from pathlib import Path

import numpy as np
import torch

from encaudit.audits import Audit, AuditOptions
from encaudit.comparing import CompareOptions, compare_runs
from encaudit.comparing.runs import read_runs
from encaudit.datasets.digit_images import labels_beside
from encaudit.encoders import open_encoder
from encaudit.encoders.vae import VaeEncoder
from encaudit.encoders.vae_table import ImageTable
from encaudit.images import open_stack
from encaudit.memorisation import loss_difference
from encaudit.report.figures import overlay
from encaudit.results import Summary
from encaudit.stats import generator, share_interval, summarize_dataset
from encaudit.study.figures import Plane, Shown, draw_digits
from encaudit.study.of_trained import nats_gained
from encaudit.study.place import Place
from encaudit.study.results import Measure, measures_of
from encaudit.study.tasks import DIGITS, DIGITS_TABLE, ProbedDigits, Row, TrainedDigits
from encaudit.study.training import ensure_trained
from encaudit.transforms import parse_transform

Images = VaeEncoder | ImageTable

READERS = 10_000  # images that tell which digit a reconstruction is
READ = 2_000  # reconstructions
NEIGHBOURS = 10
GRID, IN_THE_PLANE = 14, (0.01, 0.99)
OF_AUDIT = ("displacement_ratio", "retrieval_rank", "pair_auc", "recoverability")


def measure_trained_digits(row: Row, place: Place) -> tuple[dict[str, Measure], list[str]]:
    """Return the measures of the VAE or the table of digits; the picture is written."""
    task = row.task
    assert isinstance(task, TrainedDigits)
    runs = {key: ensure_trained(key, place) for key in (DIGITS, DIGITS_TABLE)}
    options = CompareOptions(tuple(map(str, runs.values())), base=DIGITS, device=place.device, seed=place.seed)
    compared = compare_runs(options, command=place.command, watcher=place.watcher)
    measures = measures_of(next(one for one in compared.runs if one.name == row.key).measures)
    if task.over is not None:
        measures |= measures_of(compared.pairs[0].measures)
        measures[f"nats_over_{task.over}"] = Measure.of(nats_gained(runs[row.key], runs[task.over], None, place.seed))
        own, other = (compared.particles[f"{key}/kl"] for key in (row.key, task.over))
        measures["kl_above"] = Measure.of(loss_difference(own, other, None, place.seed))
    place.watcher.stage(f"Drawing {row.key}")
    images, labels = _digits(place)
    decoder = _decoder(runs[row.key], place.device)
    mu = next(one for one in read_runs(tuple(map(str, runs.values()))) if one.name == row.key).latents.mu
    rows = first_of_each(labels)
    shown = [Shown("image", images[rows]), Shown("reconstruction", decoded(decoder, mu[rows]))]
    place.picture(row.key, "digits", draw_digits({row.system: mu}, labels, rows, shown, _plane(decoder, mu)))
    return measures, []


def measure_probed_digits(row: Row, place: Place) -> tuple[dict[str, Measure], list[str]]:
    """Return how far shifted digits go, and whether they are still reconstructed as the digits they are."""
    task = row.task
    assert isinstance(task, ProbedDigits)
    run = ensure_trained(DIGITS, place)
    options = AuditOptions(
        str(run),
        transforms=task.transforms,
        images=place.data.digits,
        encoder="vae",
        sample_n=0,
        calibration="none",
        volumes=0,
        device=place.device,
        seed=place.seed,
    )
    audit = place.audit(options)
    place.watcher.stage(f"Drawing {row.key}")
    measures = {
        f"{one.transform}/{one.metric}": Measure.of(one.value)
        for one in audit.report.measurements
        if one.transform is not None and one.metric in OF_AUDIT
    }
    images, labels = _digits(place)
    decoder = _decoder(run, place.device)
    right = _read_right(audit, task.transforms, images, labels, decoder, place.seed)
    for spec, values in right.items():
        measures[f"{spec}/digit_agreement"] = Measure.of(_share(values))
    if len(task.transforms) > 1:
        measures |= measures_of(_rises(audit, task.transforms, right, place.seed))
    spec = task.transforms[-1]
    _draw(row, spec, audit, images, labels, decoder, place)
    return measures, [f"{one.transform}: {one.text}" for one in audit.report.verdicts]


def first_of_each(labels: np.ndarray) -> np.ndarray:
    """Return the first image of each digit."""
    return np.array([int(np.flatnonzero(labels == digit)[0]) for digit in np.unique(labels)])


def decoded(decoder: Images, mu: np.ndarray) -> np.ndarray:
    """Return the images ``m y x`` at latents."""
    return np.asarray(decoder.decode(torch.from_numpy(mu)).cpu().numpy())


def _plane(decoder: Images, mu: np.ndarray) -> Plane:
    """Decode a grid over where most latents ``n 2`` lie."""
    limits = np.quantile(mu, IN_THE_PLANE, axis=0).T
    first, second = np.linspace(limits[:, 0], limits[:, 1], GRID, axis=1, dtype=np.float32)
    z = np.stack(np.meshgrid(first, second), axis=-1)  # a row of one z2
    images = decoded(decoder, z.reshape(-1, 2))
    return Plane(images.reshape(GRID, GRID, *images.shape[1:]), limits)


def _digits(place: Place) -> tuple[np.ndarray, np.ndarray]:
    path = Path(place.data.digits)
    source = open_stack(path)
    images = source.read(np.arange(len(source))).images.numpy()
    labels = labels_beside(path)
    assert labels is not None
    return images, labels


def _decoder(run: Path, device: str) -> Images:
    """Return what decodes the latents of a run: the VAE, or the decoder beside a table."""
    opened = open_encoder(str(run), device=device).encoder
    assert isinstance(opened, VaeEncoder | ImageTable)
    return opened


def _read_right(
    audit: Audit, specs: tuple[str, ...], images: np.ndarray, labels: np.ndarray, decoder: Images, seed: int
) -> dict[str, np.ndarray]:
    """Whether reconstructions are the digit that the image shows, by most of their 10 nearest images; 0 or 1, ``m``."""
    from sklearn.neighbors import KNeighborsClassifier

    order = generator(seed, "read digits").permutation(len(images))
    count = min(READ, len(images) // 3)
    read, readers = np.sort(order[:count]), order[count : count + READERS]
    reader = KNeighborsClassifier(NEIGHBOURS).fit(images[readers].reshape(len(readers), -1), labels[readers])
    latents = {"identity": audit.encodings.reference.mu} | {spec: audit.encodings.moved[spec].mu for spec in specs}
    return {
        spec: (reader.predict(decoded(decoder, mu[read]).reshape(len(read), -1)) == labels[read]).astype(np.float64)
        for spec, mu in latents.items()
    }


def _share(right: np.ndarray) -> Summary:
    return summarize_dataset(float(right.mean()), share_interval(right, None), len(right))


def _rises(audit: Audit, specs: tuple[str, ...], right: dict[str, np.ndarray], seed: int) -> dict[str, Summary]:
    """By how much do displacement, rank and lost digits rise from the first shift to the last? Image by image."""
    first, last = (audit.particles[spec] for spec in (specs[0], specs[-1]))
    apart = float(np.median(last["random_distance"]))
    return {
        "further": loss_difference(last["displacement"] / apart, first["displacement"] / apart, None, seed),
        "rank_rises": loss_difference(last["rank"], first["rank"], None, seed),
        "agreement_falls": loss_difference(right[specs[0]], right[specs[-1]], None, seed),
    }


def _draw(
    row: Row, spec: str, audit: Audit, images: np.ndarray, labels: np.ndarray, decoder: Images, place: Place
) -> None:
    rows = first_of_each(labels)
    reference, moved = audit.encodings.reference.mu, audit.encodings.moved[spec].mu
    source = open_stack(Path(place.data.digits))
    shifted = parse_transform(spec)(source.read(rows), seed=place.seed).images.numpy()
    shown = [
        Shown("image", images[rows]),
        Shown("reconstruction", decoded(decoder, reference[rows])),
        Shown("moved", shifted),
        Shown("its reconstruction", decoded(decoder, moved[rows])),
    ]
    clouds = {"the images": reference, f"the images under {spec}": moved}
    place.picture(row.key, "0-digits", draw_digits(clouds, labels, rows, shown))
    place.picture(row.key, "1-overlay", overlay(audit.layouts, spec))
