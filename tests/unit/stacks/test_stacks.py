"""Stacks: what `wye.toml` says becomes typed options; every mistake is a diagnostic at its place."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wye.diagnostics import CompileFailed, Diagnostic, Span
from wye.stacks import NoStack, Setting, Stack, load_stack, stack_options
from wye.stacks.toml import Key, Place, locate


@dataclass(frozen=True)
class Options:
    namespace: str | None = None
    replicas: int = 1
    factor: float = 1.0
    dry: bool = False
    labels: tuple[str, ...] = ()
    hosts: list[str] | None = None
    mode: Literal["python", "docker"] = "python"

    def __post_init__(self) -> None:
        if self.replicas < 1:
            error = ValueError("`replicas` must be positive")
            error.field = "replicas"  # type: ignore[attr-defined]
            raise error


TARGETS = ("airflow", "kubeflow")


def stack(folder: Path, text: str, name: str = "prod", file: str = "wye.toml") -> Stack:
    (folder / file).write_text(text)
    return load_stack(folder / "pipe.py", name, TARGETS)


def options(found: Stack) -> Any:
    return stack_options(found.target, Options, found.settings).value


def failed(folder: Path, text: str, file: str = "wye.toml") -> list[tuple[str, int, int, str]]:
    """Code, line, column and underlined text of each problem."""
    with pytest.raises(CompileFailed) as caught:
        options(stack(folder, text, file=file))
    lines = text.split("\n")
    assert all(d.span.path == (folder / file).as_posix() for d in caught.value.diagnostics)
    spans = [(d.code, d.span) for d in caught.value.diagnostics]
    return [(code, s.line, s.column, lines[s.line - 1][s.column - 1 : s.end_column - 1]) for code, s in spans]


def first(folder: Path, text: str) -> Diagnostic:
    with pytest.raises(CompileFailed) as caught:
        options(stack(folder, text))
    return caught.value.diagnostics[0]


def test_a_stack_gives_its_target_typed_options(tmp_path: Path) -> None:
    text = '[stacks.prod]\ntarget = "airflow"\nnamespace = "ml"\nreplicas = 3\nfactor = 2\ndry = true\n'
    text += 'labels = ["a", "b"]\nhosts = []\nmode = "docker"\n'
    found = stack(tmp_path, text)
    assert found.target == "airflow"
    assert options(found) == Options("ml", 3, 2.0, True, ("a", "b"), [], "docker")
    assert isinstance(options(found).factor, float)


def test_pyproject_and_folders_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.wye.stacks.prod]\ntarget = "kubeflow"\n')
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load_stack(inner / "pipe.py", "prod", TARGETS).target == "kubeflow"
    (tmp_path / "a" / "wye.toml").write_text('[stacks.prod]\ntarget = "airflow"\n')
    assert load_stack(inner / "pipe.py", "prod", TARGETS).target == "airflow"
    (tmp_path / "a" / "pyproject.toml").write_text("not TOML")  # nobody asks it
    assert load_stack(inner / "pipe.py", "prod", TARGETS).target == "airflow"


def test_two_files_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.wye.stacks.prod]\ntarget = "kubeflow"\n')
    with pytest.raises(CompileFailed) as caught:
        stack(tmp_path, '[stacks.prod]\ntarget = "airflow"\n')
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.span.path, problem.span.line) == ("WYE5010", (tmp_path / "pyproject.toml").as_posix(), 3)


def test_no_such_stack(tmp_path: Path) -> None:
    with pytest.raises(NoStack, match=r"no wye\.toml here or above"):
        load_stack(tmp_path / "pipe.py", "prod", TARGETS)
    with pytest.raises(NoStack, match="no stack `prd`") as caught:
        stack(tmp_path, '[stacks.prod]\ntarget = "airflow"\n', name="prd")
    assert caught.value.help == "did you mean `prod`?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[stacks.prod]\ntarget = "airflw"\n', [("WYE5005", 2, 10, '"airflw"')]),
        ("[stacks.prod]\nreplicas = 1\n", [("WYE5004", 1, 9, "prod")]),
        ("[stacks.prod]\ntarget = 3\n", [("WYE5003", 2, 10, "3")]),
        ("stacks = 3\n", [("WYE5003", 1, 10, "3")]),
        ("[stacks]\nprod = 'x'\n", [("WYE5003", 2, 8, "'x'")]),
        ('[stacks.prod]\ntarget = "airflow"\n[stacks.""]\n', [("WYE5003", 3, 9, '""')]),
        ('[stacks.prod]\ntarget = "airflow"\n[stacks."a\\nb"]\n', [("WYE5003", 3, 9, '"a\\nb"')]),
        ("[staks.prod]\ntarget = 'airflow'\n", [("WYE5002", 1, 2, "staks")]),
        ('[stacks.prod]\ntarget = "airflow"\nnamespce = "x"\n', [("WYE5006", 3, 1, "namespce")]),
        ('stacks.prod = {target = "airflow", replicas = "3"}\n', [("WYE5007", 1, 47, '"3"')]),
        ('stacks."prod" = {target = "airflow", replicas = true}\n', [("WYE5007", 1, 49, "true")]),
        ('[stacks.prod]\ntarget = "airflow"\nlabels = ["a",\n  2]\n', [("WYE5007", 4, 3, "2")]),
        (
            '[stacks.prod]\ntarget = "airflow"\nmode = "cluster"\nfactor = "x"\n',
            [("WYE5007", 3, 8, '"cluster"'), ("WYE5007", 4, 10, '"x"')],
        ),
        ('[stacks.prod]\ntarget = "airflow"\nreplicas = 0\n', [("WYE5008", 3, 12, "0")]),
        ("[stacks.prod\n", [("WYE5001", 1, 13, "")]),
        ('[stacks.prod]\ntarget = "air\n', [("WYE5001", 2, 14, "")]),
        ("", []),
    ],
)
def test_mistakes_point_into_the_file(tmp_path: Path, text: str, expected: list[tuple[str, int, int, str]]) -> None:
    if not expected:
        with pytest.raises(NoStack):
            stack(tmp_path, text)
        return
    assert failed(tmp_path, text) == expected


def test_messages_and_help(tmp_path: Path) -> None:
    head = '[stacks.prod]\ntarget = "airflow"\n'
    wrong = first(tmp_path, head + "mode = 'x'\n")
    assert wrong.message == '`mode` must be one of "python", "docker", not "x"'
    assert first(tmp_path, head + "hosts = 'x'\n").message == '`hosts` must be a list of strings, not "x"'
    assert first(tmp_path, head + "namespace = {}\n").message == "`namespace` must be a string, not a table"
    assert first(tmp_path, head + "replica = 1\n").help == "did you mean `replicas`?"
    assert first(tmp_path, head + "zzz = 1\n").help == "the options of airflow are: dry, factor, hosts, labels, mode, namespace, replicas"


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_bytes(b"[stacks.prod]\ntarget = '\xff'\n")
    with pytest.raises(CompileFailed) as caught:
        load_stack(tmp_path / "pipe.py", "prod", TARGETS)
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.span.line, problem.span.column) == ("WYE5001", 2, 11)


def test_the_source_goes_before_the_stack() -> None:
    here, there = Span("pipe.py", 1, 1, 1, 5), Span("/wye.toml", 2, 1, 2, 5)

    def setting(key: str, value: Any, span: Span) -> Setting:
        return Setting(key, value, span.path, lambda way: Place(span, span))

    found = stack_options(
        "airflow", Options, [setting("replicas", 2, there), setting("mode", "docker", there)], [setting("replicas", 5, here)]
    )
    assert found.value == Options(replicas=5, mode="docker")
    assert {e.key: e.origin for e in found.effective if e.key in ("replicas", "mode", "dry")} == {
        "replicas": "pipe.py", "dry": "default", "mode": "/wye.toml",
    }  # fmt: skip


# --- places in TOML ---------------------------------------------------------------------------------------------------------------

NASTY = """\
# [no.table]
"a.b" . c = [1, "x]", '}', {d = \"\"\"
multi "" line \\\"\"\"\", e.f = 2}] # comment
'q"' = 1979-05-27 07:32:00
\t[ t . "u v" ]
s = ''''quoted''''
deep.er = {x = {}, "y" = [[1], [ # c
 2]]}
[[rows]]
n = 1
[rows.sub]
m = 2
[[rows]]
n = +1e3
[[rows.inner]]
z = ""
[[rows.inner]]
z = \"\"\"a\"\"\"\"\"
"""


def ways(value: Any, at: Key = ()) -> set[Key]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {at} if at else set()
    for key, inner in items:
        found |= ways(inner, (*at, key))
    return found


def test_every_key_has_a_place() -> None:
    values = tomllib.loads(NASTY)
    places = locate(NASTY, "x")
    assert set(places) == ways(values)
    lines = NASTY.split("\n")

    def text(span: Span) -> str:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1] if span.line == span.end_line else "…"

    assert text(places["a.b",].key) == '"a.b"'
    assert text(places["a.b", "c", 3, "e", "f"].value) == "2"
    assert text(places['q"',].value) == "1979-05-27 07:32:00"
    assert text(places["t", "u v"].key) == '"u v"'
    assert text(places["rows", 1, "n"].value) == "+1e3"
    assert text(places["rows", 1, "inner", 1, "z"].value) == '"""a"""""'
    assert places["t", "u v", "deep", "er", "y", 1, 0].value.line == 8


SCALARS = st.one_of(st.integers(-9, 99), st.booleans(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
KEYS = st.text("ab. \"'#=]é", max_size=3)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=3), max_leaves=8)


def written(value: Any) -> str:
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", # c ]\n".join(map(written, value)) + "\n]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_places_agree_with_tomllib(values: dict[str, Any]) -> None:
    text = "".join(f"{written(k)} = {written(v)}\n" for k, v in values.items())
    assert set(locate(text, "x")) == ways(tomllib.loads(text))
