"""The plain call: by value, as on every target."""

from __future__ import annotations

import dataclasses
import enum
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wye import Resources, Retry, each, pipeline, step
from wye.runtime.values import CannotTravel


class Kind(enum.Enum):
    A = "a"


@dataclasses.dataclass
class Row:
    name: str
    tags: list[str]


class Scores(NamedTuple):
    auc: float
    rows: list[Row]


class Model:
    def __init__(self, weights: list[float]) -> None:
        self.weights = weights


# --- what programs with aliases compute --------------------------------------------------------------------------------------------


@step
def sort(xs: list[int]) -> list[int]:
    xs.sort()
    return xs


@step
def total(xs: list[int], seen: list[int] = []) -> int:  # noqa: B006
    seen.append(sum(xs))
    return len(seen)


@pipeline
def sorting(xs: list[int]) -> list[Any]:
    first = sort(xs)
    second = sort(xs)
    return [xs, first, second, first is second, first is xs, total(xs), total(xs)]


def test_steps_that_mutate_and_return_their_arguments():
    given = [3, 1, 2]
    assert sorting(given) == [[3, 1, 2], [1, 2, 3], [1, 2, 3], False, False, 1, 1]
    assert given == [3, 1, 2]


def test_parameters_are_copied():
    @step
    def push(m: Any) -> Any:
        m.weights.append(9)
        return m

    model = Model([1.0])
    pushed = push(model)
    assert (model.weights, pushed.weights) == ([1.0], [1.0, 9])


def test_an_alias_inside_the_arguments_is_cut():
    @step
    def grow(rows: list[list[int]], again: list[list[int]]) -> Any:
        rows[0].append(1)
        return rows, again

    inner: list[int] = []
    assert grow([inner, inner], [inner]) == ([[1], []], [[]])


@step
def write(text: str, name: str = "out.txt") -> Path:
    Path(name).write_text(text)
    return Path(name)


@step
def write_folder(text: str) -> Path:
    Path("data").mkdir(exist_ok=True)
    Path("data", "part").write_text(text)
    return Path("data")


@step
def read(path: Path, more: list[Path]) -> str:
    texts = [path.read_text(), *(p.read_text() for p in more)]
    path.write_text("spoilt")
    return "".join(texts)


@pipeline
def files() -> list[Any]:
    one, two = write("1"), write("2")
    a, b = write_folder("a"), write_folder("b")
    return [one.name, two.name, read(one, [two]), read(one, [one, two]), (a / "part").read_text(), (b / "part").read_text(), a.name]


def test_two_steps_that_write_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert files() == ["out.txt", "out.txt", "12", "112", "a", "b", "data"]
    assert (tmp_path / "out.txt").read_text() == "2"


def test_snapshots_are_removed_when_the_process_ends(tmp_path):
    (tmp_path / "p.py").write_text(
        "from pathlib import Path\nfrom wye import step\n"
        "@step\ndef w() -> Path:\n    Path('f').write_text('x')\n    return Path('f')\n"
        "print(w())\n"
    )
    done = subprocess.run([sys.executable, "p.py"], cwd=tmp_path, capture_output=True, text=True, env=_environment(), check=True)
    assert done.stdout.strip().endswith("f")
    assert not Path(done.stdout.strip()).exists()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


# --- types -------------------------------------------------------------------------------------------------------------------------


def test_arguments_are_checked_and_normalised():
    @step
    def show(rate: float, rows: list[float], kind: Kind = Kind.A, n: int = 0) -> str:
        return repr((rate, rows, kind, n))

    assert show(1, [1, 2]) == "(1.0, [1.0, 2.0], <Kind.A: 'a'>, 0)"
    with pytest.raises(TypeError, match=r"show\(rows=…\): \$\[1\]: wanted float, got str"):
        show(1, [1, "a"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"show\(n=…\): \$: wanted int, got bool"):
        show(1, [], n=True)
    with pytest.raises(TypeError, match=r"show\(\): missing a required argument: 'rows'"):
        show(1)  # type: ignore[call-arg]


def test_defaults_are_normalised():
    @step
    def rate(lr: float = 1) -> str:
        return repr(lr)

    assert rate() == "1.0"


def test_results_are_checked_and_normalised():
    @step
    def one() -> float:
        return 1

    @step
    def wrong() -> int:
        return "1"  # type: ignore[return-value]

    @step
    def nothing() -> None:
        return 1  # type: ignore[return-value]

    assert repr(one()) == "1.0"
    with pytest.raises(TypeError, match=r"the result of wrong: \$: wanted int, got str"):
        wrong()
    with pytest.raises(TypeError, match="wanted None, got int"):
        nothing()


def test_several_outputs():
    @step
    def split(xs: list[int]) -> tuple[list[int], Annotated[float, "mean"]]:
        return xs, 1

    @step
    def scores() -> Scores:
        return Scores(1, [Row("a", [])])

    @step
    def short() -> tuple[int, int]:
        return (1,)  # type: ignore[return-value]

    @step
    def models() -> tuple[Model, Path, float]:
        return Model([1.0]), Path(__file__), 2

    assert repr(split([1])) == "([1], 1.0)"
    assert repr(scores()) == "Scores(auc=1.0, rows=[Row(name='a', tags=[])])"
    with pytest.raises(TypeError, match=r"the result of short: wanted tuple\[int, int\], got a tuple of 1"):
        short()
    model, path, number = models()
    assert (model.weights, path.name, repr(number)) == ([1.0], Path(__file__).name, "2.0")
    assert path != Path(__file__)


def test_what_cannot_travel_is_named():
    @step
    def make() -> Any:
        return {"f": [lambda: 1]}

    @step
    def keep(d: dict) -> dict:  # type: ignore[type-arg]
        return d

    with pytest.raises(CannotTravel, match=r"cannot be pickled.*\(the result of make\)"):
        make()
    with pytest.raises(CannotTravel, match=r"^\$\.a\[0\]: a object does not travel by value \(keep\(d=…\)\)"):
        keep({"a": [object()]})


def test_exceptions_come_as_they_are():
    @step
    def fail() -> int:
        raise KeyError("k")

    with pytest.raises(KeyError, match="k"):
        fail()


# --- calls -------------------------------------------------------------------------------------------------------------------------


@step(env={"WYE_T_A": "1", "WYE_T_B": "2"})
def env() -> list[Any]:
    return [os.environ.get("WYE_T_A"), os.environ.get("WYE_T_B"), os.environ.get("WYE_T_C")]


@step
def bare_env() -> list[Any]:
    return [os.environ.get("WYE_T_A"), os.environ.get("WYE_T_C")]


@pipeline(defaults={"env": {"WYE_T_C": "3"}})
def environments() -> list[Any]:
    return [env(), bare_env(), env.options(env={"WYE_T_A": "9"})(), nested()]


@pipeline
def nested() -> list[Any]:
    return bare_env()


def test_env_stands_around_the_call_and_is_restored(monkeypatch):
    monkeypatch.setenv("WYE_T_A", "before")
    assert environments() == [["1", "2", None], ["before", "3"], ["9", None, None], ["before", None]]
    assert os.environ["WYE_T_A"] == "before"
    assert "WYE_T_B" not in os.environ
    assert "WYE_T_C" not in os.environ


def test_env_is_restored_after_a_failure():
    @step(env={"WYE_T_D": "1"})
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert "WYE_T_D" not in os.environ


@step
def inner(xs: list[float]) -> list[float]:
    xs.append(0)
    return xs


@step(env={"WYE_T_E": "1"})
def outer(xs: list[float]) -> Any:
    same = inner(xs)
    return [same is xs, xs, environments_inside(), os.environ["WYE_T_E"]]


@pipeline
def environments_inside() -> Any:
    return env()[0]


def test_a_step_in_a_running_step_is_the_bare_function():
    assert outer([1]) == [True, [1.0, 0], None, "1"]
    assert inner([1]) == [1.0, 0.0]


def test_threads_do_not_see_each_others_running_steps():
    started, finish, seen = threading.Event(), threading.Event(), []

    @step
    def wait() -> None:
        started.set()
        finish.wait(10)

    thread = threading.Thread(target=wait)
    thread.start()
    assert started.wait(10)
    xs: list[float] = [1]
    seen = inner(xs)
    finish.set()
    thread.join()
    assert (xs, seen) == ([1], [1.0, 0.0])


def test_after_options_and_each():
    @step(name="other", retry=Retry(2))
    def f(x: int) -> int:
        """Doc."""
        return x + 1

    assert f.after(1, [2])(1) == 2
    assert f.options(resources=Resources(cpu=1)).after(3)(1) == 2
    assert (f.name, f.options(name="third").name, f.__name__, f.__doc__) == ("other", "third", "f", "Doc.")
    assert f.options(timeout="1h").settings.retry == Retry(2)
    assert [x for x in each([1, 2], max_parallel=1)] == [1, 2]  # noqa: C416
    for wrong in (0, True, "2"):
        with pytest.raises(ValueError, match="max_parallel"):
            each([1], max_parallel=wrong)  # type: ignore[arg-type]


# --- pipelines ---------------------------------------------------------------------------------------------------------------------


@pipeline
def child(a: float, rows: list[Any]) -> dict[str, float]:
    return {"a": a, "n": len(rows)}


@pipeline
def parent(a: float = 1, rows: list[Any] = [[1]]) -> tuple[Any, ...]:  # noqa: B006
    inside = child(2, rows)
    return a, inside, rows


def test_pipelines_pass_by_value_and_normalise():
    rows = [[1]]
    result = parent(rows=rows)
    assert repr(result) == "(1.0, {'a': 2.0, 'n': 1.0}, [[1]])"
    assert result[2] is not rows
    with pytest.raises(TypeError, match=r"parent\(a=…\): \$: wanted float, got str"):
        parent("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"parent\(\): got an unexpected keyword argument 'b'"):
        parent(b=1)  # type: ignore[call-arg]


def test_an_artifact_passes_through_a_nested_pipeline():
    @step
    def train() -> tuple[Model, Path]:
        return Model([1.0]), Path(__file__)

    @pipeline
    def both() -> tuple[Model, Path]:
        return train()

    @pipeline
    def main() -> str:
        model, path = both()
        return path.name + str(model.weights)

    assert main() == Path(__file__).name + "[1.0]"


# --- decorating --------------------------------------------------------------------------------------------------------------------


def test_unknown_and_wrong_settings_are_told_at_the_definition():
    with pytest.raises(TypeError, match=r"step has no setting `timeot`; did you mean `timeout`\?"):
        step(timeot="1h")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"pipeline has no setting `shedule`; did you mean `schedule`\?"):
        pipeline(shedule=None)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"pipeline\(defaults=...\) has no setting `imge`"):
        pipeline(defaults={"imge": "x"})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(TypeError, match=r"options has no setting `nope`"):
        env.options(nope=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="not a duration"):
        step(timeout="soon")
    with pytest.raises(ValueError, match="not a requirement"):
        env.options(packages=["==1"])


def test_what_cannot_be_a_step():
    def stars(*args: int) -> None: ...

    def words(**kwargs: int) -> None: ...

    def generator() -> Any:
        yield 1

    async def coroutine() -> None: ...

    for function in (stars, words, generator, coroutine, 3, int, env, environments):
        with pytest.raises(TypeError):
            step(function)  # type: ignore[type-var, call-overload]


def test_a_decorator_below():
    import functools

    def twice(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return 2 * function(*args, **kwargs)

        return wrapper

    @step
    @twice
    def f(x: float) -> float:
        return x

    assert repr(f(x=1)) == "2.0"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_step_returns_what_it_got_and_never_the_same_object(value):
    @step
    def same(x: Any) -> Any:
        return x

    @step
    def spoil(x: Any) -> None:
        if isinstance(x, (list, dict)):
            x.clear()

    before = repr(value)
    result = same(value)
    spoil(value)
    assert repr(value) == repr(result) == before
    assert result is not value or not isinstance(value, (list, dict))


# --- import ------------------------------------------------------------------------------------------------------------------------


def test_import_is_light_and_standard_library_only():
    code = "import sys; before = set(sys.modules); from wye import Resources, Retry, Schedule, Secret, each, pipeline, step; "
    code += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=_environment(), check=True)
    ours = ["wye", "wye.sdk", "wye.sdk.decorators", "wye.sdk.frozen", "wye.sdk.settings"]
    assert done.stdout.split() == ["__future__", "_contextvars", *ours]


def test_everything_in_all_is_there():
    import wye

    for name in wye.__all__:
        assert getattr(wye, name)
    with pytest.raises(AttributeError):
        wye.nothing  # noqa: B018
