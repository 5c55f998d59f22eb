"""`[code]` and `[packages]`: typed, strict, for all stacks or for one, and there where a target is lowered."""

from __future__ import annotations

from pathlib import Path

import pytest

from wye import driver
from wye.backend import registry
from wye.diagnostics import CompileFailed
from wye.stacks import Code, Config, Packages, load_config, load_stack

BOTH = """\
[code]
packaging = "tree"
include = ["src/acme", "**/*.sql"]

[packages]
index = "https://packages.example.com:8443/simple"
extra-index = ["https://a.example.com", "http://b.example.com/simple"]
lock = "requirements.lock"
wheels = ["wheels", "a-1.0-py3-none-any.whl"]
proxy = "http://proxy.example.com:3128"
cert = "../ca.pem"

[stacks.prod]
target = "local"

[stacks.prod.code]
exclude = ["src/acme/tests"]
packaging = "slice"

[stacks.prod.packages]
index = "https://prod.example.com/simple"
"""


def load(folder: Path, text: str) -> Config:
    (folder / "wye.toml").write_text(text)
    return load_config(folder / "pipe.py")


def test_tables_for_all_stacks_and_for_one(tmp_path: Path) -> None:
    config = load(tmp_path, BOTH)
    assert config.code == Code("tree", ("src/acme", "**/*.sql"))
    assert config.packages == Packages(
        "https://packages.example.com:8443/simple", ("https://a.example.com", "http://b.example.com/simple"),
        "requirements.lock", ("wheels", "a-1.0-py3-none-any.whl"), "http://proxy.example.com:3128", "../ca.pem",
    )  # fmt: skip
    assert config.path("wheels") == tmp_path / "wheels"
    prod = load_stack(tmp_path / "pipe.py", "prod", ["local"]).config
    assert prod.code == Code("slice", ("src/acme", "**/*.sql"), ("src/acme/tests",))
    assert prod.packages.index == "https://prod.example.com/simple"
    assert prod.packages.lock == "requirements.lock"


def test_without_a_file_all_is_as_if_unsaid(tmp_path: Path) -> None:
    assert load_config(tmp_path / "pipe.py") == Config(Code("slice", (), ()), Packages(None, (), None, (), None, None))


@pytest.mark.parametrize(
    ("text", "code", "place", "said"),
    [
        ("[code]\npackages = 'tree'\n", "WYE5002", "2:1", "did you mean `packaging`?"),
        ("[code]\npackaging = 'box'\n", "WYE5007", "2:13", '`packaging` must be one of "slice", "tree", "image", not "box"'),
        ("[code]\ninclude = 'src'\n", "WYE5007", "2:11", "`include` must be a list of strings"),
        ("[code]\ninclude = ['../x']\n", "WYE5008", "2:11", "'../x' leads out of the folder"),
        ("[code]\ninclude = ['/etc']\n", "WYE5008", "2:11", "'/etc' leads out of the folder"),
        ("[code]\nexclude = ['']\n", "WYE5008", "2:11", "not a path: ''"),
        ("code = 1\n", "WYE5003", "1:8", "`code` must be a table"),
        ("[packages]\nextra_index = []\n", "WYE5002", "2:1", "did you mean `extra-index`?"),
        ("[packages]\nindex = 'packages.example.com'\n", "WYE5008", "2:9", "not an address: 'packages.example.com'"),
        ("[packages]\nindex = 'https://me:word@a.example.com'\n", "WYE5008", "2:9", "would stand in every artifact"),
        ("[packages]\nindex = 'https://a:b'\n", "WYE5008", "2:9", "not an address"),
        ("[packages]\nproxy = '$HOME'\n", "WYE5008", "2:9", "not an address: '$HOME'"),
        ("[packages]\nlock = 'a\\b'\n", "WYE5008", "2:8", "not a path"),
        ("[packages]\ncert = true\n", "WYE5007", "2:8", "`cert` must be a string, not true"),
        ("[package]\n", "WYE5002", "1:2", "did you mean `packages`?"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, code: str, place: str, said: str) -> None:
    with pytest.raises(CompileFailed) as caught:
        load(tmp_path, text)
    [problem] = caught.value.diagnostics
    assert (problem.code, f"{problem.span.line}:{problem.span.column}") == (code, place)
    assert said in f"{problem.message} {problem.help}"


def test_all_mistakes_in_one_go(tmp_path: Path) -> None:
    text = "[code]\nincude = []\n[packages]\nlock = 1\n[stacks.prod]\ntarget = 'local'\n[stacks.prod.code]\npackaging = 'x'\n"
    (tmp_path / "wye.toml").write_text(text)
    with pytest.raises(CompileFailed) as caught:
        load_stack(tmp_path / "pipe.py", "prod", ["local"])
    assert [d.span.line for d in caught.value.diagnostics] == [2, 4, 8]


def test_what_is_lowered_has_them(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("from wye import pipeline\n\n@pipeline\ndef flow(n: int = 1) -> int:\n    return n\n")
    (tmp_path / "src" / "acme").mkdir(parents=True)
    (tmp_path / "src" / "acme" / "rows.sql").write_text("select 1")
    config = load(tmp_path, BOTH)
    target = registry.load("local")
    _, checked = driver.compile_target(driver.compile_source(tmp_path / "flow.py"), target, target.options(), config=config)
    assert checked.config == config
