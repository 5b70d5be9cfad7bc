"""Stored studies that are written by hand."""

from __future__ import annotations

import pytest

from .by_hand import ByHand


@pytest.fixture
def ask(project):
    """Makes a stored study of the tables after ``[data]``; its trials are written by the test."""

    def ask(tables, **names):
        return ByHand(project.folder, tables, **names)

    return ask
