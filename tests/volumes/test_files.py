import mrcfile
import numpy as np

from encaudit.volumes import compare_volumes, write_volumes
from tests.volumes.blobs import BlobDecoder, blob_encodings


def test_files_are_named_by_stack_row_and_hold_the_decoded_volumes(tmp_path):
    encoded, decoder = blob_encodings(), BlobDecoder()
    study = compare_volumes(decoder, encoded, labelled=2, most_moved=1, apix=2.5, seed=0)
    paths = write_volumes(study, tmp_path / "volumes")
    assert {path.name for path in paths} == {path.name for path in (tmp_path / "volumes").iterdir()}
    stems = ("particle1000", "particle1001", "particle1020")
    assert {path.name for path in paths} == {
        f"{stem}{kind}.mrc" for stem in stems for kind in ("", ".roll1", ".roll1.difference")
    }
    before, after, difference = (
        mrcfile.read(tmp_path / "volumes" / f"particle1020{kind}.mrc") for kind in ("", ".roll1", ".roll1.difference")
    )
    np.testing.assert_array_equal(before, decoder.decode_volume(encoded.reference.mu[20]))
    np.testing.assert_array_equal(after, decoder.decode_volume(encoded.moved["roll1"].mu[20]))
    np.testing.assert_array_equal(difference, after - before)


def test_header_says_volume_and_voxel_size(tmp_path):
    study = compare_volumes(BlobDecoder(), blob_encodings(), labelled=1, most_moved=0, box=8, apix=2.5, seed=0)
    with mrcfile.open(write_volumes(study, tmp_path)[0]) as file:
        assert file.is_volume()
        assert float(file.voxel_size.x) == 5.0
        assert file.data.dtype == np.float32


def test_unknown_pixel_size_is_written_as_one(tmp_path):
    study = compare_volumes(BlobDecoder(), blob_encodings(), labelled=1, most_moved=0, seed=0)
    with mrcfile.open(write_volumes(study, tmp_path)[0]) as file:
        assert float(file.voxel_size.x) == 1.0


def test_specification_becomes_a_file_name_that_any_system_takes(tmp_path):
    encoded = blob_encodings(**{"rot90:frame=array": np.ones((30, 3))})
    study = compare_volumes(BlobDecoder(), encoded, labelled=1, most_moved=0, seed=0)
    names = [path.name for path in write_volumes(study, tmp_path)]
    assert "particle1000.rot90_frame=array.mrc" in names
    assert not any(set(name) & set(':/\\*?"<>|') for name in names)


def test_writing_again_replaces_the_files(tmp_path):
    study = compare_volumes(BlobDecoder(), blob_encodings(), labelled=1, most_moved=0, seed=0)
    assert write_volumes(study, tmp_path) == write_volumes(study, tmp_path)
