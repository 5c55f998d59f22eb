"""Every feature case, every example and cases of this target's own: compiled, run by `kfp.local`, and compared with the plain call."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.driver import compile_source, compile_target
from wye.runtime.values import decode, encode
from wye.testing.cases import Case, examples, feature_cases, further, plain_call
from wye.testing.environments import engine
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.adapter import EXACT, arrived
from wye_targets.kubeflow.capabilities import Options

ROOT = Path(__file__).parents[2]
FEATURES, EXAMPLES = ([c for c in cases if "kubeflow" in c.targets] for cases in ((*feature_cases(ROOT), *further()), examples(ROOT)))
REQUIREMENTS = ("kfp==2.17.0", "kfp-kubernetes==2.17.0", "pip", *sorted({r for c in EXAMPLES for r in c.requirements}))


@dataclass(frozen=True)
class Outcome:
    """What the root output `Output` held, or why the run failed; and all that was printed."""

    output: str | None
    artifact: str | None
    error: str | None
    log: str

    @property
    def text(self) -> str | None:
        """The wire text of the value: of an artifact it is the file's content."""
        if self.artifact is None:
            return self.output and arrived("Output", self.output, {"as": "text"})
        folder = Path(self.artifact)
        return (folder / "value.json" if folder.is_dir() else folder).read_text("ascii")


class Engine:
    """One process in the kfp environment, which runs one compiled pipeline after the other."""

    def __init__(self, python: Path) -> None:
        self.python = python
        driver = Path(__file__).with_name("kfp_driver.py")
        self._process = subprocess.Popen([python, "-B", driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, folder: Path, arguments: dict[str, Any], variables: dict[str, str]) -> Outcome:
        case = {"pipeline": str(folder / "pipeline.yaml"), "arguments": arguments, "variables": variables, "root": str(folder / "root")}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def kfp() -> Iterator[Engine]:
    found = Engine(engine("kfp", REQUIREMENTS))
    yield found
    found.close()


@pytest.fixture
def plain(kfp: Engine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The plain call, on the very Python that the engine runs steps on."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "compiler"))
    return lambda case: plain_call(case, python=str(kfp.python))


def compiled(source: Path, folder: Path) -> dict[str, Any]:
    """Compile to `folder`; the first document of the pipeline."""
    pipeline = compile_source(source)
    schedule = pipeline.settings.schedule
    options = Options(timezone=schedule.timezone) if schedule else Options()  # the cluster reads schedules in the pipeline's own zone
    files, _ = compile_target(pipeline, Kubeflow(), options)
    for file in files:
        (folder / file.path).write_text(file.text, "utf-8")
    return next(iter(yaml.safe_load_all((folder / "pipeline.yaml").read_text("utf-8"))))


def arguments(spec: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Run parameters as a client gives them: KFP's own types, and JSON for what is a STRING."""
    kinds = {n: p["parameterType"] for n, p in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items()}
    exact = {"STRING": lambda v: encode(decode(json.dumps(v))), "NUMBER_DOUBLE": float}
    return {n: exact.get(kinds[n], lambda v: v)(v) for n, v in params.items()}


def carried(spec: dict[str, Any], case: Case) -> Case:
    """The case with run parameters that a NUMBER_INTEGER carries; that any other fails has a test of its own."""
    kinds = {n: p["parameterType"] for n, p in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items()}
    params = {n: max(-EXACT, min(v, EXACT)) if kinds[n] == "NUMBER_INTEGER" else v for n, v in case.params.items()}
    return replace(case, params=params)


@pytest.mark.parametrize("case", [*FEATURES, *EXAMPLES], ids=lambda c: c.name)
def test_equals_the_plain_call(case: Case, kfp: Engine, plain: Any, tmp_path: Path) -> None:
    spec = compiled(case.source, tmp_path)
    case = carried(spec, case)
    outcome = kfp.run(tmp_path, arguments(spec, case.params), case.variables)
    expected = plain(case)
    if case.fails:
        assert expected.error
        assert outcome.error, "the plain call raises, and the run succeeded"
        return
    assert expected.value is not None, expected.error
    assert outcome.error is None, outcome.log
    assert outcome.text == (None if expected.value == "null" and not spec["root"].get("outputDefinitions") else expected.value)


# --- cases of this target's own ---------------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Case:
    source = folder / "flow.py"
    source.write_text(text, "utf-8")
    return Case("flow", source)


def test_a_run_fails_with_the_traceback_of_the_step(kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, FAILING).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert 'flow.py", line 5, in bad' in outcome.log
    assert "ValueError: no luck" in outcome.log
    assert "wye_runtime" not in outcome.log


FAILING = """\
from wye import pipeline, step

@step
def bad(x: int) -> int:
    raise ValueError("no luck")

@step
def after(x: int) -> int:
    return x

@pipeline
def flow() -> int:
    return after(bad(1))
"""


def test_a_retry_heals(kfp: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "attempts"
    spec = compiled(written(tmp_path, HEALED.replace("MARK", str(mark))).source, tmp_path)
    assert spec["root"]["dag"]["tasks"]["twice"]["retryPolicy"]["maxRetryCount"] == 2
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == "3"
    assert "retryPolicy" not in spec["root"]["dag"]["tasks"]["pause"], "half a second is the runner's business"


HEALED = """\
from pathlib import Path
from wye import Retry, pipeline, step

def attempt(path: str) -> int:
    with open(path, "a") as file:
        file.write(".")
    return Path(path).stat().st_size

@step(retry=Retry(2, delay=0))
def twice() -> int:
    n = attempt("MARK")
    if n < 3:
        raise RuntimeError("not yet")
    return n

@step(retry=Retry(1, delay=0.1))
def pause(n: int) -> int:
    if attempt("MARK.2") < 2:
        raise RuntimeError("not yet")
    return n

@pipeline
def flow() -> int:
    return pause(twice())
"""


def test_a_time_out_fails(kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, SLOW).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert "longer than 1 s" in outcome.log


SLOW = """\
import time
from wye import pipeline, step

@step(timeout=1)
def slow() -> int:
    time.sleep(60)
    return 1

@pipeline
def flow() -> int:
    return slow()
"""

MIXED = "python3 $HOME ${X} `id` 'q' \"d\" %s \\ é 🙂"
OVERRIDES = """\
from typing import Any
from wye import pipeline, step

@step
def show(b: bool, i: int, f: float, s: str, xs: list[int], o: int | None, u: Any) -> str:
    return repr((b, i, f, s, xs, o, u))

@pipeline
def flow(b: bool = True, i: int = 1, f: float = 0.5, s: str = "text", xs: list[int] = [1], o: int | None = None, u: Any = "x") -> str:
    return show(b, i, f, s, xs, o, u)
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (True, 1, 0.5, "text", [1], None, "x")),
        ({"b": False, "i": -(2**53) + 1, "f": -0.0}, (False, -(2**53) + 1, -0.0, "text", [1], None, "x")),
        ({"i": 2**53 - 1, "f": 3.0}, (True, 2**53 - 1, 3.0, "text", [1], None, "x")),
        (
            {"s": "python3 $HOME ${X} `id` 'q' \"d\" %s \\ é 🙂"},
            (True, 1, 0.5, "python3 $HOME ${X} `id` 'q' \"d\" %s \\ é 🙂", [1], None, "x"),
        ),
        ({"s": '"{{ds}} \\u007b\\n"'}, (True, 1, 0.5, "{{ds}} {\n", [1], None, "x")),
        ({"s": "12"}, (True, 1, 0.5, "12", [1], None, "x")),
        ({"xs": "[]", "o": "7", "u": "[1, 2]"}, (True, 1, 0.5, "text", [], 7, [1, 2])),
        ({"u": "not json"}, (True, 1, 0.5, "text", [1], None, "not json")),
        ({"o": str(2**64)}, (True, 1, 0.5, "text", [1], 2**64, "x")),
    ],
)
def test_run_parameters(given: dict[str, Any], expected: tuple[Any, ...], kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, OVERRIDES).source, tmp_path)
    outcome = kfp.run(tmp_path, given, {})
    assert outcome.error is None, outcome.log
    assert decode(outcome.text or "") == repr(expected)


@pytest.mark.parametrize("given", [{"i": 2**53}, {"i": 1.5}, {"xs": "{}"}, {"xs": "nonsense"}, {"o": "true"}])
def test_wrong_run_parameters_fail(given: dict[str, Any], kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, OVERRIDES).source, tmp_path)
    assert kfp.run(tmp_path, given, {}).error


HOSTILE_PROGRAM = '''\
"""{{workflow.name}} {{$}} {{$.inputs.parameters['x']}} {{$.outputs.output_file}} /kfp-workspace"""
import os
from wye import pipeline, step

TEXT = "{{{{ds}}}} $(HOME) $$(HOME) $$$ ${HOME} `id` {% raw %} python3 pip install \u241f \u241f. \u241f\u241f \\\\ \\n é 🙂"

@step(env={"PLAIN": "a b 'c' \\"d\\" %s", "TEMPLATE": "{{workflow.name}}", "VARIABLE": "$(HOME) $$ ${HOME}", "LINES": "a\\nb", "EMPTY": ""})
def show(text: str) -> list[str]:
\tname = "{{" + text + "}}"  # a tab, and trailing blanks   
\treturn [TEXT, name, f"{{{name}}}", __doc__ or "", *(os.environ[k] for k in ("PLAIN", "TEMPLATE", "VARIABLE", "LINES", "EMPTY"))]

@pipeline
def flow() -> list[str]:
    return show("{{$}}" + TEXT)
'''


def test_hostile_program_and_env(kfp: Engine, plain: Any, tmp_path: Path) -> None:
    case = written(tmp_path, HOSTILE_PROGRAM)
    compiled(case.source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == plain(case).value


NOISE = "import random; return ''.join(random.Random(1).choices('abcdefghijklmnopqrstuvwxyz', k=300_000))"
LONG = """\
from wye import pipeline, step

@step
def echo(text: str) -> str:
    return text
{padding}
@pipeline
def flow() -> int:
    return size(echo("{long}"))

@step
def size(text: str) -> int:
    return len(text)
"""


@pytest.mark.parametrize("count", [1, 100_000])
def test_long_values_and_long_modules(count: int, kfp: Engine, tmp_path: Path) -> None:
    padding = "".join(f"    # {i} {'é' * 60}\n" for i in range(2000))
    compiled(written(tmp_path, LONG.format(long="x" * count, padding=padding)).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == str(count)


def test_a_value_over_the_limit_fails_where_it_is_made(kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, LONG.format(long="x", padding="").replace("return text", NOISE)).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert "a Kubeflow parameter" in outcome.log
    assert "'echo'" in outcome.error


TREE = """\
from pathlib import Path
from wye import Secret, pipeline, step

@step
def make() -> Path:
    root = Path("tree")
    (root / "empty" / "below").mkdir(parents=True)
    (root / "a b").mkdir()
    (root / "a b" / "ü.txt").write_text("hi")
    return root

@step
def spoil(tree: Path) -> int:
    (tree / "a b" / "ü.txt").unlink()
    return 1

@step(secrets=[Secret("db", env="PASSWORD"), Secret("db", env="USER_NAME", key="user")])
def names(tree: Path, n: int) -> list[str]:
    import os
    return [os.environ["PASSWORD"], os.environ["USER_NAME"], *sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*"))]

@pipeline
def flow() -> list[str]:
    tree = make()
    return names(tree, spoil(tree))
"""


def test_folders_and_secrets(kfp: Engine, plain: Any, tmp_path: Path) -> None:
    case = written(tmp_path, TREE)
    compiled(case.source, tmp_path)
    variables = {"PASSWORD": "p {{x}}", "USER_NAME": "u"}
    outcome = kfp.run(tmp_path, {}, variables)
    assert outcome.error is None, outcome.log
    assert outcome.text == plain(Case("flow", case.source, variables=variables)).value
    failed = kfp.run(tmp_path, {}, {})
    assert failed.error
    assert "PASSWORD" in failed.log


def test_an_artifact_returned(kfp: Engine, tmp_path: Path) -> None:
    text = TREE.replace("-> list[str]:\n    tree", "-> Path:\n    tree").replace("return names(tree, spoil(tree))", "return tree")
    compiled(written(tmp_path, text).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert (Path(outcome.artifact or "") / "0" / "tree" / "a b" / "ü.txt").read_text() == "hi"
