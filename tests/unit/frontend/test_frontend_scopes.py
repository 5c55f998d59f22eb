"""Our scopes equal `symtable`'s: on hand-written corner cases and on a sample of the standard library."""

# ruff: noqa: E501

from __future__ import annotations

import os
import symtable
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest

from wye.frontend.slicing.scopes import Scope, build, loads, module_bindings

INLINED = sys.version_info >= (3, 12)  # comprehensions of functions are part of the function's table
COMPREHENSIONS = {"listcomp": "ListComp", "setcomp": "SetComp", "dictcomp": "DictComp", "genexpr": "GeneratorExp"}
IMPLICIT = {"__class__", "__classdict__", "__conditional_annotations__", "__type_params__", "super"}


def kind_of(table: symtable.SymbolTable) -> str:
    return str(getattr(table.get_type(), "value", table.get_type()))


def tables_in(table: symtable.SymbolTable) -> Iterator[tuple[str, symtable.SymbolTable]]:
    """The tables right below that every Python has; those of annotations and type parameters passed through."""
    for child in table.get_children():
        name = child.get_name()
        if (
            kind_of(child) in ("function", "class")
            and name not in ("__annotate__", "_annotation")
            and not (INLINED and name in COMPREHENSIONS)
        ):
            yield COMPREHENSIONS.get(name, name), child
        else:
            yield from tables_in(child)


def scopes_in(scope: Scope) -> Iterator[tuple[str, Scope]]:
    for child in scope.children:
        if child.kind in ("function", "class", "lambda") or (child.kind == "comprehension" and not INLINED):
            yield child.name, child
        else:
            yield from scopes_in(child)


def comprehensions_in(scope: Scope) -> Iterator[Scope]:
    for child in scope.children:
        if child.kind == "comprehension":
            yield child
            yield from comprehensions_in(child)


def differences(table: symtable.SymbolTable, scope: Scope, path: str) -> Iterator[str]:
    inside = {n for c in comprehensions_in(scope) for n in (*c.bindings, *c.reads)} if INLINED else set()
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if name.startswith(".") or name in IMPLICIT or name in inside:
            continue
        if symbol.is_parameter() != (name in scope.parameters):
            yield f"{path}: parameter {name}"
        if scope.kind == "module":
            bound = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            if bound != (name in scope.bindings) and not symbol.is_declared_global():
                yield f"{path}: module binding {name}"
            continue
        owner = scope.resolve(name)
        ours = "local" if owner is scope else "global" if owner.parent is None else "free"
        theirs = "local" if symbol.is_local() else "free" if symbol.is_free() else "global"
        if ours != theirs:
            yield f"{path}: {name} is {theirs}, not {ours}"
        if name not in {*scope.reads, *scope.bindings, *scope.globals, *scope.nonlocals} and theirs != "free":
            yield f"{path}: {name} was not seen"
    known = {s.get_name() for s in table.get_symbols()}
    yield from (f"{path}: {name} is no name there" for name in scope.bindings if name not in known and name != "*")
    their_inside, our_inside = list(tables_in(table)), list(scopes_in(scope))
    counts = Counter(name for name, _ in our_inside)
    if counts != Counter(name for name, _ in their_inside):
        yield f"{path}: the scopes inside differ"
    for name, inner in their_inside:
        same = [s for n, s in our_inside if n == name]
        tried = [
            list(differences(inner, s, f"{path}/{name}:{inner.get_lineno()}")) for s in same
        ]  # the order of namesakes is not comparable
        if [] not in tried:
            yield from tried[0] if tried else ()


def compare(text: str, name: str) -> list[str]:
    return list(differences(symtable.symtable(text, name, "exec"), build(cst.parse_module(text)).module, name))


def corpus() -> list[Path]:
    folder = Path(os.__file__).parent
    files = [p for p in sorted(folder.rglob("*.py")) if not {"site-packages", "data"} & set(p.parts) and 500 < p.stat().st_size < 12_000]
    return files[:: max(1, len(files) // 100)]


def test_the_standard_library() -> None:
    compared = 0
    for path in corpus():
        try:
            text = path.read_text("utf-8")
            table, tree = symtable.symtable(text, str(path), "exec"), cst.parse_module(text)
        except (UnicodeDecodeError, SyntaxError, ValueError, cst.ParserSyntaxError):
            continue  # test data that is wrong on purpose, or newer than the parser
        found = list(differences(table, build(tree).module, path.name))
        assert found == []
        compared += 1
    assert compared > 75


CASES = {
    "comprehension targets": "def f(xs):\n    x = 1\n    return [x for x in xs if x for y in x if y], {k: v for k, v in x}, (z for z in x), {w for (w, *u) in x}\n",
    "walrus in comprehensions": "def f(xs):\n    a = [last := x for x in xs if (y := x)]\n    return last, y, (lambda: [t := 1 for _ in xs])\nn = [m := 1 for _ in ()]\n",
    "walrus to a global": "def f(xs):\n    global g\n    return [g := x for x in xs]\n",
    "class scopes": "x = 1\ndef f(x):\n    class C:\n        x = x\n        y = [x for _ in range(3)]\n        z = [i for i in x]\n        def m(self):\n            return x, y\n    return C\n",
    "global and nonlocal": "def f():\n    global g\n    a = b = 1\n    def h():\n        nonlocal a\n        a = b = g = 2\n        def k():\n            global b\n            return a, b, g\n    g = 1\nclass C:\n    global q\n    q = 1\n    def m(self): return q\n",
    "decorators and defaults": "def f(d, x):\n    @d(x)\n    def g(x=x, *, y=d) -> int:\n        return x, y, d\n    @d\n    class K(x, metaclass=d): pass\n    return lambda x=x, *a, **k: (x, a, k, d)\n",
    "annotations": "import a\nT = int\ndef f(x: T, *y: a.b, **z: a.c) -> a.d:\n    v: T = 1\n    w: T\n    def g(): return v, w\nclass C:\n    n: T = 1\n    m: a.x\n",
    "except, with, for, del": "def f():\n    try:\n        pass\n    except (A, B) as e:\n        del e\n    with o() as (p, [q, *r]), s as t.u, v as w[k]: pass\n    for i, j.k in z: pass\n    else: m = 1\n    x[i] = y.z = n = 1\n    del x[0], y.z\n",
    "matches": "def f(v):\n    match v:\n        case {'a': a, **rest}: pass\n        case [b, *c]: pass\n        case K(d, e=g.h) as i: pass\n        case (1 | 2) as j if j > k: pass\n        case Color.RED | None: pass\n        case _: pass\n        case other: pass\n",
    "imports": "import a.b.c, d.e as f\nfrom g import h, i as j\ndef k():\n    import l.m\n    from . import n\n    from .o import p as q\n    def r(): return l, n, q\n",
    "star": "from os import *\nx = path\n",
    "class cell": "class A:\n    def f(self):\n        return __class__, super().f()\n    def g(self):\n        return lambda: super(A, self)\n    class B:\n        def h(self): return __class__\n",
    "private names": "__x = 1\nclass _K:\n    __y = 1\n    import __z\n    def f(self, __p):\n        __q = __x\n        def g(): return __p, __q\n        return self.__y, __d__, __\nclass __:\n    def f(self): return __x\n",
    "lambdas and f-strings": "def f(a):\n    b = 1\n    return (lambda c: f'{a!r:>{b}} {c} {d}')(1), f'{(lambda: a)()}'\n",
    "generators of generators": "def f(a):\n    return (x for y in (z for z in a) for x in (lambda: y)() if any(w for w in x))\n",
    "augmented": "def f():\n    a += b\n    c.d += e\n    g[h] += i\n",
    "async": "async def f(a):\n    async with b as c: pass\n    async for d in e: pass\n    return [g async for g in h], await i\n",
    "conditional": "if a:\n    def f(): return b\nelif c:\n    b = 1\nelse:\n    class d: e = f\nwhile g: h = 1\n",
    "unicode": "ª = 1\ndef f(µ): return μ\n",
    "future annotations": "from __future__ import annotations\nclass C:\n    x: C\n    def f(self, y: C) -> D:\n        z: E = y\n        return z\n",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_corner_cases(name: str) -> None:
    assert compare(CASES[name], name) == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with 3.12")
def test_type_parameters_as_symtable() -> None:
    text = "type A[T] = list[T]\nT = 1\ndef f[T: int, *U, **P](x: T, y=T) -> T:\n    return T, lambda: U\nclass C[T](B[T]):\n    a = T\n    def m[S](self, z: S) -> T: return S, T, a\n"
    assert compare(text, "types") == []


def test_type_parameters() -> None:
    tree = cst.parse_module(
        "T = 1\ndef f[T](x: T, y=T) -> T:\n    return T\nclass C[T](B[T]):\n    def m(self) -> T: return T\ntype A[K] = dict[K, V]\n"
    )
    scopes = build(tree)
    owners = [(u.name, u.scope.resolve(u.name).kind) for u in scopes.uses if u.name in ("T", "K", "V", "B") and u.mode != "store"]
    assert owners == [("T", "types"), ("T", "module"), ("T", "types"), ("T", "types"), ("B", "module"), ("T", "types"), ("T", "types"), ("T", "types"), ("K", "types"), ("V", "module")]  # fmt: skip


def test_module_bindings() -> None:
    tree = cst.parse_module(
        textwrap.dedent("""
        import a.b as c, d.e
        x: int = (w := 1)
        x += 1
        for x, y in z: pass
        def f():
            global g
            g = 1
            h = 2
        from k import *
        with q as r: pass
        """)
    )
    found = module_bindings(tree)
    assert {n: [type(s).__name__ for s in nodes] for n, nodes in found.items()} == {
        "c": ["Import"], "d": ["Import"], "w": ["AnnAssign"], "x": ["AnnAssign", "AugAssign", "For"], "y": ["For"], "f": ["FunctionDef"],
        "*": ["ImportFrom"], "r": ["With"], "g": ["Assign"],
    }  # fmt: skip


def test_loads_of_a_statement() -> None:
    tree = cst.parse_module(
        "x = 1\ndef f(a=d1):\n    b = a + x\n    return [b for b in len(y)] + g(lambda a: a + z)\nclass C:\n    x = x\n"
    )
    scopes = build(tree)
    assert loads(scopes, 1) == {"d1", "x", "len", "y", "g", "z"}
    assert loads(scopes, 2) == {"x"}


def test_deep_expressions_do_not_recurse() -> None:
    node: cst.BaseExpression = cst.Name("a")
    for _ in range(5000):
        node = cst.BinaryOperation(node, cst.Add(), cst.Name("a"))
    tree = cst.Module([cst.SimpleStatementLine([cst.Expr(node)])])
    assert len(build(tree).uses) == 5001
