import re
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.numpy import save_file

from apparel_eye.errors import DataError, SurroundingsError, UsageError
from apparel_eye.vision import backbones
from apparel_eye.vision.backbones import Weights, create, load, normalization, pretrained_weights, restored, state


@pytest.fixture
def weights() -> Weights:
    return pretrained_weights("test_resnet", "none", seed=1)


@pytest.fixture
def file(tmp_path: Path, weights: Weights) -> Path:
    save_file(weights, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet999", "resnet50"),
        ("tf_efficientnet_lit0", "tf_efficientnet_lite0"),
        ("resnet50.a1_in2k", r"resnet50\.a1_in1k"),
        ("resnet999.a1_in1k", "resnet50"),
        ("?", "[a-z]+"),
    ],
    ids=["unknown", "misspelt", "unknown tag", "unknown with a known tag", "like no other"],
)
def test_an_unknown_name_is_refused_with_the_nearest_ones(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"train\.backbone is {re.escape(repr(name))}.*nearest are .*{message}"):
        create(name)


@torch.inference_mode()
def test_a_backbone_has_no_classifier() -> None:
    model = create("test_resnet").eval()
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, model.num_features)


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
    monkeypatch.setattr(backbones, "_BUNDLED_SHA256", "0" * 64)
    with pytest.raises(DataError, match="not the file this version expects"):
        pretrained_weights("tf_efficientnet_lite0", "bundled", seed=1)


def test_a_hub_that_cannot_be_reached_is_named_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(backbones, "try_to_load_from_cache", lambda repository, file: None)
    started = time.monotonic()
    with pytest.raises(SurroundingsError, match=r"test_resnet.*hub.*--env=cpu.*train\.pretrained=FILE"):
        pretrained_weights("test_resnet", "hub", seed=1)
    assert time.monotonic() - started < 5


def test_weights_from_the_hub_are_taken_over(monkeypatch: pytest.MonkeyPatch, weights: Weights) -> None:
    original = timm.create_model

    def with_weights(name: str, pretrained: bool, num_classes: int) -> torch.nn.Module:
        model = original(name, pretrained=False, num_classes=num_classes)
        if pretrained:
            load(model, weights)
        return model

    monkeypatch.setattr(timm, "create_model", with_weights)
    monkeypatch.setattr(backbones, "try_to_load_from_cache", lambda repository, file: "cached")
    np.testing.assert_equal(pretrained_weights("test_resnet", "hub", seed=2), weights)


def test_weights_for_non_commercial_use_are_refused() -> None:
    with pytest.raises(UsageError, match="non-commercial use"):
        pretrained_weights("resnext101_32x4d.fb_swsl_ig1b_ft_in1k", "hub", seed=1)


def test_weights_of_a_file_are_loaded_as_they_are(file: Path, weights: Weights) -> None:
    np.testing.assert_equal(pretrained_weights("test_resnet", str(file), seed=2), weights)


def test_a_files_classifier_is_left_out(file: Path, weights: Weights) -> None:
    save_file({**weights, "fc.weight": np.ones((1000, 8), dtype=np.float32)}, file)
    np.testing.assert_equal(pretrained_weights("test_resnet", str(file), seed=2), weights)


def test_a_file_that_lacks_weights_is_refused_by_their_name(file: Path, weights: Weights) -> None:
    save_file({name: array for name, array in weights.items() if name != "layer1.0.conv1.weight"}, file)
    with pytest.raises(DataError, match=r"first difference at 'layer1\.0\.conv1\.weight'"):
        pretrained_weights("test_resnet", str(file), seed=1)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(file: Path, weights: Weights, number: float) -> None:
    weights["layer1.0.conv1.weight"].flat[3] = number
    save_file(weights, file)
    with pytest.raises(DataError, match=r"not finite, for example 'layer1\.0\.conv1\.weight'"):
        pretrained_weights("test_resnet", str(file), seed=1)


def test_a_file_that_is_no_safetensors_is_refused(file: Path) -> None:
    file.write_bytes(b"<html>Not Found</html>")
    with pytest.raises(DataError, match=r"weights\.safetensors"):
        pretrained_weights("test_resnet", str(file), seed=1)


@pytest.mark.parametrize("name", ["missing.safetensors", "weights.pth", "bundeld"])
def test_other_sources_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "weights.pth").write_bytes(b"pickle")
    with pytest.raises(SurroundingsError, match="neither hub, bundled or none"):
        pretrained_weights("test_resnet", str(tmp_path / name), seed=1)


def test_weights_of_another_shape_are_refused(weights: Weights) -> None:
    weights["conv1.0.weight"] = np.zeros((1, 3, 3, 3), dtype=np.float32)
    with pytest.raises(DataError, match=r"first difference at 'conv1\.0\.weight' of shape"):
        load(create("test_resnet"), weights)


def test_a_restored_backbone_is_in_evaluation_mode_and_has_the_weights(weights: Weights) -> None:
    model = restored("test_resnet", weights)
    assert not model.training
    np.testing.assert_equal(state(model), weights)


def test_a_state_stays_what_it_was_when_the_model_changes(weights: Weights) -> None:
    model = restored("test_resnet", weights)
    before = state(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    np.testing.assert_equal(before, weights)


def test_normalization_is_that_of_the_pretrained_weights() -> None:
    assert normalization("tf_efficientnet_lite0") == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert normalization("resnext101_64x4d.c1_in1k") == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
