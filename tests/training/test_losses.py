import numpy as np
import pytest
import torch
from torch.nn import functional

from apparel_eye.metrics.official import parse_label_strings
from apparel_eye.parameters import LossParameters
from apparel_eye.training.losses import LOSSES, per_photo, target_distributions

LOGITS = torch.tensor([[2.0, 0.5, -1.0, 0.0], [0.0, 0.0, 3.0, 1.0], [-2.0, 1.0, 1.0, 0.3]])
CLASSES = torch.tensor([0, 3, 2])


def loss(**changes: object) -> LossParameters:
    usual = {
        "name": "cross_entropy",
        "label_smoothing": 0.0,
        "maybe_share": 0.0,
        "focal_gamma": 2.0,
        "order_weight": 1.0,
        "class_balance": 0.0,
    }
    return LossParameters.model_validate({**usual, **changes})


def hard(classes: torch.Tensor) -> torch.Tensor:
    return functional.one_hot(classes, 4).float()


def test_cross_entropy_is_that_of_torch() -> None:
    expected = functional.cross_entropy(LOGITS, CLASSES, reduction="none")
    torch.testing.assert_close(LOSSES["cross_entropy"](LOGITS, hard(CLASSES), loss()), expected)


def test_smoothed_targets_give_the_smoothed_loss_of_torch() -> None:
    label_strings = parse_label_strings(["ynnn", "nynn", "nnyn", "nnny"])
    smooth = loss(label_smoothing=0.2)
    targets = torch.from_numpy(target_distributions(label_strings, smooth))[CLASSES]
    expected = functional.cross_entropy(LOGITS, CLASSES, label_smoothing=0.2, reduction="none")
    torch.testing.assert_close(LOSSES["cross_entropy"](LOGITS, targets, smooth), expected)


def test_focal_loss_follows_its_formula_and_is_cross_entropy_without_focus() -> None:
    of_label = LOGITS.softmax(dim=1)[torch.arange(3), CLASSES]
    torch.testing.assert_close(
        LOSSES["focal"](LOGITS, hard(CLASSES), loss(focal_gamma=2)), -((1 - of_label) ** 2) * of_label.log()
    )
    torch.testing.assert_close(
        LOSSES["focal"](LOGITS, hard(CLASSES), loss(focal_gamma=0)),
        LOSSES["cross_entropy"](LOGITS, hard(CLASSES), loss()),
    )


def test_the_earth_movers_distance_is_the_square_of_each_step_that_probability_must_go() -> None:
    """All probability on the first value: three steps to the fourth one, one to the second, none to the first."""
    sure = torch.tensor([[50.0, 0.0, 0.0, 0.0]]).repeat(3, 1)
    targets = hard(torch.tensor([3, 1, 0]))
    moved = LOSSES["earth_mover"](sure, targets, loss(order_weight=1)) - LOSSES["cross_entropy"](sure, targets, loss())
    torch.testing.assert_close(moved, torch.tensor([3.0, 1.0, 0.0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_least_where_the_network_says_what_it_should_and_never_infinite(name: str) -> None:
    logits = torch.zeros(5, 4, requires_grad=True)
    classes = torch.tensor([0, 1, 2, 3, 3])
    optimizer = torch.optim.Adam([logits], lr=0.2)
    for _ in range(200):
        optimizer.zero_grad()
        found = per_photo(logits, hard(classes), torch.ones(5), loss(name=name)).mean()
        found.backward()
        optimizer.step()
    assert logits.argmax(dim=1).tolist() == classes.tolist()
    assert found < 0.02
    extreme = torch.tensor([[1e4, -1e4, 0.0, 0.0]], requires_grad=True)
    at_worst = per_photo(extreme, hard(torch.tensor([1])), torch.ones(1), loss(name=name)).mean()
    at_worst.backward()
    assert torch.isfinite(at_worst)
    assert torch.isfinite(extreme.grad).all()


def test_a_share_goes_to_the_values_that_an_annotator_could_not_exclude() -> None:
    targets = target_distributions(parse_label_strings(["nymn", "mymn", "ynnn"]), loss(maybe_share=0.3))
    np.testing.assert_allclose(targets, [[0, 0.7, 0.3, 0], [0.15, 0.7, 0.15, 0], [1, 0, 0, 0]], atol=1e-7)


def test_smoothing_leaves_out_values_without_photos() -> None:
    targets = target_distributions(parse_label_strings(["ynnn", "nyn" + "n"]), loss(label_smoothing=0.1))
    np.testing.assert_allclose(targets, [[0.95, 0.05, 0, 0], [0.05, 0.95, 0, 0]], atol=1e-7)


def test_weights_scale_the_loss_of_their_photo() -> None:
    weights = torch.tensor([2.0, 0.0, 1.0])
    single = LOSSES["cross_entropy"](LOGITS, hard(CLASSES), loss())
    torch.testing.assert_close(per_photo(LOGITS, hard(CLASSES), weights, loss()), weights * single)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_logits_in_half_precision_are_single(name: str) -> None:
    found = per_photo(LOGITS.bfloat16(), hard(CLASSES), torch.ones(3), loss(name=name))
    expected = per_photo(LOGITS.bfloat16().float(), hard(CLASSES), torch.ones(3), loss(name=name))
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)
