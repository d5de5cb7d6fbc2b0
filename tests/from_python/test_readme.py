"""The code that README shows for Python runs as it stands there."""

import re
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

import encaudit
from tests.from_python.networks import build, images

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCK = re.compile(r"<!-- run: (\w+) -->\n```python\n(.*?)```\n<!-- end -->", re.DOTALL)
BLOCKS = BLOCK.findall(README)
LONGEST = 3  # lines of code that an encoder may take


def code_of(name: str) -> str:
    found = [code for kind, code in BLOCKS if kind == name]
    assert found, f"README has no block named {name}"
    return "\n".join(found)


def run(name: str, **given: Any) -> dict[str, Any]:
    names = {"encaudit": encaudit, **given}
    exec(compile(code_of(name), f"README.md ({name})", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[encaudit.AuditReport]:
    """Each in a folder of its own, without UMAP and controls, which README does not turn off; what they reported."""
    monkeypatch.chdir(tmp_path)
    real, reports = encaudit.audit, []

    def audit(*arguments: Any, **options: Any) -> encaudit.AuditReport:
        reports.append(real(*arguments, **{"umap": False, "controls": False, "transforms": ["roll1"]} | options))
        return reports[-1]

    monkeypatch.setattr(encaudit, "audit", audit, raising=False)
    return reports


def test_every_block_of_python_is_run_by_a_test_here() -> None:
    shown = re.findall(r"```python\n", README)
    assert len(BLOCKS) == len(shown)
    assert {kind for kind, _ in BLOCKS} == {"python", "test", "module", "programs", "libraries", "function"}


@pytest.mark.parametrize("kind", ["module", "programs", "libraries", "function"])
def test_an_encoder_takes_three_lines_at_most(kind: str) -> None:
    for one, code in BLOCKS:
        assert one != kind or len(code.strip().splitlines()) <= LONGEST


def test_from_python(tmp_path: Path) -> None:
    class Still(nn.Module):
        def forward(self, shown: Tensor) -> Tensor:
            return torch.fft.rfft2(shown).abs().flatten(1)[:, :4]  # invariant under rolls

    found = run("python", encoder=Still(), images=images())
    assert len(found["moved_most"]) == 10
    assert {"roll1", "rot90"} <= set(found["ratios"]["transform"])
    assert (tmp_path / "audit.encaudit" / "report.html").is_file()


def test_a_module_and_a_function(quick: list[encaudit.AuditReport]) -> None:
    run("module", network=build(), weights=torch.ones(144, 2), images=images())
    assert [report.provenance["checkpoint"]["latent_dim"] for report in quick] == [3, 2]


def test_programs(quick: list[encaudit.AuditReport]) -> None:
    network = build().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(network).save("encoder.pt")
    shown = torch.from_numpy(images())
    program = torch.export.export(network, (shown,), dynamic_shapes=({0: torch.export.Dim("n", min=1, max=4096)},))
    torch.export.save(program, "encoder.pt2")
    save_onnx(network, "encoder.onnx")
    run("programs", images=images())
    session = __import__("onnxruntime").InferenceSession("encoder.onnx", providers=["CPUExecutionProvider"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = [torch.jit.load("encoder.pt"), torch.export.load("encoder.pt2"), session]
    for one in (network, *loaded):
        encaudit.audit(one, images())
    latents = [report.audit.encodings.reference for report in quick]
    assert len(latents) == 7
    for latent in latents:
        np.testing.assert_allclose(latent.mu, latents[3].mu, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(latent.logvar, latents[3].logvar, rtol=1e-4, atol=1e-5)
    assert [r.provenance["checkpoint"]["kind"] for r in quick[:3]] == ["torchscript", "exported", "onnx"]


def save_onnx(network: nn.Module, path: str) -> None:
    """Write flatten, batch norm and a linear layer, whose output is split."""
    state = {name: value.numpy() for name, value in network.state_dict().items() if value.ndim}
    normed = ["norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"]
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"], axis=1),
        helper.make_node("BatchNormalization", ["flat", *normed], ["normed"]),
        helper.make_node("Gemm", ["normed", "out.weight", "out.bias"], ["both"], transB=1),
        helper.make_node("Split", ["both"], ["mu", "logvar"], axis=1, num_outputs=2),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 12, 12])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("mu", "logvar")],
        [numpy_helper.from_array(state[name], name) for name in (*normed, "out.weight", "out.bias")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


class Convolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 4, 5, stride=3)


class VisionModel(Convolution):
    """As transformers: tokens, and perhaps a pooled output."""

    def forward(self, pixel_values: Tensor) -> Any:
        tokens = self.body(pixel_values).flatten(2).transpose(1, 2)
        return SimpleNamespace(last_hidden_state=tokens, pooler_output=None)


class Autoencoder(Convolution):
    """As diffusers: encode gives a distribution of small images."""

    def encode(self, x: Tensor) -> Any:
        mean, logvar = self.body(x).chunk(2, dim=1)
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=mean, logvar=logvar))


class Backbone(Convolution):
    """As timm: a classifier with features."""

    def forward_features(self, x: Tensor) -> Tensor:
        features: Tensor = self.body(x)
        return features

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        return x.mean((2, 3)) if pre_logits else x.mean((2, 3)) @ torch.ones(4, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))


def test_libraries(quick: list[encaudit.AuditReport]) -> None:
    run("libraries", vision_model=VisionModel(), autoencoder=Autoencoder(), backbone=Backbone(), images=images())
    assert [report.provenance["checkpoint"]["latent_dim"] for report in quick] == [4, 2 * 3 * 3, 4]
    skipped = [set(report.frame().query("metric == 'posterior_kl'")["skipped"].notna()) for report in quick]
    assert skipped == [{True}, {False}, {True}]


def test_which_part_is_the_latent(quick: list[encaudit.AuditReport]) -> None:
    body = Convolution().body
    run("function", network=SimpleNamespace(trunk=lambda batch: {"features": body(batch)}), images=images())
    assert quick[0].provenance["checkpoint"]["latent_dim"] == 4


def test_the_test_of_a_suite(tmp_path: Path) -> None:
    from encaudit.from_python import BaselineCheck

    found = run("test", encoder=build(), images=images())
    for update in (True, False):
        found["test_encoder"](BaselineCheck(tmp_path, ["test_net", "test_encoder"], update=update, typed="pytest"))
    assert (tmp_path / "test_net.test_encoder.encaudit-baseline.json").is_file()
