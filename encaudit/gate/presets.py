"""The rules that are there before anyone writes one; all numbers of the gate stand here.

An error is what a worse encoder shows and a mere retraining does not; the rest warns. The tolerances stand on top of
the 95 % interval of the paired difference, because two trainings of one architecture differ by more than chance.
"""

from collections.abc import Mapping
from typing import Literal

from encaudit.errors import UnknownNameError
from encaudit.gate.rules import Allowance, Rule, allowance_of

DEFAULT = "recommended"
Level = Literal["warn", "error"]


def _up(tolerance: object, level: Level = "error") -> Rule:
    return Rule(level=level, max_increase=allowance_of({"ci": tolerance}))


def _down(tolerance: object, level: Level = "error") -> Rule:
    return Rule(level=level, max_decrease=allowance_of({"ci": tolerance}))


# Above what retrainings of one architecture differ by, and below what worsened encoders do: docs/gate_errors.md. More
# images make intervals narrower and seeds no more alike, so each tolerance is above the difference of seeds itself.
RECOMMENDED: Mapping[str, Rule] = {
    "displacement_ratio@*": _up(0.08),
    "retrieval_rank@*": _up(0.05),
    "recall_at_10@*": _down(0.05),
    "pair_auc@*": _down(0.05),
    "elbo": _down("15%"),
    "mutual_information": _down(0.65),
    "active_units": Rule(level="error", max_decrease=Allowance(1)),
    "displacement_sigma@*": _up("50%", "warn"),
    "posterior_kl@*": _up("100%", "warn"),
    "recall_at_1@*": _down(0.05, "warn"),
    "neighbour_overlap@*": _down(0.05, "warn"),
    "elbo_change@*": _up("100%", "warn"),
    "leakage_pose": _up(0.10, "warn"),
    "leakage_contrast": _up(0.10, "warn"),
    "sbc_deviation": Rule(level="warn", max_increase=Allowance(0.10)),  # it has no interval of its own
}

STRICT: Mapping[str, Rule] = {
    "displacement_ratio@*": _up(0.02),
    "retrieval_rank@*": _up(0.02),
    "recall_at_1@*": _down(0.02),
    "recall_at_10@*": _down(0.02),
    "pair_auc@*": _down(0.02),
    "neighbour_overlap@*": _down(0.02),
    "displacement_sigma@*": _up("10%"),
    "posterior_kl@*": _up("25%"),
    "elbo_change@*": _up("10%"),
    "elbo": _down("0.2%"),
    "mutual_information": _down("5%"),
    "active_units": Rule(max_decrease=Allowance(0)),
    "leakage_pose": _up(0.05),
    "leakage_defocus": _up(0.05),
    "leakage_astigmatism": _up(0.05),
    "leakage_contrast": _up(0.05),
    "leakage_micrograph": _up(0.05),
    "leakage_optics_group": _up(0.05),
    "sbc_deviation": Rule(max_increase=Allowance(0.02)),
}

PRESETS: Mapping[str, Mapping[str, Rule]] = {"none": {}, "recommended": RECOMMENDED, "strict": STRICT}


def preset_named(name: str) -> Mapping[str, Rule]:
    """Return the rules of a preset; UnknownNameError, offering the nearest, for any other name."""
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]
