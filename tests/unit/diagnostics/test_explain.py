"""Every code has a page, every page a code; the examples do what they say."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from wye import driver
from wye.backend import registry
from wye.diagnostics import CompileFailed, explain
from wye.ir.model import Pipeline
from wye.stacks import load_stack, stack_options

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*(ROOT / "compiler" / "wye").rglob("*.py"), *(ROOT / "targets").rglob("*.py")])


def raised() -> set[str]:
    """Every string literal in our sources that is a code."""
    found = set()
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"WYE\d{4}", node.value):
                found.add(node.value)
    return found


def test_each_code_has_a_page_and_each_page_a_code() -> None:
    assert raised() == set(explain.codes())


@dataclass(frozen=True)
class Block:
    code: str
    language: str
    text: str
    first: bool

    def __str__(self) -> str:
        return f"{self.code}-{'wrong' if self.first else 'right'}"


def blocks(code: str) -> list[Block]:
    found = re.findall(r"^```(\w+)\n(.*?)^```$", explain.page(code), re.DOTALL | re.MULTILINE)
    return [Block(code, language, text, n == 0) for n, (language, text) in enumerate(found)]


def all_in(language: str) -> list[Block]:
    return [b for code in explain.codes() for b in blocks(code) if b.language == language]


@pytest.mark.parametrize("code", explain.codes())
def test_a_page_has_a_title_and_an_example(code: str) -> None:
    assert explain.page(code).startswith(f"# {code}: ")
    assert explain.title(code)[0].islower() or explain.title(code)[0] == "`"
    assert blocks(code)[0].language in ("python", "toml", "console")


def write(folder: Path, text: str) -> Path:
    """The example's files: a line `# name.py` (or .toml, .txt, .json) begins the next one."""
    parts = re.split(r"(?m)^# ([\w/]+\.(?:py|toml|txt|json))\n", text)
    for name, body in [("pipeline.py", parts[0]), *zip(parts[1::2], parts[2::2])]:
        if body.strip():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(body)
    return folder / "pipeline.py"


def codes_of(file: Path) -> set[str]:
    """What compiling the file finds; when that is nothing, what any target refuses, or else would with `--strict`."""
    try:
        pipeline = driver.compile_source(file)
    except CompileFailed as failure:
        return {d.code for d in failure.diagnostics}
    return targets_refuse(pipeline, strict=False) or targets_refuse(pipeline, strict=True)


def targets_refuse(pipeline: Pipeline, *, strict: bool) -> set[str]:
    found = set()
    for name in registry.names():
        target = registry.load(name)
        try:
            driver.compile_target(pipeline, target, target.options(), strict=strict)
        except CompileFailed as failure:
            found |= {d.code for d in failure.diagnostics}
    return found


@pytest.mark.parametrize("block", all_in("python"), ids=str)
def test_python(block: Block, tmp_path: Path) -> None:
    file = write(tmp_path, block.text)
    if block.first:
        assert block.code in codes_of(file)
    else:
        driver.compile_source(file)


@pytest.mark.parametrize("block", all_in("toml"), ids=str)
def test_toml(block: Block, tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_text(block.text)

    def load() -> None:
        stack = load_stack(tmp_path / "pipeline.py", "prod", registry.names())
        stack_options(stack.target, registry.load(stack.target).options, stack.settings)

    if block.first:
        with pytest.raises(CompileFailed) as caught:
            load()
        assert {d.code for d in caught.value.diagnostics} == {block.code}
    else:
        load()


@pytest.mark.parametrize(("typed", "code"), [("WYE1002", "WYE1002"), ("wye1002", "WYE1002"), ("1002", "WYE1002"), ("[WYE1002]", "WYE1002")])
def test_how_a_code_may_be_typed(typed: str, code: str) -> None:
    assert explain.normal(typed) == code
