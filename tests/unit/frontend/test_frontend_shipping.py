"""Small projects on disk: what travels with a program as it is, and where it stands; where modules are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wye import cache
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, layout_of
from wye.frontend.project import Project
from wye.ir.model import Program
from wye.sources import Layout, listing

STEP = """
from wye import pipeline, step
{imports}

@step({settings})
def work() -> int:
    {body}

@pipeline
def flow() -> int:
    return work()
"""


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / next(iter(files))


def source(imports: str = "", settings: str = "", body: str = "return 1") -> str:
    return STEP.format(imports=imports, settings=settings, body=body)


def program(file: Path) -> Program:
    (found,) = compile_source(file).programs
    return found


def places(file: Path) -> list[str]:
    made = program(file)
    return sorted([*(f.path for f in made.files), *(d.path for d in made.data)])


def codes(file: Path) -> list[str]:
    with pytest.raises(CompileFailed) as caught:
        compile_source(file)
    return [d.code for d in caught.value.diagnostics]


TREE = '[code]\npackaging = "tree"\n'


# --- files= ---------------------------------------------------------------------------------------------------------------------------


def test_files_stand_below_the_source_root_byte_by_byte(tmp_path: Path) -> None:
    blob = bytes(range(256)) + b"\r\n"
    file = write(
        tmp_path,
        {
            "acme/flow.py": source(settings='files=["conf/*.bin", "../shared/**/*.txt"]'),
            "acme/__init__.py": "",
            "acme/conf/a.bin": blob,
            "acme/conf/b.txt": "no",
            "shared/deep/er/c.txt": "c",
        },
    )
    found = {d.path: d for d in program(file).data}
    assert sorted(found) == ["acme/conf/a.bin", "shared/deep/er/c.txt"]
    assert found["acme/conf/a.bin"].data == blob
    assert not found["acme/conf/a.bin"].executable


def test_a_folder_brings_all_but_caches_and_keeps_what_is_executable(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {"flow.py": source(settings='files=["d"]'), "d/run": "#!", "d/.hidden": "h", "d/__pycache__/x.pyc": b"x", "d/e/f.pyc": b"x"},
    )
    (tmp_path / "d/run").chmod(0o755)
    assert [(d.path, d.executable) for d in program(file).data] == [("d/.hidden", False), ("d/run", True)]


def test_a_module_among_the_files_is_whole_and_brings_what_it_imports(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {
            "flow.py": source(settings='files=["plugins/*.py"]'),
            "plugins/a.py": "import helpers\n\ndef unused() -> int:\n    return helpers.X\n",
            "helpers.py": "X = 1\nY = 2\n",
        },
    )
    made = {f.path: f.text for f in program(file).files}
    assert "def unused" in made["plugins/a.py"]
    assert made["helpers.py"] == "X = 1\n"


def test_files_of_defaults_start_from_the_file_that_says_them(tmp_path: Path) -> None:
    steps = "from wye import step\n\n@step(files=['a.txt'])\ndef work() -> int:\n    return 1\n"
    flow = """
from acme.steps import work
from wye import pipeline

@pipeline
def flow() -> int:
    return work.options(files=["b.txt"])()
"""
    files = {"flow.py": flow, "acme/__init__.py": "", "acme/steps.py": steps, "acme/a.txt": "a", "b.txt": "b"}
    file = write(tmp_path, dict(files))
    assert [d.path for d in program(file).data] == ["acme/a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("expression", "covered"),
    [
        ("Path(__file__).parent / 'd' / 'x.txt'", True),
        ("Path(__file__).resolve().parent.joinpath('d', 'x.txt')", True),
        ("Path(__file__).parents[0] / 'd/x.txt'", True),
        ("Path(__file__).with_name('d')", True),
        ("os.path.join(os.path.dirname(os.path.abspath(__file__)), 'd', 'x.txt')", True),
        ("Path(__file__).parent", True),
        ("__file__", True),
        ("Path(__file__).parent / 'd' / 'y.txt'", False),
        ("Path(__file__).with_name('x.txt')", False),
        ("os.path.join(os.path.dirname(__file__), 'x.txt')", False),
        ("Path(__file__).parent / '../d/x.txt'", False),
    ],
)
def test_a_path_from_file_must_lead_to_what_travels(tmp_path: Path, expression: str, covered: bool) -> None:
    text = source("import os\nfrom pathlib import Path", 'files=["d/x.txt"]', f"return len(str({expression}))")
    file = write(tmp_path, {"flow.py": text, "d/x.txt": "x"})
    if covered:
        compile_source(file)
    else:
        assert codes(file) == ["WYE6005"]
    assert codes(write(tmp_path, {"flow.py": text.replace('files=["d/x.txt"]', "")})) == ["WYE6005"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("importlib.resources.files('acme').joinpath('x')", "WYE6013"),
        ("importlib.resources.files(__package__)", "WYE6013"),
        ("pkgutil.get_data(*'ab')", "WYE6013"),
        ("importlib.resources.files('pandas')", None),
        ("importlib.metadata.version('acme')", "WYE6014"),
        ("importlib.metadata.version('pandas')", None),
        ("importlib.metadata.entry_points(group='pandas')", "WYE6014"),
    ],
)
def test_what_reads_beside_modules_or_what_is_installed(tmp_path: Path, call: str, code: str | None) -> None:
    text = source("import importlib.metadata\nimport importlib.resources\nimport pkgutil", body=f"return len(str({call}))")
    file = write(tmp_path, {"flow.py": text, "acme/__init__.py": ""})
    if code is None:
        compile_source(file)
        return
    assert codes(file) == [code]
    write(tmp_path, {"wye.toml": TREE})
    compile_source(file)


# --- packaging = "tree" -----------------------------------------------------------------------------------------------------------------


def test_a_tree_is_what_is_imported_as_packages_and_what_is_included(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {
            "jobs/flow.py": source("from acme.a import f", body="return f()"),
            "jobs/unused.py": "",
            "wye.toml": TREE + 'roots = ["libs/*"]\ninclude = ["libs/one/ns/more", "libs/two/*.dist-info"]\nexclude = ["tests", "*.md"]\n',
            "libs/one/acme/__init__.py": "# \u00e9\r\n",
            "libs/one/acme/a.py": "from helpers import g as f\n",
            "libs/one/acme/data.bin": b"\xff\0",
            "libs/one/acme/tests/test_a.py": "",
            "libs/one/acme/README.md": "",
            "libs/one/ns/more/x.py": "",
            "libs/two/helpers.py": "def g():\n    return 1\n",
            "libs/two/other.py": "",
            "libs/two/acme.dist-info/METADATA": "Name: acme\n",
        },
    )
    made = program(file)
    assert made.files == ()
    found = {d.path: d.data for d in made.data}
    assert sorted(found) == [
        "acme.dist-info/METADATA", "acme/__init__.py", "acme/a.py", "acme/data.bin", "flow.py", "helpers.py", "ns/more/x.py",
    ]  # fmt: skip
    assert found["acme/__init__.py"] == "# \u00e9\r\n".encode()


def test_of_a_package_that_is_included_in_part_only_what_is_imported_follows(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {
            "flow.py": source("from acme.core import a", body="return a.X"),
            "wye.toml": TREE + 'include = ["acme/core"]\n',
            "acme/__init__.py": "from acme import extra\n",
            "acme/extra.py": "",
            "acme/unused.py": "",
            "acme/core/__init__.py": "",
            "acme/core/a.py": "X = 1\n",
            "acme/core/b.py": "",
        },
    )
    assert places(file) == ["acme/__init__.py", "acme/core/__init__.py", "acme/core/a.py", "acme/core/b.py", "acme/extra.py", "flow.py"]


def test_all_steps_of_a_tree_share_one_program_and_classes_travel(tmp_path: Path) -> None:
    text = """
from dataclasses import dataclass
from wye import pipeline, step

@dataclass
class P:
    n: int

@step
def a() -> P:
    return P(1)

@step
def b(p: P) -> int:
    return p.n

@pipeline
def flow() -> int:
    return b(a()) + a().n
"""
    pipeline = compile_source(write(tmp_path, {"flow.py": text, "wye.toml": TREE}))
    assert [p.id for p in pipeline.programs] == ["tree"]
    assert {s.program for s in pipeline.steps} == {"tree"}


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"acme/x.so": b"\x7f"}, "WYE6012"),
        ({"acme/A.txt": "", "acme/a.txt": ""}, "WYE6012"),
        ({"json/__init__.py": "", "wye.toml": TREE + 'include = ["json"]\n'}, "WYE6002"),
        ({"wye.toml": TREE + 'include = ["nothing"]\n'}, "WYE6011"),
    ],
)
def test_what_a_tree_cannot_ship(tmp_path: Path, files: dict[str, str | bytes], code: str) -> None:
    base: dict[str, str | bytes] = {"flow.py": source("import acme", body="return acme.X"), "acme/__init__.py": "X = 1\n", "wye.toml": TREE}
    assert codes(write(tmp_path, base | files)) == [code]


def test_a_tree_that_asks_for_its_context_says_so_and_is_not_cached(tmp_path: Path) -> None:
    text = source("from acme.a import run", "cache=True", "return len(run())")
    base = {"wye.toml": TREE, "acme/__init__.py": "", "acme/a.py": "import wye\n\ndef run():\n    return wye.context().run_id\n"}
    made = program(write(tmp_path, {"flow.py": text, **base}))
    assert made.context is not None
    assert str(made.context) == "acme/a.py:4:1"
    text = source("from wye import context", "cache=True", "return len(context().run_id)")
    assert codes(write(tmp_path, {"flow.py": text, **base})) == ["WYE6022"]


def test_what_travels_in_all_is_bounded(tmp_path: Path) -> None:
    file = write(tmp_path, {"flow.py": source(settings='files=["big"]'), "big": ""})
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(64 * 2**20 + 1)
    assert codes(file) == ["WYE6012"]


# --- source roots -------------------------------------------------------------------------------------------------------------------------


def test_modules_are_found_as_python_finds_them(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {
            "jobs/flow.py": source(),
            "a/ns/one.py": "",
            "b/ns/two.py": "",
            "a/reg/inner/__init__.py": "",  # a portion of a namespace, until a package of the name is found
            "b/reg/__init__.py": "",
            "b/reg/other.py": "",
            "jobs/both.py": "",
            "a/both.py": "",
        },
    )
    project = Project(file, Layout(roots=("a", "b"), base=tmp_path))

    def found(name: str) -> str | None:
        place = project.locate(name)
        return place.relative_to(tmp_path).as_posix() if place else None

    assert found("ns.one") == "a/ns/one.py"
    assert found("ns.two") == "b/ns/two.py"
    assert found("reg.other") == "b/reg/other.py"
    assert found("reg.inner") is None
    assert found("both") == "jobs/both.py"


def test_a_file_below_a_stated_root_has_its_dotted_name(tmp_path: Path) -> None:
    """A namespace package: relative imports work, although nothing says where the package begins."""
    file = write(
        tmp_path,
        {
            "src/acme/jobs/flow.py": source("from ..core import X", body="return X"),
            "src/acme/core.py": "X = 1\n",
            "wye.toml": '[code]\nroots = ["src"]\n',
        },
    )
    made = program(file)
    assert made.entry == "acme.jobs.flow"
    assert [f.path for f in made.files] == ["acme/core.py", "acme/jobs/flow.py"]
    assert layout_of(file).folders() == (tmp_path / "src",)


def test_what_a_glob_stands_for_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYE_CACHE", str(tmp_path / "cache"))
    file = write(tmp_path / "p", {"flow.py": source(settings='files=["d/*"]'), "d/a": "a"})
    first = compile_source(file, cached=True)
    assert cache.load(file, None, layout_of(file)) == first
    write(tmp_path / "p", {"d/b": "b"})
    assert [d.path for d in compile_source(file, cached=True).programs[0].data] == ["d/a", "d/b"]
    write(tmp_path / "p", {"d/a": "changed"})
    assert compile_source(file, cached=True).programs[0].data[0].data == b"changed"


def test_listings_depend_on_names_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"d/{n}": "" for n in ("b", "a", "c/z", "c/y")})
    expected = ["d/a", "d/b", "d/c/y", "d/c/z"]
    assert listing(str(tmp_path), "**/*") == listing(str(tmp_path), "d") == expected
    real = os.scandir

    class Backwards:
        def __init__(self, *given: object) -> None:
            with real(*given) as entries:  # type: ignore[call-overload]
                self.entries = iter(sorted(entries, key=lambda e: e.name, reverse=True))

        def __iter__(self) -> Backwards:
            return self

        def __next__(self) -> object:
            return next(self.entries)

        def __enter__(self) -> Backwards:
            return self

        def __exit__(self, *given: object) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(os, "scandir", Backwards)
    assert listing(str(tmp_path), "**/*") == listing(str(tmp_path), "d") == expected
