"""Which verdict do the measurements of a transform carry, and on which numbers does it stand?"""

from collections.abc import Iterable
from dataclasses import dataclass

from encaudit.results import RENOISE, RENOISE_AGAIN, Finding, Measurement, Verdict
from encaudit.verdicts.evidence import Evidence, Quantity
from encaudit.verdicts.rules import (
    BEYOND_NOISE,
    COLLAPSED_FINDINGS,
    COLLAPSED_SIGMA,
    KEEPS_PLACE,
    LAWFUL,
    LAWLESS,
    MOVES,
    NO_ACTIVE_UNIT,
    NOISE_IS_ALL,
    SAYS,
    TABLE_FINDING,
    TIMES_NOISE,
    Bound,
    Code,
)

CONTROLS = ("identity", "permutation", "noise", "renoise", "untrained", "other-seed")
HARMLESS = "It keeps its place or moves by a law, which the intervals do not tell apart; either is harmless."
LAWFUL_BOUNDS = tuple(bound for group in LAWFUL for bound in group)
CLEAN = "clean="
POSITIVE_CONTROL = "roll1:frame=covariant"
BLIND = "A lookup table does not look at the image: that nothing moves is how it is built, and nothing it learned."
OF_THE_DECODER = (
    "The noise-free image of the control {control} is the decoder's: what the decoder did not learn is missing in it, "
    "and moves the latent as well."
)


@dataclass(frozen=True)
class _Case:
    """One transform, and the controls that it is read beside."""

    evidence: Evidence
    transform: str
    renoise: str | None = None
    positive: str | None = None


def judge(measurements: list[Measurement], findings: list[Finding]) -> list[Verdict]:
    """What do the measurements say of each probe, that is, of each transform that is no control?

    In the order of the report. Only values with their intervals count; see ``rules`` for the bounds.
    """
    evidence = Evidence(measurements)
    if any(finding.code == TABLE_FINDING for finding in findings):
        return [Verdict("inconclusive", spec, BLIND, []) for spec in evidence.transforms if is_probe(spec)]
    carries_nothing = _collapse(evidence, findings)
    specs = evidence.transforms
    renoise = renoise_control(specs)
    positive = next((spec for spec in specs if _is_positive_control(spec)), None)
    verdicts = []
    for spec in filter(is_probe, specs):
        case = _Case(evidence, spec, renoise, positive)
        verdicts.append(_too_few(case) or _collapsed(spec, carries_nothing) or _decided(case))
    return verdicts


def is_probe(spec: str) -> bool:
    """Whether a transform asks the encoder something, rather than being a control of the audit."""
    names = {part.partition(":")[0] for part in spec.split("+")}
    return names.isdisjoint(CONTROLS) and not _is_positive_control(spec)


def _is_positive_control(spec: str) -> bool:
    """Whether the content is moved with the stored translation, so that an encoder that centres must not notice.

    By one pixel: a long roll wraps the particle around the box, which is a question to the encoder again.
    """
    return spec == POSITIVE_CONTROL


def renoise_control(specs: Iterable[str]) -> str | None:
    """Return the renoise control: one that knows the clean image, else two draws on the decoder's image, else any.

    What the decoder did not learn is missing in its image and moves the latent as well, but alike in both draws.
    """
    found = [spec for spec in specs if spec.startswith(RENOISE) and ("+" not in spec or CLEAN in spec)]
    return min(found, key=_preference, default=None)


def _preference(spec: str) -> tuple[bool, bool, bool]:
    return (CLEAN not in spec, spec != RENOISE_AGAIN, spec != RENOISE)


def _collapse(evidence: Evidence, findings: list[Finding]) -> list[str]:
    """Return what shows that the latents carry nothing; empty where they carry something."""
    shown = [finding.text for finding in findings if finding.code in COLLAPSED_FINDINGS]
    apart, active = evidence.ceiling("displacement_sigma"), evidence.of("active_units", None)
    if apart is not None and apart < COLLAPSED_SIGMA:
        shown.append(f"displacement_sigma of shuffled pairs is {apart:.2g}, below {COLLAPSED_SIGMA:g}.")
    # a deterministic encoder has no prior, and its units no scale that they are active on
    if apart is not None and active is not None and active.value < NO_ACTIVE_UNIT:
        shown.append(f"{active}, below {NO_ACTIVE_UNIT:g}.")
        if (kl := evidence.of("prior_kl", None)) is not None:
            shown.append(f"{kl} nats.")
    return shown


def _collapsed(spec: str, shown: list[str]) -> Verdict | None:
    return _verdict("collapsed", spec, shown) if shown else None


def _too_few(case: _Case) -> Verdict | None:
    rank = case.evidence.of("retrieval_rank", case.transform)
    if rank is None or rank.low is not None:
        return None
    return _verdict("too-few-images", case.transform, [f"{rank}, of {rank.n} images, and has no interval."])


def _decided(case: _Case) -> Verdict:
    evidence, spec = case.evidence, case.transform
    for bound in KEEPS_PLACE:
        if evidence.of(bound.measure, spec) is None:
            return _open(case, f"{bound.measure} is missing: {evidence.why_not(bound.measure, spec)}.", [])
    if broken := _broken_control(case):
        return _open(case, "The positive control fails, so the audit itself, or the metadata, is in doubt.", broken)
    place = _cited(case, KEEPS_PLACE)
    if _all_met(case, KEEPS_PLACE):
        return _verdict("invariant", spec, place)
    lawful = _cited(case, LAWFUL_BOUNDS)
    if any(_all_met(case, group) for group in LAWFUL):
        if not _surely_moves(case):
            return _open(case, HARMLESS, [*place, *lawful])
        return _verdict("equivariant", spec, [*_failing(case, KEEPS_PLACE), *lawful])
    noise = _Case(evidence, case.renoise or "")
    if _all_met(noise, NOISE_IS_ALL):
        assert case.renoise is not None
        told = [*_cited(noise, NOISE_IS_ALL), *_failing(case, KEEPS_PLACE)]
        if not (CLEAN in case.renoise or case.renoise == RENOISE_AGAIN):
            told.append(OF_THE_DECODER.format(control=case.renoise))
        return _verdict("memorizes-noise", spec, told)
    lawless = _cited(case, LAWLESS)
    if any(bound.missed(found) for bound, found in _found(case, LAWLESS)):
        return _open(case, _between(case), [*place, *lawless])
    if case.renoise is None:
        return _open(
            case,
            "There is no renoise control, so the move cannot be told from one by fresh noise. Where noise-free images "
            "are at hand, give them: -t renoise:clean=PATH,snr=X.",
            [*place, *lawless],
        )
    return _scattered(case)


def _surely_moves(case: _Case) -> bool:
    """Whether a lawful encoder is told from one that stays, and trembles a little."""
    moved = any(bound.missed(found) for bound, found in _found(case, KEEPS_PLACE) if bound.measure in MOVES)
    return moved or any(
        bound.met(found) for bound, found in _found(case, LAWFUL_BOUNDS) if bound.measure == "alignment"
    )


def _scattered(case: _Case) -> Verdict:
    """Is the move lawless, and further than that of fresh noise? Else say which of the two is open."""
    lawless = _cited(case, LAWLESS)
    bound, further = _further(case)
    beyond = [] if further is None else [f"{bound.cited(further)} The control is {case.renoise}."]
    not_lawless = [one for one, found in _found(case, LAWLESS) if not one.met(found)]
    because = [*_cited(case, KEEPS_PLACE), *lawless, *beyond]
    if further is None:
        return _open(case, f"The renoise control {case.renoise} was not measured.", because)
    if further.low is None:
        return _open(
            case, f"The renoise control {case.renoise} has too few images for an interval: raise --sample-n.", because
        )
    if not bound.met(further):
        return _open(case, f"It moves the image {_how_far(bound, further)}.", because)
    if case.evidence.of("recoverability", case.transform) is None:
        why = case.evidence.why_not("recoverability", case.transform)
        return _open(case, f"Whether the move is lawful is not known, as recoverability is missing: {why}.", because)
    if not_lawless:
        bounds = (*LAWLESS, *LAWFUL_BOUNDS, *KEEPS_PLACE)
        crossed = any(not (one.met(found) or one.missed(found)) for one, found in _found(case, bounds))
        more = " More images would narrow the intervals." if crossed else ""
        return _open(case, f"{_between(case)}{more}", because)
    return _verdict("scatters", case.transform, because)


def _between(case: _Case) -> str:
    """Say by which measures neither holds."""
    missed = (_names_missed(case, bounds) for bounds in (KEEPS_PLACE, LAWLESS))
    return "It lies between keeping its place (missed by {}) and scattering (missed by {}).".format(*missed)


def _names_missed(case: _Case, bounds: tuple[Bound, ...]) -> str:
    return ", ".join(dict.fromkeys(bound.measure for bound, found in _found(case, bounds) if not bound.met(found)))


def _how_far(bound: Bound, further: Quantity) -> str:
    """Say how a move that is not clearly further than that of fresh noise compares with it."""
    as_far = 0.5 if bound is BEYOND_NOISE else 1.0
    if further.high is not None and further.high < as_far:
        return "less far than fresh noise does"
    if bound.missed(further):
        return "hardly further than fresh noise does"
    return "not clearly further than fresh noise does"


def _further(case: _Case) -> tuple[Bound, Quantity | None]:
    """Return how much further than fresh noise it goes, and the bound for that."""
    beyond = case.evidence.of(BEYOND_NOISE.measure, case.transform)
    if beyond is not None:
        return BEYOND_NOISE, beyond
    assert case.renoise is not None
    return TIMES_NOISE, case.evidence.times(case.transform, case.renoise)


def _broken_control(case: _Case) -> list[str]:
    """Return by which measures the covariant roll surely does not keep its place."""
    if case.positive is None:
        return []
    control = _Case(case.evidence, case.positive)
    return [bound.cited(found) for bound, found in _found(control, KEEPS_PLACE) if bound.missed(found)]


def _found(case: _Case, bounds: tuple[Bound, ...]) -> list[tuple[Bound, Quantity]]:
    pairs = ((bound, case.evidence.of(bound.measure, case.transform)) for bound in bounds)
    return [(bound, found) for bound, found in pairs if found is not None]


def _all_met(case: _Case, bounds: tuple[Bound, ...]) -> bool:
    found = _found(case, bounds)
    return len(found) == len(bounds) and all(bound.met(quantity) for bound, quantity in found)


def _cited(case: _Case, bounds: tuple[Bound, ...]) -> list[str]:
    return [bound.cited(found) for bound, found in _found(case, bounds)]


def _failing(case: _Case, bounds: tuple[Bound, ...]) -> list[str]:
    return [bound.cited(found) for bound, found in _found(case, bounds) if not bound.met(found)]


def _verdict(code: Code, spec: str, because: list[str]) -> Verdict:
    return Verdict(code, spec, SAYS[code], because)


def _open(case: _Case, why: str, because: list[str]) -> Verdict:
    return Verdict("inconclusive", case.transform, why, because)
