"""The pictures of figures 10 and 11: where the latents lie in the plane, and what that plane is worth."""

from encaudit.embedding.layout import Layout, Moved, embed
from encaudit.embedding.measurements import overlay_measurements

__all__ = ["Layout", "Moved", "embed", "overlay_measurements"]
