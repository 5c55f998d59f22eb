"""`wye stack`, and how the other commands find the stack that holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wye import cli

SOURCE = """\
from wye import pipeline, step


@step(targets={"airflow": {"queue": "from the step"}})
def double(n: int) -> int:
    return 2 * n


@pipeline(targets={"airflow": {"placement": {"pool": "from the pipeline", "queue": "too"}}})
def flow(n: int = 3) -> int:
    return double(n)
"""
STACKS = """\
[packages]
index = "https://packages.example.com/simple"

[stacks.base]
registry = {env = "REGISTRY", default = "r.example.com"}
placement = {queue = "base", pool = "base", priority_weight = 3}

[stacks.prod]
target = "airflow"
extends = "base"
store = "/mnt/a"
[stacks.prod.placement]
queue = "prod"

[stacks.here]
target = "local"
"""


class Wye:
    """Runs commands in a folder; what they print."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._capture.readouterr()
        found = cli.run(list(arguments))
        done = self._capture.readouterr()
        self.err = done.err
        assert found == code, done
        return done.out


@pytest.fixture
def wye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Wye:
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "WYE_STACK", "REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WYE_CACHE", "off")
    Path("flow.py").write_text(SOURCE)
    Path("wye.toml").write_text(STACKS)
    return Wye(capfd)


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_list_and_use(wye: Wye, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rows(wye("stack", "list")) == [
        ["stack", "target", "extends"], ["base", "–"], ["prod", "airflow", "base"], ["here", "local"],
    ]  # fmt: skip
    assert wye("stack", "use", "here") == "here, for this checkout: .wye/stack\n"
    assert ["here", "local", "chosen", "by", ".wye/stack"] in rows(wye("stack", "list"))
    monkeypatch.setenv("WYE_STACK", "prod")
    listed = json.loads(wye("stack", "list", "--format", "json"))
    assert listed[1] == {"name": "prod", "target": "airflow", "extends": "base", "chosen": "WYE_STACK"}
    monkeypatch.delenv("WYE_STACK")
    wye("stack", "use", "--none")
    assert not Path(".wye/stack").exists()
    wye("stack", "use", "hre", code=2)
    assert wye.err == "error: there is no stack `hre` in wye.toml\nhelp: did you mean `here`?\n"
    for wrong in (["use"], ["use", "here", "--none"]):
        wye("stack", *wrong, code=2)
        assert "which stack?" in wye.err
    assert {f.name for f in Path().iterdir()} == {"flow.py", "wye.toml", ".wye"}


def test_show(wye: Wye) -> None:
    Path("wye.toml").write_text(STACKS.replace("r.example.com", "https://me:word@host/a"))  # nobody needs to see the password
    assert rows(wye("stack", "show", "prod")) == [
        ["prod:", "airflow,", "extends", "base"], ["key", "value"],
        ["packages.index", '"https://packages.example.com/simple"'], ["store", '"/mnt/a"'],
        ["placement.pool", '"base"'], ["placement.queue", '"prod"'], ["placement.priority_weight", "3"], ["registry", '"https://***@host/a"'],
    ]  # fmt: skip
    wye("stack", "show", code=2)
    assert "which stack?" in wye.err
    wye("stack", "use", "here")
    assert wye("stack", "show").startswith("here: local\n")


def test_explain_says_whose_each_value_is(wye: Wye, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY", "other.example.com")
    shown = json.loads(wye("stack", "show", "prod", "--source", "flow.py", "--format", "json"))
    assert (shown["stack"], shown["target"], shown["file"], shown["chain"]) == ("prod", "airflow", "wye.toml", ["prod", "base"])
    values = {(v.get("task"), v["key"]): (v["value"], v["from"], v["place"], v.get("environment")) for v in shown["values"]}
    block = 'targets={"airflow": …} of the '
    assert {k: v for k, v in values.items() if v[1] != "default"} == {
        (None, "packages.index"): ("https://packages.example.com/simple", "wye.toml", "wye.toml:2:9", None),
        (None, "store"): ("/mnt/a", "stack prod", "wye.toml:11:9", None),
        (None, "placement.pool"): ("from the pipeline", block + "pipeline", "flow.py:9:46", None),
        (None, "placement.queue"): ("too", block + "pipeline", "flow.py:9:75", None),
        (None, "placement.priority_weight"): (3, "stack base, which prod extends", "wye.toml:6:63", None),
        (None, "registry"): ("other.example.com", "stack base, which prod extends", "wye.toml:5:12", ["REGISTRY"]),
        ("double", "queue"): ("from the step", block + "step", "flow.py:4:28", None),
    }
    assert values[None, "code.packaging"] == ("slice", "default", None, None)
    text = wye("stack", "show", "prod", "--explain", "--source", "flow.py")
    assert "stack base, which prod extends (environment: REGISTRY)" in text
    places = [text.index(line) for line in shown["precedence"]]
    assert places == sorted(places)


def test_what_explain_says_is_what_is_compiled(wye: Wye) -> None:
    wye("compile", "flow.py", "--stack", "prod")
    dag = Path("build/flow/airflow/flow.py").read_text()
    assert 'default_args={"retries": 0, "pool": "from the pipeline", "queue": "too", "priority_weight": 3},' in dag
    assert '@task(queue="from the step")' in dag
    assert 'STORE = "/mnt/a"' in dag
    report = json.loads(Path("build/flow/airflow/report.json").read_text())
    shown = json.loads(wye("stack", "show", "prod", "--source", "flow.py", "--format", "json"))
    assert report["stack"] == "prod"
    assert report["settings"] == [v for v in shown["values"] if v["from"] != "default"]
    assert report["environment"] == ["REGISTRY"]
    levels = {r["feature"]: r["level"] for r in report["rows"] if r["feature"].startswith(("stack", "placement"))}
    assert levels == {"stack.store": "native", "stack.registry": "advisory", "placement": "native"}


def test_who_chooses_the_stack(wye: Wye, monkeypatch: pytest.MonkeyPatch) -> None:
    wye("compile", "flow.py", code=2)
    assert wye.err.startswith("error: no target given")
    wye("stack", "use", "here")
    wye("compile", "flow.py")
    assert wye.err == "stack here, chosen by .wye/stack\n"
    assert {f.name for f in Path("build/flow").iterdir()} == {"local"}
    Path("other.py").write_text(SOURCE.replace("def flow", "def other"))
    wye("compile", "flow.py", "other.py")
    assert wye.err == "stack here, chosen by .wye/stack\n", "said once"
    assert "local" in wye("check", "flow.py")
    wye("run", "flow.py")
    assert wye.err.startswith("stack here, chosen by .wye/stack\n")
    monkeypatch.setenv("WYE_STACK", "prod")
    assert list(json.loads(wye("check", "flow.py", "--format", "json"))["targets"]) == ["airflow"]
    assert list(json.loads(wye("check", "flow.py", "--stack", "here", "--format", "json"))["targets"]) == ["local"]
    plain = json.loads(wye("check", "flow.py", "-t", "airflow", "--format", "json"))["targets"]["airflow"]["report"]
    assert "stack" not in plain, "a target on the command line compiles without a stack"


@pytest.mark.parametrize("name", ["prod", None])
def test_check_finds_every_mistake(wye: Wye, name: str | None) -> None:
    assert wye("stack", "check") == "wye.toml: 2 stacks are good\n"
    more = '[stacks.prod.packages]\nlock = "no.lock"\nwheels = ["wheels", "flow.py"]\n[stacks.prod.code]\ninclude = ["*.py", "*.csv"]\n'
    other = '[stacks.bad]\ntarget = "kubeflow"\nstre = "x"\n[stacks.lone]\n'
    Path("wye.toml").write_text(STACKS + more + other)
    wye("stack", "check", *([name] if name else []), code=1)
    lines = [line for line in wye.err.splitlines() if line.startswith("wye.toml:")]
    assert [line.partition("[")[2][:7] for line in lines] == ["WYE5012"] * 3 + ([] if name else ["WYE5006", "WYE5004"])
    assert "there is nothing at 'wheels'" in wye.err
    assert "there is nothing at '*.csv'" in wye.err


def test_the_file_itself_is_wrong(wye: Wye) -> None:
    Path("wye.toml").write_text("[stacks.prod\n")
    for action in ("list", "show", "check"):
        wye("stack", action, code=1)
        assert wye.err.startswith("wye.toml:1:13: error[WYE5001]")
    assert json.loads(wye("stack", "check", "--format", "json", code=1))["diagnostics"][0]["code"] == "WYE5001"
    Path("wye.toml").unlink()
    wye("stack", "list", code=2)
    assert wye.err.startswith("error: there are no stacks: no wye.toml here or above")


def test_schema(wye: Wye) -> None:
    assert json.loads(wye("stack", "schema"))["title"] == "wye.toml"
