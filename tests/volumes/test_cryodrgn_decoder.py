import numpy as np
import torch
from torch import nn

from encaudit.volumes import compare_volumes
from tests.volumes.blobs import blob_encodings


class FreshDecoder:
    """cryoDRGN's own network with fresh weights."""

    def __init__(self, box: int, zdim: int) -> None:
        from cryodrgn.lattice import Lattice
        from cryodrgn.models import HetOnlyVAE

        torch.manual_seed(0)
        self.lattice = Lattice(box + 1, extent=0.5, device=torch.device("cpu"))
        self.net = HetOnlyVAE(self.lattice, 1, 8, 1, 8, in_dim=10, zdim=zdim, activation=nn.ReLU).eval()

    def decode_volume(self, z: np.ndarray, box: int | None = None) -> np.ndarray:
        side = (box or self.lattice.D - 1) + 1
        extent = self.lattice.extent * (side - 1) / (self.lattice.D - 1)
        coords = self.lattice.coords if box is None else self.lattice.get_downsample_coords(side)
        return self.net.decoder.eval_volume(coords, side, extent, (0.0, 1.0), z).numpy()


def test_volumes_of_a_cryodrgn_network_are_compared():
    study = compare_volumes(FreshDecoder(12, 3), blob_encodings(), labelled=2, most_moved=1, seed=0)
    found = {one.metric: one for one in study.measurements}
    assert found["volume_distance"].floor == 0.0
    assert found["volume_distance"].value.median > 0
    assert found["volume_cc"].value.median < 1
    assert study.comparisons["roll1"][0].slices[0].shape == (12, 12)
