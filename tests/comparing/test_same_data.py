"""Runs on other images are refused by whatever is known of them; where nothing is, that is told."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from encaudit.errors import InputError
from tests.comparing.planted_runs import CONFIG, MU, D, N, losses, write_run, write_z
from tests.comparing.test_side_by_side import codes, compare, value
from tests.images.written_stacks import numbered_images, write_mrcs


def write_cryodrgn(folder: Path, mu: np.ndarray = MU, box: int = 16, ind: str = "") -> str:
    """A folder as cryoDRGN leaves it, without losses; its particles are said to be in a folder that is gone."""
    folder.mkdir()
    config = CONFIG.format(0, 1).replace("D: 17", f"D: {box + 1}").replace("particles.mrcs", "/gone/particles.mrcs")
    (folder / "config.yaml").write_text(config.replace("norm:", f"ind: {ind}, norm:") if ind else config)
    write_z(folder / "z.pkl", mu)
    return str(folder)


def write_audit(folder: Path, sha256: str, rows: np.ndarray | None = None) -> str:
    folder.mkdir()
    images = {"path": "particles.mrcs", "sha256": sha256, "shape": [16, 16], "poses": None, "ctf": None}
    (folder / "report.json").write_text(json.dumps({"provenance": {"images": images}}))
    index = np.arange(N) if rows is None else rows
    np.savez(folder / "latents.npz", mu=MU[: len(index)].astype(np.float32), index=index)
    return str(folder)


def test_an_audit_of_other_images_than_a_runs_is_refused(tmp_path: Path) -> None:
    run = str(write_run(tmp_path / "run", "vae", MU, losses(0), images="one"))
    assert "unknown-images" not in codes(compare(run, write_audit(tmp_path / "same", "one")))
    with pytest.raises(InputError, match=r"trained on other images \(their SHA-256 differ"):
        compare(run, write_audit(tmp_path / "other", "two"))


def test_stacks_of_another_length_or_box_are_refused(tmp_path: Path) -> None:
    run = str(write_run(tmp_path / "run", "vae", MU, losses(0), norm=(0, 1)))
    with pytest.raises(InputError, match="stacks of 240 and of 360"):
        compare(run, write_cryodrgn(tmp_path / "longer", np.tile(MU, (2, 1))[:360]))
    with pytest.raises(InputError, match="of 16 and of 32 pixels a side"):
        compare(run, write_cryodrgn(tmp_path / "wider", box=32))
    rows = np.arange(10, N + 10)
    part = str(write_run(tmp_path / "part", "vae", MU, losses(0), index=rows, options={"n": N}))
    with pytest.raises(InputError, match="a stack of 240, and one with a row 249"):
        compare(write_cryodrgn(tmp_path / "whole"), part)


def test_a_part_of_the_stack_is_no_other_stack(tmp_path: Path) -> None:
    whole = write_cryodrgn(tmp_path / "whole")
    rows = np.arange(0, N, 3)
    part = {name: values[rows] for name, values in losses(0).items()}
    some = str(write_run(tmp_path / "some", "vae", MU[rows], part, index=rows, options={"n": len(rows)}))
    assert "images-in-common" in codes(compare(whole, some))


def test_a_cryodrgn_run_on_a_part_is_on_the_rows_that_its_index_file_tells(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).permutation(N)[:150]
    whole = str(write_run(tmp_path / "whole", "vae", MU, losses(0)))
    part = write_cryodrgn(tmp_path / "part", MU[rows], ind="/gone/ind.pkl")
    assert "rows-guessed" in codes(compare(whole, part))
    (tmp_path / "ind.pkl").write_bytes(pickle.dumps(rows))
    found = compare(whole, part)
    assert "rows-guessed" not in codes(found)
    np.testing.assert_array_equal(found.index, np.sort(rows))
    assert value(found.pairs[0].measures, "run_neighbour_agreement") == 1


def test_images_of_a_cryodrgn_run_are_hashed_where_they_are(tmp_path: Path) -> None:
    from encaudit.hashing import sha256_of

    write_mrcs(tmp_path / "particles.mrcs", numbered_images(N))  # one above the run's folder, as a copy of all has it
    sha256 = sha256_of([tmp_path / "particles.mrcs"])
    cryodrgn = write_cryodrgn(tmp_path / "cryodrgn")
    same = str(write_run(tmp_path / "same", "vae", MU, losses(0), images=sha256))
    assert "unknown-images" not in codes(compare(cryodrgn, same))
    other = str(write_run(tmp_path / "other", "vae", MU, losses(0), images="other"))
    with pytest.raises(InputError, match=r"the SHA-256 of .*particles.mrcs and of particles.mrcs differ"):
        compare(cryodrgn, other)


def test_where_nobody_knows_the_images_that_is_told(tmp_path: Path) -> None:
    run = str(write_run(tmp_path / "run", "vae", MU, losses(0)))
    found = compare(run, write_cryodrgn(tmp_path / "cryodrgn"))
    told = next(one for one in found.findings if one.code == "unknown-images")
    assert told.level == "warning"
    assert "not known whether cryodrgn had the images of run" in told.text
    copied = shutil.copytree(tmp_path / "cryodrgn", tmp_path / "copied")
    assert "unknown-images" not in codes(
        compare(str(tmp_path / "cryodrgn"), str(copied))
    )  # the same path, gone for both
    for folder in (tmp_path / "cryodrgn", copied):
        (folder / "config.yaml").write_text("damaged")
    assert "unknown-images" in codes(compare(str(tmp_path / "cryodrgn"), str(copied)))


def test_poses_of_a_cryodrgn_run_are_compared_too(tmp_path: Path) -> None:
    run = str(write_run(tmp_path / "run", "vae", MU, losses(0)))
    (tmp_path / "poses.pkl").write_bytes(pickle.dumps(np.zeros((N, D))))
    cryodrgn = tmp_path / "cryodrgn"
    write_cryodrgn(cryodrgn)
    config = (cryodrgn / "config.yaml").read_text()
    (cryodrgn / "config.yaml").write_text(config.replace("norm:", "poses: /gone/poses.pkl, norm:"))
    found = compare(run, str(cryodrgn))
    assert {"other-poses", "other-ctf"} <= set(codes(found))  # it had no CTF at all
