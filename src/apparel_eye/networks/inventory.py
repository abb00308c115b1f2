"""What this machine has to compute with, in words."""

import torch
from accelerate import Accelerator

from apparel_eye.networks.device import DTYPES, is_there


def describe_device() -> str:
    """The device that ``train.device: auto`` takes."""
    kind: str = Accelerator().device.type
    if kind != "cuda":
        return kind
    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    return f"cuda: {torch.cuda.device_count()} x {torch.cuda.get_device_name()}, {memory:.0f} GiB"


def describe_precision() -> str:
    """Precisions that may be asked for, and whether the device computes in bfloat16 itself."""
    if is_there("cuda"):
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return f"{', '.join(DTYPES)}; bfloat16 {'in hardware' if native else 'emulated'}"


def num_threads() -> int:
    """Threads of a forward pass."""
    return torch.get_num_threads()
