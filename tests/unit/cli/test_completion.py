"""Completion as shells ask for it: commands, files, pipelines after `FILE:`, targets, stacks, codes; nothing heavy is imported for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = """\
import wye
from wye import pipeline

def helper(): raise SystemExit("code of a user runs")

@wye.pipeline
def first(): ...

@pipeline(timeout="1h")
def second(): ...

helper()
"""
BASH = """\
eval "$(wye completion bash)"
COMP_LINE="$1"; COMP_POINT=${#1}; COMP_TYPE=9; COMPREPLY=()
_python_argcomplete wye
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """\
autoload -U compinit; compinit -u -D
eval "$(wye completion zsh)"
_describe() { print -rl -- $completions }
BUFFER="$1"; CURSOR=${#1}; words=(wye)
_python_argcomplete
"""
FISH = "wye completion fish | source; complete -C $argv[1]"
SHELLS = {
    "bash": ["bash", "--norc", "-c", BASH, "bash"],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
    "fish": ["fish", "--no-config", "-c", FISH],
}

Ask = Callable[..., list[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(SOURCE)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "deep").mkdir()
    (tmp_path / ".wye" / "runs" / "20261123-172523-7b9132").mkdir(parents=True)
    (tmp_path / "deep" / "broken.py").write_text("def (")
    (tmp_path / "wye.toml").write_text('[stacks.laptop]\ntarget = "local"\n[stacks.prod]\ntarget = "airflow"\n')
    return tmp_path


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def ask(project: Path) -> Ask:
    """What completes a line, as the process that a shell starts at each TAB answers it."""

    def answer(line: str, folder: str = ".") -> list[str]:
        place = project / "answer"
        asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9", "_ARGCOMPLETE_IFS": "\n"}
        asked |= {"_ARGCOMPLETE_STDOUT_FILENAME": str(place), "_ARGCOMPLETE_SUPPRESS_SPACE": "1", "_ARGCOMPLETE_SHELL": "fish"}
        command = [sys.executable, "-m", "wye.cli"]
        done = subprocess.run(command, env={**environment(), **asked}, cwd=project / folder, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return [line.partition("\t")[0] for line in place.read_text().split("\n")]

    return answer


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wye che", ["check"]),
        ("wye check fl", ["flow.py"]),
        ("wye check no", [""]),
        ("wye compile flow.py:", ["flow.py:first", "flow.py:second"]),
        ("wye run flow.py:se", ["flow.py:second"]),
        ("wye compile deep/broken.py:", [""]),
        ("wye compile gone.py:", [""]),
        ("wye check flow.py --target kubef", ["kubeflow"]),
        ("wye compile flow.py --stack ", ["laptop", "prod"]),
        ("wye explain WYE100", [f"WYE100{n}" for n in range(1, 8)]),
        ("wye check flow.py --format s", ["sarif"]),
        ("wye golden b", ["bless"]),
        ("wye stack use p", ["prod"]),
        ("wye runs sh", ["show"]),
        ("wye runs show 2026", ["20261123-172523-7b9132"]),
    ],
)
def test_what_completes(ask: Ask, line: str, expected: list[str]) -> None:
    assert ask(line) == expected


def test_stacks_of_the_pipeline_s_project(ask: Ask) -> None:
    assert ask("wye compile ../flow.py --stack p", "deep") == ["prod"]


def test_nothing_heavy_is_imported(project: Path) -> None:
    """A TAB is waited for. Neither the compiler nor what it needs is loaded, whatever is completed."""
    program = (
        "import os, sys\n"
        "from wye.cli.completion import _codes, _pipelines, _sources, _stacks, _targets\n"
        "from pathlib import Path\nfrom types import SimpleNamespace\n"
        "[list(f(prefix='flow.py:', parsed_args=SimpleNamespace())) for f in (_codes, _stacks, _targets)]\n"
        "assert _pipelines(Path('flow.py')) == ['first', 'second']\n"
        "print(*(m for m in sys.modules if m.partition('.')[0] in ('libcst', 'rich', 'jinja2', 'yaml', 'packaging', 'wye_targets')\n"
        "        or m.startswith(('wye.frontend', 'wye.backend', 'wye.ir', 'wye.driver', 'wye.passes', 'wye.runs', 'wye.graph'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_in_the_shell_itself(project: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = [*SHELLS[shell], "wye check flow.py:"]
    done = subprocess.run(command, env=environment(), cwd=project, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    found = {line.partition("\t")[0].replace("\\:", ":").rstrip(": ").removeprefix("flow.py:") for line in done.stdout.splitlines()}
    assert found == {"first", "second"}
