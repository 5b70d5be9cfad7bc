"""Every architecture that ships builds what the search space of its name describes."""

import pytest

from ablate import catalog
from ablate.testing import check_architecture


@pytest.mark.parametrize("name", catalog.available("architectures"))
def test_an_architecture_keeps_its_promises(name):
    check_architecture(name)
