"""Workers on the machines of a Ray cluster: actors, which Ray places where there is room."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ablate.backends import BackendName
from ablate.errors import InputError, Problem
from ablate.limits import CLUSTER_ANSWER
from ablate.spec.study import Resources
from ablate.workers.executors._base import Death
from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.local import worker_log
from ablate.workers.executors.ray_worker import RayWorker
from ablate.workers.executors.shares import Share
from ablate.workers.messages import Event, Order, StopTraining, event_from_json

PASSED_ON = ("ABLATE_DATA_HOME", "GLIBC_", "MALLOC_", "OMP_NUM_THREADS", "TF_", "XLA_", "JAX_")
"""The beginnings of the environment variables that workers on other machines get, too."""


class RayExecutor:
    """Several workers, each with the resources that the study asks for.

    Args:
        log: the file that gets what the first worker prints; the others have files beside it.
        backend: the Keras backend.
        resources: what each worker asks for.
        address: of the cluster, as ``ray.init`` takes it; None for the one that ``RAY_ADDRESS``
            names, or one that is started on this machine.
        workers: how many; None for as many as the cluster has room for.
        one_machine: whether the storage is a file, which one machine alone can use.
    """

    def __init__(
        self,
        log: Path,
        backend: BackendName,
        resources: Resources,
        address: str | None,
        workers: int | None,
        *,
        one_machine: bool,
    ) -> None:
        self._log = log
        self._backend = backend
        self._resources = resources
        self._address = address
        self._wanted = workers
        self._one_machine = one_machine
        self._workers = workers or 1
        self._gpus = resources.num_gpus or 0.0
        self._events: Any = None
        self._began = False
        self._actors: dict[int, Any] = {}
        self._lives: dict[int, int] = {}
        """How many workers of each number there have been: the word of an earlier one is void."""
        self._running: dict[Any, tuple[int, int]] = {}
        """The worker, and which of that number, behind each order that Ray carries out."""
        self._reasons: dict[int, str] = {}
        self._dead: list[tuple[int, int, Death]] = []
        """Deaths that are not told yet: the worker, and which of that number it was."""

    @property
    def workers(self) -> int:
        """As many as were asked for, or as the cluster has room for."""
        return self._workers

    @property
    def threads(self) -> int | None:
        """As many as the processor cores that each asks for."""
        return max(1, int(self._resources.num_cpus))

    @property
    def fair_memory(self) -> int | None:
        """None: Ray looks after the memory of its machines."""
        return None

    def __enter__(self) -> Self:
        """Joins the cluster.

        Raises:
            InputError: Ray is not installed, no cluster answers, or it cannot hold a worker.
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
            self._join()
        try:
            self._measure_cluster(ray.nodes())
            # Beside the parent, and not on a machine that may go away.
            here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            )
            self._events = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        except BaseException:
            self.__exit__(None, None, None)
            raise
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
            self._start(worker)
        actor = self._actors[worker]
        if isinstance(order, StopTraining):
            actor.stop.remote()
        else:
            reference = actor.carry_out.remote(order.model_dump_json())
            self._running[reference] = worker, self._lives[worker]

    def next_event(self, timeout: float) -> tuple[int, Event | Death] | None:
        """The next that a worker tells, or how it died; None when nothing came in `timeout` s."""
        from ray.util.queue import Empty

        try:
            # What a worker told is heard before its death is.
            worker, life, text = self._events.get(timeout=0.01 if self._dead else timeout)
        except Empty:
            if not self._dead:
                self._find_dead()
                return None
            worker, life, death = self._dead.pop(0)
            return (worker, death) if self._lives[worker] == life else None
        if self._lives[worker] != life:
            return None
        return worker, event_from_json.validate_json(text)

    def end(self, worker: int, reason: str) -> None:
        """Ends a worker at once, whatever it does; its death is told with that reason."""
        import ray

        if worker in self._actors:  # else its own death is about to be told
            self._reasons[worker] = reason
            ray.kill(self._actors[worker])

    def retire(self, worker: int) -> None:
        """Ends a worker that has nothing to do; the next order starts another in its place."""
        import ray

        if worker in self._actors:
            ray.kill(self._actors.pop(worker))

    def memory(self, worker: int) -> int | None:
        """The bytes of memory that a worker holds; None where that is not known."""
        import ray

        if worker not in self._actors:
            return None
        with contextlib.suppress(ray.exceptions.RayError):
            return int(ray.get(self._actors[worker].memory.remote(), timeout=CLUSTER_ANSWER))
        return None

    def _join(self) -> None:
        import ray

        self._knock()
        on_terminate = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(
                address=self._address,
                log_to_driver=False,
                logging_level="ERROR",
                include_dashboard=None if self._address else False,
            )
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            rule = f"no cluster can be joined: {_last_line(error)}"
            hint = (
                "start one with: ray start --head; where a cluster asks for a token, "
                "set RAY_AUTH_MODE=token, and copy ~/.ray/auth_token from its head"
            )
            raise InputError(Problem("--executor ray", rule, hint=hint)) from error
        finally:
            signal.signal(signal.SIGTERM, on_terminate)  # Ray puts its own in its place
        self._began = True

    def _knock(self) -> None:
        """Finds out whether anything answers at the address: Ray itself would try for minutes.

        Raises:
            InputError: nothing does.
        """
        host, colon, port = (self._address or "").removeprefix("ray://").rpartition(":")
        if not colon or not port.isdecimal():
            return
        try:
            socket.create_connection((host.strip("[]"), int(port)), CLUSTER_ANSWER).close()
        except OSError as error:
            rule = f"nothing answers at {self._address}: {error.strerror or error}"
            hint = "start a cluster with: ray start --head"
            raise InputError(Problem("--address", rule, hint=hint)) from error

    def _measure_cluster(self, nodes: list[dict[str, Any]]) -> None:
        """Finds out how many workers there is room for.

        Raises:
            InputError: for none; or there are several machines, and the storage is a file.
        """
        alive = [node for node in nodes if node["Alive"]]
        if self._one_machine and len({node["NodeManagerAddress"] for node in alive}) > 1:
            rule = "the cluster has several machines, and a journal file is for one"
            hint = "keep the study in a database: --storage postgresql://..."
            raise InputError(Problem("--executor ray", rule, hint=hint))
        rooms = [node["Resources"] for node in alive]
        if self._resources.num_gpus is None:
            self._gpus = 1.0 if any(room.get("GPU") for room in rooms) else 0.0
        if self._wanted is not None:
            return
        asked = {"CPU": self._resources.num_cpus, "GPU": self._gpus}
        wanted = {name: amount for name, amount in asked.items() if amount}
        # The small addition: 1 // 0.1 is 9.
        self._workers = sum(
            min(int(room.get(name, 0.0) / amount + 1e-9) for name, amount in wanted.items())
            for room in rooms
        )
        if not self._workers:
            needs = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items())
            has = ", ".join(
                f"{sum(room.get(name, 0.0) for room in rooms):g} {name}" for name in wanted
            )
            rule = f"a worker needs {needs}; no machine has that, all together have {has}"
            hint = "ask for less, or give --workers to wait for machines that are to come"
            raise InputError(Problem("[resources]", rule, hint=hint))

    def _start(self, worker: int) -> None:
        import ray

        self._lives[worker] = self._lives.get(worker, 0) + 1
        self._reasons.pop(worker, None)
        log = worker_log(self._log, worker)
        share = Share(threads=self.threads)
        own = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        environment = worker_environment(own, self._backend, share, gpu=self._gpus > 0)
        actor = ray.remote(RayWorker).options(
            max_concurrency=2,  # so that it can be told to stop
            num_cpus=self._resources.num_cpus,
            num_gpus=self._gpus,
            runtime_env={"env_vars": environment},
        )
        self._actors[worker] = actor.remote(
            self._events, worker, self._lives[worker], str(Path.cwd()), str(log)
        )

    def _find_dead(self) -> None:
        """Looks for workers that have died."""
        import ray

        ended, _ = ray.wait(list(self._running), timeout=0) if self._running else ([], [])
        for reference in ended:
            worker, life = self._running.pop(reference)
            try:
                ray.get(reference)
            except ray.exceptions.RayError as error:
                if self._lives[worker] != life:
                    continue
                self._actors.pop(worker, None)
                is_memory = isinstance(error, ray.exceptions.OutOfMemoryError)
                how = "out of memory" if is_memory else _last_line(error)
                reason = self._reasons.pop(worker, f"of Ray ended: {how}")
                self._dead.append((worker, life, Death(reason)))


def _last_line(error: BaseException) -> str:
    """What an error of Ray's says in the end, where the cause stands."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
