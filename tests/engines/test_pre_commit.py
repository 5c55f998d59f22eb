"""The hooks of `.pre-commit-hooks.yaml` under pre-commit itself, which installs Wye from a clone and runs them at a commit of a user's."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from wye.cli import run
from wye.testing.environments import engine

ROOT = Path(__file__).parents[2]
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "compiler", "targets", "templates")
CONFIG = """\
repos:
  - repo: {clone}
    rev: {rev}
    hooks:
      - id: wye-check
        args: [--stack, airflow]
      - id: wye-golden
"""


def git(folder: Path, *arguments: str) -> str:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *name, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Project:
    """A user's checkout, whose pins are current."""

    folder: Path
    python: Path

    def commit(self) -> tuple[int, str]:
        """What pre-commit says of all that is there."""
        git(self.folder, "add", "-A")
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        environment |= {"PRE_COMMIT_HOME": str(self.folder.parent / "kept"), "PRE_COMMIT_COLOR": "never"}
        command = [str(self.python), "-m", "pre_commit", "run", "--all-files"]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=900)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    python = engine("pre-commit", ["pre-commit==4.7.0"])
    base = tmp_path_factory.mktemp("pre-commit")
    clone, user = base / "wye", base / "user"
    clone.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, clone / name)
    git(clone, "init", "-q")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "Wye")
    assert run(["init", str(user)]) == 0
    assert run(["golden", "bless", str(user / "pipeline.py"), "--stack", "kubeflow", "--dir", str(user / "golden")]) == 0
    (user / ".pre-commit-config.yaml").write_text(CONFIG.format(clone=clone, rev=git(clone, "rev-parse", "HEAD")))
    git(user, "init", "-q")
    return Project(user, python)


def test_the_hooks(project: Project) -> None:
    code, said = project.commit()
    assert code == 0, said
    assert [line.partition(".")[0] for line in said.splitlines() if line.endswith("Passed")] == ["wye check", "wye golden check"]
    source = project.folder / "pipeline.py"
    text = source.read_text("utf-8")
    source.write_text(text.replace("limit: float = 22.0", "limit: float = 23.0"), "utf-8")
    code, said = project.commit()
    assert code == 1
    assert "+#    limit: float [Default: 23.0]" in said
    assert "wye check" in next(line for line in said.splitlines() if line.endswith("Passed"))
    source.write_text(text.replace("mean(values)", "maen(values)", 1).replace("average = mean", "average = maen"), "utf-8")
    code, said = project.commit()
    assert code == 1
    assert "pipeline.py:" in said
    assert ": error[WYE" in said
