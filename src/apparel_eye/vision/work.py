"""What the two phases of a stage train, and on what: the head on cached features, all layers on photos."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from apparel_eye.parameters import AugmentationParameters, TrainParameters
from apparel_eye.subsets import Subsets
from apparel_eye.vision import device, losses, views
from apparel_eye.vision.batches import Pixels, to_tensor
from apparel_eye.vision.classifier import Classifier, Description
from apparel_eye.vision.engine import Work
from apparel_eye.vision.groups import parameter_groups
from apparel_eye.vision.inference import predict_plain, to_probabilities


def head_work(
    model: Classifier, description: Description, features: NDArray[np.float16], subsets: Subsets, train: TrainParameters
) -> Work:
    """The head alone, on features of ``stage.compute_features``; the epochs take turns with the views."""
    where = device.current()
    model.to(where)
    num_train = len(subsets.train)
    num_views = (len(features) - len(subsets.validation)) // num_train
    cached = torch.from_numpy(np.array(features)).to(where)
    validation = cached[num_views * num_train :].float()

    @torch.inference_mode()
    def evaluate() -> NDArray[np.float64]:
        return to_probabilities(model.head.eval()(validation), description)

    return Work(
        model=model.head,
        groups=[{"params": list(model.head.parameters()), "factor": 1.0}],
        inputs=lambda positions, epoch: cached[(epoch % num_views) * num_train + positions].float(),
        targets=torch.from_numpy(losses.target_distributions(subsets.train_marks, train.loss)).to(where),
        weights=torch.from_numpy(losses.photo_weights(subsets.train_marks, train.loss)).to(where),
        set_mode=model.head.train,
        evaluate=evaluate,
        marks=subsets.validation_marks,
    )


def all_layers_work(
    model: Classifier,
    description: Description,
    pixels: Pixels,
    subsets: Subsets,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    precisions: Mapping[str, str],
) -> Work:
    """All layers, on photos that are drawn anew in each epoch."""
    where = device.current()
    device.to_device(model, where)
    return Work(
        model=model,
        groups=parameter_groups(model, train.layer_group_factors),
        inputs=lambda positions, epoch: views.render(
            to_tensor(pixels, subsets.train[positions], where),
            views.draw(train.seed, epoch, subsets.train[positions], augmentation),
        ),
        targets=torch.from_numpy(losses.target_distributions(subsets.train_marks, train.loss)).to(where),
        weights=torch.from_numpy(losses.photo_weights(subsets.train_marks, train.loss)).to(where),
        set_mode=lambda: _train_mode(model, train.freeze_statistics),
        evaluate=lambda: predict_plain(
            model.eval(), description, pixels, subsets.validation, train.batch_size, precisions["predict"]
        ),
        marks=subsets.validation_marks,
    )


def _train_mode(model: Classifier, freeze_statistics: bool) -> None:
    model.train()
    if freeze_statistics:
        for module in model.backbone.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
