"""What a name in a report means: verdicts, metrics, controls and transforms, out of the code that makes them.

``python -m encaudit.explain docs/reference.md`` writes all of it as one page.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from encaudit.errors import InputError, UnknownNameError
from encaudit.metrics import ENCODER_METRICS, METRICS
from encaudit.registry import Registry
from encaudit.transforms import TRANSFORMS
from encaudit.verdicts import RULES
from encaudit.verdicts.rules import Rule

VERDICT, METRIC, ALONE, RUNS, CONTROL, TRANSFORM = (
    "Verdicts",
    "Metrics of a transform",
    "Metrics of the encoder",
    "Measures of training runs",
    "Controls",
    "Transforms",
)
OPENING = {
    VERDICT: "One for each transform that is no control, by the first of these rules that applies. A bound is met by "
    "the whole 95 % interval of a measure, or not at all. How often they err is in [verdicts.md](verdicts.md).",
    METRIC: "Each is measured under every transform, between a floor (the identity) and a ceiling (shuffled pairs).",
    ALONE: "These belong to the encoder, or to several transforms at once, and have no transform of their own.",
    RUNS: "What `encaudit compare` says of runs and of pairs of them: of losses that are paired image by image, of "
    "tables, of decoded volumes, and of latents.",
    CONTROL: "What a probe is read beside.",
    TRANSFORM: "What is done to each observation: image, translation, CTF and pose.",
}

# Where what no registry holds is documented, as file:object. It is read and not imported: some of it needs torch.
ELSEWHERE = {
    METRIC: {
        "beyond_renoise": "metrics/against_noise.py:measure_against_renoise",
        "elbo_change": "likelihood.py:elbo_change",
        "overlay_fidelity": "embedding/measurements.py:overlay_measurements",
        "volume_cc": "volumes/likeness.py:Likeness",
        "volume_fsc_auc": "volumes/likeness.py:Likeness",
        "volume_distance": "volumes/likeness.py:Likeness",
    },
    ALONE: {
        "elbo": "likelihood.py:elbo",
        "leakage": "metrics/leakage.py:measure_leakage",
        "half_life_px": "dose/curve.py:dose_curve",
        "half_life_deg": "dose/curve.py:dose_curve",
        "worst_case_ratio": "dose/worst_case.py:worst_case",
        "sbc_coverage_50": "calibration.py:measurements_of",
        "sbc_coverage_80": "calibration.py:measurements_of",
        "sbc_coverage_95": "calibration.py:measurements_of",
        "sbc_ellipsoid_95": "calibration.py:measurements_of",
        "sbc_deviation": "calibration.py:measurements_of",
    },
    RUNS: {
        "explained_heterogeneity": "memorisation/losses.py:explained_heterogeneity",
        "explained_heterogeneity_held_out": "memorisation/losses.py:explained_held_out",
        "explained_heterogeneity_loss": "memorisation/losses.py:explained_heterogeneity",
        "memorisation_index": "memorisation/losses.py:memorisation_index",
        "twin_dependence": "memorisation/losses.py:twin_dependence",
        "twin_dependence_nats": "memorisation/losses.py:twin_dependence",
        "table_travel": "memorisation/travel.py:table_travel",
        "volume_heterogeneity": "memorisation/heterogeneity.py:volume_heterogeneity",
        "relative_heterogeneity": "memorisation/heterogeneity.py:relative_heterogeneity",
        "label_accuracy": "memorisation/labels.py:label_accuracy",
        "run_latent_agreement": "memorisation/agreement.py:agree",
        "run_displacement_ratio": "memorisation/agreement.py:agree",
        "run_neighbour_agreement": "memorisation/agreement.py:agree",
        "run_cluster_agreement": "memorisation/agreement.py:agree",
    },
}
DERIVED = {
    "left_over": "How far do latents move, beside a shift that all images share? displacement_ratio x "
    "sqrt(1 - alignment). Verdicts are read from it; it follows from two measures and has no row of its own.",
    "neighbours_kept": "Which share of its neighbours does an image keep, beyond chance? (neighbour_overlap - chance) "
    "/ (1 - chance), with chance = 15 / (n - 1). Verdicts are read from it; it has no row of its own.",
    "times_renoise": "How many times as far as under the renoise control does the median image go? The quotient of "
    "the two displacements (not ratios: random pairs may be others), each at the end of its interval that says less. "
    "Used for want of beyond_renoise.",
    "stability": "How surely does an image keep its own place? 1 - 2 x retrieval_rank, between 0 (chance) and 1 (it "
    "finds itself first). The column stability of particles.csv is the least under all probes; encaudit select reads "
    "it.",
}
FAMILIES = ("leakage", "dimension_kl")  # leakage_pose, dimension_kl_1, ...: what follows is a covariate or a number
CONTROLS = {
    "identity": "The floor: nothing is done, and nothing may move.",
    "roll1:frame=covariant": "The positive control: content and stored translation move together, so an encoder that "
    "centres its input must not notice. Where it does, metadata or audit are at fault, and no verdict is given.",
    "permutation": "The ceiling: each image is answered for by another one.",
    "noise": "What the encoder says when there is nothing to see.",
    "renoise": "The same particle with a fresh draw of noise: a transform that moves latents no further than this says "
    "nothing about the transform. Drawn by the decoder, the particle lacks what the decoder did not learn.",
    "renoise:draw=1": "A second draw of noise on the same image, compared with the first (renoise): what the decoder "
    "did not learn is missing in both and cancels, so this is what noise alone does. Verdicts are read beside it.",
    "untrained": "What the architecture alone does, before it learned anything.",
    "other-seed": "Another training run of the same network, brought into the same frame: what of the latents belongs "
    "to the run and not to the images. Given with `--other-seed CKPT`.",
}


@dataclass(frozen=True)
class Entry:
    """A name, what kind of thing it is, and what there is to say of it (text that is Markdown too)."""

    name: str
    kind: str
    text: str
    unusable: str = ""  # why there is nothing to say of it: a plug-in that cannot be loaded


def entries() -> dict[str, Entry]:
    """Return everything that has a name, by kind and in the order in which reports have it; then that of plug-ins."""
    found = {entry.name: entry for entry in _built_in()}
    for entry in (
        *_of_plug_ins(METRICS, METRIC, lambda name: METRICS.get(name).explanation),
        *_of_plug_ins(ENCODER_METRICS, ALONE, lambda name: ENCODER_METRICS.get(name).explanation),
        *_of_plug_ins(TRANSFORMS, TRANSFORM, _of_transform),
    ):
        found.setdefault(entry.name, entry)
    return found


@cache
def _built_in() -> tuple[Entry, ...]:
    listed = [Entry(rule.code, VERDICT, _of_rule(rule)) for rule in RULES]
    listed += [Entry(name, METRIC, METRICS.get(name).explanation) for name in METRICS.built_in]
    listed += [Entry(name, METRIC, _docstring(place)) for name, place in ELSEWHERE[METRIC].items()]
    listed += [Entry(name, ALONE, ENCODER_METRICS.get(name).explanation) for name in ENCODER_METRICS.built_in]
    listed += [Entry(name, ALONE, _docstring(place)) for name, place in ELSEWHERE[ALONE].items()]
    listed += [Entry(name, METRIC, text) for name, text in DERIVED.items()]
    listed += [Entry(name, RUNS, _docstring(place)) for name, place in ELSEWHERE[RUNS].items()]
    for name, role in CONTROLS.items():
        how = [_of_transform(name)] if name in TRANSFORMS.built_in else []
        listed.append(Entry(name, CONTROL, "\n\n".join([role, *how])))
    listed += [Entry(name, TRANSFORM, _of_transform(name)) for name in TRANSFORMS.built_in if name not in CONTROLS]
    return tuple({entry.name: entry for entry in listed}.values())


def _of_plug_ins(registry: Registry[Any], kind: str, describe: Callable[[str], str]) -> list[Entry]:
    """Return an entry for each plug-in; a broken one is no reason to say nothing of other names."""
    try:
        names = [name for name in registry if name not in registry.built_in]
    except InputError:  # a name that is taken: an audit says so
        return []
    listed = []
    for name in names:
        try:
            text, unusable = f"{describe(name)}\n\nThis is one {registry.origin(name)}.", ""
        except InputError as error:
            text, unusable = "", str(error)
        listed.append(Entry(name, kind, text, unusable))
    return listed


def explain(name: str) -> str:
    """Return what there is to say of a name; of a spec such as ``roll5+rot90:frame=array``, of its transforms.

    Raises UnknownNameError with the nearest name; InputError for a plug-in that cannot be loaded.
    """
    known = entries()
    family = next((one for one in FAMILIES if name.startswith(f"{one}_")), name)
    found = [known[one] for one in ([family] if family in known else _transforms_of(name, known))]
    for entry in found:
        if entry.unusable:
            raise InputError(entry.unusable)
    return "\n\n".join(_titled("#", entry) for entry in found)


def names_by_kind() -> str:
    """Return all names, a paragraph for each kind."""
    kinds: dict[str, list[str]] = {}
    for entry in entries().values():
        kinds.setdefault(entry.kind, []).append(entry.name)
    return "\n\n".join(f"{kind}:\n  {', '.join(names)}" for kind, names in kinds.items())


def page() -> str:
    """Return all of it as one Markdown page; of encaudit alone, whatever plug-ins are installed here."""
    parts = [
        "# What the names mean",
        "Made from the code by `python -m encaudit.explain docs/reference.md`; `encaudit explain NAME` prints one.",
    ]
    for kind, of_kind in groupby(_built_in(), lambda entry: entry.kind):
        parts += [f"## {kind}", OPENING[kind]]
        parts += [_titled("###", *alike) for _, alike in groupby(of_kind, lambda entry: entry.text)]
    return "\n\n".join(parts) + "\n"


def _titled(level: str, *alike: Entry) -> str:
    """Return the text of entries that share it, under their names."""
    return f"{level} {', '.join(entry.name for entry in alike)}\n\n{alike[0].text}"


def _transforms_of(spec: str, known: Mapping[str, Entry]) -> list[str]:
    transforms = {*TRANSFORMS.built_in, *(name for name, entry in known.items() if entry.kind == TRANSFORM)}
    found = []
    for part in spec.split("+"):
        name = part.partition(":")[0].strip()
        glued = re.sub(r"-?[0-9]+$", "", name)
        meant = next((one for one in (name, glued) if one in transforms), None)
        if meant is None:
            raise UnknownNameError("name", spec, known)
        found.append(meant)
    return list(dict.fromkeys(found))


def _of_rule(rule: Rule) -> str:
    groups = ["\n".join(f"- {one.measure} {one}: {one.reason}." for one in group) for group in rule.bounds]
    return "\n\n".join([rule.says, f"When: {rule.when}", "\n\nor\n\n".join(groups)]).strip()


def _of_transform(name: str) -> str:
    transform = TRANSFORMS.get(name)
    parent = transform.__mro__[1]
    text = inspect.getdoc(transform) or ""
    if f"See {parent.__name__} " in text:  # quarter turns share what there is to say
        text = f"{text}\n\n{inspect.getdoc(parent)}"
    return f"{text}\n\nType for example {transform.example}."


def _docstring(place: str) -> str:
    file, _, name = place.partition(":")
    tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
    documented = (ast.FunctionDef, ast.ClassDef)
    text = next(ast.get_docstring(node) for node in tree.body if isinstance(node, documented) and node.name == name)
    assert text is not None, place
    return text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
