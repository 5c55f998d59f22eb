"""What holds for every test: no cache, the verifier between the passes; and the `--bless` option."""

from __future__ import annotations

import os

import pytest

os.environ["WYE_CACHE"] = "off"  # tests leave nothing in the user's own cache
os.environ["WYE_VERIFY"] = "1"  # the verifier runs between the passes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite the golden files; read the diff before you commit it")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--bless"))
