"""Studies in a database that several machines share: it may be away for a while, and its password stays secret."""

from __future__ import annotations

import functools
import logging
import random
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.exceptions import (
    ExperimentalWarning,
    StorageInternalError,
    UpdateFinishedTrialError,
)
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)

from ablate.errors import InputError, Problem
from ablate.limits import (
    DATABASE_AWAY,
    DATABASE_OPENINGS,
    DATABASE_PAUSE,
    HEART_STOPPED,
    HEARTBEAT,
    SQLITE_LOCKED,
)

_log = logging.getLogger(__name__)


class PatientStorage(RDBStorage):
    """A database in which whatever is done is tried again while the database is away.

    Args:
        url: SQLAlchemy's URL.
    """

    def __init__(self, url: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # heartbeats are
            try:
                super().__init__(
                    url,
                    engine_kwargs={"pool_pre_ping": True},
                    heartbeat_interval=HEARTBEAT,
                    grace_period=HEART_STOPPED,
                )
            except BaseException:
                self.__del__()
                raise

    def __del__(self) -> None:
        """Gives the connections back."""
        with suppress(Exception):  # it was never opened, or Python is ending
            self.remove_session()
            self.engine.dispose()


def _patiently(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def patient(*arguments: Any, **named: Any) -> Any:
        deadline = time.monotonic() + DATABASE_AWAY
        tried = 0
        while True:
            try:
                return method(*arguments, **named)
            except UpdateFinishedTrialError:
                if not tried:
                    raise
                return True  # it was written the time before, and only the answer was lost
            except StorageInternalError as error:
                if not is_away(error) or time.monotonic() > deadline:
                    raise
                if not tried:
                    _log.warning("the database does not answer: waiting up to %g s", DATABASE_AWAY)
                tried += 1
                time.sleep(random.uniform(*DATABASE_PAUSE))

    return patient


ALSO = (
    "get_trial_id_from_study_id_trial_number",
    "record_heartbeat",
    "_create_new_trial",
    "_get_best_trial_id",
    "_get_stale_trial_ids",
    "_get_trials",
    "_set_trial_param",
)
"""What Optuna's cache, which lies over every database, calls besides the methods of all storages."""
for _name in (*sorted(BaseStorage.__abstractmethods__), *ALSO):
    setattr(PatientStorage, _name, _patiently(getattr(RDBStorage, _name)))


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database cannot be reached, and not that it was misused."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DBAPIError):
            # Class 08 is about the connection, 57P about a server that starts or stops.
            state = getattr(cause.orig, "sqlstate", None)
            is_connection = state is None or state.startswith(("08", "57P"))
            kinds = OperationalError | InterfaceError
            return cause.connection_invalidated or (isinstance(cause, kinds) and is_connection)
        cause = cause.__cause__ or cause.__context__
    return False


def open_database(url: str) -> RDBStorage:
    """Opens a database; a file of SQLite's is there, or is not, and needs no patience.

    Raises:
        InputError: it cannot be opened; the message holds no password.
    """
    if parse_url(url) is None:
        rule = "is no database URL: it must look like postgresql://user:password@host:5432/database"
        hint = "write an @ in a password as %40, and a / as %2F"
        raise InputError(Problem(f"storage {shown_url(url)}", rule, hint=hint))
    try:
        return _open(url)
    except ModuleNotFoundError as error:
        rule = f"needs the package {error.name}, which is not installed"
        hint = 'for PostgreSQL: pip install "keras-ablate[postgresql]"'
        raise InputError(Problem(f"storage {shown_url(url)}", rule, hint=hint)) from error
    except Exception as error:
        text = without_password(str(error).splitlines()[0], url)
        raise InputError(
            Problem(f"storage {shown_url(url)}", f"cannot be opened: {text}")
        ) from error


def _open(url: str) -> RDBStorage:
    """Opens a database, and makes its tables; another process may be making them, too."""
    tried = 0
    while True:
        try:
            if url.startswith("sqlite"):
                return RDBStorage(url, engine_kwargs={"connect_args": {"timeout": SQLITE_LOCKED}})
            return PatientStorage(url)
        except DBAPIError as error:
            is_made = isinstance(error, IntegrityError) or "already exists" in str(error)
            tried += 1
            if tried == DATABASE_OPENINGS or not is_made:
                raise
            time.sleep(random.uniform(*DATABASE_PAUSE))


def shown_url(url: str) -> str:
    """A URL as it may be shown: the password is hidden."""
    parsed = parse_url(url)
    if parsed is not None:
        return parsed.render_as_string(hide_password=True)
    # Whatever lies before the last @ of what is no URL may be a part of the password.
    scheme, _, rest = url.partition("://")
    return f"{scheme}://***@{rest.rpartition('@')[2]}" if "@" in rest else f"{scheme}://..."


def parse_url(url: str) -> URL | None:
    """A URL in its parts; None where it is none, or an @ in its password is not written as %40."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        return None
    return None if "@" in (parsed.host or "") else parsed


def database_name(url: str) -> str:
    """The name of the database behind a URL; of a file of SQLite's, without folder and ending."""
    parsed = parse_url(url)
    if parsed is None:
        return ""
    name = parsed.database or ""
    return Path(name).stem if parsed.get_backend_name() == "sqlite" else name


def without_password(text: str, url: str) -> str:
    """A text without the password of a URL, however it stands in it."""
    parsed = parse_url(url)
    if parsed is None:
        return text.replace(url, shown_url(url))
    password = parsed.password
    text = text.replace(url, shown_url(url))
    return text.replace(str(password), "***") if password else text
