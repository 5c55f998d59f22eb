"""Every pinned `compose.yaml` under compose's own loader: it takes it, and understands what was meant. Needs the plugin, no engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.testing.environments import missing

GOLDEN = Path(__file__).parents[2] / "golden" / "features"
CASES = sorted(f.parents[2].name for f in GOLDEN.glob("*/out/docker/compose.yaml"))


def loaded(file: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("COMPOSE_", "PARAM_", "RUN_ID", "SCHEDULED_TIME"))}
    clean.setdefault("DOCKER_CONFIG", str(Path.home() / ".docker"))  # where the plugin may be, whatever HOME is
    command = ["docker", "compose", "-f", str(file), "config", "--format", "json"]
    return subprocess.run(command, capture_output=True, text=True, env={**clean, **env})


@pytest.fixture(scope="module")
def compose() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        missing("docker", "docker: it has no compose plugin")


def meant(value: Any) -> Any:
    """A value of the file as compose is to understand it."""
    if isinstance(value, dict):
        return {k: meant(v) for k, v in value.items()}
    if isinstance(value, list):
        return [meant(v) for v in value]
    return value.replace("${RUN_ID:-default}", "default").replace("$$", "$") if isinstance(value, str) else value


@pytest.mark.usefixtures("compose")
@pytest.mark.parametrize("case", CASES)
def test_compose_understands_what_was_meant(case: str) -> None:
    file = GOLDEN / case / "out" / "docker" / "compose.yaml"
    wanted = meant(yaml.safe_load(file.read_text("utf-8")))
    done = loaded(file, {})
    assert done.returncode == 0, done.stderr
    assert "level=warning" not in done.stderr, done.stderr
    found = json.loads(done.stdout)
    assert found["name"] == wanted["name"]
    assert set(found["services"]) == set(wanted["services"])
    for name, service in wanted["services"].items():
        read = found["services"][name]
        assert [read["entrypoint"], read["command"]] == [service["entrypoint"], service["command"]]
        assert (read["labels"], read["image"]) == (service["labels"], service["image"])
        assert read.get("environment", {}) == service.get("environment", {})
        assert {n: d["condition"] for n, d in read.get("depends_on", {}).items()} == {
            n: d["condition"] for n, d in service.get("depends_on", {}).items()
        }
        assert [v["target"] for v in read["volumes"]] == ["/runs", "/wye"]
        bind = read["volumes"][1]
        assert (bind["type"], bind["read_only"], Path(bind["source"]).name) == ("bind", True, "steps")


@pytest.mark.usefixtures("compose")
def test_a_run_id_is_the_one_thing_that_compose_puts_in() -> None:
    file = GOLDEN / "hostile_strings" / "out" / "docker" / "compose.yaml"
    found = json.loads(loaded(file, {"RUN_ID": "monday", "HOME": "nowhere", "PARAM_jinja": "$x"}).stdout)
    assert {s["command"][1] for s in found["services"].values()} == {"monday"}
    assert found["services"]["start"]["environment"]["PARAM_jinja"] == "$$x", "as `config` prints what stands for itself"
