"""Annotations as written go in, type descriptors come out; nothing is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import libcst as cst

from wye.frontend import inference
from wye.frontend.project import Definition, External, Module, Project, dotted, statements
from wye.runtime.types import Type, contains

_ATOMS: dict[str, Type] = {
    "None": "none", "bool": "bool", "int": "int", "float": "float", "str": "str", "bytes": "bytes", "complex": "complex",
    "pathlib.Path": "path", "pathlib.PurePath": "path", "pathlib.PosixPath": "path",
    "datetime.datetime": "datetime", "datetime.date": "date", "datetime.time": "time", "datetime.timedelta": "timedelta",
    "decimal.Decimal": "decimal", "uuid.UUID": "uuid", "wye.Uri": "str",
    "wye.Context": ("class", "wye:Context"), "wye.Failure": ("class", "wye:Failure"),
    "list": ("list", "json"), "typing.List": ("list", "json"), "dict": ("dict", "json", "json"), "typing.Dict": ("dict", "json", "json"),
    "set": ("set", "json"), "typing.Set": ("set", "json"), "frozenset": ("frozenset", "json"), "typing.FrozenSet": ("frozenset", "json"),
    "tuple": ("tuple*", "json"), "typing.Tuple": ("tuple*", "json"),
}  # fmt: skip
_GENERIC = {"list": 1, "set": 1, "frozenset": 1, "dict": 2}
_ENUMS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"})

ClassKind = Literal["dataclass", "namedtuple", "enum", "typeddict"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A type, and what `Annotated` said beside it: an output's name, a file format."""

    type: Type
    name: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class ClassField:
    name: str
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A dataclass, NamedTuple, TypedDict or Enum of the user's. `own_code`: making one is more than filling its fields in order."""

    kind: ClassKind
    id: str
    fields: tuple[ClassField, ...]
    members: tuple[str, ...]
    own_code: bool
    definition: Definition

    @property
    def type(self) -> Type:
        if self.kind == "typeddict":
            return ("dict", "str", "json")
        traits = [a for a in ("path", "any") if any(contains(f.type, a) for f in self.fields)]
        return ("class", self.id, *traits)


class Annotations:
    """Reads annotations and class definitions of one project; each class once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._classes: dict[tuple[str, str], ClassInfo | None] = {}

    def read(self, module: Module, annotation: cst.Annotation | None) -> Annotation:
        """The declared type; `any` when there is no annotation or none that Wye knows."""
        return self._read(module, annotation.annotation, 0) if annotation else Annotation("any")

    def type(self, module: Module, node: cst.BaseExpression) -> Type:
        return self._read(module, node, 0).type

    def _read(self, module: Module, node: cst.CSTNode, depth: int) -> Annotation:
        if depth > 40:
            return Annotation("any")
        match node:
            case cst.SimpleString() | cst.ConcatenatedString():
                text = node.evaluated_value
                try:
                    return self._read(module, cst.parse_expression(str(text)), depth + 1)
                except cst.ParserSyntaxError:
                    return Annotation("any")
            case cst.BinaryOperation(operator=cst.BitOr()):
                sides = (self._read(module, side, depth + 1).type for side in (node.left, node.right))
                return Annotation(inference.join(*sides))
            case cst.Subscript():
                return self._subscript(module, node, depth)
            case cst.Name() | cst.Attribute():
                return Annotation(self._name(module, node, depth))
            case cst.Ellipsis():
                return Annotation("any")
        return Annotation("any")

    def _name(self, module: Module, node: cst.BaseExpression, depth: int) -> Type:
        found = self._project.follow_path(module, dotted(node).split(".")) if dotted(node) else None
        match found:
            case External(dotted=name):
                return _ATOMS.get(name, "any")
            case Definition(node=cst.ClassDef()):
                info = self.class_info(found)
                return info.type if info else "any"
            case Definition(node=cst.Assign() | cst.AnnAssign() | cst.TypeAlias() as alias) if alias.value is not None:
                value = alias.value
                if isinstance(value, cst.Call) and self.external(found.module, value.func) == "typing.NewType" and len(value.args) == 2:
                    value = value.args[1].value
                if isinstance(value, cst.Name | cst.Attribute | cst.Subscript | cst.BinaryOperation):
                    return self._read(found.module, value, depth + 1).type
        return "any"

    def external(self, module: Module, node: cst.CSTNode) -> str:
        """The dotted name of something that is not the user's; empty when it is something else."""
        name = dotted(node)
        found = self._project.follow_path(module, name.split(".")) if name else None
        return found.dotted if isinstance(found, External) else ""

    def _subscript(self, module: Module, node: cst.Subscript, depth: int) -> Annotation:
        head = self.external(module, node.value)
        items = [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
        if head in ("typing.Annotated", "typing_extensions.Annotated") and items:
            inner = self._read(module, items[0], depth + 1)
            names = [str(i.evaluated_value) for i in items[1:] if isinstance(i, cst.SimpleString)]
            formats = [
                str(i.args[0].value.evaluated_value)
                for i in items[1:]
                if isinstance(i, cst.Call)
                and self.external(module, i.func) == "wye.Format"
                and i.args
                and isinstance(i.args[0].value, cst.SimpleString)
            ]
            return Annotation(inner.type, names[0] if names else inner.name, formats[0] if formats else inner.format)
        if head in ("typing.Literal", "typing_extensions.Literal"):
            values = [_literal(i) for i in items]
            return Annotation(("literal", *(v for v, _ in values)) if all(ok for _, ok in values) else "any")
        args = [self._read(module, i, depth + 1).type for i in items]
        short = head.removeprefix("typing.")
        short = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple"}.get(short, short)
        if short == "Optional" and len(args) == 1:
            return Annotation(inference.join(args[0], "none"))
        if short == "Union":
            return Annotation(inference.join(*args))
        if short in _GENERIC and len(args) == _GENERIC[short]:
            return Annotation((short, *args))
        if short == "tuple":
            if len(items) == 2 and isinstance(items[1], cst.Ellipsis):
                return Annotation(("tuple*", args[0]))
            if len(items) == 1 and isinstance(items[0], cst.Tuple) and not items[0].elements:
                return Annotation(("tuple",))
            return Annotation(("tuple", *args))
        if short in ("Final", "ClassVar", "Required", "NotRequired", "ReadOnly") and len(args) == 1:
            return Annotation(args[0])
        return Annotation("any")

    def elements(self, module: Module, annotation: cst.Annotation | None) -> tuple[Annotation, ...]:
        """The annotations inside a `tuple[A, B]` return annotation, with their names; empty when it is something else."""
        node: cst.CSTNode | None = annotation.annotation if annotation else None
        for _ in range(40):  # a type alias, or text, may stand for another one
            if isinstance(node, cst.SimpleString):
                try:
                    node = cst.parse_expression(str(node.evaluated_value))
                except cst.ParserSyntaxError:
                    return ()
            elif isinstance(node, cst.Name | cst.Attribute) and dotted(node):
                found = self._project.follow_path(module, dotted(node).split("."))
                if not isinstance(found, Definition) or not isinstance(found.node, cst.Assign | cst.AnnAssign | cst.TypeAlias):
                    return ()
                module, node = found.module, found.node.value
            else:
                break
        if not isinstance(node, cst.Subscript) or self.external(module, node.value) not in ("tuple", "typing.Tuple"):
            return ()
        items = [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
        if any(isinstance(i, cst.Ellipsis) for i in items) or (len(items) == 1 and isinstance(items[0], cst.Tuple)):
            return ()
        return tuple(self._read(module, i, 1) for i in items)

    def class_info(self, definition: Definition) -> ClassInfo | None:
        """What a user's class is, when it is a kind whose values can travel as parameters."""
        key = (definition.module.name, definition.name)
        if key not in self._classes:
            self._classes[key] = None  # a class that mentions itself is `any` inside itself
            self._classes[key] = self._class(definition)
        return self._classes[key]

    def _class(self, definition: Definition) -> ClassInfo | None:
        node, module = definition.node, definition.module
        assert isinstance(node, cst.ClassDef)
        kind = self._kind(module, node)
        if kind is None:
            return None
        inherited = self._inherited(module, node) if kind in ("dataclass", "typeddict") else {}
        fields, members = dict(inherited), []
        own_code = False
        for statement in statements(node.body.body):
            match statement:
                case cst.AnnAssign(target=cst.Name(value=name)) if kind != "enum":
                    head = self._head(module, statement.annotation.annotation)
                    if head not in ("typing.ClassVar", *_PSEUDO_FIELDS):
                        fields[name] = ClassField(name, self.type(module, statement.annotation.annotation), statement.value is None)
                    if head in _PSEUDO_FIELDS or _is_special(statement.value):
                        own_code = True
                case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]) if kind == "enum" and not name.startswith("_"):
                    members.append(name)
                case cst.FunctionDef(name=cst.Name(value="__init__" | "__new__" | "__post_init__" | "__setattr__" | "_missing_")):
                    own_code = True
        for decorator in node.decorators:
            call = decorator.decorator
            own_code = own_code or (isinstance(call, cst.Call) and any(a.keyword and a.keyword.value in _CONSTRUCTION for a in call.args))
        own_code = own_code or any(self._constructs(module, base.value) for base in node.bases)
        return ClassInfo(kind, f"{module.name}:{definition.name}", tuple(fields.values()), tuple(members), own_code, definition)

    def _head(self, module: Module, node: cst.BaseExpression) -> str:
        return self.external(module, node.value if isinstance(node, cst.Subscript) else node)

    def _kind(self, module: Module, node: cst.ClassDef) -> ClassKind | None:
        for base in node.bases:
            name = dotted(base.value)
            found = self._project.follow_path(module, name.split(".")) if name else None
            if isinstance(found, External):
                if found.dotted in _ENUMS:
                    return "enum"
                if found.dotted == "typing.NamedTuple":
                    return "namedtuple"
                if found.dotted in ("typing.TypedDict", "typing_extensions.TypedDict"):
                    return "typeddict"
            elif (
                isinstance(found, Definition)
                and isinstance(found.node, cst.ClassDef)
                and self._kind(found.module, found.node) in ("enum", "typeddict")
            ):
                return self._kind(found.module, found.node)
        for decorator in node.decorators:
            target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
            if self.external(module, target) == "dataclasses.dataclass":
                return "dataclass"
        return None

    def _inherited(self, module: Module, node: cst.ClassDef) -> dict[str, ClassField]:
        fields: dict[str, ClassField] = {}
        for base in reversed(node.bases):
            found = self._project.follow_path(module, dotted(base.value).split(".")) if dotted(base.value) else None
            if isinstance(found, Definition) and isinstance(found.node, cst.ClassDef):
                info = self.class_info(found)
                fields.update({f.name: f for f in info.fields} if info else {})
        return fields

    def _constructs(self, module: Module, base: cst.BaseExpression) -> bool:
        """Whether a base class adds code to construction: one of the user's that does, or any that Wye does not know."""
        name = dotted(base)
        found = self._project.follow_path(module, name.split(".")) if name else None
        if isinstance(found, External):
            return found.dotted not in {*_ENUMS, "typing.NamedTuple", "typing.TypedDict", "object", "str", "int", "typing.Generic"}
        if isinstance(found, Definition) and isinstance(found.node, cst.ClassDef):
            info = self.class_info(found)
            return info is None or info.own_code
        return not isinstance(base, cst.Subscript)


_PSEUDO_FIELDS = ("dataclasses.InitVar", "dataclasses.KW_ONLY")
_CONSTRUCTION = ("init", "kw_only")
"""Arguments of `dataclass` and `field` that change how a class is made."""


def _is_special(value: cst.BaseExpression | None) -> bool:
    """`field(default_factory=f)` with an f that is not an empty builtin container, or a field that is not simply an argument."""
    if not isinstance(value, cst.Call):
        return False
    for arg in value.args:
        if arg.keyword and arg.keyword.value in _CONSTRUCTION:
            return True
        if arg.keyword and arg.keyword.value == "default_factory":
            return dotted(arg.value) not in ("list", "dict", "set", "tuple", "str", "int", "float", "bool", "frozenset")
    return False


def _literal(node: cst.BaseExpression) -> tuple[object, bool]:
    match node:
        case cst.SimpleString():
            value = node.evaluated_value
            return value, isinstance(value, str)
        case cst.Integer():
            return node.evaluated_value, True
        case cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer() as number):
            return -number.evaluated_value, True
        case cst.Name(value="True" | "False" | "None" as name):
            return {"True": True, "False": False, "None": None}[name], True
    return None, False
