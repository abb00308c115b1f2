import torch
from accelerate import Accelerator

from apparel_eye.networks.inventory import describe_device, describe_precision, num_threads


def test_the_device_is_the_one_that_runs_take() -> None:
    assert describe_device().partition(":")[0] == Accelerator().device.type


def test_precisions_are_those_that_may_be_asked_for() -> None:
    assert describe_precision().startswith("float32, bfloat16; bfloat16 ")
    assert describe_precision().endswith(("in hardware", "emulated"))


def test_threads_are_those_of_torch() -> None:
    assert num_threads() == torch.get_num_threads()
