import subprocess
import sys

import numpy as np
import pytest

from encaudit.errors import InputError
from encaudit.results import Skipped
from encaudit.volumes import VolumeStudy, compare_volumes
from tests.volumes.blobs import BlobDecoder, blob_encodings


def measured(study: VolumeStudy) -> dict:
    return {(one.metric, one.transform): one for one in study.measurements}


def test_unmoved_latent_gives_equal_volumes_exactly():
    encoded = blob_encodings(step=0.0)
    found = measured(compare_volumes(BlobDecoder(), encoded, seed=0))
    assert found["volume_distance", "roll1"].value.median == 0.0
    assert found["volume_cc", "roll1"].value.median == pytest.approx(1, abs=1e-12)
    assert found["volume_fsc_auc", "roll1"].value.median == pytest.approx(1, abs=1e-6)


def test_distance_between_two_blobs_is_the_one_of_the_formula():
    step, width = 1.0, 2.0
    encoded = blob_encodings(step=step)
    found = measured(compare_volumes(BlobDecoder(box=24, width=width), encoded, seed=0))
    # ||a - b||^2 = 2 ||a||^2 (1 - overlap), and two Gaussians a step apart overlap by exp(-step^2 / 4 width^2)
    expected = np.sqrt(2 * (1 - np.exp(-(step**2) / (4 * width**2))))
    assert found["volume_distance", "roll1"].value.median == pytest.approx(expected, rel=0.01)


def test_larger_move_is_less_alike_by_every_measure():
    near, far = (measured(compare_volumes(BlobDecoder(), blob_encodings(step=s), seed=0)) for s in (0.3, 2.0))
    for name, sign in (("volume_cc", -1), ("volume_fsc_auc", -1), ("volume_distance", 1)):
        assert sign * (far[name, "roll1"].value.median - near[name, "roll1"].value.median) > 0.01


def test_floor_is_perfect_and_ceiling_is_that_of_unlike_particles():
    one = measured(compare_volumes(BlobDecoder(), blob_encodings(step=0.01), seed=0))["volume_distance", "roll1"]
    assert one.floor == 0.0
    assert one.ceiling > 10 * one.value.median > 0


def test_floor_sees_a_decoder_that_never_says_the_same_twice():
    class Wavering(BlobDecoder):
        def decode_volume(self, z, box=None):
            volume = super().decode_volume(z, box)
            return volume + np.float32(0.1) * np.roll(volume, self.asked, axis=0)

    study = compare_volumes(Wavering(), blob_encodings(), seed=0)
    assert measured(study)["volume_distance", "roll1"].floor > 0.001


def test_a_decoder_of_many_latents_is_given_all_of_them_at_once():
    class Together(BlobDecoder):
        given = 0

        def decode_volumes(self, zs, box=None):
            self.given += len(zs)
            return (BlobDecoder.decode_volume(BlobDecoder(), z, box) for z in zs)

    together, plain, told = Together(), BlobDecoder(), []
    study = compare_volumes(
        together, blob_encodings(), seed=0, on_progress=lambda done, count: told.append((done, count))
    )
    assert measured(study) == measured(compare_volumes(plain, blob_encodings(), seed=0))
    assert together.asked == 1  # the volume decoded again, for the floor
    assert together.given == plain.asked - 1 == len(told)
    assert told == [(done + 1, together.given) for done in range(together.given)]


def test_first_particles_and_those_that_moved_most_are_chosen_each_once():
    study = compare_volumes(BlobDecoder(), blob_encodings(), labelled=6, most_moved=3, seed=0)
    compared = study.comparisons["roll1"]
    assert [one.index for one in compared][:7] == [1000, 1001, 1002, 1003, 1004, 1005, 1020]
    assert [one.labelled for one in compared][:7] == [True] * 6 + [False]
    assert len({one.index for one in compared}) == len(compared)


def test_measures_leave_out_the_particles_that_were_chosen_for_moving_most():
    encoded = blob_encodings()
    with_most = measured(compare_volumes(BlobDecoder(), encoded, most_moved=3, seed=0))
    without = measured(compare_volumes(BlobDecoder(), encoded, most_moved=0, seed=0))
    assert with_most["volume_cc", "roll1"].value == without["volume_cc", "roll1"].value
    assert with_most["volume_cc", "roll1"].value.n == 6


def test_interval_only_from_twenty_particles_on():
    few, many = (
        measured(compare_volumes(BlobDecoder(box=8), blob_encodings(), labelled=n, most_moved=0, seed=0))
        for n in (19, 20)
    )
    assert few["volume_distance", "roll1"].value.ci_low is None
    value = many["volume_distance", "roll1"].value
    assert value.ci_low <= value.median <= value.ci_high


def test_identity_and_another_encoders_latents_are_not_decoded():
    encoded = blob_encodings(untrained=np.ones((30, 3)), **{"untrained+roll1": np.ones((30, 3))})
    study = compare_volumes(BlobDecoder(), encoded, seed=0)
    assert list(study.comparisons) == ["roll1"]
    assert any("untrained+roll1" in note for note in study.notes)


def test_each_volume_is_decoded_once_and_one_of_them_again_for_the_floor():
    decoder = BlobDecoder()
    told: list[tuple[int, int]] = []
    encoded = blob_encodings(permutation=np.roll(blob_encodings().reference.mu, 1, axis=0))
    compare_volumes(decoder, encoded, seed=0, on_progress=lambda done, total: told.append((done, total)))
    total = told[-1][1]
    assert told == [(done, total) for done in range(1, total + 1)]
    assert decoder.asked == total + 1


def test_same_seed_same_pairs_and_another_seed_other_pairs():
    ceilings = [
        measured(compare_volumes(BlobDecoder(), blob_encodings(), seed=seed))["volume_cc", "roll1"].ceiling
        for seed in (0, 0, 1)
    ]
    assert ceilings[0] == ceilings[1] != ceilings[2]


def test_at_least_nine_random_pairs():
    assert len(compare_volumes(BlobDecoder(), blob_encodings(), seed=0).random_pairs) >= 9


def test_single_particle_has_no_ceiling():
    study = compare_volumes(BlobDecoder(), blob_encodings(n=1), seed=0)
    assert all(one.ceiling is None for one in study.measurements)


def test_no_labelled_particle_is_a_skip():
    study = compare_volumes(BlobDecoder(), blob_encodings(), labelled=0, most_moved=2, seed=0)
    assert all(isinstance(one.value, Skipped) for one in study.measurements)


@pytest.mark.parametrize("given", [{"image_size": 16}, {}])
def test_smaller_box_has_larger_voxels(given):
    study = compare_volumes(BlobDecoder(box=16), blob_encodings(), box=8, apix=3.0, seed=0, **given)
    assert study.voxel_angstrom == 6.0
    assert study.comparisons["roll1"][0].slices[0].shape == (8, 8)
    np.testing.assert_allclose(study.frequency, np.arange(4) / 8)


@pytest.mark.parametrize(
    "volume",
    [np.ones((8, 8, 6)), np.random.default_rng(0).random((7, 7, 7)), np.zeros((8, 8, 8)), np.full((8, 8, 8), np.nan)],
    ids=["not a cube", "odd", "constant", "not finite"],
)
def test_what_is_no_density_is_refused_with_the_way_out(volume):
    class Broken:
        def decode_volume(self, *_):
            return volume

    with pytest.raises(InputError, match="--volumes 0"):
        compare_volumes(Broken(), blob_encodings(), seed=0)


def test_importing_loads_no_torch():
    code = "import sys, encaudit.volumes; sys.exit(bool({'torch', 'cryodrgn', 'mrcfile'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
