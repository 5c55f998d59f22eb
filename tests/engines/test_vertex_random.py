"""Random pipelines with control flow: the specification, run by the service's rules in this process, comes to what the plain call does."""

from __future__ import annotations

import kfp_random
import pytest


def test_random_programs_by_the_services_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    kfp_random.look("vertex", 40, 600_000, monkeypatch)
