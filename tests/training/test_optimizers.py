"""Every optimizer of timm trains here with its groups' rates and goes on with the same bits, or is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from timm.optim import list_optimizers
from torch import Tensor, nn

from apparel_eye.datasets import CheckpointDataset
from apparel_eye.errors import UsageError
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.parameters import OptimizerParameters, PhaseParameters, TrainParameters
from apparel_eye.training import optimizers
from apparel_eye.training.stepper import Stepper, Task

Train = Callable[..., Iterator[Checkpoint]]
Settings = tuple[PhaseParameters, TrainParameters]
REFUSED = {
    **dict.fromkeys(["adahessian"], "does not require grad"),
    **dict.fromkeys(["kron", "kronc", "kronw"], "not JSON serializable"),
    **dict.fromkeys(["adafactorbv", "adafactorbvc", "cadafactorbv", "cadafactorbvc"], "BFloat16"),
    **{name: "bitsandbytes" for name in list_optimizers() if name.startswith("bnb")},
    **{name: "APEX" for name in list_optimizers() if name.startswith("fused")},
}
"""Those that need gradients of gradients, that keep what no file has, or whose library is not there; what is said."""
DIFFERENT = ["adamw", "lion", "sgd", "nadamw", "adan", "lamb", "nadamlegacy", "adamp", "novograd", "laprop", "muon"]
"""Of each kind of state: moments alone, counts of Python, of a group, of a group as a tensor, other shapes."""


def named(name: str, **settings: bool | int | float | str | tuple[float, ...]) -> OptimizerParameters:
    return OptimizerParameters(name=name, settings=settings)


@pytest.mark.parametrize("name", list_optimizers())
def test_each_optimizer_of_timm_can_be_stopped_or_is_refused(name: str) -> None:
    if name not in REFUSED:
        optimizers.check(named(name))
        return
    with pytest.raises(UsageError, match=rf"{name} with the settings \{{\}} cannot be used here: .*{REFUSED[name]}"):
        optimizers.check(named(name))


def test_a_state_that_does_not_go_on_with_the_same_bits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers.state, "numbers_of", lambda optimizer: {})
    with pytest.raises(UsageError, match="'adan', whose state cannot be kept to the bit"):
        optimizers.check(named("adan"))


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        (named("adamww"), r"train\.optimizer\.name is 'adamww'; did you mean .*adamw.*\?"),
        (named("lbfgs"), "train.optimizer.name is 'lbfgs'; "),
        (named("lookahead_adamw"), "train.optimizer.name is 'lookahead_adamw'; "),
        (named("lion", momentun=0.9), "unexpected keyword argument 'momentun'"),
        (named("sgd", momentum=-1.0), "Invalid momentum value: -1.0"),
        (named("sgd", weight_decay=0.1), "multiple values for keyword argument 'weight_decay'"),
    ],
    ids=lambda value: value.name if isinstance(value, OptimizerParameters) else "",
)
def test_what_timm_does_not_know_is_refused(optimizer: OptimizerParameters, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        optimizers.check(optimizer)


def test_a_check_leaves_random_numbers_as_they_were() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    optimizers.check(named("adamw"))
    assert torch.equal(torch.rand(3), expected)


@pytest.fixture
def two_groups(make_task: Callable[..., Task]) -> Callable[[], Task]:
    def made() -> Task:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        groups = [
            {"params": list(model[0].parameters()), "factor": 0.1},
            {"params": list(model[2].parameters()), "factor": 1.0},
        ]
        inputs = torch.rand(6, 4, generator=torch.Generator().manual_seed(1))
        targets = torch.eye(3)[torch.arange(6) % 3]
        return make_task(model, lambda positions, epoch: inputs[positions], targets, parameter_groups=groups)

    return made


def steps(task: Task, settings: Settings, rates: tuple[float, ...] = (1e-3, 5e-4, 2e-4)) -> list[Tensor]:
    """The weights after steps at these rates."""
    stepper, rows = Stepper(task, settings[1], max(rates)), np.arange(6)
    for number, rate in enumerate(rates):
        stepper.take(task.read(rows), rows, 0, number, rate)
        assert [group["lr"] for group in stepper.optimizer.param_groups] == [rate * 0.1, rate]
    return [parameter.detach().clone() for parameter in task.model.parameters()]


def test_the_usual_one_has_the_bits_of_torchs_fused_adamw(
    two_groups: Callable[[], Task], make_settings: Callable[..., Settings]
) -> None:
    found = steps(two_groups(), make_settings(weight_decay=0.3))
    task = two_groups()
    by_hand = torch.optim.AdamW(task.parameter_groups, weight_decay=0.3, fused=True)
    for rate in (1e-3, 5e-4, 2e-4):
        for group in by_hand.param_groups:
            group["lr"] = rate * group["factor"]
        by_hand.zero_grad()
        logits = task.model(task.inputs(torch.zeros(0), np.arange(6), 0))
        (-(task.targets * logits.log_softmax(dim=1)).sum(dim=1).sum() / 6).backward()
        by_hand.step()
    assert all(map(torch.equal, found, task.model.parameters()))


def test_settings_reach_the_optimizer(two_groups: Callable[[], Task], make_settings: Callable[..., Settings]) -> None:
    """One step of plain gradient descent by hand, and of Lion, which knows only signs."""
    for optimizer, step_of in (
        (named("sgd", momentum=0.0, nesterov=False), lambda gradient: gradient),
        (named("lion", betas=(0.5, 0.9)), torch.sign),
    ):
        task, settings = two_groups(), make_settings(optimizer=optimizer)
        before = [parameter.detach().clone() for parameter in task.model.parameters()]
        after = steps(task, settings, (1e-3,))
        gradients = [parameter.grad for parameter in task.model.parameters()]
        for old, new, gradient, rate in zip(before, after, gradients, (1e-4, 1e-4, 1e-3, 1e-3), strict=True):
            torch.testing.assert_close(new, old - rate * step_of(gradient))


@pytest.mark.parametrize("name", ["lion", "lionc"])
def test_decay_that_depends_on_the_highest_rate_knows_it(
    two_groups: Callable[[], Task], make_settings: Callable[..., Settings], name: str
) -> None:
    """Weights shrink by rate times decay, or by that times the share that the rate is of the highest one."""
    task = two_groups()
    task.weights.zero_()  # no gradients: only decay is left
    before = [parameter.detach().clone() for parameter in task.model.parameters()]
    after = steps(task, make_settings(weight_decay=0.3, optimizer=named(name)), (1e-2, 5e-3))
    for old, new, factor in zip(before, after, (0.1, 0.1, 1.0, 1.0), strict=True):
        first, second = (
            1 - rate * factor * 0.3 * (rate * factor / 1e-2 if name == "lionc" else 1) for rate in (1e-2, 5e-3)
        )
        torch.testing.assert_close(new, old * first * second)


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
def test_training_with_any_of_them_goes_on_with_the_same_bits(
    name: str,
    task: str,
    request: pytest.FixtureRequest,
    train: TrainParameters,
    short: PhaseParameters,
    bits: Callable[[Checkpoint], object],
    tmp_path: Path,
) -> None:
    run: Train = request.getfixturevalue(task)
    changed = train.model_copy(update={"batch_size": 3, "save_every_steps": 1, "optimizer": named(name)})
    progress = list(run(short, changed))
    expected = [bits(checkpoint) for checkpoint in progress]
    for number in (0, len(progress) // 2):
        path = str(tmp_path / f"{number}.safetensors")
        CheckpointDataset(path).save(progress[number])
        earlier = CheckpointDataset(path).earlier()
        assert [bits(later) for later in run(short, changed, earlier)] == expected[number + 1 :]


def test_the_name_decides_on_how_weights_are_trained(
    fine_tune: Train, train: TrainParameters, short: PhaseParameters, bits: Callable[[Checkpoint], object]
) -> None:
    names = ["adamw", "lion", "sgd"]
    trained = [[*fine_tune(short, train.model_copy(update={"optimizer": named(name)}))][-1] for name in names]
    assert all(np.isfinite(row["train_loss"]) for last in trained for row in last.history)
    found = [bits(last) for last in trained]
    assert not any(found[one] == found[other] for one, other in ((0, 1), (1, 2), (0, 2)))
