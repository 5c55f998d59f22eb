"""Folding: an expression as written goes in, a Python value comes out, or `NotConstant` with the place that is to blame.

Bounded and independent of the Python that runs the compiler: literals, integer arithmetic up to 64 bits, `+` on strings and tuples,
displays, subscripts of folded values, module constants. No calls but those of the SDK's own settings, and `Uri`.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

import libcst as cst

from wye.diagnostics.suggest import near
from wye.frontend.inference import MUTATORS
from wye.frontend.project import SMALL_STATEMENTS, Definition, External, Module, Project, Unresolved, dotted
from wye.sdk import settings as sdk

_SETTINGS: dict[str, Callable[..., Any]] = {
    f"wye.{c.__name__}": c for c in (sdk.Resources, sdk.Retry, sdk.Secret, sdk.Schedule, sdk.Cache, sdk.Format)
}


def _power(base: int, exponent: int) -> int:
    if not 0 <= exponent < 64:
        raise OverflowError("the exponent is not from 0 to 63")
    return int(base**exponent)


_ARITHMETIC: dict[type[cst.BaseBinaryOp], Callable[[Any, Any], Any]] = {
    cst.Add: operator.add, cst.Subtract: operator.sub, cst.Multiply: operator.mul, cst.FloorDivide: operator.floordiv,
    cst.Modulo: operator.mod, cst.Power: _power, cst.BitAnd: operator.and_, cst.BitOr: operator.or_, cst.BitXor: operator.xor,
}  # fmt: skip
_LIMIT = 100_000
"""Folded nodes in one expression: a bound, not a promise."""


class NotConstant(Exception):
    """The expression is no compile-time constant; `reason` completes "… because it"."""

    def __init__(self, module: Module, node: cst.CSTNode, reason: str, help: str | None = None) -> None:
        super().__init__(reason)
        self.module, self.node, self.reason, self.help = module, node, reason, help


class Constants:
    """Folds expressions in the scope of one of the user's modules."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._mutated: dict[tuple[str, str], cst.CSTNode | None] = {}
        self._modules = 0

    def fold(self, module: Module, node: cst.BaseExpression, *, settings: bool = False) -> Any:
        """The value of the expression. Raises `NotConstant`, and `SettingError` from the SDK's own classes."""
        return _Fold(self, self._project, settings).value(module, node, ())

    def constant(self, definition: Definition) -> Any:
        """The value of a module-level constant. Raises `NotConstant`."""
        return _Fold(self, self._project, False).definition(definition.module, definition.node, definition, ())

    def mutation(self, definition: Definition, *, nested: bool) -> cst.CSTNode | None:
        """A place in any of the user's modules that stores into a constant or takes a second reference to it.

        `nested`: its items can be changed as well, so a second reference to one counts.
        """
        if self._modules != len(self._project.modules):
            self._modules = len(self._project.modules)
            self._mutated.clear()
        key = (definition.module.name, definition.name)
        if key not in self._mutated:
            self._mutated[key] = self._find_mutation(definition, nested)
        return self._mutated[key]

    def _find_mutation(self, wanted: Definition, nested: bool) -> cst.CSTNode | None:
        for module in list(self._project.modules.values()):
            finder = _MutationFinder(self._project, module, wanted, nested)
            module.tree.visit(finder)
            if finder.found is not None:
                return finder.found
        return None


class _Fold:
    def __init__(self, constants: Constants, project: Project, settings: bool) -> None:
        self._constants, self._project, self._settings = constants, project, settings
        self._budget = _LIMIT

    def value(self, module: Module, node: cst.BaseExpression, seen: tuple[tuple[str, str], ...]) -> Any:
        self._budget -= 1
        if self._budget < 0 or len(seen) > 100:
            raise NotConstant(module, node, "is too large to fold")
        match node:
            case cst.Integer() | cst.Float() | cst.Imaginary():
                return node.evaluated_value
            case cst.SimpleString() | cst.ConcatenatedString():
                text = node.evaluated_value
                if text is None:
                    raise NotConstant(module, node, "is an f-string")
                return text
            case cst.Name(value="True" | "False" | "None" as name):
                return {"True": True, "False": False, "None": None}[name]
            case cst.Name() | cst.Attribute():
                return self._name(module, node, seen)
            case cst.UnaryOperation():
                return self._unary(module, node, seen)
            case cst.BinaryOperation():
                return self._binary(module, node, seen)
            case cst.List() | cst.Tuple() | cst.Set():
                items: list[Any] = []
                for element in node.elements:
                    inner = self.value(module, element.value, seen)
                    if isinstance(element, cst.StarredElement):
                        if not isinstance(inner, list | tuple):
                            raise NotConstant(module, element, "unpacks something that is no list or tuple")
                        items.extend(inner)
                    else:
                        items.append(inner)
                if isinstance(node, cst.Set):
                    return set(items)
                return items if isinstance(node, cst.List) else tuple(items)
            case cst.Dict():
                return self._dict(module, node, seen)
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=index))]):
                value, key = self.value(module, node.value, seen), self.value(module, index, seen)
                try:
                    return value[key]
                except Exception as error:
                    raise NotConstant(module, node, f"fails: {type(error).__name__}: {error}") from None
            case cst.Call():
                return self._call(module, node, seen)
        raise NotConstant(module, node, "is computed at run time")

    def _unary(self, module: Module, node: cst.UnaryOperation, seen: tuple[tuple[str, str], ...]) -> Any:
        value = self.value(module, node.expression, seen)
        if isinstance(node.operator, cst.Not):
            return not value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NotConstant(module, node, "is computed at run time")
        if isinstance(node.operator, cst.Minus):
            return -value
        if isinstance(node.operator, cst.Plus):
            return value
        if isinstance(value, int):
            return ~value
        raise NotConstant(module, node, "is computed at run time")

    def _binary(self, module: Module, node: cst.BinaryOperation, seen: tuple[tuple[str, str], ...]) -> Any:
        left, right = self.value(module, node.left, seen), self.value(module, node.right, seen)
        if type(left) is int and type(right) is int and type(node.operator) in _ARITHMETIC:
            try:
                result = _ARITHMETIC[type(node.operator)](left, right)
            except ArithmeticError as error:
                raise NotConstant(module, node, f"fails: {type(error).__name__}: {error}") from None
            if -(2**63) <= result < 2**63:
                return result
            raise NotConstant(module, node, "does not fit in 64 bits")
        if isinstance(node.operator, cst.Add) and type(left) is type(right) and type(left) in (str, bytes, tuple, list):
            self._budget -= len(left) + len(right)
            return left + right
        raise NotConstant(module, node, "is computed at run time")

    def _dict(self, module: Module, node: cst.Dict, seen: tuple[tuple[str, str], ...]) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for element in node.elements:
            value = self.value(module, element.value, seen)
            if isinstance(element, cst.StarredDictElement):
                if not isinstance(value, dict):
                    raise NotConstant(module, element, "unpacks something that is no dict")
                result.update(value)
            elif isinstance(element, cst.DictElement):
                try:
                    result[self.value(module, element.key, seen)] = value
                except TypeError:
                    raise NotConstant(module, element.key, "is no hashable key") from None
        return result

    def _name(self, module: Module, node: cst.BaseExpression, seen: tuple[tuple[str, str], ...]) -> Any:
        name = dotted(node)
        found = self._project.follow_path(module, name.split(".")) if name else Unresolved("is computed at run time")
        if isinstance(found, Definition):
            return self.definition(module, node, found, seen)
        if isinstance(found, Unresolved):
            raise NotConstant(module, node, found.reason)
        raise NotConstant(module, node, "is not a constant of yours")

    def definition(self, module: Module, node: cst.CSTNode, found: Definition, seen: tuple[tuple[str, str], ...]) -> Any:
        key = (found.module.name, found.name)
        if key in seen:
            raise NotConstant(module, node, "is defined by itself")
        statement = found.node
        value = None
        if isinstance(statement, cst.AnnAssign) or (isinstance(statement, cst.Assign) and len(statement.targets) == 1):
            target = statement.target if isinstance(statement, cst.AnnAssign) else statement.targets[0].target
            value = statement.value if isinstance(target, cst.Name) else None
        if value is None or not _at_top(found.module, statement):
            raise NotConstant(module, node, "is not a plain constant of its module")
        result = self.value(found.module, value, (*seen, key))
        if isinstance(result, list | dict | set):
            parts = result.values() if isinstance(result, dict) else result
            place = self._constants.mutation(found, nested=any(isinstance(v, list | dict | set) for v in parts))
            if place is not None:
                raise NotConstant(
                    module, node, "names a value that is changed or shared elsewhere", "make it a tuple, or build it in a step"
                )
        return result

    def _call(self, module: Module, node: cst.Call, seen: tuple[tuple[str, str], ...]) -> Any:
        name = dotted(node.func)
        found = self._project.follow_path(module, name.split(".")) if name else None
        make = _SETTINGS.get(found.dotted) if isinstance(found, External) else None
        if found == External("wye.Uri") and len(node.args) == 1 and not (node.args[0].keyword or node.args[0].star):
            text = self.value(module, node.args[0].value, seen)
            if isinstance(text, str):
                return text
        if not self._settings or make is None:
            raise NotConstant(module, node, "is a call")
        if any(a.star for a in node.args):
            raise NotConstant(module, node, "unpacks arguments")
        args = [self.value(module, a.value, seen) for a in node.args if not a.keyword]
        keywords = {a.keyword.value: self.value(module, a.value, seen) for a in node.args if a.keyword}
        try:
            inspect.signature(make).bind(*args, **keywords)
        except TypeError as error:
            unknown = next((k for k in keywords if k not in inspect.signature(make).parameters), None)
            message = f"`{make.__name__}` has no setting `{unknown}`" if unknown else f"`{make.__name__}`: {error}"
            raise sdk.SettingError(unknown or "", message, near(unknown, inspect.signature(make).parameters)) from None
        return make(*args, **keywords)


class _MutationFinder(cst.CSTVisitor):
    """Finds a store into a constant, a mutating method on it, or a second name for it."""

    def __init__(self, project: Project, module: Module, wanted: Definition, nested: bool) -> None:
        self._project, self._module, self._wanted, self._nested = project, module, wanted, nested
        self.found: cst.CSTNode | None = None

    def _is(self, node: cst.CSTNode) -> bool:
        name = dotted(node)
        alias = isinstance(node, cst.Name) and node.value in self._module.bindings
        if not name or (name.rpartition(".")[2] != self._wanted.name and not alias):
            return False
        found = self._project.follow_path(self._module, name.split("."))
        return isinstance(found, Definition) and found.module is self._wanted.module and found.name == self._wanted.name

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        """A pipeline's body is not run: what it may store into is checked where it is lowered."""
        for decorator in node.decorators:
            name = dotted(decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator)
            if name and self._project.follow_path(self._module, name.split(".")) == External("wye.pipeline"):
                return False
        return True

    def _base(self, node: cst.CSTNode) -> bool:
        while isinstance(node, cst.Subscript):
            node = node.value
        return self._is(node)

    def _store(self, target: cst.CSTNode, place: cst.CSTNode) -> None:
        if (isinstance(target, cst.Subscript) and self._base(target)) or (isinstance(target, cst.Attribute) and self._base(target.value)):
            self.found = self.found or place

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._store(target.target, node)
        if self._is(node.value) or (self._nested and isinstance(node.value, cst.Subscript) and self._base(node.value)):
            self.found = self.found or node

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if node.value is not None and self._is(node.value):
            self.found = self.found or node

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._store(node.target, node)
        if self._is(node.target):
            self.found = self.found or node

    def visit_Del(self, node: cst.Del) -> None:
        self._store(node.target, node)

    def visit_Global(self, node: cst.Global) -> None:
        if self._module is self._wanted.module and any(n.name.value == self._wanted.name for n in node.names):
            self.found = self.found or node

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in MUTATORS and self._base(node.func.value):
            self.found = self.found or node


def _at_top(module: Module, statement: cst.CSTNode) -> bool:
    """Whether a statement stands in no compound statement."""
    return any(statement in line.body for line in module.tree.body if isinstance(line, SMALL_STATEMENTS))
