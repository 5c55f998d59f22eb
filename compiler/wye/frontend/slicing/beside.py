"""One use of a name in a step's program goes in; a diagnostic comes out when it reads what stands beside the user's modules, and that
does not travel with the step: files found by `__file__` or as a package's data, and what is known of how a package was installed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Set as AbstractSet

import libcst as cst

from wye.frontend.project import Module
from wye.frontend.slicing import tables
from wye.frontend.slicing.facts import Ref
from wye.frontend.slicing.inert import Inert
from wye.frontend.slicing.names import External
from wye.frontend.slicing.reach import WHOLE, literal

_SAME = frozenset(
    """
    builtins.str os.fspath os.path.abspath os.path.normpath os.path.realpath pathlib.Path pathlib.PosixPath pathlib.PurePath
    pathlib.PurePosixPath
""".split()
)
_SAME_METHODS = frozenset({"absolute", "as_posix", "resolve", "__fspath__"})


def check_beside(inert: Inert, module: Module, ref: Ref, owner: Module | None, outside: str, shipped: AbstractSet[str]) -> None:
    """`owner` is the user's module whose name is used, `outside` the dotted name of what is not the user's; `shipped` are the places of the
    files that travel with the step."""
    own = ref.name == "__file__" and not ref.targets and "__file__" not in inert.facts(module).binders
    if own or (ref.chain[-1:] == ("__file__",) and not outside):
        _check_file(inert, module, ref, module if own else owner, shipped)
        return
    prefixes = {outside, outside.rpartition(".")[0]} if outside else set()
    if prefixes & tables.RESOURCES and ref.call:
        _check_resource(inert, module, ref, outside, shipped)
    elif prefixes & tables.METADATA and ref.call:
        _check_metadata(inert, module, ref, outside)


def _check_file(inert: Inert, module: Module, ref: Ref, of: Module | None, shipped: AbstractSet[str]) -> None:
    """`Path(__file__).parent / "conf.yaml"`: what it stands for as far as that can be told, or whether anything travels at all."""
    place, told = _place(inert, module, ref, of.place) if of else ("", False)
    if shipped and (not told or place in ("", ".") or any(s == place or s.startswith(f"{place}/") for s in shipped)):
        return
    told = told and place not in ("", ".")
    what = f"`{place}` does not travel with this step" if told else "`__file__` is another place in a step's program, which has no files"
    inert.project.diagnostics.error(
        "WYE6005", what, module.span(ref.node),
        help=f"ship it with the step: `@step(files=[...])`; or ship whole packages: {WHOLE}",
    )  # fmt: skip


def _place(inert: Inert, module: Module, ref: Ref, place: str) -> tuple[str, bool]:
    """The path, below the source root, that the expression around `__file__` makes; whether it is more than the file's own."""
    parents = inert.facts(module).scopes.parents
    node: cst.CSTNode = ref.node
    while isinstance(parent := parents.get(node), cst.Attribute) and ref.chain and parent.attr.value in ref.chain:
        node = parent
        if parent.attr.value == "__file__":
            break
    told = False
    while True:
        parent = parents.get(node)
        if isinstance(parent, cst.Arg):
            call = parents.get(parent)
            if not isinstance(call, cst.Call) or call.args[0] is not parent:
                return place, told
            origin = inert.path(module, call.func)
            name = origin.name if isinstance(origin, External) else ""
            names = _strings([a.value for a in call.args[1:]])
            if name == "os.path.dirname":
                place, told = posixpath.dirname(place), True
            elif name == "os.path.join" and names:
                place, told = posixpath.normpath(posixpath.join(place, *names)), True
            elif name not in _SAME or (name.startswith("pathlib.") and len(call.args) > 1):
                return place, told
            node = call
        elif isinstance(parent, cst.Attribute) and parent.value is node:
            outer = parents.get(parent)
            called = outer if isinstance(outer, cst.Call) and outer.func is parent else None
            names = _strings([a.value for a in called.args]) if called else None
            attribute = parent.attr.value
            if attribute == "parent" and not called:
                place, told, node = posixpath.dirname(place), True, parent
            elif attribute == "parents" and (up := _number(outer)) is not None:
                for _ in range(up + 1):
                    place = posixpath.dirname(place)
                told, node = True, outer  # type: ignore[assignment]  # `_number` has seen that it is a subscript
            elif called and attribute in _SAME_METHODS:
                node = called
            elif called and attribute == "joinpath" and names:
                place, told, node = posixpath.normpath(posixpath.join(place, *names)), True, called
            elif called and attribute == "with_name" and names:
                place, told, node = posixpath.join(posixpath.dirname(place), names[0]), True, called
            else:
                return place, told
        elif isinstance(parent, cst.BinaryOperation) and isinstance(parent.operator, cst.Divide) and parent.left is node:
            names = _strings([parent.right])
            if not names:
                return place, told
            place, told, node = posixpath.normpath(posixpath.join(place, names[0])), True, parent
        else:
            return place, told


def _strings(nodes: list[cst.BaseExpression]) -> list[str] | None:
    """The texts, when all are strings as they stand."""
    found = [str(n.evaluated_value) for n in nodes if isinstance(n, cst.SimpleString)]
    return found if len(found) == len(nodes) else None


def _number(node: cst.CSTNode | None) -> int | None:
    """The n of `parents[n]`."""
    index = node.slice[0].slice if isinstance(node, cst.Subscript) and len(node.slice) == 1 else None
    value = index.value if isinstance(index, cst.Index) else None
    return int(value.value) if isinstance(value, cst.Integer) and value.value.isdecimal() else None


def _check_resource(inert: Inert, module: Module, ref: Ref, outside: str, shipped: AbstractSet[str]) -> None:
    package = _package(module, ref)
    if package and not inert.project.owns(package):
        return  # an installed package brings its own files
    folder = (package or "").replace(".", "/")
    if any(s.startswith(f"{folder}/") for s in shipped) if package else shipped:
        return
    where = f"`{package}`" if package else "a package"
    inert.project.diagnostics.error(
        "WYE6013", f"`{outside}` reads files of {where}, and none travels with this step", module.span(ref.node),
        help=f"ship them with the step: `@step(files=[...])`; or ship whole packages: {WHOLE}",
    )  # fmt: skip


def _package(module: Module, ref: Ref) -> str | None:
    """The package that a call names first: by its name, or as that of the module itself."""
    argument = ref.call.args[0].value if ref.call and ref.call.args else None
    if isinstance(argument, cst.Name) and argument.value in ("__package__", "__name__"):
        return module.package or module.name
    return literal(ref)


def _check_metadata(inert: Inert, module: Module, ref: Ref, outside: str) -> None:
    package = None if "entry_point" in outside else _package(module, ref)
    if package and not inert.project.owns(tables.import_name(package)):
        return
    what = "finds plugins by what is installed" if "entry_point" in outside else "asks how a package was installed"
    inert.project.diagnostics.error(
        "WYE6014", f"`{outside}` {what}, which a step's program is not", module.span(ref.node),
        help=f"import what is needed by its name, install the package (`packages=[...]`), or ship it with its .dist-info: {WHOLE}",
    )  # fmt: skip
