"""What docs/ci.md tells users to put into their repositories works: each command of the workflow and of the hooks is run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye import cli

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]
HOOKS = yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"), yaml.CSafeLoader)


def blocks() -> tuple[dict[str, Any], dict[str, Any]]:
    """The workflow and the configuration of pre-commit."""
    workflow, hooks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)
    return yaml.load(workflow, yaml.CSafeLoader), yaml.load(hooks, yaml.CSafeLoader)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A repository as the document takes it to be."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    assert cli.run(["init", "-t", "airflow"]) == 0
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipeline.py").rename(tmp_path / "pipelines" / "churn.py")
    stacks = tmp_path / "wye.toml"
    stacks.write_text(stacks.read_text().replace("[stacks.airflow]", "[stacks.prod]"))
    assert cli.run(["golden", "bless", "pipelines/churn.py", "-t", "airflow", "--stack", "prod"]) == 0
    capsys.readouterr()
    return tmp_path


def test_the_workflow(project: Path) -> None:
    workflow = blocks()[0]
    [job] = workflow["jobs"].values()
    commands = [s["run"] for s in job["steps"] if s.get("run", "").startswith("wye ")]
    assert len(commands) == 3
    for command in commands:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'wye() {{ "{sys.executable}" -m wye.cli "$@"; }}; {command}'],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert all(line.startswith("::") for line in done.stdout.splitlines()), done.stdout
    [upload] = [s["with"]["sarif_file"] for s in job["steps"] if "upload-sarif" in s.get("uses", "")]
    assert json.loads((project / upload).read_text())["version"] == "2.1.0"


def test_the_hooks_are_commands(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As pre-commit runs them: the entry, the user's arguments, then the files of the commit."""
    [repository] = blocks()[1]["repos"]
    known = {h["id"]: h for h in HOOKS}
    for wanted in repository["hooks"]:
        hook = known.pop(wanted["id"])
        program, *arguments = [*shlex.split(hook["entry"]), *wanted.get("args", ())]
        assert program == "wye"
        (project / "pipelines" / "text.py").write_text("WORDS = 3\n")  # a commit may change a module that only helps
        files = ["pipelines/churn.py", "pipelines/text.py"] if hook.get("pass_filenames", True) else []
        assert cli.run([*arguments, *files]) == 0, capsys.readouterr().err
        assert hook["language"] == "python"
    assert not known, "each hook is documented"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("pipeline.py", True),
        ("a/pipelines.py", True),
        ("pipelines/churn.py", True),
        ("a/pipelines/churn.py", True),
        ("pipelines/lib/text.py", False),
        ("my_pipeline.py", False),
        ("pipeline.pyi", False),
    ],
)
def test_which_files_are_checked(path: str, found: bool) -> None:
    [hook] = [h for h in HOOKS if h["id"] == "wye-check"]
    assert bool(re.search(hook["files"], path)) is found
