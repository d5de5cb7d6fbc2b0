"""What the decoder is asked: about images of the sample, and for volumes."""

import numpy as np

from encaudit.audits.controls import Plan
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions, Watcher
from encaudit.calibration import Calibration, calibrate, measurements_of
from encaudit.likelihood import elbo_change
from encaudit.results import OTHER_SEED, Encodings, Measurement
from encaudit.types import Decoder
from encaudit.volumes import VolumeStudy, compare_volumes

MOST_MOVED = 3
LIKELIHOOD_IMAGES = 200  # each is decoded twice under every transform


def ask_the_decoder(
    options: AuditOptions,
    subject: Subject,
    shown: Encodings,
    planned: Plan,
    groups: np.ndarray | None,
    watcher: Watcher,
) -> tuple[list[Measurement], Calibration | None]:
    """Ask the decoder, on the sample: how likely is the image under a moved latent, and is the posterior calibrated?"""
    encoder = subject.opened.encoder
    if planned.why_no_images is not None or options.sample_n == 0:
        return [], None
    index = shown.reference.index
    watcher.stage("Likelihood of the images", unit="images")
    found = elbo_change(
        encoder,
        subject.stack,
        shown,
        [spec for spec in shown.moved if spec != OTHER_SEED and shown.other_reference(spec) is None],
        np.flatnonzero(np.isin(index, planned.sample.rows[:LIKELIHOOD_IMAGES])),
        seed=options.seed,
        groups=groups,
        on_progress=watcher.advance_to,
    )
    if options.calibration == "none":
        return found, None
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
    return found, calibration if isinstance(calibration, Calibration) else None


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
