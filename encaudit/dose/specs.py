"""Which transforms a dose curve and a worst case are made of, as canonical specs."""

from collections.abc import Mapping
from dataclasses import dataclass

from encaudit.errors import InputError


@dataclass(frozen=True)
class Ladder:
    """The doses of one kind of move: ``amounts`` rising, in ``unit``; ``stem`` + an amount is the canonical spec."""

    stem: str
    unit: str
    amounts: tuple[float, ...]

    def spec(self, amount: float) -> str:
        """Return the canonical spec of a dose."""
        return f"{self.stem}{amount:g}"


LADDERS: Mapping[str, Ladder] = {
    # in Fourier space, the stored translation kept: the particle is off its centre, as in the paper's roll1
    "roll": Ladder("shift:dx=", "px", (0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8)),
    # with translation, astigmatism and pose turned along: the encoder alone is asked
    "rotate": Ladder("rotate:deg=", "deg", (0.5, 1, 2, 4, 7, 12, 20, 35, 60, 90)),
}
DOSES: Mapping[str, list[str]] = {
    kind: [ladder.spec(amount) for amount in ladder.amounts] for kind, ladder in LADDERS.items()
}


def doses_within(kind: str, box: int) -> list[str]:
    """Return the doses that mean something in a box of so many pixels: by more than half of it, content comes back."""
    ladder = LADDERS[kind]
    return [ladder.spec(amount) for amount in ladder.amounts if ladder.unit != "px" or amount <= box / 2]


def grid_specs(px: int) -> list[str]:
    """Return every roll by whole pixels with |dx| <= px and |dy| <= px but the one by nothing: (2 px + 1)^2 - 1."""
    if isinstance(px, bool) or not isinstance(px, int) or px < 1:
        raise InputError(f"A grid of rolls by up to {px} pixels: expected a whole number of at least 1.")
    reach = range(-px, px + 1)
    return [_roll(dx, dy) for dy in reach for dx in reach if dx or dy]


def _roll(dx: int, dy: int) -> str:
    if dy == 0:
        return f"roll{dx}"
    return f"roll:dx={dx},dy={dy}" if dx else f"roll:dy={dy}"
