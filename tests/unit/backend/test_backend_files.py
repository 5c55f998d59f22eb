"""What is embedded, what is written, how YAML and names are spelt."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wye.backend import write
from wye.backend.embed import LINES, UNPACK, compress, payload, program_files, runtime_files
from wye.backend.names import NameRules, spellings
from wye.backend.target import EmittedFile
from wye.backend.write import WriteFailed, write_build, write_builds
from wye.backend.yaml import Flow, dump, dump_all
from wye.ir.model import Program, ProgramFile

# --- embedding ------------------------------------------------------------------------------------------------------------------


def test_the_runtime_is_a_package() -> None:
    core, whole = dict(runtime_files()), dict(runtime_files(interpreter=True))
    assert {"wye_runtime/__init__.py", "wye_runtime/__main__.py", "wye_runtime/values.py", "wye_runtime/types.py"} <= set(core)
    assert set(whole) - set(core) == {f"wye_runtime/{n}.py" for n in ("island", "launch", "outcome", "plan", "scope")}
    assert list(whole) == sorted(whole)


def test_a_program_says_where_its_lines_come_from() -> None:
    files = (ProgramFile("pkg/b.py", "x = 1\n", "src/pkg/b.py", ((1, 7),)), ProgramFile("a.py", "", "a.py", ()))
    found = dict(program_files(Program("p", "a", files)))
    assert list(found) == ["a.py", "pkg/b.py", LINES]
    assert json.loads(found[LINES]) == {"a.py": {"source": "a.py", "lines": []}, "pkg/b.py": {"source": "src/pkg/b.py", "lines": [[1, 7]]}}


def test_a_payload_unpacks_to_its_files(tmp_path: Path) -> None:
    files = (("a.py", "x = 'é\U0001f600'\r\n"), ("pkg/sub/b.py", ""), *runtime_files())
    text = payload(files)
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", text)
    scope: dict[str, Any] = {}
    exec(UNPACK, scope)
    scope["unpack"](text, str(tmp_path))
    assert {p.relative_to(tmp_path).as_posix(): p.read_bytes().decode() for p in tmp_path.rglob("*") if p.is_file()} == dict(files)


def test_a_payload_has_the_same_bytes_everywhere() -> None:
    """Pinned: zlib's own output is not the same in every Python, so it is not what we write."""
    assert payload((("a.py", "print(1)\nprint(1)\n"),)) == "eAGrVkrUK6hUslIqKMrMK9Ew1IzJQ7CUagGhcAol"


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=400), st.binary(min_size=1, max_size=6).map(lambda b: b * 300), st.text("ab\n", max_size=900).map(str.encode)
    )
)
@example(b"")
@example(b"x" * 70000)
def test_any_bytes_come_back(data: bytes) -> None:
    assert zlib.decompress(compress(data)) == data


def test_matches_reach_back_a_whole_window() -> None:
    noise = random.Random(1).randbytes(32768)
    for data in (noise + noise, noise + b"!" + noise[:300], noise * 3):
        assert zlib.decompress(compress(data)) == data


def test_it_is_worth_it() -> None:
    text = "".join(t for _, t in runtime_files())
    assert len(base64.b64decode(payload(runtime_files()))) < len(text) / 2


# --- writing --------------------------------------------------------------------------------------------------------------------


def built(*names: str) -> list[EmittedFile]:
    return [EmittedFile("report.json", "{}"), *(EmittedFile(n, n) for n in names)]


def tree(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_build_replaces_the_one_before_it(tmp_path: Path) -> None:
    out = tmp_path / "build" / "churn" / "toy"
    write_build(out, built("a.txt", "b/c.txt"))
    assert (tree(out), (out / "b/c.txt").read_text()) == (["a.txt", "b/c.txt", "report.json"], "b/c.txt")
    write_build(out, built("d.txt"))
    assert tree(tmp_path) == ["build/churn/toy/d.txt", "build/churn/toy/report.json"]
    assert os.listdir(out.parent) == ["toy"]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_build(tmp_path / "x", [EmittedFile("report.json", "a\r\nbé\n")])
    assert (tmp_path / "x/report.json").read_bytes() == "a\r\nbé\n".encode()


@pytest.mark.parametrize("make", ["file", "folder", "link"])
def test_what_is_not_a_build_of_ours_stays(tmp_path: Path, make: str) -> None:
    out = tmp_path / "out"
    if make == "file":
        out.write_text("mine")
    elif make == "link":
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to("elsewhere")
    else:
        out.mkdir()
        (out / "thesis.txt").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(WriteFailed):
        write_build(out, built("a"))
    assert tree(tmp_path) == before


def test_an_empty_folder_may_become_a_build(tmp_path: Path) -> None:
    write_build(tmp_path, built("a"))
    assert tree(tmp_path) == ["a", "report.json"]


def test_a_full_disk_leaves_every_old_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_builds({tmp_path / n: built("old") for n in "ab"})
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "third":
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        write_builds({tmp_path / "a": built("new"), tmp_path / "b": built("second", "third")})
    assert tree(tmp_path) == ["a/old", "a/report.json", "b/old", "b/report.json"]


def test_a_failed_swap_puts_the_old_builds_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_builds({tmp_path / n: built("old") for n in "ab"})
    real = Path.rename

    def rename(self: Path, target: Any) -> Path:
        if self.name.startswith(".b.new"):
            raise OSError(16, "Device or resource busy", str(self))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(WriteFailed):
        write_builds({tmp_path / n: built("new") for n in "ab"})
    monkeypatch.undo()
    assert tree(tmp_path) == ["a/old", "a/report.json", "b/old", "b/report.json"]
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="cannot write"):
        write_build(tmp_path / "file" / "toy", built("a"))


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "", "."])
def test_nothing_is_written_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside"):
        write_build(tmp_path / "out", [EmittedFile(path, "")])
    with pytest.raises(ValueError, match="not a path inside"):
        write_build(tmp_path / "out", built("A", "a"))
    assert tree(tmp_path) == []


def test_the_old_build_is_known_by_its_report() -> None:
    assert write.REPORT == "report.json"


# --- YAML -----------------------------------------------------------------------------------------------------------------------

WORDS = [
    "yes", "No", "y", "null", "~", "1e3", "0o7", "0x1F", "12:30", "2024-01-01", "=", "<<", "on", "-", ".5", "", "- a", "a: b", "a #b",
    "#a", "---", "...", "{{ds}}", "${X}", "\n", "a\n", "a\n\n", "\na", "a\nb", " a\nb", "a\n b\n", "a \nb", "x:\n", "a:", "a:b", " a",
    "a ", "\xe9\nb", "nan", ".inf", "? a", "%a", "@a", "`a`", "!x", "&a", "*a", "a\tb\nc", "\x85", "a\u2028b\n", "\ufeff",
    "\u202ea\nb\n", "\x00", "\U0001f600\n", "1_000", "0b1",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(WORDS),
    st.text("ab:- #'\"\\\n{}[],.0123é\t|>", max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(TEXTS, v, max_size=3)),
    max_leaves=10,
)


def same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b)


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_yaml_reads_back_the_same(value: Any) -> None:
    text = dump(value)
    assert same(yaml.load(text, yaml.SafeLoader), value)
    if hasattr(yaml, "CSafeLoader"):
        assert same(yaml.load(text, yaml.CSafeLoader), value)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(TEXTS, st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS), max_size=4))
def test_a_mapping_on_one_line_reads_back_the_same(value: dict[str, Any]) -> None:
    text = dump({"a": Flow(value), "b": [Flow(x=Flow(value))]})
    assert text.count("\n") == 3
    assert same(yaml.load(text, yaml.SafeLoader), {"a": value, "b": [{"x": value}]})


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_yaml_1_2_reader_agrees(value: Any) -> None:
    ruamel = pytest.importorskip("ruamel.yaml")
    assert same(ruamel.YAML(typ="safe", pure=True).load(dump(value)), value)


def test_yaml_is_written_as_a_person_would() -> None:
    value = {
        "apiVersion": "v1", "image": "python:3.11-slim", "text": "two words", "on": True, "n": [1, 2.5, None, []],
        "quoted": '{"a": "b\'s"}', "steps": [{"name": "load", "args": ["-m", "x y"]}, [["deep"]]],
        "script": "import os\n\nif x:\n    y()\n", "no_end": "a\nb", "empty": {},
    }  # fmt: skip
    assert (
        dump(value)
        == """\
apiVersion: v1
image: python:3.11-slim
text: two words
"on": true
"n":
- 1
- 2.5
- null
- []
quoted: '{"a": "b''s"}'
steps:
- name: load
  args:
  - "-m"
  - x y
- - - deep
script: |
  import os

  if x:
      y()
no_end: |-
  a
  b
empty: {}
"""
    )


def test_several_documents() -> None:
    assert list(yaml.safe_load_all(dump_all([{"a": 1}, [], "x"]))) == [{"a": 1}, [], "x"]


@pytest.mark.parametrize("value", [{1: 2}, {"k" * 2000: 1}, object(), {"a": {1}}])
def test_what_is_no_yaml_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not a"):
        dump(value)


# --- names ----------------------------------------------------------------------------------------------------------------------

KUBERNETES = NameRules()
KEPT = NameRules(charset="A-Za-z0-9_", fill="_", limit=20, lower=False, first="A-Za-z_")


def test_names_in_the_platforms_spelling() -> None:
    assert spellings(["load", "train_model", "Deploy", "9lives", "___"], KUBERNETES) == {
        "load": "load", "train_model": "train-model", "Deploy": "deploy", "9lives": "t-9lives", "___": "t",
    }  # fmt: skip


def test_names_that_would_meet_stay_apart_whatever_their_order() -> None:
    names = ["a_b", "a-b", "A_b", "a__b"]
    found = spellings(names, KUBERNETES)
    assert found["a-b"] == "a-b"
    assert len(set(found.values())) == 4
    assert spellings(names[::-1], KUBERNETES) == found


def test_long_names_are_cut_and_marked() -> None:
    found = spellings(["x" * 70, "x" * 71, "ok"], KUBERNETES)
    assert [len(v) for v in found.values()] == [63, 63, 2]
    assert len(set(found.values())) == 3


def test_reserved_names() -> None:
    assert spellings(["root", "leaf"], KUBERNETES, reserved={"root"})["root"].startswith("root-")


@given(st.lists(st.text(max_size=30), unique=True, max_size=12))
def test_spellings_are_unique_and_allowed(names: list[str]) -> None:
    for rules, allowed in ((KUBERNETES, r"[a-z][a-z0-9-]{0,62}"), (KEPT, r"[A-Za-z_][A-Za-z0-9_]{0,19}")):
        found = spellings(names, rules)
        assert len(set(found.values())) == len(names)
        assert all(re.fullmatch(allowed, v) for v in found.values())
