import numpy as np
import pytest
import torch
from torch import nn

from apparel_eye.networks import heads
from apparel_eye.networks.dropout import Dropout
from apparel_eye.networks.heads import Head, averages, hidden_layers, linear_layer, mean, rows, stretch_rows
from apparel_eye.parameters import HeadParameters

FILTERS = 5


def test_averages_are_the_mean_and_the_maximum_of_each_filter() -> None:
    maps = torch.arange(2 * 3 * 4 * 2, dtype=torch.float).reshape(2, 3, 4, 2)
    expected = torch.tensor([[3.5, 11.5, 19.5, 7, 15, 23], [27.5, 35.5, 43.5, 31, 39, 47]])
    torch.testing.assert_close(averages(maps), expected)


def test_rows_are_means_over_the_width_filter_after_filter() -> None:
    maps = torch.arange(2 * 3 * 4 * 2, dtype=torch.float).reshape(2, 3, 4, 2)
    torch.testing.assert_close(rows(maps), torch.arange(24).mul(2.0).add(0.5).reshape(2, 12))


@pytest.mark.parametrize("pooling", heads.POOLINGS)
def test_pooling_does_not_depend_on_the_direction_a_garment_faces(pooling: str) -> None:
    maps = torch.rand(2, 3, 4, 6)
    pool = heads.POOLINGS[pooling]
    torch.testing.assert_close(pool(maps), pool(maps.flip(-1)))


def test_rows_tell_what_is_above_from_what_is_below_and_averages_do_not() -> None:
    maps = torch.rand(2, 3, 4, 6)
    torch.testing.assert_close(averages(maps), averages(maps.flip(2)))
    assert not torch.allclose(rows(maps), rows(maps.flip(2)))


def test_means_are_the_first_half_of_averages_and_those_of_rows() -> None:
    maps = torch.rand(2, 3, 4, 6)
    torch.testing.assert_close(mean(maps), averages(maps)[:, :3])
    torch.testing.assert_close(mean(maps), rows(maps).reshape(2, 3, 4).mean(dim=2))


def parameters(hidden: tuple[int, ...], linear_fit: float = 0) -> HeadParameters:
    return HeadParameters(pooling="rows", hidden=hidden, input_dropout=0.25, dropout=0.5, linear_fit=linear_fit)


def test_hidden_layers_have_batch_norm_and_dropout_before_each_linear_one() -> None:
    made = hidden_layers(10, 3, parameters((16, 8)))
    block = [nn.BatchNorm1d, Dropout, nn.Linear]
    assert [type(module) for module in made] == [*[*block, nn.ReLU] * 2, *block]
    widths = [(10, 16), (16, 8), (8, 3)]
    linear = [module for module in made if isinstance(module, nn.Linear)]
    assert [(module.in_features, module.out_features) for module in linear] == widths
    assert [module.num_features for module in made if isinstance(module, nn.BatchNorm1d)] == [10, 16, 8]
    assert [module.share for module in made if isinstance(module, Dropout)] == [0.25, 0.5, 0.5]


def test_a_linear_layer_is_what_remains_without_hidden_ones() -> None:
    norm, dropout, linear = linear_layer(10, 3, parameters((16, 8)))
    assert (norm.num_features, dropout.share, linear.in_features, linear.out_features) == (10, 0.25, 10, 3)


@pytest.mark.parametrize(
    ("hidden", "linear_fit", "paths"),
    [((), 0, {"linear"}), ((), 1, {"linear"}), ((16,), 0, {"hidden"}), ((16,), 1, {"linear", "hidden"})],
)
def test_a_head_has_the_paths_it_needs_and_adds_them(
    hidden: tuple[int, ...], linear_fit: float, paths: set[str]
) -> None:
    head = Head(10, 3, parameters(hidden, linear_fit)).eval()
    assert {name.split(".")[0] for name, _ in head.named_parameters()} == paths
    for parameter in head.parameters():
        nn.init.normal_(parameter)
    features = torch.rand(4, 10)
    torch.testing.assert_close(head(features), sum(getattr(head, path)(features) for path in paths))


def test_a_hidden_path_beside_a_linear_one_starts_at_zero_and_learns() -> None:
    head = Head(10, 3, parameters((16,), 1)).train()
    features = torch.rand(4, 10)
    assert torch.equal(head.hidden(features), torch.zeros(4, 3))
    head(features).square().sum().backward()
    assert head.hidden[-1].weight.grad.abs().max() > 0


@pytest.mark.parametrize(("old_rows", "new_rows"), [(1, 4), (3, 6), (6, 9)])
def test_stretched_weights_give_the_same_output_for_maps_constant_along_the_height(
    old_rows: int, new_rows: int
) -> None:
    weight = np.random.default_rng(0).normal(size=(7, FILTERS * old_rows)).astype(np.float32)
    stretched = stretch_rows(weight, (7, FILTERS * new_rows), FILTERS)
    of_filters = torch.rand(2, FILTERS, 1, 1)
    before = rows(of_filters.expand(-1, -1, old_rows, 4)) @ torch.from_numpy(weight).T
    after = rows(of_filters.expand(-1, -1, new_rows, 4)) @ torch.from_numpy(stretched).T
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize(("old_rows", "new_rows"), [(2, 3), (9, 12), (7, 4), (4, 1)])
def test_stretched_statistics_of_a_filter_that_is_constant_along_the_height_are_its_own(
    old_rows: int, new_rows: int
) -> None:
    of_filters = np.random.default_rng(0).normal(size=FILTERS).astype(np.float32)
    stretched = stretch_rows(np.repeat(of_filters, old_rows), (FILTERS * new_rows,), FILTERS)
    np.testing.assert_allclose(stretched, np.repeat(of_filters, new_rows), rtol=1e-6)


def test_stretching_keeps_what_is_above_above() -> None:
    falling = np.tile(np.linspace(1, 0, 6, dtype=np.float32), FILTERS)
    stretched = stretch_rows(falling, (FILTERS * 9,), FILTERS).reshape(FILTERS, 9)
    assert (np.diff(stretched, axis=1) <= 0).all()
    np.testing.assert_allclose(stretched[:, [0, -1]], np.tile([1.0, 0.0], (FILTERS, 1)), atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new"),
    [((3, 10), (4, 20)), ((3, 10), (3, 10)), ((16,), (17,)), ((), ())],
    ids=["other values", "as wanted", "no rows of filters", "a number"],
)
def test_other_arrays_are_returned_as_they_are(old: tuple[int, ...], new: tuple[int, ...]) -> None:
    array = np.ones(old, dtype=np.float32)
    assert stretch_rows(array, new, FILTERS) is array
