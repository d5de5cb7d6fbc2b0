"""An audit from end to end: open, encode, measure, lay out, decode, judge, and put into one report."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from encaudit import findings
from encaudit.audits.controls import plan
from encaudit.audits.covariates import covariates_of
from encaudit.audits.decoder import ask_the_decoder, decode_volumes
from encaudit.audits.encoding import encode_images
from encaudit.audits.given import NOTHING_GIVEN, Given
from encaudit.audits.opening import Subject, open_subject
from encaudit.audits.options import AuditOptions, Watcher, check
from encaudit.audits.other_run import of_the_other_run
from encaudit.audits.record import record_of
from encaudit.audits.stages import Stages, advice
from encaudit.audits.unfinished import begin
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
from encaudit.precision import check_precision, computing, hold
from encaudit.probe import ALONE, Ranks, rounding_of
from encaudit.results import IDENTITY, OTHER_SEED, UNTRAINED, Encodings, Report
from encaudit.shortage import machine_permitting
from encaudit.stability import overall, stability
from encaudit.stats import group_codes
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
    (``n``) is the least of an image under all probes, None where there are none. ``of_encoder`` holds columns that no
    transform has a part in (``n``, NaN where not measured), ``groups`` (``n``) codes of what was sampled together.
    """

    report: Report
    encodings: Encodings
    particles: dict[str, dict[str, np.ndarray]]
    stability: np.ndarray | None
    layouts: list[Layout]
    volumes: VolumeStudy | None
    doses: list[DoseCurve]
    calibration: Calibration | None
    of_encoder: dict[str, np.ndarray] = field(default_factory=dict)
    groups: np.ndarray | None = None


def audit_checkpoint(
    options: AuditOptions,
    *,
    command: Sequence[str] | str,
    watcher: Watcher,
    ranks: Ranks = ALONE,
    unfinished: Path | None = None,
    given: Given = NOTHING_GIVEN,
) -> Audit | None:
    """Has this encoder learned something, or has it memorized its images? One audit, start to end.

    Several ``ranks`` share the encoding; the first makes the audit, the others return None. ``unfinished`` is where
    finished chunks of the encoding are kept, and where ``options.resume`` finds them; nothing else is written. What is
    ``given`` takes the place of what the options name. Raises EncauditError for anything the user can mend.
    """
    stages = Stages(watcher)
    with machine_permitting(lambda: advice(stages.current, stages.batch_size)), computing(options.precision):
        return _audit(options, command, stages, ranks, unfinished, given)


def _audit(
    options: AuditOptions,
    command: Sequence[str] | str,
    watcher: Stages,
    ranks: Ranks,
    unfinished: Path | None,
    given: Given,
) -> Audit | None:
    started = time.monotonic()
    with ranks.together():
        check(options)
        transforms = [parse_transform(spec) for spec in options.transforms]  # misspelt, it fails before anything loads
        longest = max((str(transform) for transform in transforms), key=len, default="")
        if len(longest) > LONGEST_SPEC:
            raise InputError(
                f"A transform of {len(longest)} characters names no file; expected at most {LONGEST_SPEC}."
            )
        device = chosen_device(options.device, ranks)
        check_precision(options.precision, device)
        subject = open_subject(options, device, watcher, given)
        hold(options.precision)  # again: the user's module may have set torch to its own liking
        watcher.stage("Preparing the controls")
        planned = plan(options, transforms, subject)
    beginning = begin(options, subject, planned, device, ranks, unfinished, watcher)
    watcher.batch_size = beginning.batch_size
    encodings = encode_images(options, subject, planned, beginning, ranks, watcher)
    if encodings is None:
        return None
    rounding = None
    if options.precision != "float32":
        watcher.stage("Encoding in float32")
        rounding = rounding_of(
            subject.opened.encoder,
            subject.stack,
            encodings.reference,
            batch_size=beginning.batch_size,
            seed=options.seed,
        )
    kept = np.isin(subject.source.index, encodings.reference.index)
    together = subject.sampled_together
    groups = None if together is None else group_codes(together[kept])  # numbers are sorted faster than names

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
    answers = ask_the_decoder(options, subject, shown, planned, groups, watcher)

    watcher.stage("UMAP" if options.umap else "PCA")
    drawn = _only(shown, planned.drawn)
    layouts = embed(
        drawn,
        seed=options.seed,
        umap=options.umap,
        umap_n=options.umap_n,
        moved_n=COPIES_DRAWN,
        labelled=np.arange(min(LABELLED, len(encodings.reference))),
        neighbours=measured.neighbours,
        on_progress=watcher.note,
    )
    volumes = decode_volumes(options, subject, drawn, watcher)

    saved = _saved_z(subject, encodings, 0.0 if rounding is None else rounding.largest)
    measurements = [
        *measured.measurements,
        *beside,
        *(one for curve in doses for one in curve.measurements),
        *worst,
        *leaks,
        *answers.measurements,
        *overlay_measurements(layouts),
        *(volumes.measurements if volumes is not None else []),
    ]
    found = [
        *findings.of_the_images(encodings),
        *findings.of_the_latents(encodings, measured.measurements),
        *findings.of_the_precision(options.precision, rounding),
        *findings.of_the_saved_z(saved),
        *findings.of_the_checkpoint(subject.opened, subject.data, subject.stack, options.volumes > 0),
        *of_the_other_run(subject.opened, subject.other),
        *findings.of_the_metadata(subject.metadata),
        *findings.of_the_calibration(measurements),
        *planned.missing,
    ]
    record = record_of(options, subject, planned, encodings, beginning.images, command, device, ranks.count)
    record["resumed_chunks"] = beginning.resumed
    record["saved_z"] = asdict(saved) if isinstance(saved, SavedZ) else saved
    if answers.calibration is not None:
        record["calibration"] = answers.calibration.assumed
    record["rounding"] = None if rounding is None else asdict(rounding)
    record["batch_size"] = beginning.batch_size
    record["duration_s"] = round(time.monotonic() - started, 2)
    record["seconds"] = watcher.seconds
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
        calibration=answers.calibration,
        of_encoder=measured.of_encoder | answers.columns,
        groups=groups,
    )


def _only(encodings: Encodings, specs: Sequence[str]) -> Encodings:
    """Leave out the doses and the grid, which have measures and pictures of their own."""
    chosen = [IDENTITY, *specs]
    return replace(encodings, moved={spec: encodings.moved[spec] for spec in encodings.moved if spec in chosen})


def _saved_z(subject: Subject, encodings: Encodings, rounding: float) -> SavedZ | str | None:
    opened = subject.opened
    if not isinstance(opened, OpenedCryodrgn):
        return None
    assert opened.checkpoint is not None
    trained_on = subject.source.kept if opened.config.dataset_args.ind else None
    latents = encodings.reference
    return compare_saved_z(opened.checkpoint, latents.mu, latents.index, trained_on, rounding=rounding)
