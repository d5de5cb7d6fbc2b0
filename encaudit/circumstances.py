"""What does a number depend on, beside encoder and images? What the audit was told, as its provenance has it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Provenance = Mapping[str, Any]

GRID, SBC, LEAKAGE, VOLUME, BEYOND_RENOISE = "worst_case_ratio", "sbc_", "leakage_", "volume_", "beyond_renoise"
OF_THE_IMAGES = tuple(LEAKAGE + name for name in ("pose", "defocus", "astigmatism", "contrast"))
UNKNOWN = object()  # where an older encaudit did not say


@dataclass(frozen=True)
class Circumstance:
    """What an audit was told: its name, its value in words, and what to type to have it again."""

    name: str
    value: str
    again: str


NO_METADATA = Circumstance("--metadata (SHA-256)", "none", "without --metadata")


def differing(
    metric: str, transform: str | None, one: Provenance, other: Provenance
) -> list[tuple[Circumstance, Circumstance]]:
    """Return what a metric under a transform depends on, and two reports were told otherwise; not what one leaves open.

    Without what differs for every metric (images, seed, ...), and without the software.
    """
    ours, theirs = ({found.name: found for found in _of(metric, transform, told)} for told in (one, other))
    return [(ours[name], theirs[name]) for name in ours if name in theirs and ours[name].value != theirs[name].value]


def channels(provenance: Provenance) -> Circumstance | None:
    """Return how many channels the encoder was shown; None where the report does not say."""
    found = _told(provenance, "options", "channels")
    if found is UNKNOWN:
        found = _told(provenance, "checkpoint", "channels")
    return None if found is UNKNOWN else _option("--channels", found)


def metadata(provenance: Provenance) -> Circumstance | None:
    """Return which table of metadata there was; None where the report does not say."""
    found = _told(provenance, "images", "metadata")
    if found is UNKNOWN:
        return None
    if not isinstance(found, Mapping):
        return NO_METADATA
    return _file("--metadata", found, f"--metadata {found.get('path')}")


def calibrated_at(provenance: Provenance) -> str | None:
    """Return where the latents of the calibration were drawn; older reports say so in words alone."""
    asked, words = _told(provenance, "options", "calibration"), _told(provenance, "calibration")
    if isinstance(asked, str):
        return asked
    return None if not isinstance(words, str) else "prior" if "N(0, 1)" in words else "posterior"


def transform_files(provenance: Provenance) -> dict[str, str]:
    """Return the files that transforms read, by their names in specs: the SHA-256 of each."""
    found = _told(provenance, "transform_files")
    files = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return {str(one.get("path")): str(one["sha256"]) for one in files if "sha256" in one}


def files_named(spec: str, provenance: Provenance) -> dict[str, str]:
    """Return those of the files that a spec names."""
    values = {piece.partition("=")[2] for piece in re.split(r"[,+]", spec)}
    return {path: sha256 for path, sha256 in transform_files(provenance).items() if path in values}


def _of(metric: str, transform: str | None, provenance: Provenance) -> Iterator[Circumstance]:
    if metric == GRID and (grid := _told(provenance, "options", "grid")) is not UNKNOWN:
        yield _option("--grid", grid)
    if metric.startswith(SBC) and (latents := calibrated_at(provenance)) is not None:
        yield _option("--calibration", latents)
    if metric.startswith(VOLUME) and (box := _told(provenance, "options", "volume_box")) is not UNKNOWN:
        yield _option("--volume-box", box)
    if metric.startswith(LEAKAGE) and (table := metadata(provenance)) is not None:
        # of what the images themselves tell, a table of no micrographs changes nothing
        without = metric in OF_THE_IMAGES and not provenance.get("groups")
        yield NO_METADATA if without else table
    for path, sha256 in files_named(transform or "", provenance).items():
        yield _file(path, {"sha256": sha256}, f"{path} as it was")
    if metric == BEYOND_RENOISE:
        yield from _of_the_renoise_control(provenance)


def _of_the_renoise_control(provenance: Provenance) -> Iterator[Circumstance]:
    """The draws of noise that others are compared with; a file of clean images by its content, wherever it lies."""
    control = _told(provenance, "sample", "renoise")
    if not isinstance(control, str):
        return
    yield Circumstance(
        "the renoise control", re.sub(r"clean=[^,+]*", "clean=PATH", control), "the same -t, and controls as there"
    )
    for path, sha256 in files_named(control, provenance).items():
        yield _file("the clean images of the renoise control", {"sha256": sha256}, f"{path} as it was")


def _option(name: str, value: object) -> Circumstance:
    if value is None:
        return Circumstance(name, "none", f"without {name}")
    return Circumstance(name, str(value), f"{name} {value}")


def _file(name: str, described: Mapping[str, Any], again: str) -> Circumstance:
    return Circumstance(f"{name} (SHA-256)", str(described.get("sha256"))[:12], again)


def _told(provenance: Provenance, *names: str) -> Any:
    found: Any = provenance
    for name in names:
        if not isinstance(found, Mapping) or name not in found:
            return UNKNOWN
        found = found[name]
    return found
