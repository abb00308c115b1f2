"""fastai's side of ``train.py`` and ``predict.py``: a JSON object a line comes in, one goes out.

It runs inside an environment of its own, which has fastai and knows nothing of this project.
"""

import json
import sys
import time
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import pandas as pd
import torch
from fastai.callback.core import Callback
from fastai.vision.all import (
    CategoryBlock,
    ChannelsLast,
    CrossEntropyLossFlat,
    ImageDataLoaders,
    Learner,
    Normalize,
    OptimWrapper,
    Resize,
    accuracy,
    add_head,
    aug_transforms,
    params,
    set_seed,
    to_float,
)
from fastai.vision.learner import TimmBody
from safetensors.torch import load_file
from timm import create_model


def main() -> None:
    """Answer until the input ends; what libraries print goes to the error stream."""
    answers = sys.stdout
    for line in sys.stdin:
        with redirect_stdout(sys.stderr):
            asked = json.loads(line)
            answer = ANSWERS[asked["do"]](asked)
        print(json.dumps(answer), file=answers, flush=True)


def train(asked: dict[str, Any]) -> dict[str, float]:
    """Train all layers from a random head on; seconds of the epochs, validation among them, and the last accuracy.

    AdamW is torch's, the faster of the two on processors. Like the other side, it decays all parameters.
    """
    set_seed(asked["seed"])
    learner = make_learner(
        asked,
        opt_func=partial(OptimWrapper, opt=torch.optim.AdamW),
        splitter=partial(layer_groups, early=set(asked["early"])),
        metrics=accuracy,
        wd=asked["weight_decay"],
    )
    learner.unfreeze()
    started = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fit_sgdr(asked["num_cycles"], asked["cycle_epochs"], lr_max=asked["rates"], cycle_mult=2)
    return {"seconds": time.perf_counter() - started, "accuracy": learner.recorder.values[-1][-1]}


def tta(asked: dict[str, Any]) -> dict[str, float]:
    """Predict the validation photos with a random head, each as it is and by drawn views; seconds."""
    learner = make_learner(asked)
    started = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        probabilities, _ = learner.tta(n=asked["num_drawn"])
    seconds = time.perf_counter() - started
    assert len(probabilities) == len(learner.dls.valid_ds)
    return {"seconds": seconds}


def make_learner(asked: dict[str, Any], **training: Any) -> Learner:
    """As ``vision_learner`` makes it, with weights of a file."""
    backbone = create_model(asked["backbone"], num_classes=0)
    backbone.load_state_dict(load_file(asked["weights"]))
    model = add_head(TimmBody(backbone), backbone.num_features, len(asked["values"]), init=None)
    callbacks: list[Callback] = [ChannelsLast()] if "channels_last" in asked["mode"] else []
    if "bfloat16" in asked["mode"]:
        callbacks.append(Autocast())
    return Learner(make_loaders(asked), model, loss_func=CrossEntropyLossFlat(), cbs=callbacks, **training)


def layer_groups(model: torch.nn.Module, early: set[str]) -> list[list[torch.nn.Parameter]]:
    """Those of the backbone that are named, the rest of it, and the head."""
    named = list(model[0].model.named_parameters())
    return [
        [parameter for name, parameter in named if name in early],
        [parameter for name, parameter in named if name not in early],
        params(model[1]),
    ]


def make_loaders(asked: dict[str, Any]) -> ImageDataLoaders:
    """Photos from their files, squashed by workers, augmented as batches; no photo of an epoch is left out."""
    augmentation = asked["augmentation"]
    transforms = aug_transforms(
        max_rotate=augmentation["max_rotation"],
        max_zoom=augmentation["max_zoom"],
        max_lighting=augmentation["max_brightness"],
        max_warp=0.0,
        p_affine=augmentation["zoom_share"],
    )
    loaders = ImageDataLoaders.from_df(
        pd.DataFrame(asked["photos"], columns=["path", "value", "is_validation"]),
        path=asked["folder"],
        valid_col="is_validation",
        y_block=CategoryBlock(vocab=asked["values"]),
        item_tfms=Resize(asked["size"], method="squish"),
        batch_tfms=[*transforms, Normalize.from_stats(asked["mean"], asked["std"])],
        bs=asked["batch_size"],
        val_bs=asked["batch_size"],
        num_workers=asked["workers"],
    )
    loaders.loaders[0] = loaders.train.new(drop_last=False)
    return loaders


class Autocast(Callback):
    """What fastai's ``MixedPrecision("bf16")`` does, whose autocast is of GPUs only, for any device."""

    order = 10

    def before_batch(self) -> None:
        self.autocast = torch.autocast(self.dls.device.type, torch.bfloat16)
        self.autocast.__enter__()

    def after_pred(self) -> None:
        self.learn.pred = to_float(self.pred)

    def after_loss(self) -> None:
        self.autocast.__exit__(None, None, None)


ANSWERS = {"train": train, "tta": tta}


if __name__ == "__main__":
    main()
