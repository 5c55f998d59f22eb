"""What holds for every test: no cache, the verifier between the passes, the same examples each time; and the `--bless` option."""

from __future__ import annotations

import os
import re
from typing import Any

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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile` the tests of a file share a worker, and what its fixtures made; but Airflow's versions have one each, as their
    suite takes longest."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, rest = nodeid.partition("::")
            version = re.search(r"\[(\d+\.\d+\.\d+)\b", rest) if file.endswith("/test_airflow.py") else None
            return f"{file} {version[1]}" if version else file

    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None
