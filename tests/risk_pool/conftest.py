"""A pool, a bank and the loans they know."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.makers.risk_pool import World, loans_known, make_world


@pytest.fixture
def world(db: Any) -> Iterator[World]:
    """A pool of forty million with its people, and a bank with its people."""
    loans: dict[Any, Any] = {}
    with loans_known(loans):
        yield make_world(loans)
