"""Which way is better? Only for what has a better and a worse: of a harmless transform, and of the encoder alone."""

from typing import Literal

Better = Literal["lower", "higher"]

# Under a transform that should not matter, the latent should stay where it is.
UNDER_TRANSFORM: dict[str, Better] = {
    "displacement_ratio": "lower",
    "pair_auc": "higher",
    "retrieval_rank": "lower",
    "recall_at_1": "higher",
    "recall_at_10": "higher",
    "neighbour_overlap": "higher",
    "information_imbalance": "lower",
    "information_imbalance_back": "lower",
    "recoverability": "higher",
    "cka": "higher",
    "cluster_agreement": "higher",
    "marginal_distance": "lower",
    "beyond_renoise": "lower",
    "elbo_change": "lower",
    "volume_cc": "higher",
    "volume_fsc_auc": "higher",
    "volume_distance": "lower",
}
OF_ENCODER: dict[str, Better] = {
    "elbo": "higher",
    "mutual_information": "higher",
    "active_units": "higher",
    "leakage_pose": "lower",
    "leakage_defocus": "lower",
    "leakage_astigmatism": "lower",
    "leakage_contrast": "lower",
    "leakage_micrograph": "lower",
    "leakage_optics_group": "lower",
    "sbc_deviation": "lower",
}
BETTER: dict[str, Better] = UNDER_TRANSFORM | OF_ENCODER
# displacement_sigma and posterior_kl are measured by the encoder's own error bars, and fall when these merely widen;
# displacement has the arbitrary units of a latent space, alignment is small for a collapsed encoder too, and
# overlay_fidelity is a property of the picture: they are neither better nor worse.

CONTROLS = ("identity", "permutation", "noise", "untrained", "other-seed")


def is_judged(transform: str | None) -> bool:
    """Has this transform a better and a worse outcome? Not for controls, whose outcome is known or means nothing."""
    if transform is None:
        return True
    return transform.split("+")[0].split(":")[0] not in CONTROLS and not transform.endswith("frame=covariant")


def better(metric: str, transform: str | None) -> Better | None:
    """Return which way a metric is better, None where there is no better."""
    return BETTER.get(metric) if is_judged(transform) else None
