"""Checks of data sets, architectures and report formats, for those who add one.

>>> from ablate.testing import check_architecture, check_data_set, check_report_format
>>> check_data_set("line", {"images_per_class": 4})

Each takes a name that is registered and returns when every promise is kept that ablate relies on.
The first that is not raises an AssertionError, which says what was expected, what was found and
what to do. They need no test runner; nothing here loads Keras but `check_architecture`.
"""

from ablate.testing.architectures import check_architecture
from ablate.testing.datasets import check_data_set
from ablate.testing.report_formats import check_report_format

__all__ = ["check_architecture", "check_data_set", "check_report_format"]
