"""Is the run of --other-seed the same network, trained on the same images?"""

import math
from pathlib import PurePosixPath

from encaudit.encoders import OpenedCryodrgn, OpenedEncoder
from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.encoders.vae import VaeEncoder
from encaudit.results import Finding

SAME_SPREAD = 0.01  # of the spread that images were divided by


def of_the_other_run(audited: OpenedEncoder, other: OpenedEncoder | None) -> list[Finding]:
    """Warn of whatever is known to differ beside the seed; both have encoded, so that latent dimensions are known."""
    if other is None:
        return []
    before, after = _told(audited), _told(other)
    differing = [
        f"{name} ({_in_words(before[name])} and {_in_words(after[name])})"
        for name in before
        if name in after and not _same(before[name], after[name])
    ]
    if not differing:
        return []
    return [
        Finding(
            "other-seed-differs",
            "warning",
            "The run given as another seed differs by more than that from the audited one: "
            f"{', '.join(differing)}. How far apart the two put an image says as much of this as of the seed.",
        )
    ]


def _told(opened: OpenedEncoder) -> dict[str, str | float]:
    """Return what is known of a network and its training, each by its name."""
    told: dict[str, str | float] = {"kind": opened.kind, "z dimension": str(opened.encoder.latent_dim)}
    if isinstance(opened, OpenedCryodrgn):
        told |= _of_config(opened.config)
    if isinstance(opened.encoder, VaeEncoder):
        architecture = opened.encoder.model.architecture
        told["encoder"] = " x ".join(map(str, architecture.encoder_layers))
        told["decoder"] = " x ".join(map(str, architecture.decoder_layers))
    return told


def _of_config(config: CryodrgnConfig) -> dict[str, str | float]:
    network, data = config.model_args, config.dataset_args
    mask = {None: "half the box", -1: "none"}.get(network.enc_mask, f"{network.enc_mask} pixels")
    return {
        "encoder": f"{network.encode_mode} of {network.qlayers} layers of {network.qdim}",
        "decoder": f"{network.players} layers of {network.pdim}",
        "box": f"{config.box} pixels",
        "tilts": str(config.ntilts or "none"),
        "mask of the encoder": mask,
        "particles": _file(data.particles),
        "rows trained on": _file(data.ind) if data.ind else "all",
        "spread of the images": data.norm[1],
    }


def _file(path: str | None) -> str:
    return "unknown" if path is None else PurePosixPath(path).name  # folders are of the machine that trained


def _in_words(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _same(one: str | float, other: str | float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME_SPREAD)
    return one == other
