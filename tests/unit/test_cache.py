"""A kept pipeline is given back only while everything that it was made from is as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wye import cache
from wye.driver import compile_source, layout_of
from wye.ir.model import Pipeline

FLOW = """
from wye import pipeline, step
from acme.steps import twice, LIMIT
try:
    import extra
except ImportError:
    pass

@pipeline
def flow(n: int = LIMIT) -> int:
    return twice(n)

@pipeline
def other() -> int:
    return twice(1)
"""
STEPS = """
from wye import step
LIMIT = 3

@step
def twice(n: int) -> int:
    return n * 2
"""


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Pipeline, bool]]:
    """Compiles with the cache; with the pipeline, whether it came from there."""
    monkeypatch.setenv("WYE_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "src"
    (source / "acme").mkdir(parents=True)
    (source / "acme" / "__init__.py").write_text("")
    (source / "acme" / "steps.py").write_text(STEPS)
    (source / "flow.py").write_text(FLOW)
    (source / "data").mkdir()

    def run(name: str = "flow") -> tuple[Pipeline, bool]:
        kept = cache.load(source / "flow.py", name, layout_of(source / "flow.py"))
        made = compile_source(source / "flow.py", name, cached=True)
        assert kept is None or kept == made == compile_source(source / "flow.py", name)
        return made, kept is not None

    return run


def test_the_second_compile_of_the_same_source_is_kept(compiled: Callable[..., tuple[Pipeline, bool]], tmp_path: Path) -> None:
    assert compiled()[1] is False
    assert compiled()[1] is True
    assert compiled("other")[1] is False
    assert not list((tmp_path / "src").rglob("*.pickle")), "a project holds no entry"


def test_a_change_of_an_imported_module_counts(compiled: Callable[..., tuple[Pipeline, bool]], tmp_path: Path) -> None:
    compiled()
    (tmp_path / "src" / "acme" / "steps.py").write_text(STEPS.replace("3", "4"))
    made, kept = compiled()
    assert not kept
    (parameter,) = made.parameters
    assert parameter.default
    assert parameter.default.text == "4"


@pytest.mark.parametrize(
    ("path", "text"),
    [("extra.py", "X = 1\n"), ("acme/steps/__init__.py", STEPS.replace("3", "5")), ("__init__.py", ""), ("wye.py", "")],
)
def test_a_module_that_appears_where_there_was_none_counts(
    compiled: Callable[..., tuple[Pipeline, bool]], tmp_path: Path, path: str, text: str
) -> None:
    """An import that failed, or one that another file now comes before."""
    compiled()
    place = tmp_path / "src" / path
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    assert cache.load(tmp_path / "src" / "flow.py", "flow", layout_of(tmp_path / "src" / "flow.py")) is None


def test_a_module_that_goes_counts(compiled: Callable[..., tuple[Pipeline, bool]], tmp_path: Path) -> None:
    compiled()
    (tmp_path / "src" / "acme" / "steps.py").unlink()
    assert cache.load(tmp_path / "src" / "flow.py", "flow", layout_of(tmp_path / "src" / "flow.py")) is None


def test_another_wye_counts(compiled: Callable[..., tuple[Pipeline, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    compiled()
    monkeypatch.setattr(cache, "_fingerprint", lambda: "another")
    assert compiled()[1] is False


def test_an_entry_that_was_cut_short_is_none(compiled: Callable[..., tuple[Pipeline, bool]], tmp_path: Path) -> None:
    compiled()
    for entry in (tmp_path / "cache" / "compiled").iterdir():
        entry.write_bytes(entry.read_bytes()[:-7])
    assert compiled()[1] is False
    for entry in (tmp_path / "cache" / "compiled").iterdir():
        entry.write_bytes(b"")
    assert compiled()[1] is False


def test_a_text_that_was_cut_short_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYE_CACHE", str(tmp_path))
    made: list[bytes] = []

    def make(source: bytes) -> str:
        made.append(source)
        return source.hex()

    assert [cache.text(b"abc", make) for _ in range(2)] == ["616263"] * 2
    assert made == [b"abc"]
    (entry,) = (tmp_path / "compiled").iterdir()
    entry.write_text(entry.read_text()[:-1])
    assert cache.text(b"abc", make) == "616263"
    assert made == [b"abc"] * 2


def test_off(compiled: Callable[..., tuple[Pipeline, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYE_CACHE", "off")
    compiled()
    assert compiled()[1] is False
    assert not (tmp_path / "cache").exists()
