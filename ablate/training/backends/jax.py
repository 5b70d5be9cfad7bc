"""JAX; how it takes memory is told to it in the environment of its worker."""

from __future__ import annotations


def device() -> str:
    """JAX's first device."""
    import jax

    first = jax.devices()[0]
    return "cpu" if first.platform == "cpu" else str(first.device_kind)
