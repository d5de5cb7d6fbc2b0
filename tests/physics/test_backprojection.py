"""cryoDRGN's own backprojection of simulated particles gives back the map they were made from, in the right hand."""

import argparse
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from cryodrgn.mrcfile import parse_mrc, write_mrc
from scipy.spatial.transform import Rotation

from encaudit.simulation.molecule import conformation
from encaudit.simulation.simulate import project, with_noise
from tests.physics.scene import APIX, scene

BOX = 32
COUNT = 600


@pytest.fixture(scope="module")
def reconstruction(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    from cryodrgn.commands import backproject_voxel

    folder = tmp_path_factory.mktemp("backprojection")
    rng = np.random.default_rng(3)
    poses = Rotation.random(COUNT, random_state=rng).as_matrix()
    offsets = rng.uniform(-2, 2, (COUNT, 2))
    ctf = scene(COUNT, seed=4).ctf
    recorded = project(conformation(20.0, True, APIX), poses, offsets, ctf, BOX)
    write_mrc(str(folder / "particles.mrcs"), with_noise(-recorded, 10.0, rng).astype(np.float32), is_vol=False)
    dump((poses, -offsets / BOX), folder / "poses.pkl")
    dump(np.hstack([np.full((COUNT, 1), BOX), ctf]).astype(np.float32), folder / "ctf.pkl")

    parser = argparse.ArgumentParser()
    backproject_voxel.add_args(parser)
    inputs = [str(folder / name) for name in ("particles.mrcs", "poses.pkl", "ctf.pkl")]
    arguments = [inputs[0], "--poses", inputs[1], "--ctf", inputs[2], "-o", str(folder / "out"), "--no-half-maps"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # cryoDRGN's, of numpy
        backproject_voxel.main(parser.parse_args(arguments))
    volume, header = parse_mrc(str(folder / "out" / "backproject.mrc"))
    assert header.apix == pytest.approx(APIX)
    return volume


def dump(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


def masked_correlation(a: np.ndarray, b: np.ndarray) -> float:
    z, y, x = np.indices((BOX, BOX, BOX)) - BOX // 2
    inside = x**2 + y**2 + z**2 < (0.85 * BOX / 2) ** 2  # cryoDRGN's window leaves nothing outside of it
    return float(np.corrcoef(a[inside], b[inside])[0, 1])


def test_the_map_comes_back_with_positive_density(reconstruction: np.ndarray) -> None:
    truth = conformation(20.0, True, APIX).density(BOX)
    assert masked_correlation(reconstruction, truth) > 0.9


def test_the_map_comes_back_in_its_own_hand(reconstruction: np.ndarray) -> None:
    molecule = conformation(20.0, True, APIX)
    own, other = (masked_correlation(reconstruction, hand.density(BOX)) for hand in (molecule, molecule.mirrored()))
    assert own > other + 0.2


def test_the_map_tells_conformations_apart(reconstruction: np.ndarray) -> None:
    true = masked_correlation(reconstruction, conformation(20.0, True, APIX).density(BOX))
    for hinge_deg, has_domain in ((-20.0, True), (20.0, False)):
        assert true > masked_correlation(reconstruction, conformation(hinge_deg, has_domain, APIX).density(BOX)) + 0.02
