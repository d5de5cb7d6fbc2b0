"""The rules: what each verdict means, and which bounds the 95 % interval of which measure has to clear for it.

A bound is cleared by the whole interval, never by the value alone; an interval that crosses one makes a verdict
inconclusive. The values were chosen with ``benchmarks/verdict_errors.py``, on encoders whose truth is known:
wrong verdicts had to be rare, and inconclusive is what that costs. See docs/verdicts.md.
"""

from dataclasses import dataclass
from typing import Literal

from encaudit.verdicts.evidence import Quantity


@dataclass(frozen=True)
class Bound:
    """A threshold on one measure: its value and why it is there."""

    measure: str
    side: Literal["at most", "at least"]
    value: float
    reason: str

    def met(self, found: Quantity) -> bool:
        """Whether the whole interval is on this side."""
        if found.low is None or found.high is None:
            return False
        return found.high <= self.value if self.side == "at most" else found.low >= self.value

    def missed(self, found: Quantity) -> bool:
        """Whether the whole interval is on the other side."""
        if found.low is None or found.high is None:
            return False
        return found.low > self.value if self.side == "at most" else found.high < self.value

    def cited(self, found: Quantity) -> str:
        """Say how a quantity stands to this bound, and which verdict asks for it."""
        stands = "is met" if self.met(found) else "is missed" if self.missed(found) else "lies within the interval"
        return f"{found}; the bound of {ASKED_BY[self]}, {self}, {stands}."

    def __str__(self) -> str:
        """Return side and value."""
        return f"{self.side} {self.value:g}"


# Below MIN_IMAGES images, or MIN_GROUPS micrographs (stats.py), nothing has an interval that a rule could use.

# The encoder keeps the place of an image: all three. Rank and AUC saturate in many dimensions, where even a long way
# leaves an image nearest to itself; the ratio saturates in none.
KEEPS_PLACE = (
    Bound("retrieval_rank", "at most", 0.05, "the median image has at most a twentieth of the others before itself"),
    Bound("pair_auc", "at least", 0.95, "not only the median: 19 in 20 own moves are shorter than a random distance"),
    Bound("displacement_ratio", "at most", 0.33, "a tenth of the latent variance may change, as the ratio squared"),
)

# The cloud moves as one: any of the three, each of which is blind to something.
LAWFUL = (
    (Bound("recoverability", "at least", 0.9, "a tenth of the moved latent's variance may escape one affine map"),),
    (Bound("neighbours_kept", "at least", 0.7, "for laws that bend, which no affine map follows"),),
    (
        Bound("alignment", "at least", 0.5, "most of the motion is a shift common to all images"),
        Bound("left_over", "at most", 0.33, "what remains when that shift is taken out keeps every place"),
    ),
)

# It surely moves, which equivariant says too: one of these bounds of KEEPS_PLACE is missed, or the alignment is met.
# Not pair_auc: in one or two dimensions a small jitter breaks it, and law and jitter are not told apart by it.
MOVES = ("retrieval_rank", "displacement_ratio")

# The move is lawless: all that were measured, recoverability among them. Far from LAWFUL, so that a wide interval
# between the two has room to be inconclusive.
LAWLESS = (
    Bound("recoverability", "at most", 0.7, "three tenths of the moved latent's variance follow from no affine map"),
    Bound("neighbours_kept", "at most", 0.5, "half of the neighbours are others, beyond what chance keeps"),
    Bound("left_over", "at least", 0.5, "a quarter of the latent variance has changed, beside a shift common to all"),
)

# It goes further than fresh noise sends the same particle: the first where it was measured, else the second.
BEYOND_NOISE = Bound("beyond_renoise", "at least", 0.7, "0.5 is as far as fresh noise; 0.7 is seven moves in ten")
TIMES_NOISE = Bound("times_renoise", "at least", 1.3, "the median move, in moves by fresh noise, both at their worst")

# Fresh noise sends a particle as far as to another one: both.
NOISE_IS_ALL = (
    Bound("retrieval_rank", "at least", 0.4, "0.5 is chance; below 0.4 something of the particle survives its noise"),
    Bound("pair_auc", "at most", 0.6, "0.5 is chance; above 0.6 something of the particle survives its noise"),
)

# The latents carry nothing. The first is findings.COLLAPSED_SIGMA, measured on shuffled pairs.
COLLAPSED_SIGMA = 0.5  # a random pair this near cannot be told apart by the encoder's own account
NO_ACTIVE_UNIT = 1.0  # fewer active units than one; asked only of encoders that state a logvar, hence have a prior
TABLE_FINDING = "lookup-table"  # findings.LOOKUP_TABLE
COLLAPSED_FINDINGS = frozenset(
    {"constant-encoder", "collapsed-posterior", "shared-latent"}
)  # findings.UNJUDGED, without torch

Code = Literal["invariant", "equivariant", "scatters", "memorizes-noise", "collapsed", "too-few-images", "inconclusive"]


@dataclass(frozen=True)
class Rule:
    """A verdict: what it says, when it is given, and on which bounds: all of any one group."""

    code: Code
    says: str
    when: str
    bounds: tuple[tuple[Bound, ...], ...] = ()


# In the order in which they are asked.
RULES = (
    Rule(
        "too-few-images",
        "There are too few images, or micrographs, for intervals: nothing can be said.",
        "Fewer than 20 images, or fewer than 5 micrographs, where these are known.",
    ),
    Rule(
        "collapsed",
        "The latents carry nothing: no transform can move what is not there, and nothing was learned.",
        "The encoder gives more than half of the images one latent, or two unrelated images lie less than "
        f"{COLLAPSED_SIGMA:g} of its own error bars apart (displacement_sigma of shuffled pairs), or no latent "
        "dimension is active (active_units).",
    ),
    Rule(
        "invariant",
        "The moved image keeps its place: the encoder does not mind this transform.",
        "All of these hold, and the positive control does not fail.",
        (KEEPS_PLACE,),
    ),
    Rule(
        "equivariant",
        "The latents move, but all by one law: what is known of an image can be read from its moved copy.",
        "It surely moves (its retrieval_rank or its displacement_ratio is surely above the bound of invariant, or its "
        "alignment meets the one below), and any of these holds (the last two together); the positive control does "
        "not fail. "
        "left_over is displacement_ratio x sqrt(1 - alignment); neighbours_kept is neighbour_overlap beyond chance, "
        "(overlap - chance)/(1 - chance).",
        LAWFUL,
    ),
    Rule(
        "memorizes-noise",
        "Fresh noise alone sends a particle as far as to another one: the latent is of the noise, and whether it minds "
        "the transform cannot be asked.",
        "It is neither invariant nor equivariant, and both of these hold for the renoise control. That is "
        "renoise:clean=PATH where it was given; else two draws of noise on the decoder's image, the second against the "
        "first (renoise:draw=1), so that what the decoder missed cancels; else renoise.",
        (NOISE_IS_ALL,),
    ),
    Rule(
        "scatters",
        "The moved image gets a latent that does not follow from its own, further away than fresh noise sends it: the "
        "encoder takes it for something else.",
        "All of these hold, times_renoise in place of beyond_renoise where that was not measured, and the positive "
        "control does not fail. The renoise control is that of memorizes-noise; times_renoise is displacement "
        "over that of the control.",
        ((*LAWLESS, BEYOND_NOISE), (*LAWLESS, TIMES_NOISE)),
    ),
    Rule(
        "inconclusive",
        "The measurements do not decide.",
        "Intervals cross bounds, values lie between those of two verdicts, there is no renoise control, the move is "
        "no further than that of fresh noise, or the positive control fails (a covariant roll that surely breaks a "
        "bound of invariant).",
    ),
)
CODES: tuple[Code, ...] = tuple(rule.code for rule in RULES)
SAYS = {rule.code: rule.says for rule in RULES}
ASKED_BY = {bound: rule.code for rule in RULES for group in rule.bounds for bound in group}
