"""What networks of other libraries return is read as latents."""

from collections import OrderedDict
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from encaudit.encoders.calling import with_channels
from encaudit.encoders.module import encoder_of
from encaudit.encoders.returned import checked_posterior
from encaudit.errors import InputError
from encaudit.types import ImageBatch

MU, LOGVAR = torch.arange(6.0).reshape(3, 2), -torch.ones(3, 2)


class ModelOutput(OrderedDict):
    """As transformers and diffusers have it: a dictionary with attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Named(NamedTuple):
    reconstruction: Tensor
    mu: Tensor
    logvar: Tensor


def square(values: Tensor) -> Tensor:
    return values[:, :, None, None]


@pytest.mark.parametrize("form", [dict, SimpleNamespace])
@pytest.mark.parametrize("mean", ["mu", "mean"])
@pytest.mark.parametrize("doubt", ["logvar", "log_var"])
def test_no_name_of_a_mean_loses_the_doubt(form: Any, mean: str, doubt: str) -> None:
    found = checked_posterior("net", form(**{mean: MU, doubt: LOGVAR}), 3, torch.device("cpu"))
    torch.testing.assert_close(found.mu, MU)
    torch.testing.assert_close(found.logvar, LOGVAR)


@pytest.mark.parametrize(
    ("returned", "doubt"),
    [
        (MU, False),
        ((MU, LOGVAR), True),
        ({"mu": MU, "logvar": LOGVAR, "z": MU + 1}, True),
        ({"reconstruction": MU, "mu": MU, "log_var": LOGVAR}, True),
        ({"z_mean": MU.numpy(), "z_log_var": LOGVAR.numpy()}, True),
        ({"mean": MU}, False),
        (Named(torch.zeros(3, 9), MU, LOGVAR), True),
        (SimpleNamespace(mu=MU, logvar=LOGVAR), True),
        (ModelOutput(latent_dist=SimpleNamespace(mean=square(MU), logvar=square(LOGVAR), sample=None)), True),
        (ModelOutput(last_hidden_state=torch.zeros(3, 5, 2), pooler_output=MU), False),
        (ModelOutput(last_hidden_state=torch.zeros(3, 2, 4, 4), pooler_output=square(MU)), False),
        (ModelOutput(last_hidden_state=torch.stack([MU - 1, MU, MU + 1], dim=1)), False),
        (SimpleNamespace(pooler_output=None, last_hidden_state=square(MU).expand(-1, -1, 4, 4)), False),
        (torch.distributions.Independent(torch.distributions.Normal(MU, (LOGVAR / 2).exp()), 1), True),
    ],
)
def test_latents_are_found_by_their_names(returned: Any, doubt: bool) -> None:
    posterior = checked_posterior("it", returned, 3, torch.device("cpu"))
    torch.testing.assert_close(posterior.mu, MU)
    if doubt:
        assert posterior.logvar is not None
        torch.testing.assert_close(posterior.logvar, LOGVAR)
    else:
        assert posterior.logvar is None


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ({"logits": MU}, "a dict of 'logits'"),
        ({}, "a dict of nothing"),
        (SimpleNamespace(mu="text"), "a SimpleNamespace"),
        ({"mu": np.zeros(3)}, "a dict of 'mu'"),
        (ModelOutput(last_hidden_state=torch.zeros(4, 5, 2)), "a ModelOutput of 'last_hidden_state'"),
    ],
)
def test_anything_else_is_refused_with_what_it_was(returned: Any, said: str) -> None:
    with pytest.raises(InputError, match=f"it returned {said} for 3 images; expected .*latent_dist"):
        checked_posterior("it", returned, 3, torch.device("cpu"))


class OfTimm(nn.Module):
    """As timm has it: a classifier, whose features come before."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 1000)

    def forward_features(self, images: Tensor) -> Tensor:
        features: Tensor = self.body(images)
        return features

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.forward_features(images).mean((2, 3)))
        return logits


class WithPooling(OfTimm):
    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        assert pre_logits
        return features.amax((2, 3))


IMAGES = torch.randn(5, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", [OfTimm, WithPooling])
def test_features_before_the_classifier_are_taken(kind: type[OfTimm]) -> None:
    model = kind()
    encoder = encoder_of("it", model, "cpu")
    encoder.channels = 3
    with torch.no_grad():
        features = model.forward_features(IMAGES[:, None].expand(-1, 3, -1, -1))
    expected = features.amax((2, 3)) if kind is WithPooling else features.mean((2, 3))
    torch.testing.assert_close(encoder.encode(ImageBatch(IMAGES, torch.arange(5))).mu, expected)


@pytest.mark.parametrize("given", [IMAGES, IMAGES[:, None]])
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_images_are_repeated(given: Tensor, channels: int) -> None:
    shown = with_channels(given, channels)
    assert shown.shape == (5, channels, 8, 8)
    for channel in range(channels):
        torch.testing.assert_close(shown[:, channel], IMAGES)


def test_channels_are_as_they_are_unless_asked_for_and_colour_is_not_invented() -> None:
    assert with_channels(IMAGES, None) is IMAGES
    colour = torch.zeros(2, 3, 8, 8)
    assert with_channels(colour, 3).shape == colour.shape
    with pytest.raises(InputError, match="have 3 channels, which cannot become 1"):
        with_channels(colour, 1)


def test_a_network_that_wants_channels_is_told_of_the_option() -> None:
    encoder = encoder_of("it", OfTimm(), "cpu")
    with pytest.raises(InputError, match=r"\(5, 8, 8\)\). If it takes .* --channels 3"):
        encoder.encode(ImageBatch(IMAGES, torch.arange(5)))
