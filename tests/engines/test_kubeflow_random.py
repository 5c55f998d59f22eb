"""Random pipelines with control flow: the specification, run by the service's rules in this process, comes to what the plain call does.

`WYE_SOAK=2000` looks at that many programs, `WYE_SEED=7000` at others.
"""

from __future__ import annotations

import os

import kfp_random
import pytest

COUNT, SEED = int(os.environ.get("WYE_SOAK", "40")), int(os.environ.get("WYE_SEED", "300000"))


def test_random_programs_by_the_services_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    with kfp_random.place(monkeypatch) as folder:
        for number in range(SEED, SEED + COUNT):
            assert not (found := kfp_random.problem(number, folder, "kubeflow")), found
