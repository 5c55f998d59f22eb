"""Programs cut out of small projects: each runs in a fresh interpreter and gives what the original gives."""

# ruff: noqa: E501

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from wye.diagnostics import CompileFailed
from wye.driver import compile_source
from wye.frontend.project import Project
from wye.frontend.slicing.slice import Slice, slice_program

WYE = """
def step(f=None, **kw):
    return f if f is not None else lambda g: g
pipeline = step
def __getattr__(name):
    return lambda *a, **k: None
"""


class Case:
    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp
        self.source = tmp / "src"
        self.entry = ""

    def write(self, **files: str) -> Case:
        """Files by name: `acme__steps` is acme/steps.py; the first is the entry."""
        for name, text in files.items():
            path = self.source / (name.replace("__init", "//init").replace("__", "/").replace("//init", "/__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
            self.entry = self.entry or str(path)
        return self

    def slice(self, *names: str, env: tuple[str, ...] = (), errors: bool = False) -> Slice:
        self.project = Project(Path(self.entry))
        entry = self.project.entry.name
        roots = [(n.partition(":")[0], n.partition(":")[2]) if ":" in n else (entry, n) for n in names]
        made = slice_program(self.project, entry, roots, env_names=env)
        again = slice_program(Project(Path(self.entry)), entry, roots[::-1], env_names=env)
        assert made == again
        if not errors:
            assert self.errors() == []
        return made

    def errors(self) -> list[str]:
        return [f"{d.span}: {d.code}: {d.message}" for d in self.project.diagnostics.items]

    def run(self, call: str, *names: str) -> str:
        """Slice, run the call in the program and in the original, compare; returns what it printed."""
        made = self.slice(*(names or [call.partition("(")[0]]))
        program = self.tmp / "program"
        for f in made.files:
            (program / f.path).parent.mkdir(parents=True, exist_ok=True)
            (program / f.path).write_text(f.text)
        runner = self.tmp / "runner"
        runner.mkdir(exist_ok=True)
        (runner / "wye.py").write_text(WYE)
        outside = self.tmp / "outside"  # only the original has the third-party packages
        outside.mkdir(exist_ok=True)
        for name in ("torch", "pandas", "numpy", "sklearn"):
            (outside / f"{name}.py").write_text(WYE)
        entry = self.project.entry.name
        results = [_python([str(p) for p in path], entry, call) for path in ([self.source, runner, outside], [program, runner])]
        assert results[0] == results[1]
        self.files = {f.path: f.text for f in made.files}
        self.made = made
        return results[1]


def _python(path: list[str], entry: str, call: str) -> str:
    code = f"import sys; sys.path[:0] = {path!r}; sys.dont_write_bytecode = True; import importlib; m = importlib.import_module({entry!r}); print(eval({call!r}, vars(m)))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_cut_keeps_comments_and_formatting(case: Case) -> None:
    case.write(
        main='''
        """Doc."""
        # licence

        from __future__ import annotations

        import pandas as pd
        from wye import pipeline, step
        import json, math
        from helpers import (
            double,
            triple,  # not this one
            UNUSED,
        )

        RATE = 2  # percent
        OTHER = 3


        # explains helper
        def helper(x: int) -> int:
            # says why
            return double(x) * RATE


        @step(cpu=2)
        def work(n: int = RATE) -> str:
            return json.dumps([helper(i) for i in range(n)])


        @step
        def other() -> pd.DataFrame:
            return pd.DataFrame()


        @pipeline
        def main():
            return work(3)


        if __name__ == "__main__":
            main()
        ''',
        helpers="""
        import numpy as np
        UNUSED = 1
        FACTOR = 2
        def double(x): return x * FACTOR
        def triple(x): return np.array([x]) * 3
        """,
    )
    made = case.slice("work")
    files = {f.path: f for f in made.files}
    assert files["main.py"].text == textwrap.dedent("""\
        # licence

        from __future__ import annotations
        import json
        from helpers import (
            double,
        )

        RATE = 2  # percent


        # explains helper
        def helper(x: int) -> int:
            # says why
            return double(x) * RATE


        def work(n: int = RATE) -> str:
            return json.dumps([helper(i) for i in range(n)])
        """)
    assert files["helpers.py"].text == "FACTOR = 2\ndef double(x): return x * FACTOR\n"
    source = (case.source / "main.py").read_text().split("\n")
    text = files["main.py"].text.split("\n")
    for here, there in files["main.py"].lines:
        assert text[here - 1].strip(" ,)") in source[there - 1] or "import" in text[here - 1]
    assert made.third_party == ()


def test_the_program_gives_what_the_original_gives(case: Case) -> None:
    case.write(
        acme__main="""
        from dataclasses import dataclass, field
        from enum import Enum, auto
        import functools, logging
        from wye import pipeline, step as s
        import wye
        from . import util
        from .util import Base as B, unused
        from acme.consts import *
        from acme import reexported

        log = logging.getLogger(__name__)

        class Kind(Enum):
            A = auto()
            B = auto()

        @dataclass
        class Row(B):
            "A row."
            x: int = START
            tags: list = field(default_factory=list)

            class Inner:
                y = LIMIT

            @property
            def twice(self):
                return util.double(self.x)

        def timed(fn):
            @functools.wraps(fn)
            def wrapper(*a, **k):
                return fn(*a, **k) + AFTER
            return wrapper

        AFTER = 1

        @timed
        def slow(x, y=START):
            return x + y

        @functools.lru_cache(maxsize=None)
        def cached(x):
            return (lambda z: [w for w in range(z) if w < LIMIT])(x)

        @s
        @timed
        def work(n=1):
            r = Row(n)
            return slow(r.twice) + len(cached(10)) + r.Inner.y + (Kind.A is Kind(1)) + reexported(2) + len(f"{fmt(3)!r:>{WIDTH}}")

        WIDTH = 12

        def fmt(v):
            from acme.late import late as f
            import acme.late2 as l2
            return f(v) + l2.inner.deep(v)

        @wye.step(cpu=1)
        def other():
            return unused()
        """,
        acme__init="from .util import double as reexported\nfrom .util import unused as nope\n",
        acme__util="""
        import torch
        class Base:
            "base"
        def double(x): return x * 2
        def unused(): return torch.tensor([1])
        """,
        acme__consts="START = 5\nLIMIT = 4\nNOT_USED = 9\n_private = 3\n",
        acme__late="def late(x): return x + 1\ndef later(x): return 0\n",
        acme__late2="from acme import inner2 as inner\n",
        acme__inner2="def deep(x): return x\ndef shallow(x): return x\n",
    )
    assert case.run("work(2)") == "36"
    assert sorted(case.files) == [
        "acme/__init__.py",
        "acme/consts.py",
        "acme/inner2.py",
        "acme/late.py",
        "acme/late2.py",
        "acme/main.py",
        "acme/util.py",
    ]
    assert case.files["acme/__init__.py"] == "from .util import double as reexported\n"
    assert case.files["acme/consts.py"] == "START = 5\nLIMIT = 4\n"
    assert case.files["acme/inner2.py"] == "def deep(x): return x\n"
    assert "torch" not in case.files["acme/util.py"]
    assert "wye" not in case.files["acme/main.py"]
    assert "log" not in case.files["acme/main.py"]
    assert case.made.classes == (("acme.main", "Kind"), ("acme.main", "Row"), ("acme.main", "Row.Inner"), ("acme.util", "Base"))


def test_registries_and_singledispatch_stay(case: Case) -> None:
    case.write(
        main="""
        import functools
        import plugins
        from wye import step
        from registry import REGISTRY, register

        @functools.singledispatch
        def show(x):
            return "object"

        @show.register
        def _(x: int):
            return "int"

        @show.register(list)
        def _show_list(x):
            return "list of " + helper()

        def helper():
            return "things"

        @register("local")
        def local():
            return 1

        def not_needed():
            return 2

        @step
        def work(n):
            return show(1) + show([]) + show("") + ",".join(f"{k}={f()}" for k, f in sorted(REGISTRY.items()))
        """,
        registry="""
        REGISTRY = {}
        def register(name):
            def wrap(fn):
                REGISTRY[name] = fn
                return fn
            return wrap
        """,
        plugins="""
        from registry import register
        VALUE = 5
        @register("plugin")
        def plugin():
            return VALUE
        def other():
            return 0
        """,
    )
    assert case.run("work(1)") == "intlist of thingsobjectlocal=1,plugin=5"
    assert "not_needed" not in case.files["main.py"]
    assert "other" not in case.files["plugins.py"]


def test_a_module_is_imported_for_its_effect_without_the_names_nobody_uses(case: Case) -> None:
    case.write(
        app__main="""
        from wye import step
        from .models import train   # has plugins
        from .base import REGISTRY

        @step
        def work():
            return sorted(REGISTRY)

        @step
        def fit():
            return train()
        """,
        app__init="",
        app__base="REGISTRY = []\n",
        app__models="""
        import sklearn
        from .base import REGISTRY
        REGISTRY.append("models")
        def train():
            return sklearn.fit()
        """,
    )
    assert case.run("work()") == "['models']"
    assert case.files["app/main.py"].startswith("import app.models   # has plugins\nfrom .base import REGISTRY\n")
    assert case.files["app/models.py"] == 'from .base import REGISTRY\nREGISTRY.append("models")\n'


def test_subclasses_stay_when_somebody_looks_at_them(case: Case) -> None:
    case.write(
        main="""
        from wye import step
        class Base: pass
        class A(Base): pass
        class B(A):
            def m(self): return extra()
        def extra(): return 1
        class Other: pass
        @step
        def work(root=Base):
            return sorted(c.__name__ for c in root.__subclasses__()) + [c.__name__ for c in A.__subclasses__()]
        @step
        def plain():
            return Base.__name__
        """
    )
    assert case.run("work()") == "['A', 'B']"
    assert "Other" not in case.files["main.py"]
    assert case.slice("plain").classes == (("main", "Base"),)


def test_init_subclass_and_class_attributes_as_registries(case: Case) -> None:
    case.write(
        main="""
        from wye import step
        class Base:
            kinds = {}
            def __init_subclass__(cls, key=None, **kw):
                super().__init_subclass__(**kw)
                Base.kinds[key or cls.__name__] = cls
        class A(Base): pass
        class B(Base, key="b"):
            value = 3
        class Unrelated: pass
        @step
        def work():
            return sorted(Base.kinds)
        """
    )
    assert case.run("work()") == "['A', 'b']"
    assert "Unrelated" not in case.files["main.py"]


def test_circular_imports_keep_their_order(case: Case) -> None:
    case.write(
        main="""
        import a
        from b import shout
        from wye import step
        @step
        def work(x="q"):
            return shout(x)
        @step
        def other():
            return a.unused()
        """,
        a="""
        from b import NAME
        def whisper(x): return x.lower() + NAME
        def unused(): return 1
        """,
        b="""
        NAME = "n"
        import a
        def shout(x): return a.whisper(x).upper()
        """,
    )
    assert case.run("work()") == "QN"
    assert case.files["main.py"].startswith("import a\n")
    assert "unused" not in case.files["a.py"]


def test_type_checking_blocks_and_annotations(case: Case) -> None:
    case.write(
        main="""
        from __future__ import annotations
        import typing as t
        from dataclasses import dataclass, fields
        from typing import TYPE_CHECKING
        import numpy as np
        from wye import step
        if TYPE_CHECKING:
            import pandas as pd
            from heavy import Heavy
        if t.TYPE_CHECKING:
            from nowhere import x
        from shapes import Shape

        @dataclass
        class Row:
            a: int
            cls: t.ClassVar[int] = 3
            shape: Shape | None = None
            frame: pd.DataFrame | None = None
            array: np.ndarray | None = None

        def helper(df: pd.DataFrame) -> np.ndarray:
            y: np.ndarray = df
            return y

        @step
        def work() -> Row:
            return [f.name for f in fields(Row)] + [helper(1)]
        """,
        shapes="class Shape: pass\nclass Other: pass\n",
    )
    assert case.run("work()") == "['a', 'shape', 'frame', 'array', 1]"
    assert "numpy" not in case.files["main.py"]
    assert "pandas" not in case.files["main.py"]
    assert case.files["shapes.py"] == "class Shape: pass\n"


def test_annotations_that_are_evaluated_are_reached(case: Case) -> None:
    case.write(
        main="""
        from typing import Optional
        import pandas as pd
        from kinds import Kind, Unused
        from wye import step
        def helper(x: "pd.DataFrame", k: Optional[Kind] = None): return k
        @step
        def work(k: Kind = Kind()) -> Optional[int]:
            return helper(1)
        """,
        kinds="class Kind: pass\nclass Unused: pass\n",
    )
    assert case.run("work()") == "None"
    assert case.files["main.py"].startswith("from typing import Optional\nfrom kinds import Kind\n")


def test_type_hints_of_text_are_reached_when_asked_for(case: Case) -> None:
    case.write(
        main="""
        from __future__ import annotations
        import typing
        from kinds import Kind
        from wye import step
        def helper(k: Kind): return k
        @step
        def work():
            return typing.get_type_hints(helper)["k"].__name__
        """,
        kinds="class Kind: pass\n",
    )
    assert case.run("work()") == "Kind"


@pytest.mark.parametrize(
    "lookup",
    ["globals()['f_' + n]()", "vars()and eval('f_' + n)()", "getattr(sys.modules[__name__], 'f_' + n)()", "getattr(main, 'f_' + n)()"],
)
def test_dynamic_names_keep_the_whole_module(case: Case, lookup: str) -> None:
    case.write(
        main=f"""
        import sys
        import main
        from wye import step
        import consts
        LIMIT = consts.a
        def f_a(): return LIMIT
        def f_b(): return 2
        @step
        def work(n="a"):
            return {lookup}
        """,
        consts="a = 7\nb = 8\n",
    )
    assert case.run("work()") == "7"
    assert "f_b" in case.files["main.py"]
    assert case.files["consts.py"] == "a = 7\n"


def test_import_module_by_name(case: Case) -> None:
    case.write(
        main="""
        import importlib
        from wye import step
        @step
        def work(n="a"):
            return getattr(importlib.import_module("plug.one"), n)()
        @step
        def computed(n):
            return importlib.import_module("plug." + n)
        """,
        plug__one="def a(): return b()\ndef b(): return 4\n",
        plug__init="",
    )
    assert case.run("work()") == "4"
    case.slice("computed", errors=True)
    assert case.errors() == ["main.py:8:12: WYE6007: a module that is imported by a computed name cannot be followed"]


def test_conditional_definitions_and_imports(case: Case) -> None:
    case.write(
        main="""
        import sys
        from wye import step
        try:
            import ujson as json
        except ImportError:
            import json
        try:
            import torch
        except ImportError:
            torch = None
        if sys.version_info >= (3, 9):
            def modern(x): return x + base
        else:
            def modern(x): return -x
        if sys.platform == "win32":
            SEP = 1
        else:
            SEP = 2
        base = 10
        if (wal := 5) > 3:
            big = wal
        @step
        def work():
            return json.dumps(modern(SEP)), wal
        """
    )
    assert case.run("work()") == "('12', 5)"
    assert "torch" not in case.files["main.py"]


def test_names_bound_several_times_all_stay(case: Case) -> None:
    case.write(
        main="""
        from wye import step
        x = 1
        y = x
        x = 2
        for i in range(3):
            x += i
        del i
        (a, [b, *c]), d = (1, [2, 3, 4]), 5
        unused = 9
        def f(v): return v
        f = (lambda g: lambda v: g(v) * 2)(f)
        @step
        def work():
            return x, y, f(4), a, b, c, d
        """
    )
    assert case.run("work()") == "(5, 1, 8, 1, 2, [3, 4], 5)"
    assert "unused" not in case.files["main.py"]


def test_star_imports_all_and_submodules(case: Case) -> None:
    case.write(
        pkg__main="""
        from wye import step
        from .api import *
        import pkg.sub.deep
        import pkg.sub.other as o
        @step
        def work():
            return f() + pkg.sub.deep.g() + o.h() + len([1])
        """,
        pkg__init="from math import *\n",
        pkg__api="""
        from .impl import f, g
        from .impl import _hidden
        def len(x): return 100
        __all__ = ["f", "len"]
        __all__ += ["_hidden"]
        """,
        pkg__impl="def f(): return 1\ndef g(): return 2\ndef _hidden(): return 3\ndef z(): pass\n",
        pkg__sub__init="SIDE = 1\n",
        pkg__sub__deep="def g(): return 10\n",
        pkg__sub__other="def h(): return 1000\n",
    )
    assert case.run("work()") == "1111"
    assert "def g" not in case.files["pkg/impl.py"]


def test_class_bodies_and_private_names(case: Case) -> None:
    case.write(
        main="""
        from wye import step
        LIMIT = 3
        __secret = 4
        _C__hidden = 5
        def deco(f): return f
        class C:
            LIMIT = LIMIT
            def m(self): return self.LIMIT + __hidden
            class D:
                def k(self): return later()
        def later(): return 1
        @step
        @deco
        def work(a=LIMIT, *, b=__secret):
            match a:
                case 3: return C().m() + C.D().k() + b
        """
    )
    assert case.run("work()") == "13"


def test_types_made_by_calls(case: Case) -> None:
    case.write(
        main="""
        from collections import namedtuple
        from enum import Enum
        from typing import NamedTuple, NewType, TypedDict, TypeVar, Generic
        from wye import step
        T = TypeVar("T")
        Point = namedtuple("Point", "x y")
        Colour = Enum("Colour", "RED BLUE")
        Id = NewType("Id", int)
        Other = namedtuple("Other", "z")
        class Box(Generic[T]):
            def __init__(self, v: T): self.v = v
        class Pair(NamedTuple):
            a: int
            b: Point = Point(1, 2)
        ORIGIN = Point(0, 0)
        UNUSED = Other(1)
        @step
        def work() -> Id:
            return ORIGIN, Colour.RED.name, Pair(1), Box[int](3).v
        """
    )
    case.run("work()")
    assert case.made.classes == (("main", "Box"), ("main", "Colour"), ("main", "Pair"), ("main", "Point"))
    assert "UNUSED" not in case.files["main.py"]


def test_user_decorators_that_only_wrap_are_left_out_others_stay(case: Case) -> None:
    case.write(
        main="""
        import functools
        import sklearn
        from wye import step
        def timed(fn):
            @functools.wraps(fn)
            def wrapper(*args, **kw):
                return fn(*args, **kw)
            return wrapper
        def retry(times):
            def deco(fn):
                def wrapper(*args):
                    for _ in range(times):
                        return fn(*args)
                return wrapper
            return deco
        seen = []
        def noted(fn):
            seen.append(fn.__name__)
            return fn
        @step
        @timed
        @retry(3)
        def train(): return sklearn.fit()
        @noted
        def light(): return 1
        @step
        @retry(times=2)
        def work(): return list(seen)
        """
    )
    assert case.run("work()") == "['light']"
    assert "sklearn" not in case.files["main.py"]


def test_namespace_packages_and_entry(case: Case) -> None:
    case.write(
        flow="""
        from wye import step
        from ns.inner.mod import f
        from ns.inner import mod2
        import ns.inner.mod3
        @step
        def work(): return f() + mod2.g() + ns.inner.mod3.h()
        """,
        ns__inner__mod="def f(): return 1\ndef x(): return 1\n",
        ns__inner__mod2="def g(): return 2\n",
        ns__inner__mod3="def h(): return 4\ndef x(): return 1\n",
    )
    assert case.run("work()") == "7"
    assert sorted(case.files) == ["flow.py", "ns/inner/mod.py", "ns/inner/mod2.py", "ns/inner/mod3.py"]
    assert case.files["ns/inner/mod3.py"] == "def h(): return 4\n"


def test_roots_in_other_modules_and_classes_as_roots(case: Case) -> None:
    case.write(
        main="from wye import pipeline\nfrom steps import load\nX = 1\n@pipeline\ndef flow(): return load()\n",
        steps="from wye import step\nimport rows\n@step\ndef load(): return [1]\n@step\ndef save(): return 2\n",
        rows="class Row:\n    pass\nclass Col:\n    pass\n",
    )
    made = case.slice("steps:load", "rows:Row")
    assert [(f.path, f.text) for f in made.files] == [
        ("main.py", ""),
        ("rows.py", "class Row:\n    pass\n"),
        ("steps.py", "def load(): return [1]\n"),
    ]
    assert made.classes == (("rows", "Row"),)


# --- problems -------------------------------------------------------------------------------------------------------------------


def problem(case: Case, text: str, *, step: str = "work", env: tuple[str, ...] = (), **others: str) -> list[str]:
    case.write(main="from wye import step\n" + textwrap.dedent(text), **others)
    case.slice(step, env=env, errors=True)
    return [e.partition(": ")[0] + " " + e.split(": ")[1] for e in case.errors()]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("N = 0\n@step\ndef work():\n    global N\n    N += 1\n", "main.py:6:5 WYE6004"),
        ("@step\ndef work():\n    global M\n    M = 1\n", "main.py:5:5 WYE6004"),
        ("XS = []\n@step\ndef work():\n    XS.append(1)\n", "main.py:5:5 WYE6004"),
        ("D = dict(a=1)\n@step\ndef work():\n    return helper()\ndef helper():\n    D['k']['x'] = 1\n", "main.py:7:5 WYE6004"),
        ("D = {}\n@step\ndef work():\n    del D['k']\n", "main.py:5:9 WYE6004"),
        ("class C:\n    n = 0\n    xs = []\n@step\ndef work():\n    C.n += 1\n", "main.py:7:5 WYE6004"),
        ("class C:\n    n = 0\n    xs = []\n@step\ndef work():\n    C.xs.append(1)\n", "main.py:7:5 WYE6004"),
        (
            "CALLS = []\ndef count(f):\n    def w():\n        CALLS.append(1)\n        return f()\n    return w\n@step\n@count\ndef work():\n    pass\n",
            "main.py:5:9 WYE6004",
        ),
        (
            "CACHE = {}\nclass Store:\n    def put(self):\n        CACHE['a'] = 1\nS = Store()\n@step\ndef work():\n    S.put()\n",
            "main.py:5:9 WYE6004",
        ),
    ],
)
def test_module_state_that_a_step_changes(case: Case, text: str, place: str) -> None:
    assert problem(case, text) == [place]


def test_module_state_of_another_module(case: Case) -> None:
    text = "import other\nfrom other import ITEMS as I\n@step\ndef work():\n    other.count = 1\n    I.add(2)\n    from other import MORE\n    MORE.update(a=1)\n"
    assert problem(case, text, other="count = 0\nITEMS = set()\nMORE = {}\n") == [
        "main.py:6:5 WYE6004",
        "main.py:7:5 WYE6004",
        "main.py:9:5 WYE6004",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "import functools\n@functools.cache\ndef f(x):\n    return [x]\n@step\ndef work():\n    return f(1)\n",
        "XS = []\n@step\ndef work():\n    XS = []\n    XS.append(1)\n    return XS\n",
        "REG = {}\ndef register(f):\n    REG[f.__name__] = f\n    return f\n@register\ndef a(): pass\n@step\ndef work():\n    return REG['a']\n",
        "XS = []\ndef unused():\n    XS.append(1)\n@step\ndef work():\n    return XS\n",
        "import os\n@step\ndef work():\n    os.environ['A'] = '1'\n",
        "class P:\n    def __init__(self):\n        self.xs = []\n    def add(self):\n        self.xs.append(1)\n@step\ndef work():\n    P().add()\n",
        "XS = [3, 1]\n@step\ndef work():\n    ys = sorted(XS)\n    ys.append(2)\n    return ys, XS[0]\n",
    ],
)
def test_what_is_no_change_of_module_state(case: Case, text: str) -> None:
    assert problem(case, text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("import time\nSTART = time.time()\n@step\ndef work():\n    return START\n", "main.py:3:9 WYE6006"),
        ("from datetime import datetime as dt\nDAY = dt.now().date()\n@step\ndef work():\n    return DAY\n", "main.py:3:7 WYE6006"),
        ("import uuid\ndef f(x=uuid.uuid4()):\n    return x\n@step\ndef work():\n    return f()\n", "main.py:3:9 WYE6006"),
        ("import random\nrng = random.Random(1)\n@step\ndef work():\n    return rng.random()\n", "main.py:3:7 WYE6006"),
        ("import time\ndef now():\n    return time.time()\nT = now()\n@step\ndef work():\n    return T\n", "main.py:5:5 WYE6006"),
        ("import random\nrandom.seed(1)\n@step\ndef work():\n    return random.random()\n", "main.py:3:1 WYE6008"),
        ("from pathlib import Path\nHERE = Path(__file__).parent\n@step\ndef work():\n    return HERE\n", "main.py:3:13 WYE6005"),
        ("import util\n@step\ndef work():\n    return util.where()\n", "util.py:2:12 WYE6005"),
    ],
)
def test_values_that_differ_from_process_to_process(case: Case, text: str, place: str) -> None:
    assert problem(case, text, util="def where():\n    return __file__\n") == [place]


def test_such_values_do_no_harm_when_nobody_reaches_them(case: Case) -> None:
    text = "import time, uuid\nfrom pathlib import Path\nSTART = time.time()\nHERE = Path(__file__).resolve().parents[1] / 'data'\nRUN = uuid.uuid4()\n@step\ndef work():\n    return time.time()\n"
    assert problem(case, text) == []


@pytest.mark.parametrize(
    ("read", "column"),
    [("os.environ['HOST']", 8), ("os.environ.get('HOST', 'x')", 8), ("os.getenv('HOST')", 8), ("dict(os.environ)", 13), ("os.environ.get('PORT')", 0), ("conf()", 8)],
)  # fmt: skip
def test_environment_read_before_the_step_sets_it(case: Case, read: str, column: int) -> None:
    text = (
        f"import os\ndef conf():\n    return os.environ['HOST']\nHOST = {read}\n@step\ndef work():\n    return HOST, os.environ['HOST']\n"
    )
    assert problem(case, text, env=("HOST",)) == ([f"main.py:5:{column} WYE6009"] if column else [])


def test_what_stays_and_needs_a_third_party(case: Case) -> None:
    text = "import pandas as pd\nimport app\nTABLE = pd.DataFrame()\n@step\ndef work():\n    return 1\n"
    assert problem(case, text, app="") == ["main.py:4:1 WYE6003"]
    (found,) = case.project.diagnostics.items
    assert str(found.labels[0].span) == "main.py:2:1"
    assert "wye: drop" in (found.help or "")


@pytest.mark.parametrize("comment", ["TABLE = pd.DataFrame()  # wye: drop", "# wye: drop\nTABLE = pd.DataFrame()"])
def test_drop_comment(case: Case, comment: str) -> None:
    assert problem(case, f"import pandas as pd\n{comment}\n@step\ndef work():\n    return 1\n") == []
    assert case.slice("work").files[0].text == "def work():\n    return 1\n"


def test_third_parties_that_the_step_uses_itself(case: Case) -> None:
    text = "import pandas as pd\nimport torch\nTABLE = pd.DataFrame()\n@step\ndef work():\n    return pd.read()\n"
    assert problem(case, text) == []
    made = case.slice("work")
    assert [(t.name, str(t.span)) for t in made.third_party] == [("pandas", "main.py:2:1")]


def test_missing_and_misnamed_modules(case: Case) -> None:
    text = "import queue\nfrom pkg import nope_is_fine\nfrom pkg.gone import x\n@step\ndef work():\n    return x, queue.f()\n"
    assert problem(case, text, pkg__init="nope_is_fine = 1\n", queue="def f(): pass\n") == ["main.py:4:1 WYE6001", "queue.py:1:1 WYE6002"]


def test_line_numbers_translate(case: Case) -> None:
    case.write(
        main="""
        # top
        import os, sys
        from wye import step

        A = 1

        def unused(): pass

        @step(
            cpu=1,
        )
        # why
        @staticmethod
        def work():
            raise ValueError(A)
        """
    )
    (made,) = case.slice("work").files
    source = (case.source / "main.py").read_text().split("\n")
    starts = dict(made.lines)
    there = 0
    for here, line in enumerate(made.text.split("\n")[:-1], 1):
        there = starts.get(here, there + 1)
        assert source[there - 1] == line
    assert made.text == "# top\n\nA = 1\n\n# why\n@staticmethod\ndef work():\n    raise ValueError(A)\n"


def test_submodules_that_a_package_imports_by_itself(case: Case) -> None:
    case.write(
        main="""
        import pkg
        from pkg import tools as t, rules
        from wye import step
        @step
        def work():
            return pkg.tools.f() + t.g() + rules.one.h()
        """,
        pkg__init="from . import tools\nfrom . import rules\n",
        pkg__tools="def f(): return 1\ndef g(): return 2\ndef unused(): return 3\n",
        pkg__rules__init="from . import one\n",
        pkg__rules__one="def h(): return 4\ndef unused(): return 5\n",
    )
    assert case.run("work()") == "7"
    assert "unused" not in case.files["pkg/tools.py"] + case.files["pkg/rules/one.py"]


def test_a_submodule_that_somebody_else_imports(case: Case) -> None:
    case.write(
        main="""
        import pkg
        import pkg.loader
        import other
        from wye import step
        @step
        def work():
            return pkg.deep.f() + other.x()
        """,
        pkg__init="",
        pkg__loader="from pkg.deep import g\n",
        pkg__deep="def f(): return 1\ndef g(): return 2\n",
        other="import pkg.deep\ndef x(): return 1\n",
    )
    assert case.run("work()") == "2"


def test_a_star_import_that_stays_and_is_used_later(case: Case) -> None:
    case.write(
        main="""
        from pkg import *
        from wye import step
        @step
        def work():
            return Holder.loader().load(), SEEN
        """,
        pkg__init="""
        from .a import *
        SEEN = []
        class Meta(type):
            def __init__(cls, name, bases, kwds):
                super().__init__(name, bases, kwds)
                SEEN.append(name)
        class Holder(metaclass=Meta):
            loader = Loader
        """,
        pkg__a="""
        __all__ = ["Loader"]
        print("a is imported")
        class Loader:
            def load(self): return 1
        """,
    )
    assert case.run("work()") == "a is imported\n(1, ['Holder'])"


def test_decorated_methods_do_not_count_as_changing_state(case: Case) -> None:
    text = "KNOWN = set()\ndef known(f):\n    KNOWN.add(f.__name__)\n    return f\nclass C:\n    @known\n    def m(self): return 1\n@step\ndef work():\n    return C().m(), KNOWN\n"
    assert problem(case, text) == []


def test_many_steps_share_the_analysis(case: Case) -> None:
    steps = "".join(f"@step\ndef s{i}(): return h{i}()\ndef h{i}(): return {i}\n" for i in range(15))
    case.write(main="from wye import step\n" + steps)
    for i in range(15):
        assert case.slice(f"s{i}").files[0].text == f"def s{i}(): return h{i}()\ndef h{i}(): return {i}\n"


def test_a_pipeline_that_is_called_at_import(case: Case) -> None:
    text = "from wye import pipeline\n@step\ndef work(): return 1\n@pipeline\ndef flow(): return work()\nRESULT = flow()\n"
    assert problem(case, text) == ["main.py:7:10 WYE6010"]


def test_missing_modules_that_nobody_uses(case: Case) -> None:
    text = "from pkg.gone import x\ntry:\n    import pkg.optional\nexcept ImportError:\n    pass\n@step\ndef work(): return 1\n"
    assert problem(case, text, pkg__init="") == ["main.py:2:1 WYE6001"]


def test_descriptors_and_constructors_that_run_code_stay(case: Case) -> None:
    case.write(
        main="""
        from dataclasses import dataclass
        from wye import step
        LOG = []
        class Named:
            def __set_name__(self, owner, name):
                LOG.append(name)
        shared = Named()
        class A:
            x = shared
        class B:
            y = Named()
        @dataclass
        class Plain:
            z: int = 1
        @dataclass
        class Loud:
            def __post_init__(self):
                print("loud")
        plain = Plain()
        loud = Loud()
        @step
        def work():
            return LOG
        """
    )
    assert case.run("work()") == "loud\n['x', 'y']"
    assert "Plain" not in case.files["main.py"]


def test_a_future_import_on_a_line_with_others(case: Case) -> None:
    case.write(
        main="""
        from __future__ import annotations; import math, json
        from wye import step
        @step
        def work(x: Undefined = 1) -> Nothing:
            return math.floor(x)
        """
    )
    assert case.run("work()") == "1"


def test_a_package_that_the_step_states_is_there(tmp_path: Path) -> None:
    """A statement that stays may need what the step has among its packages, or its pipeline's defaults; nobody else's program may."""
    text = (
        "import pandas as pd\nimport yaml\nfrom wye import pipeline, step\npd.set_option('x', 1)\nyaml.add_constructor('y', print)\n"
        "@step(packages=['Pandas >= 2'])\ndef a() -> int: return 1\n@step\ndef b(x: int) -> int: return x\n"
        "@pipeline(defaults={'packages': ['pandas', 'pyyaml==6.0.2']})\ndef flow() -> int: return b(a.options(packages=['pandas', 'PyYAML'])())\n"
    )
    (tmp_path / "flow.py").write_text(text)
    assert [p.id for p in compile_source(tmp_path / "flow.py").programs] == ["flow.a", "flow.b"]
    (tmp_path / "flow.py").write_text(text.replace("defaults={'packages': ['pandas', 'pyyaml==6.0.2']}", ""))
    with pytest.raises(CompileFailed) as failed:
        compile_source(tmp_path / "flow.py")
    assert {d.code for d in failed.value.diagnostics} == {"WYE6003"}


def test_what_only_a_guarded_import_brings_may_need_what_is_not_there(case: Case) -> None:
    """`if PY2:` around one of two implementations: the other one's third party is nobody's."""
    case.write(
        main="""
        from compat import read

        def work() -> int:
            return read()
        """,
        compat="""
        import sys

        if sys.version_info[0] == 2:
            from impl_py2 import read
        else:
            from impl_py3 import read
        """,
        impl_py2="""
        import cStringIO

        BUFFER = cStringIO.StringIO()

        def read() -> int:
            return 2
        """,
        impl_py3="""
        def read() -> int:
            return 3
        """,
    )
    assert case.run("work()") == "3"
