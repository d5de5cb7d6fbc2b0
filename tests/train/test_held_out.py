import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.train.held_out import deranged_apart, held_out_positions
from encaudit.transforms import derangement


def test_none_are_held_out_unasked() -> None:
    assert len(held_out_positions(10, 0.0, 0)) == 0


def test_the_share_is_kept_and_belongs_to_the_seed() -> None:
    held = held_out_positions(1000, 0.1, 0)
    assert len(held) == 100
    assert (np.diff(held) > 0).all()
    assert held.tolist() == held_out_positions(1000, 0.1, 0).tolist()
    assert held.tolist() != held_out_positions(1000, 0.1, 1).tolist()


def test_micrographs_stay_whole() -> None:
    micrographs = np.repeat([f"m{i}" for i in range(20)], 10)
    held = held_out_positions(200, 0.1, 0, micrographs)
    names, counts = np.unique(micrographs[held], return_counts=True)
    assert len(names) == 2
    assert counts.tolist() == [10, 10]


def test_one_micrograph_is_split() -> None:
    assert len(held_out_positions(50, 0.1, 0, np.array(["m"] * 50))) == 5


def test_something_is_left_to_train_on() -> None:
    two = np.repeat(["a", "b"], 5)
    assert len(held_out_positions(10, 0.9, 0, two)) == 5
    with pytest.raises(InputError, match="leaves none to train on"):
        held_out_positions(3, 0.99, 0)


def test_a_small_share_holds_out_one() -> None:
    assert len(held_out_positions(5, 0.01, 0)) == 1


def test_twins_are_exchanged_within_the_images_trained_on_and_within_those_held_out() -> None:
    held = held_out_positions(50, 0.2, 0)
    partner = deranged_apart(50, held, 3)
    assert sorted(partner.tolist()) == list(range(50))
    assert (partner != np.arange(50)).all()
    assert set(partner[held].tolist()) == set(held.tolist())
    assert partner.tolist() == deranged_apart(50, held, 3).tolist() != deranged_apart(50, held, 4).tolist()
    none = np.array([], dtype=np.int64)
    assert deranged_apart(50, none, 3).tolist() == derangement(50, 3).tolist()


@pytest.mark.parametrize("held", [[7], [0, 1, 2, 3, 4, 5, 6, 8, 9]])
def test_an_image_alone_in_its_part_has_no_twin(held: list[int]) -> None:
    with pytest.raises(InputError, match=r"leaves one image alone .* of 10\)"):
        deranged_apart(10, np.array(held), 0)
