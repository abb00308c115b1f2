import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye import signals
from apparel_eye.data import batches, transforms
from apparel_eye.metrics.probabilities import FLOOR
from apparel_eye.networks import inference
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import Classifier, Description
from apparel_eye.networks.device import Mode
from apparel_eye.networks.inference import Predictor, identity_of, predict_plain, to_probabilities
from apparel_eye.parameters import AugmentationParameters, InferParameters

ROWS = np.array([3, 0, 17, 8, 20])
IDENTITIES = np.arange(21, dtype=np.uint64) * 7 + 2**63


@pytest.fixture
def predictor(checkpoint: Checkpoint, infer: InferParameters, augmentation: AugmentationParameters) -> Predictor:
    return Predictor(checkpoint, "best", infer, augmentation, Mode())


@pytest.mark.parametrize(("plain_weight", "mirrored"), [(1.0, False), (3.0, False), (0.5, True)])
@torch.inference_mode()
def test_tta_is_the_weighted_mean_of_the_probabilities_of_the_plain_photo_and_its_views(
    checkpoint: Checkpoint,
    classifier: Classifier,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    pixels: NDArray[np.uint8],
    plain_weight: float,
    mirrored: bool,
) -> None:
    changed = infer.model_copy(update={"plain_weight": plain_weight, "mirrored": mirrored})
    plain, averaged = Predictor(checkpoint, "best", changed, augmentation, Mode()).predict(pixels, ROWS, IDENTITIES)
    photos = torch.from_numpy(pixels[ROWS])
    drawn = transforms.draw_for_test(infer.seed, IDENTITIES[ROWS], 8, 4, augmentation)
    views = [*([transforms.plain(5, mirrored=True)] if mirrored else []), *drawn]
    by_hand = [classifier(transforms.render(photos, view)).softmax(dim=1) for view in (transforms.plain(5), *views)]
    mean = (plain_weight * by_hand[0] + sum(by_hand[1:])) / (plain_weight + len(views))
    np.testing.assert_allclose(plain, by_hand[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(averaged, mean, rtol=1e-4, atol=1e-6)
    assert np.abs(plain - averaged).max() > 1e-3


def test_tta_without_views_is_the_plain_prediction(
    checkpoint: Checkpoint, infer: InferParameters, augmentation: AugmentationParameters, pixels: NDArray[np.uint8]
) -> None:
    without = Predictor(checkpoint, "best", infer.model_copy(update={"num_drawn": 0}), augmentation, Mode())
    plain, averaged = without.predict(pixels, ROWS, IDENTITIES)
    np.testing.assert_array_equal(averaged, plain)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_a_photos_prediction_does_not_depend_on_its_neighbors_or_the_batch_size(
    predictor: Predictor,
    checkpoint: Checkpoint,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    pixels: NDArray[np.uint8],
    batch_size: int,
) -> None:
    of_other_size = infer.model_copy(update={"batch_size": batch_size})
    other = Predictor(checkpoint, "best", of_other_size, augmentation, Mode())
    everyone = np.array(predictor.predict(pixels, np.arange(21), IDENTITIES))
    np.testing.assert_allclose(other.predict(pixels, ROWS, IDENTITIES), everyone[:, ROWS], atol=1e-5)


def test_rows_sum_to_one(predictor: Predictor, pixels: NDArray[np.uint8]) -> None:
    for probabilities in predictor.predict(pixels, ROWS, IDENTITIES):
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_no_photos_have_no_probabilities(predictor: Predictor, pixels: NDArray[np.uint8]) -> None:
    plain, averaged = predictor.predict(pixels, ROWS[:0], IDENTITIES)
    assert plain.shape == averaged.shape == (0, 3)


def test_values_without_training_photos_get_the_floor_and_the_others_their_softmax(description: Description) -> None:
    logits = torch.tensor([[1.0, 50.0, 2.0], [0.0, -50.0, 0.0]])
    probabilities = to_probabilities(logits, description.model_copy(update={"seen_values": (0, 2)}))
    np.testing.assert_array_equal(probabilities[:, 1], FLOOR)
    np.testing.assert_allclose(probabilities[1, [0, 2]], (1 - FLOOR) / 2)
    assert probabilities[0, 2] / probabilities[0, 0] == pytest.approx(np.e, rel=1e-5)


def test_plain_predictions_of_a_model_are_those_of_its_checkpoint(
    predictor: Predictor, classifier: Classifier, description: Description, pixels: NDArray[np.uint8]
) -> None:
    plain = predict_plain(classifier, description, pixels, ROWS, 2, Mode())
    np.testing.assert_allclose(plain, predictor.predict(pixels, ROWS, IDENTITIES)[0], atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_predicting_leaves_the_models_mode_as_it_is(
    classifier: Classifier, description: Description, pixels: NDArray[np.uint8], training: bool
) -> None:
    predict_plain(classifier.train(training), description, pixels, ROWS, 5, Mode())
    assert classifier.training is training


def test_a_photos_identity_is_the_first_64_bits_of_its_checksum() -> None:
    assert identity_of("ffffffffffffffff" + "0" * 48) == 2**64 - 1
    assert identity_of("0000000000000010" + "f" * 48) == 16


def test_predicting_stops_once_it_is_asked_to(
    classifier: Classifier,
    description: Description,
    pixels: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
    nobody_asked: None,
) -> None:
    seen: list[int] = []

    def read_and_ask(pixels: NDArray[np.uint8], rows: NDArray[np.intp], where: torch.device) -> torch.Tensor:
        seen.extend(rows)
        if len(seen) == 4:
            signals.ask()
        return batches.read(pixels, rows, where)

    monkeypatch.setattr(inference, "read", read_and_ask)
    with pytest.raises(signals.Interrupted):
        predict_plain(classifier, description, pixels, ROWS, 2, Mode())
    assert seen == ROWS[:4].tolist()
