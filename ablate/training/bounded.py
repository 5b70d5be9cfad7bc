"""What a worker keeps from training to training, as long as there is memory for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Bounded(Generic[T]):
    """Things by a key; what was used longest ago goes where all together take too much memory."""

    most_bytes: int
    _kept: dict[str, tuple[T, int]] = field(default_factory=dict)
    """Each with its bytes, the one that was used last at the end."""

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def take(self, key: str) -> T | None:
        """Gives a thing away; None where it is not kept."""
        return self._kept.pop(key, (None, 0))[0]

    def keep(self, key: str, thing: T, size: int) -> None:
        """Keeps a thing of so many bytes."""
        self._kept[key] = thing, size
        while sum(size for _, size in self._kept.values()) > self.most_bytes:
            del self._kept[next(iter(self._kept))]

    def forget(self, thing: T) -> None:
        """Keeps a thing no longer, whatever its key."""
        self._kept = {key: one for key, one in self._kept.items() if one[0] is not thing}
