"""A search index of its own for every test that asks for one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask

from marketplace.listings.indexing import Follower


@pytest.fixture
def follower(app: APIFlask, db: Any, tmp_path: Path) -> Iterator[Follower]:
    """The follower of a fresh index that sees the test's own transaction."""
    before = app.extensions["settings"]
    app.extensions["settings"] = replace(before, home=tmp_path)
    yield Follower(tmp_path)
    app.extensions["settings"] = before
