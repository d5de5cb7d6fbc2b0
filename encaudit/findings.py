"""What a reader of the report has to know before reading a number, in words."""

import numpy as np

from encaudit.encoders import OpenedCryodrgn, OpenedEncoder
from encaudit.encoders.saved_z import SavedZ
from encaudit.encoders.table import TABLE
from encaudit.encoders.training_data import TrainingData
from encaudit.images.metadata import Metadata
from encaudit.probe import NO_LATENT, Rounding
from encaudit.results import Encodings, Finding, Measurement, Summary
from encaudit.types import Decoder, Stack

FEW_IMAGES = 20  # below this no interval is given
NAMED = 10
TRUE_COVERAGE, COVERAGE_SLACK = 0.95, 0.05
CONSTANT_ENCODER = "constant-encoder"
COLLAPSED_POSTERIOR = "collapsed-posterior"
SHARED_LATENT = "shared-latent"
LOOKUP_TABLE = "lookup-table"
COLLAPSED_SIGMA = 0.5  # a random pair this near cannot be told apart by the encoder's own account
MUCH_ROUNDING = 0.01  # of the spread of the latents
UNJUDGED = frozenset({CONSTANT_ENCODER, COLLAPSED_POSTERIOR, SHARED_LATENT})


def of_the_images(encodings: Encodings) -> list[Finding]:
    """Too few; left out because of their pixels; or left out because the encoder gave them no number."""
    found = []
    n = len(encodings.reference)
    if n < FEW_IMAGES:
        found.append(
            Finding(
                "too-few-images",
                "warning",
                f"n = {n} is too few for intervals (at least {FEW_IMAGES} are needed): read the values as anecdotes, "
                "and add images.",
            )
        )
    at_fault = {row: why for row, why in encodings.left_out.items() if not why.startswith(NO_LATENT)}
    without = {row: why for row, why in encodings.left_out.items() if row not in at_fault}
    if at_fault:
        found.append(
            Finding(
                "images-left-out",
                "warning",
                f"{len(at_fault)} images were left out of everything: {_listed(at_fault)}.",
            )
        )
    if without:
        asked = n + len(without)
        found.append(
            Finding(
                "encoder-not-finite",
                "warning",
                f"The encoder gave no finite number (NaN or infinite) for {len(without)} of {asked} images whose own "
                f"pixels are all finite: {_listed(without)}. They are left out of everything, and the values below are "
                "of the others alone. The encoder is at fault, not these images: mend it before you trust or accept "
                "this report.",
            )
        )
    return found


def _listed(left_out: dict[int, str]) -> str:
    more = len(left_out) - NAMED
    listed = "; ".join(f"image {row}: {why}" for row, why in list(left_out.items())[:NAMED])
    return f"{listed}{f'; and {more} more' if more > 0 else ''}"


def of_the_latents(encodings: Encodings, measurements: list[Measurement]) -> list[Finding]:
    """Whether the latents carry anything that a transform could change."""
    mu = encodings.reference.mu
    if not np.ptp(mu, axis=0).any():
        return [
            Finding(
                CONSTANT_ENCODER,
                "warning",
                "The encoder gives every image the same latent. No transform can move it, and nothing was learned.",
            )
        ]
    shared = int(np.unique(mu, axis=0, return_counts=True)[1].max())
    if shared > len(mu) / 2:
        return [
            Finding(
                SHARED_LATENT,
                "warning",
                f"{shared} of {len(mu)} images have the very same latent: the encoder tells none of these apart, "
                "and medians over all images are mostly of them.",
            )
        ]
    apart = next((one.ceiling for one in measurements if one.metric == "displacement_sigma"), None)
    if apart is not None and apart < COLLAPSED_SIGMA:
        return [
            Finding(
                COLLAPSED_POSTERIOR,
                "warning",
                f"Two unrelated images lie {apart:.2g} of the encoder's own error bars apart: the posterior has "
                "collapsed, the latents carry next to nothing, and where a transform moves them says little.",
            )
        ]
    return []


def of_the_precision(precision: str, rounding: Rounding | None) -> list[Finding]:
    """What was lost where the encoder was not computed in float32."""
    if rounding is None:
        return []
    much = rounding.rms > MUCH_ROUNDING
    return [
        Finding(
            "reduced-precision",
            "warning" if much else "note",
            f"Encoded in {precision}: the latents of {rounding.images} images differ from those of float32 by "
            f"{rounding.rms:.1e} of their spread (root mean square), at most by {rounding.largest:.1e}. Displacement "
            f"ratios of about {rounding.rms:.1e} and below are rounding."
            f"{' Type --precision float32 for numbers to rely on.' if much else ''}",
        )
    ]


def of_the_checkpoint(opened: OpenedEncoder, data: TrainingData, stack: Stack, volumes: bool) -> list[Finding]:
    """What is missing, or was done to the metadata, that changes how the numbers read."""
    found = []
    if opened.kind == TABLE:
        found.append(
            Finding(
                LOOKUP_TABLE,
                "warning",
                "This is a lookup table (VLT): it gives an image the latent stored for its number, whatever its "
                "pixels. A displacement of 0 under a transform of pixels is so by construction, and no result.",
            )
        )
    if isinstance(opened, OpenedCryodrgn):
        if data.poses is None:
            found.append(
                Finding(
                    "no-poses",
                    "note",
                    "No poses were given, so the images are encoded where they lie, without centring. If the run was "
                    "trained with translations, give them with --poses.",
                )
            )
        if data.ctf is None:
            found.append(
                Finding(
                    "no-ctf",
                    "note",
                    "No CTF parameters were given, so phases are not flipped. If the run was trained with them, give "
                    "them with --ctf.",
                )
            )
    if volumes and not isinstance(opened.encoder, Decoder):
        found.append(
            Finding("no-decoder", "note", "This encoder comes without a volume decoder: no volumes were compared.")
        )
    elif volumes and stack.apix is None:
        found.append(
            Finding(
                "no-pixel-size", "note", "The pixel size is unknown: volumes are written with 1 angstrom per voxel."
            )
        )
    return found


def of_the_metadata(metadata: Metadata | None) -> list[Finding]:
    """What --metadata told, and what it leaves open."""
    if metadata is None:
        return []
    told = [
        name
        for name, values in (("micrographs", metadata.micrograph), ("optics groups", metadata.optics_group))
        if values is not None
    ]
    said = f"The metadata tell {', '.join([*told, *_first_of(list(metadata.covariates))])}."
    if metadata.micrograph is None:
        said += " They name no micrographs."
    found = [Finding("metadata-read", "note", said)]
    if metadata.by_position is not None:
        found.append(Finding("metadata-by-position", "note", metadata.by_position))
    if metadata.missing:
        listed = ", ".join(_first_of([f"{name} of {count} images" for name, count in metadata.missing.items()]))
        found.append(Finding("metadata-missing", "warning", f"The metadata leave values open: {listed}."))
    return found


def of_the_calibration(measurements: list[Measurement]) -> list[Finding]:
    """Whether the posterior holds what it says it holds."""
    covered = next((one.value for one in measurements if one.metric == "sbc_coverage_95"), None)
    if not isinstance(covered, Summary) or covered.ci_low is None or covered.ci_high is None:
        return []
    if covered.ci_high < TRUE_COVERAGE - COVERAGE_SLACK:
        return [
            Finding(
                "narrow-posterior",
                "warning",
                "The encoder's error bars are too narrow: its 95 % intervals hold the latent that made a simulated "
                f"image in {100 * covered.median:.0f} % of cases (sbc_coverage_95).",
            )
        ]
    if covered.ci_low > TRUE_COVERAGE + COVERAGE_SLACK / 2:
        return [
            Finding(
                "wide-posterior",
                "note",
                f"The encoder's error bars are wide: its 95 % intervals hold the latent that made a simulated image in "
                f"{100 * covered.median:.0f} % of cases (sbc_coverage_95).",
            )
        ]
    return []


def _first_of(names: list[str]) -> list[str]:
    more = len(names) - NAMED
    return [*names[:NAMED], *([f"and {more} more"] if more > 0 else [])]


def of_the_saved_z(saved: SavedZ | str | None) -> list[Finding]:
    """Whether cryoDRGN's own latents came out again."""
    if saved is None:
        return []
    if isinstance(saved, str):
        return [Finding("saved-z-not-compared", "note", f"The saved latents were not compared: {saved}.")]
    if saved.agrees:
        how = "exactly" if saved.max_abs_difference == 0 else f"to within {saved.max_abs_difference:.1e}"
        return [
            Finding(
                "saved-z-reproduced",
                "note",
                f"The latents that were saved with the run are reproduced {how}, over {saved.compared} images.",
            )
        ]
    return [
        Finding(
            "saved-z-differs",
            "warning",
            f"The latents that were saved in {saved.path} are NOT reproduced (largest difference "
            f"{saved.max_abs_difference:.3g} over {saved.compared} images). These images, poses or CTF parameters are "
            "probably not those of the run; check --images, --poses, --ctf and --ind.",
        )
    ]
