import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from apparel_eye.checkpoint import Checkpoint
from apparel_eye.metrics import marks_of
from apparel_eye.parameters import (
    AugmentationParameters,
    FinderParameters,
    HeadParameters,
    InferParameters,
    LossParameters,
    PhaseParameters,
    PhotoParameters,
    StageParameters,
    StagesParameters,
    TrainParameters,
)
from apparel_eye.subsets import Subsets
from apparel_eye.vision import backbones
from apparel_eye.vision.classifier import Classifier, Description

VALUES = ("Invisible", "Short Length", "Long Length")
SIDE = 32
"""Height and width of the photos, in pixels."""


@pytest.fixture
def augmentation() -> AugmentationParameters:
    return AugmentationParameters(
        max_zoom=1.1, zoom_share=0.75, max_rotation=10, max_brightness=0.05, max_contrast=0.05, flip_share=0.5
    )


@pytest.fixture
def head() -> HeadParameters:
    return HeadParameters(pooling="rows", hidden=(16,), input_dropout=0.25, dropout=0.5)


@pytest.fixture
def infer() -> InferParameters:
    return InferParameters(num_views=8, num_drawn=4, batch_size=8, seed=1)


@pytest.fixture
def limits() -> PhotoParameters:
    return PhotoParameters(
        formats=("JPEG", "PNG", "WEBP"),
        max_bytes=100_000_000,
        max_pixels=40_000_000,
        min_side=16,
        max_side_ratio=20,
        ground="white",
    )


@pytest.fixture
def phase() -> PhaseParameters:
    """The recipe's cycles: 1 + 2 + 4 epochs."""
    return PhaseParameters(learning_rate=1e-2, num_cycles=3, cycle_epochs=1, cycle_multiplier=2)


@pytest.fixture
def train(head: HeadParameters, augmentation: AugmentationParameters, phase: PhaseParameters) -> TrainParameters:
    stage = StageParameters(size=(SIDE, SIDE), num_views=2, head=phase, all=phase)
    return TrainParameters(
        backbone="test_resnet",
        pretrained="none",
        seed=1,
        batch_size=8,
        weight_decay=1e-2,
        loss=LossParameters(
            name="cross_entropy", label_smoothing=0, maybe_share=0, focal_gamma=2, order_weight=1, class_balance=0
        ),
        finder=FinderParameters(start=1e-4, end=10, num_steps=20, smoothing=0.9, stop_at=4),
        freeze_statistics=True,
        layer_group_factors=(0.01, 1.0, 1.0),
        precision="float32",
        resize="squash",
        head=head,
        augmentation=augmentation,
        stages=StagesParameters(small=stage, medium=stage, large=stage),
    )


@pytest.fixture
def description(head: HeadParameters) -> Description:
    return Description(
        backbone="test_resnet",
        category="skirt_length",
        values=VALUES,
        size=(SIDE, SIDE),
        resize="squash",
        mean=(0.5, 0.4, 0.3),
        std=(0.25, 0.2, 0.1),
        head=head,
        present=(0, 1, 2),
    )


@pytest.fixture
def classifier(description: Description) -> Classifier:
    """Random weights and statistics, so that photos get clearly different answers."""
    torch.manual_seed(0)
    model = Classifier(description).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_(std=0.1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.startswith("head.") and name.endswith("weight") and tensor.ndim == 2:
            torch.nn.init.xavier_normal_(tensor)
    return model


@pytest.fixture
def checkpoint(classifier: Classifier, description: Description) -> Checkpoint:
    return Checkpoint.single(backbones.state(classifier), description.model_dump(mode="json"))


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    """21 photos of noise."""
    return np.random.default_rng(0).integers(0, 256, (21, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture
def subsets() -> Subsets:
    """Of 21 photos nine train, eight validate, four are to be predicted, in turns."""
    rows = np.arange(21)
    train, validation, questions = rows[rows % 7 < 3], rows[(rows % 7 > 2) & (rows % 7 < 6)], rows[rows % 7 == 6]
    validation, questions = validation[:8], np.append(questions, validation[8])
    return Subsets(
        train=train,
        train_marks=marks_of([("ynn", "nyn", "nny")[i % 3] for i in range(9)]),
        validation=validation,
        validation_marks=marks_of(["ynn", "nyn", "nny", "nym"] * 2),
        validation_parts=np.arange(8) // 4,
        questions=questions,
        tests=np.zeros(0, dtype=np.intp),
        test_marks=np.zeros((0, 0), dtype="U1"),
    )


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """A picture as the bytes of a file."""

    def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return encoded


@pytest.fixture
def noise() -> Image.Image:
    """An upright photo, 24 wide and 36 high."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (36, 24, 3), dtype=np.uint8))
