import torch

from encaudit.transforms import parse_transform
from tests.transforms.observations import digits, particles


def test_gain_multiplies_and_offset_counts_the_standard_deviations_of_each_image():
    batch = particles()
    batch = batch.with_(images=batch.images * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None] + 5)
    moved = parse_transform("contrast:gain=1.5,offset=2")(batch, seed=0)
    std = batch.images.flatten(1).std(1, correction=0)
    assert torch.allclose(moved.images, 1.5 * batch.images + 2 * std[:, None, None], atol=1e-5)


def test_each_tilt_has_its_own_standard_deviation():
    batch = particles(tilts=2)
    batch = batch.with_(images=batch.images * torch.tensor([1.0, 10.0])[:, None, None])
    added = parse_transform("contrast:offset=1")(batch, seed=0).images - batch.images
    assert torch.allclose(added[:, :, 0, 0], batch.images.flatten(2).std(2, correction=0), atol=1e-4)


def test_the_encoder_is_told_another_defocus_and_angle_and_the_pixels_stay():
    batch = particles(tilts=2)
    told = parse_transform("ctf:defocus=300,angle=10")(batch, seed=0)
    assert torch.equal(told.images, batch.images)
    added = torch.tensor([0.0, 300.0, 300.0, 10.0, 0.0, 0.0, 0.0, 0.0])
    assert torch.allclose(told.ctf, batch.ctf + added)


def test_a_mirror_negates_tx_and_the_astigmatism_angle_and_leaves_the_pose():
    batch = particles()
    moved = parse_transform("mirror")(batch, seed=0)
    assert torch.equal(moved.shift_px, batch.shift_px * torch.tensor([-1.0, 1.0]))
    assert torch.equal(moved.ctf[:, 3], -batch.ctf[:, 3])
    assert torch.equal(moved.ctf[:, :3], batch.ctf[:, :3])
    assert torch.equal(moved.pose, batch.pose)


def test_frames_other_than_covariant_leave_all_metadata():
    for spec in ("mirror:frame=array", "mirror:frame=centred", "rot90:frame=array", "rotate:deg=10,frame=centred"):
        batch = particles()
        moved = parse_transform(spec)(batch, seed=0)
        assert moved.shift_px is batch.shift_px
        assert moved.ctf is batch.ctf
        assert moved.pose is batch.pose


def test_added_noise_has_the_variance_of_the_image_over_snr():
    batch = particles(2, box=64)
    batch = batch.with_(images=batch.images * torch.tensor([1.0, 10.0])[:, None, None] + 7)
    added = parse_transform("addnoise:snr=4")(batch, seed=0).images - batch.images
    ratio = batch.images.var((-2, -1)) / added.var((-2, -1))
    assert torch.allclose(ratio, torch.full((2,), 4.0), rtol=0.1)


def test_noise_twins_have_the_moments_of_the_stack_and_keep_their_metadata():
    batch = particles(4, box=64)
    twins = parse_transform("noise")(batch, seed=0)
    assert abs(twins.images.mean() - 2.0) < 0.02
    assert abs(twins.images.std() - 0.5) < 0.02
    assert twins.shift_px is batch.shift_px
    assert twins.ctf is batch.ctf


def test_colours_of_noise_differ():
    twins = parse_transform("noise")(digits(colours=3), seed=0).images
    assert not torch.allclose(twins[:, 0], twins[:, 1])
