"""The user's own encoder: what is taken, and what is said of what is not."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from encaudit.encoders.module import ModuleEncoder, RenewableModuleEncoder, encoder_of, load_module
from encaudit.errors import InputError
from encaudit.types import ImageBatch, Reinitializable

SOURCE = """
import numpy, torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 6), nn.LayerNorm(6))
    def forward(self, images):
        return self.layers(images).chunk(2, dim=1)

class Vae(Net):
    def forward(self, images):
        return "a reconstruction"
    def encode(self, images):
        return self.layers(images)[:, :2]

class Token(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.linear = nn.Parameter(torch.ones(1, 16)), nn.Linear(16, 2)
    def forward(self, images):
        return self.linear(images.flatten(1) * self.token)

class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.linear = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(16, 2)
    def forward(self, images):
        return self.linear(self.attention(images, images, images)[0].flatten(1))

class Mean:
    def encode(self, images):
        return images.mean((-1, -2))[:, None].double()

class Channels:
    def encode(self, images):
        return images.mean((-1, -2))

class Renewing(Mean):
    def untrained(self, seed):
        return Mean()

class Writing:
    def encode(self, images):
        images -= images.mean()
        return images.flatten(1)[:, :2]

class Array:
    def encode(self, images):
        return images.numpy().reshape(len(images), -1)[:, :3], None

class Returning:
    def __init__(self, value): self.value = value
    def encode(self, images): return self.value(images) if callable(self.value) else self.value

class Growing:
    width = 0
    def encode(self, images):
        self.width += 1
        return torch.zeros(len(images), self.width)

ready = Mean()
number = 7
def net(): return Net()
def fails(): raise ValueError("no weights here")
def nothing(): return None
def needs(path): return Net()
def transposed(): return Returning(lambda x: torch.zeros(3, len(x)))
def flat(): return Returning(lambda x: torch.zeros(len(x)))
def whole(): return Returning(lambda x: torch.zeros(len(x), 2, dtype=torch.long))
def three(): return Returning(lambda x: (x.flatten(1),) * 3)
def uneven(): return Returning(lambda x: (torch.zeros(len(x), 2), torch.zeros(len(x), 3)))
def empty(): return Returning(lambda x: torch.zeros(len(x), 0))
def text(): return Returning("latents")
def swapped(): return Returning(lambda x: x.numpy().mean(-1).astype(">f8"))
def reversed_(): return Returning(lambda x: x.numpy().mean(-1)[::-1, ::-1])
def words(): return Returning(lambda x: numpy.full((len(x), 2), "a"))
def objects(): return Returning(lambda x: numpy.full((len(x), 2), None))
def sparse(): return Returning(lambda x: torch.ones(len(x), 2).to_sparse())
def meta(): return Returning(lambda x: torch.ones(len(x), 2, device="meta"))
def exits(): import sys; sys.exit(0)
def encode_exits(): return Returning(lambda x: exits())
def paragraphs(): raise ValueError("first\\n  second")

class Sometimes:
    calls = 0
    def encode(self, images):
        self.calls += 1
        return (images[:, 0], images[:, 1]) if self.calls == 1 else images[:, 0]

class BadRenewal(Mean):
    def __init__(self, renew): self.renew = renew
    def untrained(self, seed): return self.renew(seed)

class NoSeed(Mean):
    def untrained(self): return self

def renewal_exits(): return BadRenewal(lambda seed: exits())
def renewal_fails(): return BadRenewal(lambda seed: 1 / 0)
def renewal_nothing(): return BadRenewal(lambda seed: None)
def renewal_wider(): return BadRenewal(lambda seed: Array())
"""


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder is the current one, and not on the path."""
    (tmp_path / "their_network.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("import a_package_nobody_has\n")
    (tmp_path / "wrong.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield tmp_path
    for name in ("their_network", "broken", "wrong", "script"):
        sys.modules.pop(name, None)


def batch(count: int = 5, *shape: int) -> ImageBatch:
    return ImageBatch(
        torch.randn(count, *(shape or (4, 4)), generator=torch.Generator().manual_seed(1)), torch.arange(count)
    )


@pytest.mark.parametrize(
    ("name", "dim", "logvar"),
    [
        ("net", 3, True),
        ("Net", 3, True),
        ("Vae", 2, False),
        ("Attention", 2, False),
        ("Mean", 1, False),
        ("ready", 1, False),
        ("ready.__class__", 1, False),
        ("Array", 3, False),
    ],
)
def test_factories_classes_and_ready_objects_encode(name: str, dim: int, logvar: bool) -> None:
    encoder = load_module(f"their_network:{name}")
    posterior = encoder.encode(batch())
    assert posterior.mu.shape == (5, dim)
    assert posterior.mu.dtype == torch.float32
    assert not posterior.mu.requires_grad
    assert (posterior.logvar is not None) == logvar
    assert encoder.latent_dim == dim


def test_modules_are_in_evaluation_mode_under_any_batch_split() -> None:
    encoder = load_module("their_network:net")
    images = batch(7)
    whole = encoder.encode(images).mu
    assert torch.equal(whole, encoder.encode(images).mu)
    parts = [encoder.encode(images.select(torch.arange(start, end))).mu for start, end in ((0, 1), (1, 5), (5, 7))]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)


def test_colour_images_reach_the_encoder_with_their_channels() -> None:
    posterior = load_module("their_network:Channels").encode(batch(2, 3, 4, 4))
    assert torch.allclose(posterior.mu, batch(2, 3, 4, 4).images.mean((-1, -2)))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).double(),
            r"Its parameters are float64: convert it by \.float\(\)",
        ),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()), "type --channels 1 or"),
    ],
    ids=["type", "channels"],
)
def test_what_to_try_is_what_may_help(network: nn.Module, said: str) -> None:
    with pytest.raises(InputError, match=said):
        encoder_of("network", network, "cpu").encode(batch(5, 8, 8))


def test_an_encoder_that_writes_into_its_images_changes_none_of_ours() -> None:
    images = batch()
    before = images.images.clone()
    load_module("their_network:Writing").encode(images)
    assert torch.equal(images.images, before)


def test_the_current_folder_shadows_no_library_afterwards(user_folder: Path) -> None:
    load_module("their_network:net")
    assert sys.path.index(str(user_folder)) == len(sys.path) - 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("their_network", ["pkg.mod:factory"]),
        ("their_network:", ["pkg.mod:factory"]),
        ("a:b:c", ["pkg.mod:factory"]),
        ("no_such_network:net", ["No module no_such_network"]),
        ("no_such_package.network:net", ["No module no_such_package.network", "where no_such_package is"]),
        ("broken:net", ["broken was found", "a_package_nobody_has"]),
        ("wrong:net", ["Importing wrong raised ZeroDivisionError"]),
        ("their_network:nte", ["has no nte"]),
        ("their_network:number", ["is a int", "encode(images)"]),
        ("their_network:fails", ["fails() raised ValueError: no weights here"]),
        ("their_network:needs", ["TypeError", "without arguments"]),
        ("their_network:nothing", ["returned a NoneType", "encode(images)"]),
    ],
)
def test_what_cannot_be_loaded_is_said(spec: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        load_module(spec)
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("transposed", "Tensor of float32 of shape (3, 5)"),
        ("flat", "Tensor of float32 of shape (5,)"),
        ("whole", "Tensor of int64 of shape (5, 2)"),
        ("three", "(Tensor of float32 of shape (5, 16), Tensor"),
        ("empty", "of shape (5, 0)"),
        ("text", "a str"),
        ("uneven", "mu of shape (5, 2) and logvar of shape (5, 3)"),
    ],
)
def test_what_is_returned_instead_of_latents_is_said(name: str, found: str) -> None:
    with pytest.raises(InputError) as caught:
        load_module(f"their_network:{name}").encode(batch())
    assert found in str(caught.value)
    assert "expected" in str(caught.value)


def test_images_the_network_cannot_take_are_said_with_their_shape() -> None:
    with pytest.raises(InputError, match=r"raised RuntimeError: .*\(5, 9, 9\)"):
        load_module("their_network:net").encode(batch(5, 9, 9))


def test_a_latent_dimension_that_changes_is_refused() -> None:
    encoder = load_module("their_network:Growing")
    encoder.encode(batch())
    with pytest.raises(InputError, match="2 latents for this batch and 1 before"):
        encoder.encode(batch())


def test_a_device_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match="cannot be put on cuda:99"):
        load_module("their_network:net", "cuda:99")


@pytest.mark.parametrize("name", ["net", "Attention"])
def test_untrained_draws_all_weights_anew_from_the_seed(name: str) -> None:
    encoder = load_module(f"their_network:{name}")
    assert isinstance(encoder, Reinitializable)
    images = batch()
    trained = encoder.encode(images).mu
    state = torch.get_rng_state()
    first, again, other = (encoder.untrained(seed).encode(images).mu for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
    assert not torch.allclose(first, trained)
    assert torch.equal(encoder.encode(images).mu, trained), "the trained network is left as it is"
    assert torch.equal(torch.get_rng_state(), state), "and so is the user's random state"


def test_untrained_is_there_where_the_object_brings_it() -> None:
    encoder = load_module("their_network:Renewing")
    assert isinstance(encoder, Reinitializable)
    assert isinstance(encoder.untrained(0), ModuleEncoder)


@pytest.mark.parametrize("name", ["Token", "Mean"])
def test_untrained_is_not_there_where_weights_would_stay(name: str) -> None:
    assert not isinstance(load_module(f"their_network:{name}"), Reinitializable)


def test_arrays_in_any_byte_order_and_strides_are_latents() -> None:
    mean = batch().images.mean(-1)
    assert torch.allclose(load_module("their_network:swapped").encode(batch()).mu, mean)
    assert torch.allclose(load_module("their_network:reversed_").encode(batch()).mu, mean.flip(0, 1))


@pytest.mark.parametrize(
    ("name", "found"), [("words", "ndarray"), ("objects", "ndarray"), ("sparse", "sparse"), ("meta", "meta")]
)
def test_arrays_and_tensors_without_numbers_are_refused(name: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        load_module(f"their_network:{name}").encode(batch())


def test_a_logvar_for_some_batches_only_is_refused() -> None:
    encoder = load_module("their_network:Sometimes")
    encoder.encode(batch())
    with pytest.raises(InputError, match="no logvar for this batch and one before"):
        encoder.encode(batch())


def test_code_that_calls_sys_exit_ends_nothing(user_folder: Path) -> None:
    (user_folder / "script.py").write_text("import sys\nsys.exit(0)\n")
    for spec in ("script:net", "their_network:exits"):
        with pytest.raises(InputError, match=r"called sys\.exit\(0\).*training script"):
            load_module(spec)
    with pytest.raises(InputError, match=r"called sys\.exit"):
        load_module("their_network:encode_exits").encode(batch())


def test_a_signal_while_their_code_runs_still_ends_encaudit() -> None:
    def told_to_stop(images: torch.Tensor) -> None:
        sys.exit(128 + signal.SIGTERM)

    with pytest.raises(SystemExit):
        ModuleEncoder("theirs", told_to_stop).encode(batch())


def test_a_script_that_parses_arguments_does_not_see_ours(user_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["encaudit", "audit", "--images", "x.mrcs"])
    (user_folder / "script.py").write_text(
        "import argparse, sys\nfrom their_network import Mean as net\n"
        "argparse.ArgumentParser().parse_args()\nassert sys.argv == ['script']\n"
    )
    load_module("script:net").encode(batch())
    assert sys.argv[1] == "audit"


def test_what_their_code_raises_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match=r"ValueError: first second \(\S+their_network.py, line \d+\)\. It is called"):
        load_module("their_network:paragraphs")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("renewal_exits", r"untrained\(3\) called sys\.exit"),
        ("renewal_fails", "ZeroDivisionError"),
        ("renewal_nothing", "a NoneType"),
        ("NoSeed", "TypeError.*called with the seed"),
        ("renewal_wider", r"\(untrained\) returned 3 latents for this batch and 1 when trained"),
    ],
)
def test_a_renewal_that_is_none_is_refused(name: str, said: str) -> None:
    encoder = _renewing(name)
    encoder.encode(batch())
    with pytest.raises(InputError, match=said):
        encoder.untrained(3).encode(batch())


def _renewing(name: str) -> RenewableModuleEncoder:
    encoder = load_module(f"their_network:{name}")
    assert isinstance(encoder, RenewableModuleEncoder)
    return encoder


def test_a_seed_of_more_bits_than_torch_takes_is_no_error() -> None:
    encoder = _renewing("net")
    assert torch.equal(encoder.untrained(2**64 + 3).encode(batch()).mu, encoder.untrained(3).encode(batch()).mu)


def test_a_module_gets_its_images_where_it_is_and_any_other_object_on_the_cpu() -> None:
    seen = []

    def look(images: torch.Tensor) -> torch.Tensor:
        seen.append(images.device.type)
        return torch.zeros(len(images), 2)

    posterior = ModuleEncoder("mine", look, "meta").encode(batch())
    assert seen == ["meta"]
    assert posterior.mu.device.type == "cpu"  # where the batch was
    assert load_module("their_network:Net", device="meta").device.type == "meta"
    assert load_module("their_network:Mean", device="meta").device.type == "cpu"


def test_the_untrained_module_is_where_the_trained_one_is() -> None:
    trained = RenewableModuleEncoder("mine", torch.nn.Identity(), lambda _: torch.nn.Linear(2, 2), "meta")
    assert trained.untrained(0).device.type == "meta"
