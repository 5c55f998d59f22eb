"""Every feature case, every example and cases of this target's own: compiled, run, and compared with the plain call.

All run by `kfp.local`, but for what it cannot do (`beyond`). What has sub-DAGs runs by the service's own rules too (`kfp_interpreter`),
which differ: `kfp.local` forgives what the service does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kfp_engine import EXAMPLES, REQUIREMENTS, ROOT, Engine, equals_the_plain_call, written

from wye.runtime.values import decode
from wye.testing.cases import Case, feature_cases, further, plain_call
from wye.testing.environments import engine

FEATURES = [c for c in (*feature_cases(ROOT), *further()) if "kubeflow" in c.targets]


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


@pytest.mark.parametrize("case", [*FEATURES, *EXAMPLES], ids=lambda c: c.name)
def test_equals_the_plain_call(case: Case, kfp: Engine, plain: Any, tmp_path: Path) -> None:
    equals_the_plain_call(case, kfp, plain, tmp_path)


# --- cases of this target's own ---------------------------------------------------------------------------------------------------


def test_a_run_fails_with_the_traceback_of_the_step(kfp: Engine, tmp_path: Path) -> None:
    kfp.compiled(written(tmp_path, FAILING).source, tmp_path)
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
    spec = kfp.compiled(written(tmp_path, HEALED.replace("MARK", str(mark))).source, tmp_path)
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
    kfp.compiled(written(tmp_path, SLOW).source, tmp_path)
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
    kfp.compiled(written(tmp_path, OVERRIDES).source, tmp_path)
    outcome = kfp.run(tmp_path, given, {})
    assert outcome.error is None, outcome.log
    assert decode(outcome.text or "") == repr(expected)


@pytest.mark.parametrize("given", [{"i": 2**53}, {"i": 1.5}, {"xs": "{}"}, {"xs": "nonsense"}, {"o": "true"}])
def test_wrong_run_parameters_fail(given: dict[str, Any], kfp: Engine, tmp_path: Path) -> None:
    kfp.compiled(written(tmp_path, OVERRIDES).source, tmp_path)
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
    kfp.compiled(case.source, tmp_path)
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
    kfp.compiled(written(tmp_path, LONG.format(long="x" * count, padding=padding)).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == str(count)


def test_a_value_over_the_limit_fails_where_it_is_made(kfp: Engine, tmp_path: Path) -> None:
    kfp.compiled(written(tmp_path, LONG.format(long="x", padding="").replace("return text", NOISE)).source, tmp_path)
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

@step(secrets=[Secret("db", env="PASSWORD"), Secret("account", env="USER_NAME", key="user")])
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
    kfp.compiled(case.source, tmp_path)
    variables = {"PASSWORD": "p {{x}}", "USER_NAME": "u"}
    outcome = kfp.run(tmp_path, {}, variables)
    assert outcome.error is None, outcome.log
    assert outcome.text == plain(Case("flow", case.source, variables=variables)).value
    failed = kfp.run(tmp_path, {}, {})
    assert failed.error
    assert ("secret 'db'" if kfp.target == "vertex" else "PASSWORD") in failed.log


def test_an_artifact_returned(kfp: Engine, tmp_path: Path) -> None:
    text = TREE.replace("-> list[str]:\n    tree", "-> Path:\n    tree").replace("return names(tree, spoil(tree))", "return tree")
    kfp.compiled(written(tmp_path, text).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert (Path(outcome.artifact or "") / "0" / "tree" / "a b" / "ü.txt").read_text() == "hi"
