import pytest

from encaudit.dose import DOSES, doses_within, grid_specs
from encaudit.errors import InputError
from encaudit.transforms import parse_transform
from encaudit.transforms.parsing import canonical


@pytest.mark.parametrize("spec", [spec for specs in DOSES.values() for spec in specs] + grid_specs(3))
def test_specs_are_canonical(spec: str) -> None:
    assert canonical(spec) == spec


def test_no_dose_goes_beyond_half_the_box() -> None:
    assert doses_within("roll", 8)[-1] == "shift:dx=3" and doses_within("roll", 16) == DOSES["roll"]
    assert doses_within("rotate", 8) == DOSES["rotate"]


def test_doses_are_shifts_off_the_centre_and_lawful_turns() -> None:
    assert DOSES["roll"][0] == "shift:dx=0.1"
    assert DOSES["roll"][-1] == "shift:dx=8"
    assert DOSES["rotate"][0] == "rotate:deg=0.5"
    assert DOSES["rotate"][-1] == "rotate:deg=90"
    assert {getattr(parse_transform(spec), "frame", None) for spec in DOSES["roll"]} == {"raw"}
    assert {getattr(parse_transform(spec), "frame", None) for spec in DOSES["rotate"]} == {"covariant"}


@pytest.mark.parametrize("px", [1, 2])
def test_a_grid_has_every_whole_shift_but_none(px: int) -> None:
    moves = {(move.dx, move.dy) for move in map(parse_transform, grid_specs(px))}
    reach = range(-px, px + 1)
    assert moves == {(dx, dy) for dx in reach for dy in reach} - {(0, 0)}
    assert len(grid_specs(px)) == len(moves)


@pytest.mark.parametrize("px", [0, -1, 1.5, True])
def test_a_grid_of_nothing_is_refused(px: object) -> None:
    with pytest.raises(InputError, match="whole number of at least 1"):
        grid_specs(px)
