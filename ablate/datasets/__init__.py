"""Data sets, one file each; `_base` says what a file must hold.

Other packages import from here what their data sets are made of.
"""

from ablate.datasets._base import DatasetOptions, Examples, Fitted, Places
from ablate.spec.data import DataShape

__all__ = ["DataShape", "DatasetOptions", "Examples", "Fitted", "Places"]
