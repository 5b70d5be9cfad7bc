"""Arrays that others have pickled, read without running anything that a pickle can name.

A pickle is a program: it may call any function of any module. Here it can make numbers, texts,
lists, tuples and dictionaries; the four names by which NumPy writes its arrays stand for inert
records, and any other name ends the reading.
"""

from __future__ import annotations

import io
import math
import pickle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PickledError(ValueError):
    """What a pickle holds is no plain array, or it is damaged."""


class _Record:
    """What a pickle says of an array, or of a type of numbers."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _bytes(text: str, _: str = "latin1") -> bytes:
    """How Python 3 writes bytes for Python 2."""
    return text.encode("latin1")


_STAND_INS = {
    ("numpy", "ndarray"): _Record,
    ("numpy", "dtype"): _Record,
    ("numpy.core.multiarray", "_reconstruct"): _Record,
    ("numpy._core.multiarray", "_reconstruct"): _Record,
    ("_codecs", "encode"): _bytes,
}


class _Reader(pickle.Unpickler):
    """Knows no class and no function but the stand-ins."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise PickledError(f"it asks for {module}.{name}, which no array needs") from None


def read_pickled(content: bytes) -> Any:
    """The value that a pickle holds; its arrays are read by `pickled_array`.

    Texts of Python 2 are bytes.

    Raises:
        PickledError: it is damaged, or names something that no array needs.
    """
    try:
        return _Reader(io.BytesIO(content), encoding="bytes").load()
    except PickledError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        reason = str(error) or type(error).__name__
        raise PickledError(f"the pickled data cannot be read: {reason}") from error


def pickled_array(value: Any) -> NDArray[Any] | list[Any]:
    """An array of numbers in a pickle; one of objects as the list of them.

    Raises:
        PickledError: it is none.
    """
    import numpy as np

    try:
        _, shape, kind, fortran, content = value.state
        (code, *_) = kind.arguments
        code = code.decode() if isinstance(code, bytes) else code
        if code.lstrip("|<>=") == "O8" and isinstance(content, list):
            return content
        order: Any = kind.state[1]
        order = order.decode() if isinstance(order, bytes) else order
        dtype = np.dtype(code).newbyteorder(order)
        if dtype.kind not in "iufb" or len(content) != dtype.itemsize * math.prod(shape):
            raise TypeError
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        raise PickledError("it holds no array of numbers or lists") from error
