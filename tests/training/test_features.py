import numpy as np
import torch
from numpy.typing import NDArray

from apparel_eye.data import transforms
from apparel_eye.data.subsets import Subsets
from apparel_eye.networks.classifier import Classifier
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import AugmentationParameters, TrainParameters
from apparel_eye.training.features import compute_features


@torch.inference_mode()
def test_features_are_those_of_drawn_training_photos_view_by_view_then_of_plain_validation_photos(
    features: NDArray[np.float16],
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    classifier: Classifier,
    augmentation: AugmentationParameters,
) -> None:
    photos, held_out = torch.from_numpy(pixels[subsets.train]), torch.from_numpy(pixels[subsets.validation])
    rendered = [transforms.render(photos, transforms.draw(1, view, subsets.train, augmentation)) for view in (0, 1)]
    expected = classifier.features(torch.cat([*rendered, transforms.render(held_out, transforms.plain(8))]))
    assert features.dtype == np.float16
    np.testing.assert_allclose(features, expected.numpy(), rtol=2e-3, atol=2e-3)


def test_parts_of_the_features_follow_each_other_to_the_end(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    classifier: Classifier,
    augmentation: AugmentationParameters,
    train: TrainParameters,
) -> None:
    parts = list(compute_features(pixels, subsets, classifier, 2, augmentation, train, Mode()))
    assert [share_of_batch.start for share_of_batch in parts] == [
        0,
        *(share_of_batch.stop for share_of_batch in parts[:-1]),
    ]
    assert parts[-1].stop == 2 * 9 + 8
    assert {share_of_batch.num_rows for share_of_batch in parts} == {2 * 9 + 8}
