"""Workers on the machines of a Ray cluster, each an actor with the resources that the study asks for."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Self

from ablate.errors import InputError, Problem, RunError
from ablate.executors._base import Death
from ablate.executors.local import worker_environment
from ablate.messages import Event, Order, StopTraining, event_from_json
from ablate.spec import Backend, Resources

WAIT = 60.0
"""Seconds that a cluster gets to make room for a worker before this is said."""


class RayExecutor:
    """Several workers, which Ray places.

    Args:
        address: of the cluster, as ``ray.init`` takes it; None for one that is there already, or
            else one on this machine.
        backend: the Keras backend.
        resources: what each worker asks for.
        workers: how many; None for as many as the cluster has room for.
    """

    def __init__(
        self, address: str | None, backend: Backend, resources: Resources, workers: int | None
    ) -> None:
        self._address = address
        self._backend = backend
        self._resources = resources
        self._wanted = workers
        self._workers = workers or 1
        self._actors: dict[int, Any] = {}
        self._running: dict[Any, int] = {}
        self._reasons: dict[int, str] = {}
        self._events: Any = None
        self._began = False

    @property
    def workers(self) -> int:
        """How many there are."""
        return self._workers

    def __enter__(self) -> Self:
        """Joins the cluster.

        Raises:
            InputError: Ray is not installed, or no cluster answers.
        """
        try:
            import ray
            from ray.util.queue import Queue
        except ModuleNotFoundError as error:
            hint = 'install it: pip install "keras-ablate[ray]"'
            raise InputError(
                Problem("--executor ray", "Ray is not installed", hint=hint)
            ) from error
        if not ray.is_initialized():
            try:
                ray.init(
                    address=self._address,
                    log_to_driver=False,
                    include_dashboard=False if self._address is None else None,
                )
            except (ConnectionError, ValueError, RuntimeError) as error:
                rule = f"no cluster answers: {str(error).splitlines()[0]}"
                hint = "start one with: ray start --head"
                raise InputError(Problem("--address", rule, hint=hint)) from error
            self._began = True
        if self._wanted is None:
            self._workers = self._room(ray.cluster_resources())
        self._events = Queue()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import ray

        for actor in self._actors.values():
            ray.kill(actor)
        self._actors.clear()
        if self._events is not None:
            self._events.shutdown(force=True)
        if self._began:
            ray.shutdown()

    def give(self, worker: int, order: Order) -> None:
        """Sends an order to a worker; one that is not there is started."""
        if worker not in self._actors:
            self._actors[worker] = self._start()
        actor = self._actors[worker]
        if isinstance(order, StopTraining):
            actor.stop.remote()
        else:
            self._running[actor.carry_out.remote(worker, order.model_dump_json())] = worker

    def next_event(self, timeout: float) -> tuple[int, Event | Death] | None:
        """The next that a worker tells, or how it died; None when nothing came in `timeout` s."""
        from ray.util.queue import Empty

        try:
            worker, text = self._events.get(timeout=timeout)
        except Empty:
            return self._next_death()
        return worker, event_from_json.validate_json(text)

    def end(self, worker: int, reason: str) -> None:
        """Ends a worker at once, whatever it does; its death is told with that reason."""
        import ray

        self._reasons[worker] = reason
        ray.kill(self._actors[worker])

    def retire(self, worker: int) -> None:
        """Ends a worker that has nothing to do; the next order starts another in its place."""
        import ray

        ray.kill(self._actors.pop(worker))

    def memory(self, worker: int) -> int | None:
        """The bytes of memory that a worker holds; None where that is not known."""
        import ray

        with contextlib.suppress(ray.exceptions.RayError):
            return int(ray.get(self._actors[worker].memory.remote(), timeout=WAIT))
        return None

    def _next_death(self) -> tuple[int, Death] | None:
        """A worker that has died, once all that it told before has been heard."""
        import ray

        ended, _ = ray.wait(list(self._running), timeout=0) if self._running else ([], [])
        for reference in ended:
            worker = self._running.pop(reference)
            try:
                ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise RunError(f"a worker failed: {error.cause}") from error
            except ray.exceptions.OutOfMemoryError:
                return self._dead(worker, "was ended by Ray: out of memory")
            except ray.exceptions.RayError as error:
                return self._dead(worker, f"ended: {str(error).splitlines()[0]}")
        return None

    def _dead(self, worker: int, reason: str) -> tuple[int, Death]:
        self._actors.pop(worker, None)
        return worker, Death(self._reasons.pop(worker, reason))

    def _start(self) -> Any:
        import ray

        variables = {
            name: value
            for name, value in worker_environment({}, self._backend).items()
            if name != "PYTHONUNBUFFERED"
        }
        return (
            ray.remote(RayWorker)
            .options(
                max_concurrency=2,  # so that it can be told to stop
                num_cpus=self._resources.num_cpus,
                num_gpus=self._resources.num_gpus,
                runtime_env={"env_vars": variables},
            )
            .remote(self._events)
        )

    def _room(self, cluster: dict[str, float]) -> int:
        """How many workers the cluster has room for.

        Raises:
            InputError: none.
        """
        asked = {"CPU": self._resources.num_cpus, "GPU": self._resources.num_gpus}
        room = [int(cluster.get(name, 0) // share) for name, share in asked.items() if share]
        if not room or min(room) < 1:
            needs = ", ".join(f"{share:g} {name}" for name, share in asked.items() if share)
            has = ", ".join(f"{cluster.get(name, 0):g} {name}" for name in asked)
            rule = f"a worker needs {needs}, the whole cluster has {has}"
            raise InputError(Problem("[resources]", rule, hint="ask for less"))
        return min(room)


class RayWorker:
    """A worker inside a Ray actor."""

    def __init__(self, events: Any) -> None:
        from ablate.worker import Worker

        self._number = 0
        self._events = events
        self._worker = Worker(self._tell)

    def carry_out(self, number: int, order: str) -> None:
        """Carries out an order."""
        from ablate.messages import order_from_json

        self._number = number
        self._worker.carry_out(order_from_json.validate_json(order))

    def stop(self) -> None:
        """Ends the running trial after its epoch."""
        self._worker.stop.set()

    def memory(self) -> int:
        """The bytes of memory that this process holds."""
        import psutil

        return int(psutil.Process().memory_info().rss)

    def _tell(self, event: Event) -> None:
        self._events.put((self._number, event.model_dump_json()))
