"""What the README shows is what the code does: the capability table, and the tour's artifacts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from wye.backend import registry
from wye.cli import run

README = Path(__file__).parents[1] / "README.md"
MEANS = README.parent / "docs" / "capabilities.md"
TABLE = re.compile(r"(<!-- capabilities -->\n).*?(<!-- /capabilities -->)", re.DOTALL)


def test_the_capability_table_is_current(bless: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["targets", "--format", "markdown"]) == 0
    _current(README, capsys.readouterr().out, bless)
    assert run(["targets", *registry.names(), "--format", "markdown"]) == 0
    _current(MEANS, capsys.readouterr().out, bless)


def _current(file: Path, table: str, bless: bool) -> None:
    text = file.read_text("utf-8")
    now = TABLE.sub(lambda m: f"{m.group(1)}\n{table.strip()}\n\n{m.group(2)}", text)
    if bless:
        file.write_text(now, "utf-8")
    assert text == now or bless, "make bless"


def test_the_tour_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first Python block of the README is a pipeline; it compiles for every target, and each line shown stands in what was written."""
    blocks = re.findall(r"```(\w+)\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    source = next(text for kind, text in blocks if kind == "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tour.py").write_text(source, "utf-8")
    assert run(["compile", "tour.py", "-t", "local", "-t", "kubeflow", "-t", "airflow", "-o", "build"]) == 0
    written = "\n".join(f.read_text("utf-8") for f in (tmp_path / "build").rglob("*") if f.is_file())
    shown = [text for kind, text in blocks if kind in ("yaml", "json") or (kind == "python" and text != source and "@pipeline" not in text)]
    missing = [line for text in shown for line in text.splitlines() if line.strip("… ") and line.strip() not in written]
    assert missing == []


def test_heads_or_tails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline of that section is the example's, and each line shown of its artifacts stands in them."""
    section = README.read_text("utf-8").partition("## Heads or tails")[2].partition("\n## ")[0]
    (source,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    example = README.parent / "examples" / "coin" / "pipeline.py"
    assert source in example.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["compile", str(example), "-t", "kubeflow", "-t", "airflow", "-o", "build"]) == 0
    written = "\n".join(f.read_text("utf-8") for f in (tmp_path / "build").rglob("*") if f.is_file())
    shown = [line.strip(" …") for line in section.replace(source, "").splitlines() if line.startswith("      ")]
    assert [line for line in shown if line not in written] == []


def blocks_of_runs() -> list[str]:
    """The programs that show what a step knows of its run."""
    section = README.read_text("utf-8").partition("## Each run, each attempt")[2].partition("\n## ")[0]
    text = section + (README.parent / "docs" / "context.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("number", range(4))
def test_programs_of_runs_compile_and_run(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = blocks_of_runs()[number]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow.py").write_text(source, "utf-8")
    assert run(["compile", "flow.py", "-t", "local", "-t", "kubeflow", "-t", "airflow", "-o", "build"]) == 0
    found: dict[str, Any] = {"__name__": f"shown_{number}"}
    exec(compile(source, "flow.py", "exec"), found)
    assert found[re.findall(r"^def (\w+)", source, re.MULTILINE)[-1]]()


def test_all_programs_of_runs_are_tried() -> None:
    assert len(blocks_of_runs()) == 4
