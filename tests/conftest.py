"""What every test may use: the `--bless` option."""

from __future__ import annotations

import os

import pytest

os.environ["WYE_CACHE"] = "off"  # tests leave nothing in the user's own cache


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite the golden files; read the diff before you commit it")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--bless"))
