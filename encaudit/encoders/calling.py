"""Which function of somebody's object gives latents of images, and in which shape does it take these?"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from encaudit.errors import InputError


def function_of(target: Any) -> Any:
    """Return ``encode`` where there is one, the features before timm's classifier, or else the object itself."""
    if callable(getattr(target, "encode", None)):
        function = target.encode
    elif isinstance(target, nn.Module) and callable(getattr(target, "forward_features", None)):
        function = _features(target)
    else:
        function = target
    return _unoptimized(function) if isinstance(target, torch.jit.ScriptModule) else function


def with_channels(images: Tensor, channels: int | None) -> Tensor:
    """Return images ``b y x`` (or ``b c y x``) as ``b channels y x``, grey ones repeated; as they are for None.

    Raises InputError for colour images of another number of channels.
    """
    if channels is None:
        return images
    if images.ndim == 3:
        images = images[:, None]
    if images.shape[1] not in (1, channels):
        raise InputError(
            f"The images have {images.shape[1]} channels, which cannot become {channels}: only grey images are "
            f"repeated. Leave channels out, or convert them."
        )
    return images.expand(-1, channels, -1, -1).contiguous()


def _features(model: Any) -> Callable[[Tensor], Any]:
    """Return what a model of timm's puts before its classifier: its own pooling, or the mean over all places."""

    def pooled(images: Tensor) -> Any:
        features = model.forward_features(images)
        if callable(getattr(model, "forward_head", None)):
            return model.forward_head(features, pre_logits=True)
        return mean_over_places(features)

    return pooled


def mean_over_places(features: Any) -> Any:
    """Return ``b d`` for features of tokens ``b t d`` or of pixels ``b d y x``; anything else as it is."""
    if not isinstance(features, Tensor) or features.ndim not in (3, 4):
        return features
    return features.mean(dim=1) if features.ndim == 3 else features.mean(dim=(2, 3))


def _unoptimized(function: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """Call TorchScript as it is: torch rewrites a program after its first runs, which may change the last bits."""

    def called(images: Tensor) -> Any:
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]  # torch does not list it
            return function(images)

    return called
