import hashlib
import io
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.context import BaseContext
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from apparel_eye import interruption
from apparel_eye.checkpoint import Checkpoint, about, as_arrays
from apparel_eye.metrics import marks_of
from apparel_eye.parameters import (
    AugmentationParameters,
    ExtractionParameters,
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
from apparel_eye.vision import backbones, stage
from apparel_eye.vision.classifier import Classifier, Description, start
from apparel_eye.vision.device import Mode
from apparel_eye.vision.steps import Settings, Work

Train = Callable[..., Iterator[Checkpoint]]
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
    return HeadParameters(pooling="rows", hidden=(16,), input_dropout=0.25, dropout=0.5, linear_fit=0)


@pytest.fixture
def infer() -> InferParameters:
    return InferParameters(num_views=8, num_drawn=4, mirrored=False, plain_weight=1.0, batch_size=8, seed=1)


@pytest.fixture
def extraction() -> ExtractionParameters:
    """The last feature maps of the plain and the mirrored photo."""
    return ExtractionParameters(
        size=(SIDE, SIDE),
        level=-1,
        views=("plain", "mirrored"),
        num_drawn=0,
        reduction="map",
        grid=(2, 2),
        num_filters=8,
        seed=1,
    )


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
def short() -> PhaseParameters:
    """Three epochs, 1 + 2."""
    return PhaseParameters(learning_rate=1e-2, num_cycles=2, cycle_epochs=1, cycle_multiplier=2)


@pytest.fixture
def train(head: HeadParameters, augmentation: AugmentationParameters, phase: PhaseParameters) -> TrainParameters:
    stage = StageParameters(size=(SIDE, SIDE), num_views=2, head=phase, all=phase)
    return TrainParameters(
        backbone="test_resnet",
        pretrained="none",
        accept_non_commercial=False,
        seed=1,
        batch_size=8,
        accumulation=1,
        weight_decay=1e-2,
        weight_average=0,
        loss=LossParameters(
            name="cross_entropy", label_smoothing=0, maybe_share=0, focal_gamma=2, order_weight=1, class_balance=0
        ),
        finder=FinderParameters(start=1e-4, end=10, num_steps=20, smoothing=0.9, stop_at=4),
        freeze_statistics=True,
        layer_group_factors=(0.01, 1.0, 1.0),
        device="cpu",
        precision="float32",
        memory_format="channels_last",
        compile=False,
        processes=1,
        readers=1,
        save_every_steps=1000,
        on_change="refuse",
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
        train_keys=np.array([f"{row}.jpg" for row in train]),
        validation=validation,
        validation_marks=marks_of(["ynn", "nyn", "nny", "nym"] * 2),
        validation_parts=np.arange(8) // 4,
        questions=questions,
        tests=np.zeros(0, dtype=np.intp),
        test_marks=np.zeros((0, 0), dtype="U1"),
    )


@pytest.fixture
def features(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    classifier: Classifier,
    augmentation: AugmentationParameters,
    train: TrainParameters,
) -> NDArray[np.float16]:
    """Of two drawn views of the training photos, then of the validation photos."""
    parts = stage.compute_features(pixels, subsets, classifier, 2, augmentation, train, Mode())
    return np.concatenate([part.rows for part in parts])


@pytest.fixture
def train_head(
    features: NDArray[np.float16], subsets: Subsets, description: Description, checkpoint: Checkpoint
) -> Train:
    def trained(
        phase: PhaseParameters, train: TrainParameters, resume_from: Checkpoint = stage.NOTHING_YET
    ) -> Iterator[Checkpoint]:
        asked_for = description.model_copy(update={"head": train.head})
        return stage.train_head(
            features, subsets, asked_for, checkpoint.of("best"), phase, train, resume_from=resume_from
        )

    return trained


@pytest.fixture
def with_head(description: Description, checkpoint: Checkpoint) -> Callable[[HeadParameters], Checkpoint]:
    """The checkpoint with another head."""

    def made(head: HeadParameters) -> Checkpoint:
        asked_for = description.model_copy(update={"head": head})
        weights = backbones.state(start(asked_for, checkpoint.of("best"), seed=1))
        return Checkpoint.single(weights, asked_for.model_dump(mode="json"))

    return made


@pytest.fixture
def fine_tune(pixels: NDArray[np.uint8], subsets: Subsets, with_head: Callable[[HeadParameters], Checkpoint]) -> Train:
    def tuned(
        phase: PhaseParameters, train: TrainParameters, resume_from: Checkpoint = stage.NOTHING_YET
    ) -> Iterator[Checkpoint]:
        modes = {"train": Mode(), "predict": Mode()}
        initial = with_head(train.head)
        return stage.fine_tune(pixels, subsets, initial, phase, train.augmentation, train, modes, resume_from)

    return tuned


@pytest.fixture
def bits() -> Callable[[Checkpoint], object]:
    """All that a checkpoint is but times: equal only if every bit is."""

    def of_checkpoint(checkpoint: Checkpoint) -> object:
        arrays = {
            name: (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).hexdigest())
            for name, array in as_arrays(checkpoint).items()
        }
        rest = about(checkpoint)
        for timed in (*rest["history"], rest["state"] or {}):
            timed.pop("seconds", None)
        return arrays, rest

    return of_checkpoint


@pytest.fixture
def make_work() -> Callable[..., Work]:
    """A model's work on inputs of positions and epoch; of validation photos the first value is always right."""

    def made(
        model: nn.Module, inputs: Callable[[NDArray[np.intp], int], Tensor], targets: Tensor, **changed: object
    ) -> Work:
        usual: dict[str, object] = {
            "mode": Mode(),
            "groups": [{"params": list(model.parameters()), "factor": 1.0}],
            "read": torch.from_numpy,
            "weights": torch.ones(len(targets)),
            "names": np.array([f"{number}.jpg" for number in range(len(targets))]),
            "smallest_part": 1,
            "set_mode": model.train,
            "evaluate": lambda rows: np.tile([0.5, 0.25, 0.25], (len(rows), 1)),
            "marks": marks_of(["ynn"] * 4),
            "values": VALUES,
        }
        return Work(
            model=model,
            inputs=lambda read, positions, epoch: inputs(positions, epoch),
            targets=targets,
            **{**usual, **changed},
        )

    return made


@pytest.fixture
def make_settings(train: TrainParameters, phase: PhaseParameters) -> Callable[..., Settings]:
    """Settings of a phase without weight decay; what is named is changed."""

    def made(**changed: object) -> Settings:
        usual: dict[str, object] = {
            "name": "head",
            "phase": phase,
            "learning_rate": phase.rate,
            "factors": (0.0, 0.0, 1.0),
            "batch_size": train.batch_size,
            "accumulation": 1,
            "weight_decay": 0.0,
            "weight_average": 0.0,
            "loss": train.loss,
            "readers": 0,
            "save_every_steps": 1000,
            "seed": 1,
        }
        return Settings(**{**usual, **changed})

    return made


@pytest.fixture
def teamwork(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The functions of ``teamwork.py``, by a name that other processes know too."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import teamwork

    return teamwork


@pytest.fixture(scope="session")
def forked() -> BaseContext:
    """Starts processes by forking one that has imported all they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["apparel_eye.vision.stage", "apparel_eye.io"])
    return context


@pytest.fixture
def nobody_asked() -> Iterator[None]:
    """Whether the run was asked to stop is of the whole process."""
    interruption._asked.clear()
    yield
    interruption._asked.clear()


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
