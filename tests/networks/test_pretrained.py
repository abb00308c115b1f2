from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

from apparel_eye.errors import DataError, UsageError
from apparel_eye.networks import hub, pretrained
from apparel_eye.networks.backbones import create, state
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.networks.pretrained import pretrained_weights

KEY = "layer1.0.conv1.weight"


@pytest.fixture
def weights() -> Weights:
    return pretrained_weights("test_resnet", "none", seed=1)


@pytest.fixture
def file(tmp_path: Path, weights: Weights) -> Path:
    save_file(weights, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def test_random_weights_are_those_of_the_seed(weights: Weights) -> None:
    torch.rand(5)
    np.testing.assert_equal(pretrained_weights("test_resnet", "none", seed=1), weights)
    other = pretrained_weights("test_resnet", "none", seed=2)
    assert not np.array_equal(other["conv1.0.weight"], weights["conv1.0.weight"])


def test_the_bundled_file_fills_all_tensors_but_the_two_of_the_classifier() -> None:
    loaded = pretrained_weights("tf_efficientnet_lite0", "bundled", seed=1)
    random = pretrained_weights("tf_efficientnet_lite0", "none", seed=1)
    assert len(loaded) == 296 - 2
    trained = {name for name in loaded if not name.endswith("num_batches_tracked")}
    assert {name for name in trained if np.array_equal(loaded[name], random[name])} == set()
    assert all(loaded[name].min() >= 0 for name in loaded if name.endswith("running_var"))


def test_bundled_tensors_have_the_kinds_of_the_names_they_get(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = torch.load

    def recording(path: Path, weights_only: bool) -> dict[str, torch.Tensor]:
        tensors = original(path, weights_only=weights_only)
        read.extend(tensors)
        return tensors

    monkeypatch.setattr(torch, "load", recording)
    names = list(pretrained_weights("tf_efficientnet_lite0", "bundled", seed=1))
    assert len(read) == 296
    assert [name.rpartition(".")[2] for name in read[:-2]] == [name.rpartition(".")[2] for name in names]
    assert read[-2:] == ["_fc.weight", "_fc.bias"]


def test_the_bundled_file_is_of_one_backbone_only() -> None:
    with pytest.raises(UsageError, match="tf_efficientnet_lite0 only, not of test_resnet"):
        pretrained_weights("test_resnet", "bundled", seed=1)


def test_a_bundled_file_that_was_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "_BUNDLED_SHA256", "0" * 64)
    with pytest.raises(DataError, match="not the file this version expects"):
        pretrained_weights("tf_efficientnet_lite0", "bundled", seed=1)


def test_weights_from_the_hub_are_taken_over(monkeypatch: pytest.MonkeyPatch, file: Path, weights: Weights) -> None:
    monkeypatch.setattr(hub, "fetch", lambda name: file)
    np.testing.assert_equal(pretrained_weights("test_resnet", "hub", seed=2), weights)


@pytest.mark.fault(112)
def test_weights_for_non_commercial_use_are_not_even_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(hub, "fetch", fetched.append)
    with pytest.raises(UsageError, match="non-commercial use"):
        pretrained_weights("regnety_320.seer", "hub", seed=1, accept_non_commercial=False)
    assert fetched == []


@pytest.mark.fault(112)
@pytest.mark.parametrize("source", ["hub", "none", "missing.safetensors"])
def test_an_unknown_backbone_is_refused_before_anything_else(source: str) -> None:
    with pytest.raises(UsageError, match="the nearest are"):
        pretrained_weights("resnet999", source, seed=1)


def test_weights_of_a_file_are_loaded_as_they_are(file: Path, weights: Weights) -> None:
    np.testing.assert_equal(pretrained_weights("test_resnet", str(file), seed=2), weights)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_a_file_may_be_of_half_precision(file: Path, weights: Weights, dtype: torch.dtype) -> None:
    halves = {key: torch.from_numpy(array) for key, array in weights.items()}
    halves = {key: tensor.to(dtype) if tensor.is_floating_point() else tensor for key, tensor in halves.items()}
    save_tensors(halves, file)
    loaded = pretrained_weights("test_resnet", str(file), seed=2)
    np.testing.assert_equal(
        loaded, {key: tensor.to(weights_type(weights[key])).numpy() for key, tensor in halves.items()}
    )


def weights_type(array: np.ndarray) -> torch.dtype:
    return torch.from_numpy(array).dtype


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_convnext", "test_efficientnet", "test_mambaout"])
def test_a_files_classifier_is_left_out(tmp_path: Path, name: str) -> None:
    model = timm.create_model(name, pretrained=False)
    whole = state(model)
    save_file(whole, tmp_path / "whole.safetensors")
    loaded = pretrained_weights(name, str(tmp_path / "whole.safetensors"), seed=2)
    assert set(loaded) == set(create(name).state_dict())
    np.testing.assert_equal(loaded, {key: whole[key] for key in loaded})


def test_files_of_other_programs_are_read_by_timms_own_function(tmp_path: Path) -> None:
    weights = pretrained_weights("test_vit", "none", seed=1)
    save_file({f"visual.trunk.{key}": array for key, array in weights.items()}, tmp_path / "clip.safetensors")
    np.testing.assert_equal(pretrained_weights("test_vit", str(tmp_path / "clip.safetensors"), seed=2), weights)


def test_files_from_before_batch_norm_counted_are_read(file: Path, weights: Weights) -> None:
    save_file({key: array for key, array in weights.items() if not key.endswith("num_batches_tracked")}, file)
    np.testing.assert_equal(pretrained_weights("test_resnet", str(file), seed=2), weights)


@pytest.mark.fault(113)
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda weights: {key: array for key, array in weights.items() if key != KEY},
            f"1 of its 90 arrays missing.*'{KEY}'",
        ),
        (lambda weights: {**weights, "layer9.weight": weights[KEY]}, r"1 not of it, for example 'layer9\.weight'"),
        (lambda weights: {**weights, KEY: weights[KEY][:1]}, f"1 of another shape, for example '{KEY}' .1, "),
        (
            lambda weights: {f"model.{key}": array for key, array in weights.items()},
            "75 of its 90 arrays missing.*90 not of it",
        ),
        (lambda weights: {}, "75 of its 90 arrays missing"),
        (lambda weights: {**weights, KEY: weights[KEY] * np.nan}, f"1 of 90 arrays.*not finite, for example '{KEY}'"),
        (lambda weights: {**weights, KEY: weights[KEY] + np.inf}, f"1 of 90 arrays.*not finite, for example '{KEY}'"),
    ],
    ids=["missing key", "extra key", "other shape", "other names", "no key at all", "NaN", "infinity"],
)
def test_a_file_that_does_not_fit_is_refused_by_the_first_that_is_wrong(
    file: Path, weights: Weights, damage: Callable[[Weights], Weights], message: str
) -> None:
    save_file(damage(weights), file)
    with pytest.raises(DataError, match=rf"weights\.safetensors: .*{message}"):
        pretrained_weights("test_resnet", str(file), seed=1)


@pytest.mark.fault(113)
def test_a_file_of_another_backbone_is_refused(tmp_path: Path) -> None:
    save_file(pretrained_weights("test_vit", "none", seed=1), tmp_path / "vit.safetensors")
    with pytest.raises(DataError, match="use weights of this very backbone"):
        pretrained_weights("test_vit2", str(tmp_path / "vit.safetensors"), seed=1)


@pytest.mark.fault(117)
@pytest.mark.parametrize(
    "content", [b"", b"<html>Not Found</html>", b"\xff" * 64, (2**62).to_bytes(8, "little") + b"{}"]
)
def test_a_file_that_is_no_safetensors_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"weights\.safetensors"):
        pretrained_weights("test_resnet", str(file), seed=1)


@pytest.mark.parametrize("name", ["missing.safetensors", "weights.pth", "bundeld"])
def test_other_sources_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "weights.pth").write_bytes(b"pickle")
    with pytest.raises(UsageError, match="neither hub, bundled or none"):
        pretrained_weights("test_resnet", str(tmp_path / name), seed=1)
