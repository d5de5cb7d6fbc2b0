"""What exactly was run, and on what: the provenance of an audit."""

from collections.abc import Sequence
from typing import Any

from encaudit import provenance
from encaudit.audits.controls import Plan
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions
from encaudit.results import Encodings
from encaudit.types import Renderer


def record_of(
    options: AuditOptions,
    subject: Subject,
    planned: Plan,
    encodings: Encodings,
    images: dict[str, Any],
    command: Sequence[str] | str,
    device: str,
    ranks: int,
) -> dict[str, Any]:
    """Say what exactly was run, by how many processes, and on which ``images`` (as ``describe_images`` says)."""
    record = provenance.describe_run(
        command, seed=options.seed, device=device, precision=options.precision, transforms=planned.asked
    )
    record["ranks"] = ranks
    record["controls"] = [spec for spec in planned.shown if spec not in planned.asked]
    record["checkpoint"] = provenance.describe_encoder(subject.opened, options.checkpoint)
    record["images"] = images | {"left_out": len(encodings.left_out)}
    record["sample"] = {
        "n": len(planned.sample.rows),
        "noise": None if planned.sample.noise is None else planned.sample.noise.description,
        "renoise": planned.renoise,
    }
    named = "micrographs" if subject.groups is None else "given"
    record["groups"] = None if subject.sampled_together is None else named
    record["options"] = {
        "channels": options.channels,
        "dose": list(options.dose),
        "grid": options.grid,
        "calibration": options.calibration,
        "volume_box": options.volume_box,
    }
    record["transform_files"] = [provenance.describe_file(path) for path in planned.files]
    if options.channels is not None:
        record["checkpoint"]["channels"] = options.channels
    if isinstance(subject.opened.encoder, Renderer):
        record["checkpoint"]["decoder_noise"] = subject.opened.encoder.noise_model
    if options.other_seed is not None:
        record["other_seed"] = provenance.describe_file(options.other_seed)
    record["images"]["metadata"] = None if options.metadata is None else provenance.describe_file(options.metadata)
    return record
