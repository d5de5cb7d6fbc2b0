"""What the decoder makes of a moved latent: volumes side by side, their difference, and Fourier shell correlations."""

from encaudit.volumes.files import file_name_part, write_volumes
from encaudit.volumes.likeness import Likeness
from encaudit.volumes.study import Comparison, VolumeStudy, compare_volumes

__all__ = ["Comparison", "Likeness", "VolumeStudy", "compare_volumes", "file_name_part", "write_volumes"]
