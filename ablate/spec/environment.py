"""Where and with what a trial was trained: its worker notes it beside the trial."""

from __future__ import annotations

from ablate.spec.space import Frozen


class Environment(Frozen, extra="allow"):
    """The machine and the versions behind a trial.

    Records of other versions are read too: they may lack a field, or hold one more.
    """

    backend: str
    device: str
    """The name of the GPU, or ``cpu``."""
    processor: str | None = None
    """The processor's name, as the system gives it."""
    cores: int
    """Processor cores that the worker may use, containers and affinities heeded."""
    python: str
    versions: dict[str, str]
    commit: str | None = None
    """The commit of ablate's own code, ending in ``-dirty`` where it was changed; None where ablate
    was not run from a checkout."""
