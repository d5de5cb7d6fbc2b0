"""What `encaudit check` checks: a report that is there, or that of a checkpoint, probed as the baseline was."""

import contextlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from encaudit.circumstances import calibrated_at, files_named, transform_files
from encaudit.errors import InputError
from encaudit.gate import Baseline, quantities
from encaudit.hashing import sha256_of
from encaudit.paired import Particles
from encaudit.report.reading_audits import is_report, particles_beside, report_in
from encaudit.results import Report, Summary

NAMED = ":"  # module:pkg.mod:factory, or what a plug-in opens


@dataclass(frozen=True)
class Probing:
    """What the user said of the probe; None where nothing."""

    images: str | None = None
    poses: str | None = None
    ctf: str | None = None
    datadir: str | None = None
    ind: str | None = None
    metadata: str | None = None
    n: int | None = None
    transforms: tuple[str, ...] | None = None
    channels: int | None = None
    seed: int | None = None
    device: str | None = None
    trust_pickle: bool | None = None
    output: Path | None = None

    def said(self) -> list[str]:
        """Return the options that were given."""
        return [f"--{one.name.replace('_', '-')}" for one in fields(self) if getattr(self, one.name) is not None]


def read_or_probe(subject: str, asked: Probing, baseline: Baseline | None) -> tuple[Report, Particles | None]:
    """Return a report and the values of its images; a checkpoint is probed first."""
    path = Path(subject)
    if not path.exists() and NAMED not in subject:
        raise InputError(f"There is no {subject}; expected a folder or report.json of encaudit probe, or a checkpoint.")
    if path.exists() and is_report(path):
        if asked.said():
            raise InputError(
                f"{subject} is a report, which was probed already: {', '.join(asked.said())} would change nothing. "
                "Leave that out, or name the checkpoint."
            )
        return _read(path, baseline)
    if path.is_dir() and (path / "particles.csv").exists():
        raise InputError(f"{path} has no report.json; expected a whole folder of encaudit probe. Probe again.")
    return _probe(subject, asked, baseline)


T = TypeVar("T")


def _told(provenance: dict[str, Any], kind: type[T], *names: str) -> T | None:
    """Return what a baseline says of its probe under these names, one within the other; None where it says nothing."""
    found: Any = provenance
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, kind) else None


def _read(path: Path, baseline: Baseline | None) -> tuple[Report, Particles | None]:
    report = report_in(path)
    if baseline is None or baseline.particles is None:
        return report, None
    return report, particles_beside(path, baseline.particles.index.tolist())


def _probe(subject: str, asked: Probing, baseline: Baseline | None) -> tuple[Report, Particles | None]:
    from encaudit.cli.libraries import prepare_libraries

    prepare_libraries()
    from encaudit.audits import AuditOptions, audit_checkpoint
    from encaudit.cli.progress import Progress
    from encaudit.report.folder import OutputFolder

    before = {} if baseline is None else baseline.report.provenance
    drawn = baseline is None or any(
        metric.startswith("volume_") and isinstance(one.value, Summary)
        for (metric, _), one in quantities(baseline.report).items()
    )
    specs = _told(before, list, "transforms") or []
    transforms = asked.transforms if asked.transforms is not None else tuple(map(str, specs))
    sampled = _told(before, int, "sample", "n")
    _refuse_other_content(asked.metadata, transforms, before)
    options = AuditOptions(
        checkpoint=subject,
        transforms=transforms,
        images=asked.images,
        poses=asked.poses,
        ctf=asked.ctf,
        datadir=asked.datadir,
        ind=asked.ind,
        metadata=asked.metadata,
        n=asked.n if asked.n is not None else _told(before, int, "images", "n"),
        channels=asked.channels if asked.channels is not None else _told(before, int, "checkpoint", "channels"),
        dose=tuple(map(str, _told(before, list, "options", "dose") or ())),
        grid=_told(before, int, "options", "grid"),
        calibration=calibrated_at(before) or AuditOptions.calibration,
        seed=asked.seed if asked.seed is not None else _told(before, int, "seed") or 0,
        sample_n=AuditOptions.sample_n if sampled is None else sampled,
        device=asked.device or "auto",
        trust_pickle=bool(asked.trust_pickle),
        controls=before.get("controls") != [],
        umap=asked.output is not None,
        volumes=AuditOptions.volumes if drawn else 0,
        volume_box=_told(before, int, "options", "volume_box"),
    )
    with contextlib.ExitStack() as stack:
        place = asked.output or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "audit"
        folder = OutputFolder(place)
        with Progress() as progress, contextlib.redirect_stdout(sys.stderr):
            audit = audit_checkpoint(options, command=sys.argv[1:], watcher=progress)
            assert audit is not None, "one process alone makes its audit"
            folder.write(audit, progress)
        return _read(place, baseline)


def _refuse_other_content(table: str | None, transforms: Sequence[str], baseline: dict[str, Any]) -> None:
    """Refuse, before anything is probed, files of the baseline's names that are not what they were."""
    accepted = dict(transform_files(baseline))
    named = {path for spec in transforms for path in files_named(spec, baseline)}
    if table is not None and (of_table := _told(baseline, str, "images", "metadata", "sha256")) is not None:
        accepted[table] = of_table
        named.add(table)
    for path in sorted(named):
        if Path(path).is_file() and (found := sha256_of([path])) != accepted[path]:
            raise InputError(
                f"{path} has another content than the baseline's (SHA-256 {accepted[path][:12]} there, {found[:12]} "
                "now). Name the file as it was. Or, if the new one is right, accept a report with it: encaudit probe "
                "... -o DIR, then encaudit baseline DIR -o FILE --update."
            )
