import numpy as np
import pytest
import torch

from apparel_eye.errors import DataError
from apparel_eye.networks import backbones, heads
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import (
    Classifier,
    Description,
    describe,
    restore,
    start,
    with_prefix,
    without_prefix,
)
from apparel_eye.parameters import TrainParameters


@pytest.fixture
def photos() -> torch.Tensor:
    return torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def test_logits_are_the_heads_for_pooled_maps_of_normalized_photos(
    classifier: Classifier, photos: torch.Tensor
) -> None:
    mean, std = torch.tensor([0.5, 0.4, 0.3])[:, None, None], torch.tensor([0.25, 0.2, 0.1])[:, None, None]
    maps = classifier.backbone.forward_features((photos - mean) / std)
    torch.testing.assert_close(classifier(photos), classifier.head(heads.rows(maps)))


@torch.inference_mode()
def test_feature_maps_of_a_transformer_are_its_patches_where_they_were_in_the_photo(description: Description) -> None:
    classifier = Classifier(description.model_copy(update={"backbone": "test_vit", "size": (160, 160)})).eval()
    maps = classifier.feature_maps(torch.rand(2, 3, 160, 160))
    assert maps.shape == (2, 64, 10, 10)
    patches = classifier.backbone.patch_embed
    photo = torch.zeros(1, 3, 160, 160)
    photo[:, :, 48:64, 112:128] = 1
    changed = (patches(photo) - patches(torch.zeros_like(photo))).abs().sum(dim=-1).reshape(1, 100, 1)
    tokens = torch.cat([torch.ones(1, 1, 1), changed], dim=1)
    classifier.backbone.forward_features = lambda _: tokens
    assert classifier.feature_maps(photo)[0, 0].nonzero().tolist() == [[3, 7]]


@torch.inference_mode()
def test_a_restored_network_gives_identical_logits(
    classifier: Classifier, checkpoint: Checkpoint, photos: torch.Tensor
) -> None:
    model, _ = restore(checkpoint)
    assert not model.training
    assert torch.equal(model(photos), classifier(photos))


@pytest.mark.parametrize("backbone", ["test_resnet", "tf_mobilenetv3_small_100", "test_convnext"])
@torch.inference_mode()
def test_a_folded_network_gives_the_same_logits_and_shares_nothing(
    backbone: str, description: Description, photos: torch.Tensor
) -> None:
    torch.manual_seed(0)
    classifier = Classifier(description.model_copy(update={"backbone": backbone})).eval()
    quick = classifier.fused("cpu")
    torch.testing.assert_close(quick(photos), classifier(photos), rtol=1e-3, atol=1e-4)
    own = {tensor.data_ptr() for tensor in [*classifier.parameters(), *classifier.buffers()] if tensor.numel()}
    assert own.isdisjoint(tensor.data_ptr() for tensor in [*quick.parameters(), *quick.buffers()] if tensor.numel())


def test_the_description_survives_a_checkpoint(checkpoint: Checkpoint, description: Description) -> None:
    assert restore(checkpoint)[1] == description


def test_the_weights_are_those_of_the_reason(checkpoint: Checkpoint) -> None:
    last = {name: np.asarray(array + 1) for name, array in checkpoint.of("best").items()}
    both = Checkpoint({0: checkpoint.of("best"), 1: last}, {"best": 0, "last": 1}, checkpoint.description)
    np.testing.assert_equal(backbones.state(restore(both, "last")[0]), last)


def test_weights_of_another_network_are_refused(checkpoint: Checkpoint) -> None:
    fewer = dict(checkpoint.of("best"))
    del fewer["head.hidden.0.weight"]
    with pytest.raises(DataError, match=r"do not fit.*'head\.hidden\.0\.weight'"):
        restore(Checkpoint.single(fewer, checkpoint.description))


def test_training_starts_from_all_weights_that_fit(classifier: Classifier, description: Description) -> None:
    weights = backbones.state(classifier)
    np.testing.assert_equal(backbones.state(start(description, weights, seed=7)), weights)


def test_a_head_for_other_values_starts_from_the_seed(classifier: Classifier, description: Description) -> None:
    weights = backbones.state(classifier)
    more_values = description.model_copy(update={"values": tuple("abcde"), "seen_values": (0, 1)})
    started, again, other = (backbones.state(start(more_values, weights, seed)) for seed in (1, 1, 2))
    np.testing.assert_equal(started, again)
    assert started["head.hidden.6.weight"].shape == (5, 16)
    assert not np.array_equal(started["head.hidden.6.weight"], other["head.hidden.6.weight"])
    taken = [name for name in weights if not name.startswith("head.hidden.6.")]
    np.testing.assert_equal({name: started[name] for name in taken}, {name: weights[name] for name in taken})


def test_a_backbone_alone_starts_with_a_head_from_the_seed(classifier: Classifier, description: Description) -> None:
    weights = with_prefix(without_prefix(backbones.state(classifier)))
    started = backbones.state(start(description, weights, seed=1))
    np.testing.assert_equal(without_prefix(started), without_prefix(weights))
    assert {name for name in started if name not in weights} == {n for n in started if n.startswith("head.")}


@torch.inference_mode()
def test_a_head_on_rows_is_stretched_for_larger_photos(classifier: Classifier, description: Description) -> None:
    larger = start(description.model_copy(update={"size": (64, 64)}), backbones.state(classifier), seed=1)
    maps = torch.rand(2, int(classifier.backbone.num_features), 1, 2)
    torch.testing.assert_close(
        larger.head(heads.rows(maps.expand(-1, -1, 2, -1))), classifier.head(heads.rows(maps)), rtol=1e-4, atol=1e-4
    )


def test_a_missing_weight_of_the_backbone_is_named(classifier: Classifier, description: Description) -> None:
    weights = backbones.state(classifier)
    del weights["backbone.conv1.0.weight"]
    with pytest.raises(DataError, match=r"lack 1 of the backbone's.*'backbone\.conv1\.0\.weight'.*test_resnet"):
        start(description, weights, seed=1)


def test_a_description_says_what_the_parameters_ask_for(train: TrainParameters) -> None:
    made = describe(train, "skirt_length", ["a", "b"], (48, 32), np.array([1]))
    assert made.size == (48, 32)
    assert made.seen_values == (1,)
    assert (made.mean, made.std) == backbones.normalization("test_resnet")
    assert Description.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize("backbone", ["test_vit", "test_maxvit"])
def test_a_transformer_goes_on_with_larger_photos(description: Description, backbone: str) -> None:
    """The weights of the backbone's own size go to a small stage, its weights to a larger one of another side ratio."""
    small = description.model_copy(update={"backbone": backbone, "size": (96, 64)})
    large = small.model_copy(update={"size": (128, 128)})
    pretrained = backbones.state(backbones.create(backbone))
    first = start(small, with_prefix(pretrained), seed=1)
    stage_before = Checkpoint.single(backbones.state(first), small.model_dump(mode="json"))
    second = start(large, stage_before, seed=1)
    assert first(torch.zeros(2, 3, 96, 64)).shape == second(torch.zeros(2, 3, 128, 128)).shape == (2, 3)
    expected = backbones.fit_to(backbone, without_prefix(backbones.state(first)), large.size, small.size)
    np.testing.assert_equal(without_prefix(backbones.state(second)), expected)
