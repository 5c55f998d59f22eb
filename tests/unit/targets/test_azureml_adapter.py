"""What a job of Azure Machine Learning runs: the parts that no run by the interpreter reaches."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from wye_targets.azureml import adapter, keyvault


@pytest.fixture(autouse=True)
def beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", ".guards", ".types", ".values"):
        monkeypatch.setitem(sys.modules, f"wye_runtime{name}", import_module(f"wye.runtime{name}"))
    for name in ("OBO_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "DEFAULT_IDENTITY_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)


def task(form: dict[str, Any], folder: Path, **inputs: str) -> adapter.Task:
    """A task of a pipeline that has only that one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "HERE", str(folder))
        (folder / "pipeline.json").write_text(json.dumps({"pipeline": "p", "ids": {}, "tasks": {"t": form}}))
        return adapter.Task("t", str(folder / "out"), inputs, str(folder))


def test_tokens_come_from_where_the_platform_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def answer(address: str, headers: dict[str, str]) -> dict[str, object]:
        asked.append((address, headers))
        return {"value": "v"} if "/secrets/" in address else {"token": "a"} if "obo" in address else {"access_token": "a"}

    monkeypatch.setattr(keyvault, "asked", answer)
    monkeypatch.setenv("DEFAULT_IDENTITY_CLIENT_ID", "id")
    assert keyvault.value("ml-vault", "db", None) == "v"
    assert asked[0][0].startswith(
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault"
    )
    assert asked[0][0].endswith("&client_id=id")
    assert asked[1] == ("https://ml-vault.vault.azure.net/secrets/db?api-version=7.4", {"Authorization": "Bearer a"})
    monkeypatch.setenv("MSI_ENDPOINT", "http://msi/token")
    monkeypatch.setenv("MSI_SECRET", "s")
    keyvault.value("https://other.vault.usgovcloudapi.net/", "db", None)
    assert asked[2] == ("http://msi/token?api-version=2017-09-01&resource=https%3A%2F%2Fvault.azure.net&clientid=id", {"secret": "s"})
    assert asked[3][0] == "https://other.vault.usgovcloudapi.net/secrets/db?api-version=7.4"
    monkeypatch.setenv("OBO_ENDPOINT", "http://obo/token")
    keyvault.value("v", "db", None)
    assert asked[4][0] == "http://obo/token?resource=https%3A%2F%2Fvault.azure.net"
    with pytest.raises(ValueError):
        keyvault.value("v", "db", "key")


def test_a_soft_failure_is_none_for_the_platform_until_the_run_is_late(tmp_path: Path) -> None:
    form: dict[str, Any] = {"op": "call", "id": "t", "soft": True, "deadline": 100.0, "times": True}
    (tmp_path / "times.json").write_text(json.dumps({"started": "2020-01-01T00:00:00+00:00", "scheduled": "2020-01-01T00:00:00+00:00"}))
    (tmp_path / "out").mkdir()
    late = task(form, tmp_path, from_start=str(tmp_path))
    assert late.settle("failed", code=1) == 1
    assert task({**form, "soft": "always"}, tmp_path, from_start=str(tmp_path)).settle("failed", code=1) == 0
    soft = task({"op": "call", "id": "t", "soft": True}, tmp_path)
    assert (soft.settle("failed", code=1), soft.settle("stopped"), soft.settle("done")) == (0, 0, 0)
    hard = task({"op": "call", "id": "t"}, tmp_path)
    assert (hard.settle("failed", code=3), hard.settle("stopped"), hard.settle("skipped")) == (3, 1, 0)
    assert json.loads((tmp_path / "out" / "state.json").read_text())["status"] == "skipped"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-22T18:59:43.1234567Z", "2026-03-22T18:59:43.123456+00:00"),
        ("2026-03-22 18:59", "2026-03-22T18:59:00+00:00"),
        ("2026-03-22t18:59:43+0100", "2026-03-22T17:59:43+00:00"),
    ],
)
def test_times_as_the_platform_may_write_them(text: str, wanted: str) -> None:
    assert adapter.moment(text).isoformat() == wanted


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(adapter.Refused, match="not a time: '22/03/2026'"):
        adapter.moment("22/03/2026")


def test_the_runner_is_stopped_when_the_run_is_late() -> None:
    began = time.time()
    assert adapter.start([sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ), began + 0.2) == -15
    assert adapter.start([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), None) == 3
