"""An audit from end to end: open, encode, measure, lay out, decode, judge, and put into one report."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from encaudit import findings
from encaudit.audit.controls import plan
from encaudit.audit.covariates import covariates_of
from encaudit.audit.decoder import ask_the_decoder, decode_volumes
from encaudit.audit.opening import Subject, open_one, open_subject
from encaudit.audit.options import AuditOptions, Watcher, check
from encaudit.audit.record import record_of
from encaudit.calibration import Calibration
from encaudit.devices import chosen_device
from encaudit.dose import DoseCurve, dose_curve, grid_specs, worst_case
from encaudit.embedding import Layout, embed, overlay_measurements
from encaudit.encoders import OpenedCryodrgn
from encaudit.encoders.saved_z import SavedZ, compare_saved_z
from encaudit.errors import InputError
from encaudit.metrics import measure
from encaudit.metrics.against_noise import measure_against_renoise
from encaudit.metrics.leakage import measure_leakage
from encaudit.other_seed import aligned
from encaudit.probe import encode_stack
from encaudit.results import IDENTITY, OTHER_SEED, UNTRAINED, Encodings, Report
from encaudit.stability import overall, stability
from encaudit.transforms import parse_transform
from encaudit.verdicts import is_probe, judge
from encaudit.volumes import VolumeStudy

LABELLED = 10  # the paper's figures 10 and 11 label the first ten particles
COPIES_DRAWN = 500
LONGEST_SPEC = 150  # figures and volumes carry it in their file names


@dataclass(frozen=True)
class Audit:
    """What an audit found: the report, and the arrays and pictures it stands on.

    ``particles[spec]`` holds columns of the images that a transform covers (``encodings.rows(spec)``); ``stability``
    (``n``) is the least of an image under all probes, None where there are none.
    """

    report: Report
    encodings: Encodings
    particles: dict[str, dict[str, np.ndarray]]
    stability: np.ndarray | None
    layouts: list[Layout]
    volumes: VolumeStudy | None
    doses: list[DoseCurve]
    calibration: Calibration | None


def audit_checkpoint(options: AuditOptions, *, command: Sequence[str], watcher: Watcher) -> Audit:
    """Has this encoder learned something, or has it memorized its images? One audit, start to end.

    Raises EncauditError for anything the user can mend; writes nothing.
    """
    started = time.monotonic()
    check(options)
    transforms = [parse_transform(spec) for spec in options.transforms]  # a misspelt name fails before anything loads
    longest = max((str(transform) for transform in transforms), key=len, default="")
    if len(longest) > LONGEST_SPEC:
        raise InputError(f"A transform of {len(longest)} characters names no file; expected at most {LONGEST_SPEC}.")
    device = chosen_device(options.device)
    subject = open_subject(options, device, watcher)
    planned = plan(options, transforms, subject)

    watcher.stage("Encoding", unit="images")
    batch_size = None if options.batch_size == "auto" else int(options.batch_size)
    encodings = encode_stack(
        subject.opened.encoder,
        subject.stack,
        planned.transforms,
        seed=options.seed,
        sample=planned.sample,
        batch_size=batch_size,
        on_progress=watcher.advance_to,
    )
    if options.other_seed is not None:
        encodings = _with_other_seed(options, subject, encodings, device, batch_size, watcher)
    kept = np.isin(subject.source.index, encodings.reference.index)
    together = subject.sampled_together
    groups = None if together is None else together[kept]

    watcher.stage("Measuring")
    shown = _only(encodings, [UNTRAINED, *planned.shown, OTHER_SEED])
    measured = measure(shown, seed=options.seed, groups=groups, on_progress=watcher.note)
    beside = (
        []
        if planned.renoise is None
        else measure_against_renoise(shown, planned.renoise, seed=options.seed, groups=groups)
    )
    doses = [dose_curve(encodings, kind, seed=options.seed, groups=groups) for kind in dict.fromkeys(options.dose)]
    worst = (
        []
        if options.grid is None
        else worst_case(encodings, grid_specs(options.grid), seed=options.seed, groups=groups)
    )
    watcher.note("leakage of what is known of the images")
    leaks = measure_leakage(
        encodings.reference, covariates_of(subject, encodings, kept), seed=options.seed, groups=groups
    )
    of_the_decoder, calibration = ask_the_decoder(options, subject, shown, planned, groups, watcher)

    watcher.stage("Drawing the latent space")
    drawn = _only(shown, planned.drawn)
    layouts = embed(
        drawn,
        seed=options.seed,
        umap=options.umap,
        umap_n=options.umap_n,
        moved_n=COPIES_DRAWN,
        labelled=np.arange(min(LABELLED, len(encodings.reference))),
        on_progress=watcher.note,
    )
    volumes = decode_volumes(options, subject, drawn, watcher)

    watcher.stage("Hashing the images", unit="bytes")
    saved = _saved_z(subject, encodings)
    measurements = [
        *measured.measurements,
        *beside,
        *(one for curve in doses for one in curve.measurements),
        *worst,
        *leaks,
        *of_the_decoder,
        *overlay_measurements(layouts),
        *(volumes.measurements if volumes is not None else []),
    ]
    found = [
        *findings.of_the_images(encodings),
        *findings.of_the_latents(encodings, measured.measurements),
        *findings.of_the_saved_z(saved),
        *findings.of_the_checkpoint(subject.opened, subject.data, subject.stack, options.volumes > 0),
        *findings.of_the_metadata(subject.metadata),
        *findings.of_the_calibration(measurements),
        *planned.missing,
    ]
    record = record_of(options, subject, planned, encodings, command, device, watcher)
    record["saved_z"] = asdict(saved) if isinstance(saved, SavedZ) else saved
    if calibration is not None:
        record["calibration"] = calibration.assumed
    record["duration_s"] = round(time.monotonic() - started, 2)
    particles = {
        spec: columns | ({"stability": stability(columns["rank"])} if "rank" in columns else {})
        for spec, columns in measured.particles.items()
    }
    probes = {
        spec: columns["stability"]
        for spec, columns in particles.items()
        if is_probe(spec) and len(columns.get("stability", ())) == len(encodings.reference)
    }
    return Audit(
        report=Report(record, measurements, found, judge(measurements, found)),
        encodings=encodings,
        particles=particles,
        stability=overall(probes) if probes else None,
        layouts=layouts,
        volumes=volumes,
        doses=doses,
        calibration=calibration,
    )


def _only(encodings: Encodings, specs: Sequence[str]) -> Encodings:
    """Leave out the doses and the grid, which have measures and pictures of their own."""
    chosen = [IDENTITY, *specs]
    return replace(encodings, moved={spec: encodings.moved[spec] for spec in encodings.moved if spec in chosen})


def _with_other_seed(
    options: AuditOptions,
    subject: Subject,
    encodings: Encodings,
    device: str,
    batch_size: int | None,
    watcher: Watcher,
) -> Encodings:
    """Add the latents that another training run gives the same images, turned into this one's frame."""
    assert options.other_seed is not None
    watcher.stage("Encoding by the other run", unit="images")
    other = open_one(options, options.other_seed, device)
    theirs = encode_stack(
        other.encoder, subject.stack, [], seed=options.seed, batch_size=batch_size, on_progress=watcher.advance_to
    )
    if np.array_equal(encodings.reference.mu, theirs.reference.mu):
        raise InputError(
            f"--other-seed {options.other_seed} gives every image the very latent that the audited checkpoint gives: "
            "it is the same network. Give one that was trained from another seed."
        )
    moved = aligned(encodings.reference, theirs.reference, options.seed)
    return replace(encodings, moved=encodings.moved | {OTHER_SEED: moved})


def _saved_z(subject: Subject, encodings: Encodings) -> SavedZ | str | None:
    opened = subject.opened
    if not isinstance(opened, OpenedCryodrgn):
        return None
    assert opened.checkpoint is not None
    trained_on = subject.source.kept if opened.config.dataset_args.ind else None
    return compare_saved_z(opened.checkpoint, encodings.reference.mu, encodings.reference.index, trained_on)
