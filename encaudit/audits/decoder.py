"""What the decoder is asked: about images of the sample, and for volumes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from encaudit.audits.controls import Plan
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions, Watcher
from encaudit.calibration import Calibration, calibrate, measurements_of
from encaudit.likelihood import ELBO, elbo, elbo_change
from encaudit.results import OTHER_SEED, Encodings, Measurement
from encaudit.types import Decoder
from encaudit.volumes import VolumeStudy, compare_volumes

MOST_MOVED = 3
LIKELIHOOD_IMAGES = 200  # each is decoded twice under every transform


@dataclass(frozen=True, eq=False)
class Answers:
    """What the decoder said: measurements, columns of one value an image (``n``, NaN where not asked), calibration."""

    measurements: list[Measurement]
    columns: dict[str, np.ndarray]
    calibration: Calibration | None


def ask_the_decoder(
    options: AuditOptions,
    subject: Subject,
    shown: Encodings,
    planned: Plan,
    groups: np.ndarray | None,
    watcher: Watcher,
) -> Answers:
    """Ask the decoder, on the sample: how likely is the image under its latent and under a moved one?

    And: is the posterior calibrated?
    """
    encoder = subject.opened.encoder
    if planned.why_no_images is not None or options.sample_n == 0:
        return Answers([], {}, None)
    index = shown.reference.index
    asked = np.flatnonzero(np.isin(index, planned.sample.rows[:LIKELIHOOD_IMAGES]))
    told: dict[str, Any] = {"seed": options.seed, "groups": groups, "on_progress": watcher.advance_to}
    watcher.stage("Likelihood of the images", unit="images")
    explained = elbo(encoder, subject.stack, shown, asked, **told)
    specs = [spec for spec in shown.moved if spec != OTHER_SEED and shown.other_reference(spec) is None]
    watcher.stage("Likelihood under moved latents", unit="images")
    changes = elbo_change(encoder, subject.stack, shown, specs, asked, explained, **told)
    found = [explained.measurement, *changes]
    columns = {}
    if explained.of_images is not None:
        columns[ELBO] = np.full(len(index), np.nan)
        columns[ELBO][asked] = explained.of_images
    if options.calibration == "none":
        return Answers(found, columns, None)
    watcher.stage("Calibration of the posterior", unit="images")
    positions = np.flatnonzero(np.isin(index, planned.sample.rows))
    calibration = calibrate(
        encoder,
        subject.stack,
        np.flatnonzero(np.isin(subject.stack.index, index[positions])),
        z="prior" if options.calibration == "prior" else "posterior",
        seed=options.seed,
        groups=None if groups is None else groups[positions],
        on_progress=watcher.advance_to,
    )
    found += measurements_of(calibration)
    return Answers(found, columns, calibration if isinstance(calibration, Calibration) else None)


def decode_volumes(options: AuditOptions, subject: Subject, drawn: Encodings, watcher: Watcher) -> VolumeStudy | None:
    """Decode and compare the volumes of some particles; None without a volume decoder, or where none are wanted."""
    encoder = subject.opened.encoder
    if options.volumes == 0 or not isinstance(encoder, Decoder):
        return None
    watcher.stage("Decoding volumes", unit="volumes")
    return compare_volumes(
        encoder,
        drawn,
        labelled=options.volumes,
        most_moved=MOST_MOVED,
        box=options.volume_box,
        apix=subject.stack.apix,
        image_size=subject.stack.image_shape[-1],
        seed=options.seed,
        on_progress=watcher.advance_to,
    )
