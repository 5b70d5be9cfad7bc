"""PyTorch."""

from __future__ import annotations


def device() -> str:
    """The GPU that is the present one, else the processor."""
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"
