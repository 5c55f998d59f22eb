"""What holds for every test: no cache, the verifier between the passes, the same examples each time; and the `--bless` option."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

os.environ["WYE_CACHE"] = "off"  # tests leave nothing in the user's own cache
os.environ["WYE_VERIFY"] = "1"  # the verifier runs between the passes
settings.register_profile("the same each time", derandomize=True, deadline=None, database=None)
settings.load_profile("the same each time")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite the golden files; read the diff before you commit it")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--bless"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` the tests of a file share a worker, and what its fixtures made, unless they are marked otherwise."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
