"""Trains as a worker does: what was traced for one test is not traced again for the next."""

from __future__ import annotations

from functools import partial

from ablate.training import loop
from ablate.training.kept import KeptNetworks

NETWORKS = KeptNetworks()
train = partial(loop.train, kept=NETWORKS)
