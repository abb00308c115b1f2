from collections.abc import Callable

import pytest
import torch
from torch import nn

from apparel_eye.errors import SystemEnvironmentError
from apparel_eye.networks import device, pretrained
from apparel_eye.networks.backbones import Weights
from apparel_eye.networks.device import DTYPES, FORMATS, Mode, modes
from apparel_eye.parameters import TrainParameters

AUTO = {"precision": "auto", "memory_format": "auto"}


@pytest.fixture
def weights() -> Weights:
    return pretrained.pretrained_weights("test_resnet", "none", seed=1)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Let one mode be the fastest at one kind of work, and all others equal."""

    def fastest(kind: str, precision: str, memory_format: str) -> None:
        def seconds(work: Callable[..., None], model: nn.Module, photos: torch.Tensor) -> float:
            of_precision = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == DTYPES[precision]
            of_format = model.conv1[0].weight.is_contiguous(memory_format=FORMATS[memory_format])
            assert photos.is_contiguous(memory_format=FORMATS[memory_format]) == of_format
            return 1.0 if (work.__name__, of_precision, of_format) == (f"_{kind}", True, True) else 2.0

        monkeypatch.setattr(device, "_seconds", seconds)

    monkeypatch.setattr(device, "_SIZE", (32, 32))
    monkeypatch.setattr(device, "_BATCH", 2)
    return fastest


def test_each_mode_that_is_timed_is_one_there_is(
    train: TrainParameters, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_SIZE", (64, 64))
    monkeypatch.setattr(device, "_REPETITIONS", 1)
    chosen = modes(train.model_copy(update=AUTO), weights)
    assert set(chosen) == {"predict", "train"}
    assert {mode.device for mode in chosen.values()} == {"cpu"}
    assert {mode.precision for mode in chosen.values()} <= set(DTYPES)
    assert {mode.memory_format for mode in chosen.values()} <= set(FORMATS)


@pytest.mark.parametrize("kind", ["predict", "train"])
@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("memory_format", FORMATS)
def test_the_mode_with_the_shortest_time_is_chosen(
    kind: str,
    precision: str,
    memory_format: str,
    train: TrainParameters,
    weights: Weights,
    timed: Callable[[str, str, str], None],
) -> None:
    timed(kind, precision, memory_format)
    chosen = modes(train.model_copy(update=AUTO), weights)
    assert chosen[kind] == Mode("cpu", precision, memory_format)


def test_where_memory_ends_fewer_photos_are_timed_with_each_mode(
    train: TrainParameters, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = []

    def seconds(work: Callable[..., None], model: nn.Module, photos: torch.Tensor) -> float:
        if len(photos) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        timed.append((work.__name__, len(photos)))
        return 1.0

    monkeypatch.setattr(device, "_seconds", seconds)
    monkeypatch.setattr(device, "_SIZE", (32, 32))
    monkeypatch.setattr(device, "_BATCH", 5)
    modes(train.model_copy(update=AUTO), weights)
    assert timed == [*12 * [("_predict", 2)], *12 * [("_train", 2)]]


def test_another_error_is_no_lack_of_memory(
    train: TrainParameters, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seconds(work: Callable[..., None], model: nn.Module, photos: torch.Tensor) -> float:
        raise RuntimeError("illegal instruction")

    monkeypatch.setattr(device, "_seconds", seconds)
    monkeypatch.setattr(device, "_SIZE", (32, 32))
    with pytest.raises(RuntimeError, match="illegal instruction"):
        modes(train.model_copy(update=AUTO), weights)


def test_a_gpu_is_timed_with_as_many_photos_as_a_step_of_training_has(
    train: TrainParameters, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    num_photos = []

    def fastest(choices: list[Mode], network: nn.Module, photos: torch.Tensor, work: Callable[..., None]) -> Mode:
        num_photos.append(len(photos))
        return choices[0]

    monkeypatch.setattr(device, "_device_of", lambda wanted: "cuda")
    monkeypatch.setattr(device, "_fastest", fastest)
    modes(train.model_copy(update={**AUTO, "batch_size": 50, "accumulation": 2, "processes": 2}), weights)
    assert num_photos == [13, 13]


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("memory_format", FORMATS)
def test_what_the_parameters_say_is_not_timed(
    precision: str, memory_format: str, train: TrainParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_fastest", None)
    given = train.model_copy(update={"precision": precision, "memory_format": memory_format})
    mode = Mode("cpu", precision, memory_format)
    assert modes(given, {}) == {"predict": mode, "train": mode}


def test_what_the_parameters_leave_open_alone_is_timed(
    train: TrainParameters, weights: Weights, timed: Callable[[str, str, str], None]
) -> None:
    timed("train", "float32", "channels_last")
    for left_open, given in (
        ("precision", {"memory_format": "contiguous"}),
        ("memory_format", {"precision": "bfloat16"}),
    ):
        chosen = modes(train.model_copy(update={**given, left_open: "auto"}), weights)
        for mode in chosen.values():
            assert {name: getattr(mode, name) for name in given} == given


@pytest.mark.fault(107)
@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_a_device_that_was_asked_for_and_is_not_there_stops_the_run(wanted: str, train: TrainParameters) -> None:
    found = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == found:
        pytest.skip(f"there is {found} here")
    expected = rf"train\.device is {wanted}, but torch finds {found} only;.*--params train\.device={found}"
    with pytest.raises(SystemEnvironmentError, match=expected):
        modes(train.model_copy(update={"device": wanted}), {})


@pytest.mark.fault(107)
def test_processors_compute_and_it_is_said_where_no_device_was_asked_for(
    train: TrainParameters, caplog: pytest.LogCaptureFixture
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is an accelerator here")
    caplog.set_level("INFO", "apparel_eye")
    assert modes(train.model_copy(update={"device": "auto"}), {})["train"].device == "cpu"
    assert "computing on cpu" in caplog.text


@pytest.mark.parametrize("precision", DTYPES)
def test_matrix_products_have_the_precision_and_weights_stay_single(precision: str) -> None:
    model = nn.Linear(3, 2)
    with Mode(precision=precision).autocast():
        assert model(torch.ones(1, 3)).dtype == DTYPES[precision]
    assert model.weight.dtype == torch.float32


@pytest.mark.parametrize("memory_format", FORMATS)
def test_convolutions_and_photos_are_laid_out_alike(memory_format: str) -> None:
    mode = Mode(memory_format=memory_format)
    moved = mode.place(nn.Conv2d(4, 8, 3))
    photos = torch.rand(2, 4, 5, 6)
    laid_out = mode.lay_out(photos)
    assert moved.weight.is_contiguous(memory_format=FORMATS[memory_format])
    assert laid_out.is_contiguous(memory_format=FORMATS[memory_format])
    assert torch.equal(laid_out, photos)
