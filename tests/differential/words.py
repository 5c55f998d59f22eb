"""Random expressions and the account of names that they are made from: draws of numbers in, Python source out.

Alternatives stand with the simplest first: that is where shrinking goes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

Scope = dict[str, str]
"""Names that are certainly bound, with their kinds."""

PARAMETERS: Scope = {"n": "int", "m": "int", "s": "str", "xs": "list", "o": "opt", "b": "bool", "d": "dict"}
SCALARS = ("int", "bool", "str", "float")
_TYPED = ("inc(", "add(", "label(", "tell(", "len(", "zero(", "one(", "total(", "choose(", "fold(", "guard(")
LOOSE = ("opt", "any", "info", "kind", "box", "thing", "bytes", "float", "loose")


@dataclass
class Place:
    """Where a block stands."""

    indent: str = "    "
    depth: int = 0
    loops: int = 0
    jumps: bool = False
    """Whether `break` and `continue` may stand here."""
    skips: bool = True
    """Whether `continue` may (not before a `while` has counted)."""
    final: bool = False
    guarded: bool = False
    """Whether a failure here is caught."""

    def inner(self, **changes: Any) -> Place:
        return replace(self, indent=self.indent + "    ", depth=self.depth + 1, **changes)


@dataclass
class Words:
    """Writes expressions."""

    below: Callable[[int], int]
    """A number from 0 to below the one given."""
    scope: Scope | None
    budget: int
    prefix: str = "v"
    wild: bool = False
    """Whether what may raise stands where nothing catches it."""
    unsure: bool = False
    """Whether names are read that some path may not have bound."""
    bold: bool = False
    """Whether lists and dicts are changed whoever else refers to them."""
    helper: bool = False
    """Whether there is a pipeline `q` to call."""
    lines: list[str] = field(default_factory=list)
    owned: set[str] = field(default_factory=set)
    ever: Scope = field(default_factory=dict)
    count: int = 0
    pure: int = 0
    """Above zero where no step may be called."""
    fuel: int = 0
    """How many expressions in expressions the statement at hand may still have."""
    place: Place = field(default_factory=Place)
    targets: list[set[str]] = field(default_factory=list)
    """What has been assigned, in each part of an enclosing `try` that is being written."""
    frozen: set[str] = field(default_factory=set)
    """The counters of the enclosing `while`s."""
    hard: set[str] = field(default_factory=set)
    """Names whose static type is certain, not only their kind: for `+=` and methods."""

    # --- drawing -------------------------------------------------------------------------------------------------------------

    def pick(self, *options: Any) -> Any:
        """One of these; what is callable is called only when it is chosen."""
        found = options[self.below(len(options))]
        return found() if callable(found) else found

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    # --- names ---------------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> Scope:
        assert self.scope is not None
        return self.scope

    def known(self, *kinds: str) -> str | None:
        """A name of one of these kinds; reading it into another value ends its ownership."""
        found = [n for n, k in self.names.items() if k in kinds]
        if self.unsure and self.chance(25):
            found = [n for n, k in self.ever.items() if k in kinds and n not in self.names] or found
        if not found:
            return None
        name: str = found[-1 - self.below(len(found))] if self.chance(50) else found[self.below(len(found))]
        self.owned.discard(name)
        return name

    def bind(self, kind: str, *, owned: bool = False, fresh: bool = False, text: str = "") -> str:
        """A name to assign to: a new one, or one of the same kind. Call it after its value has been written."""
        same = [n for n, k in self.names.items() if k == kind and n not in self.frozen]
        if same and not fresh and self.chance(25):
            name: str = same[self.below(len(same))]
        else:
            name = self.fresh()
        return self.assigned(name, kind, owned, text)

    def fresh(self) -> str:
        self.count += 1
        return f"{self.prefix}{self.count}"

    def assigned(self, name: str, kind: str, owned: bool = False, text: str = "") -> str:
        self.names[name] = self.ever[name] = kind
        (self.hard.add if text.startswith(_TYPED) or text.isdigit() else self.hard.discard)(name)
        for targets in self.targets:
            targets.add(name)
        if owned:
            self.owned.add(name)
        else:
            self.owned.discard(name)
        return name

    def add(self, text: str) -> None:
        self.lines.append(self.place.indent + text)

    @property
    def raising(self) -> bool:
        """Whether something that may raise is welcome here."""
        return self.place.guarded or (self.wild and self.chance(50))

    @contextmanager
    def quiet(self) -> Any:
        self.pure += 1
        yield
        self.pure -= 1

    # --- expressions -----------------------------------------------------------------------------------------------------------

    def value(self, kind: str, depth: int = 0) -> str:
        if kind in ("int", "bool", "str", "list", "dict"):
            return str(getattr(self, "t_" + kind)(depth))
        return str(self.pick(*self._other(kind, depth)))

    def _other(self, kind: str, depth: int) -> list[Any]:
        name = self.known(kind)
        made: dict[str, Any] = {
            "opt": [lambda: f"maybe({self.t_int(depth + 1)})", "None"],
            "any": [lambda: f"bag({self.t_int(depth + 1)})", lambda: f"bag({self.anything()})"],
            "info": [lambda: f"info({self.t_int(depth + 1)})", lambda: f"Info({self.t_int(depth + 1)}, 0.5)"],
            "kind": [lambda: f"kind({self.t_int(depth + 1)})", "Kind.ODD"],
            "box": [lambda: f"box({self.t_int(depth + 1)})", lambda: f"Box({self.t_int(depth + 1)})"],
            "thing": [lambda: f"thing({self.t_int(depth + 1)})"],
            "bytes": [lambda: f"blob({self.t_int(depth + 1)})"],
            "float": [lambda: f"half({self.t_int(depth + 1)})", lambda: f"{self.t_int(depth + 1)} / 4"],
        }
        options = made[kind]
        if self.pure:
            options = {
                "opt": ["None"], "info": [lambda: f"Info({self.t_int(depth + 1)}, 0.5)"], "kind": ["Kind.ODD"],
                "box": [lambda: f"Box({self.t_int(depth + 1)})"], "float": [lambda: f"{self.t_int(depth + 1)} / 4"],
            }.get(kind, [])  # fmt: skip
        return [*([name] if name else []), *options] or ["None"]

    def anything(self) -> str:
        return self.known(*self.names.values()) or "0"

    def t_int(self, depth: int = 0) -> str:
        name = self.known("int")
        simple = [name] if name else []
        if depth > 2 or self.burnt():
            return name or str(self.below(9))
        deep = depth + 1
        quiet: list[Any] = [
            *simple,
            *simple,
            lambda: str(self.below(15) - 2),
            lambda: f"({self.t_int(deep)} {self.pick('+', '-')} {self.t_int(2)})",
            lambda: f"({self.t_int(deep)} * {self.pick('2', '3')})",
            lambda: f"({self.t_int(deep)} {self.pick('//', '%')} {self.pick('3', '-2', '7')})",
            lambda: f"len({self.pick(self.t_list, self.t_str)})" if depth < 2 else "1",
            lambda: f"({self.t_int(2)} if {self.t_bool(deep)} else {self.t_int(2)})",
            lambda: f"max({self.t_int(2)}, {self.t_int(2)})",
            lambda: f"sum({self.known('list') or '[2]'})",
            lambda: f"max({self.t_list(deep)}, default={self.t_int(2)})",
            lambda: f"sum(e * 2 for e in {self.t_list(2)} if e < 5)",
            self._field,
        ]
        if self.raising:
            quiet += [
                lambda: f"({self.t_int(2)} {self.pick('//', '%')} {self.t_int(2)})",
                lambda: f"{self.known('list') or '[1]'}[{self.below(3)}]",
                lambda: f"{self.known('dict') or '{}'}[{self.pick(repr('k'), repr('q'))}]",
                lambda: f"int({self.t_str(2)})",
            ]
        if self.pure:
            return str(self.pick(*quiet))
        calls: list[Any] = [
            lambda: f"inc({self.t_int(deep)})",
            lambda: f"add({self.t_int(deep)}, {self.t_int(2)})",
            lambda: f"total({self.t_list(deep)})",
            lambda: f"pair({self.t_int(deep)})[0]",
            lambda: f"info({self.t_int(deep)}).count",
            lambda: f"size({self.anything()})",
            lambda: f"weight({self.value('bytes', deep)})",
            lambda: f"(table({self.t_int(deep)})['k'])",
            lambda: f"choose({self.t_int(2)} % 8)",
            lambda: f"fold({self.t_list(2)}, {self.t_int(2)})",
            lambda: f"(inc({self.t_int(2)}) if {self.t_bool(deep)} else {self.t_int(2)})",
            lambda: f"({self.t_int(2)} if {self.t_bool(2)} else inc({self.t_int(2)}))",
            lambda: f"(inc({self.t_int(2)}) or {self.t_int(2)})",
            lambda: f"({self.t_int(2)} and inc({self.t_int(2)}))",
            self._reduced,
        ]
        if self.place.guarded or (self.wild and self.chance(20)):
            calls += [lambda: f"risky({self.t_int(deep)})"] * (4 if self.place.guarded else 1)
        if self.wild and self.chance(10):
            calls += [lambda: f"{self.pick('fails', 'odd_one')}({self.t_int(2)})"]
        return str(self.pick(*quiet, *calls))

    def _field(self) -> str:
        """An int out of something bigger."""
        options = []
        for kind, text in {"info": "{}.count", "box": "{}.size", "thing": "size({})", "bytes": "len({})"}.items():
            if (name := self.known(kind)) and not ("size(" in text and self.pure):
                options.append(text.format(name))
        return str(self.pick(*options)) if options else "1"

    def _reduced(self) -> str:
        """A reduction over a comprehension that calls a step."""
        items = self.t_list(2)
        element = self.pick("inc(e)", "add(e, e)", "(inc(e) if e > 1 else e)", "(e if flip(e) else 0)")
        keep = self.pick("", " if e > 1", " if flip(e)", " if e < 5 and big(e, 1)")
        return str(self.pick(f"sum({element} for e in {items}{keep})", f"len([{element} for e in {items}{keep}])"))

    def t_bool(self, depth: int = 0) -> str:
        deep = depth + 1
        if depth > 2 or self.burnt():
            return self.known("bool") or f"{self.t_int(3)} > 2"
        number = self.t_int(2 if depth else 1)
        options: list[Any] = [
            lambda: f"{number} {self.pick('>', '<', '==', '!=', '>=', '<=')} {self.t_int(2)}",
            lambda: self.known("bool") or "True",
            lambda: f"1 < {number} < {self.t_int(2)}",
            lambda: f"{number} in {self.pick('LIMITS', '(3, 4)', self.known('list') or '[1]')}",
            lambda: f"{self.known('str') or repr('eu')} {self.pick('==', '!=')} 'eu'",
            lambda: f"not {number}",
            lambda: f"{self.known('opt') or 'None'} {self.pick('is', 'is not')} None",
            lambda: f"len({self.t_list(2)}) > 1",
            lambda: f"'k' {self.pick('in', 'not in')} {self.known('dict') or '{}'}",
            lambda: f"{self.known('kind') or 'Kind.EVEN'} {self.pick('is', '==')} Kind.ODD",
            lambda: f"({self.t_bool(deep)} {self.pick('and', 'or')} {self.t_bool(deep)})",
            lambda: f"(not ({self.t_bool(deep)}))",
            lambda: f"({self.known('int') or '0'} and {number} > 1)",
            lambda: f"bool({self.known('list', 'str', 'opt', 'dict') or '[]'})",
            lambda: f"any(e > 2 for e in {self.t_list(2)})",
        ]
        if not self.pure:
            options += [
                lambda: f"flip({number})",
                lambda: f"big({number}, {self.t_int(2)})",
                lambda: f"label({number}) == 'heads'",
                lambda: f"maybe({number}) is None",
                lambda: f"(flip({number}) {self.pick('and', 'or')} {self.t_bool(deep)})",
                lambda: f"({self.t_bool(deep)} {self.pick('and', 'or')} flip({number}))",
                lambda: f"inc({number}) < add({self.t_int(2)}, 1) < {self.t_int(2)}",
                lambda: f"{self.t_int(2)} < inc({number}) < 9",
                lambda: f"(flip({number}) if {self.t_bool(deep)} else {self.t_bool(deep)})",
            ]
        return str(self.pick(*options))

    def condition(self) -> str:
        """What an `if` may test: a bool, or anything's truth."""
        return str(
            self.pick(self.t_bool, self.t_bool, self.t_bool, lambda: self.known("list", "int", "str", "opt", "dict") or "0", self.t_int)
        )

    def t_str(self, depth: int = 0) -> str:
        name = self.known("str")
        options: list[Any] = [*([name] if name else []), "'x'", "NAMES[1]"]
        if depth < 2 and self.place.loops < 2:  # texts that double in every iteration would be too long
            options += [
                lambda: f"f'{{{self.t_int(3)}}}-{{{self.anything()}!r:>3}}'",
                lambda: f"{name if name in self.hard else repr('b')}.upper()",
                lambda: f"({self.t_str(2)} + {self.t_str(2)})",
            ]
            if not self.pure:
                options += [lambda: f"tell({self.anything()})"]
        if not self.pure and depth < 2:
            options += [
                lambda: f"label({self.t_int(depth + 1)})",
                lambda: f"pair({self.t_int(depth + 1)})[1]",
                lambda: f"guard({self.t_int(2)} % 4)",
                lambda: f"('none' if {self.t_bool(depth + 1)} else label({self.t_int(2)}))",
            ]
        return str(self.pick(*options))

    def t_list(self, depth: int = 0) -> str:
        name = self.known("list")
        if depth > 2 or self.burnt():
            return name or "[1, 2]"
        deep = depth + 1
        options: list[Any] = [
            *([name] * 3 if name else []),
            "[]",
            lambda: f"[{self.t_int(2)}, {self.t_int(2)}]",
            lambda: f"sorted({self.t_list(deep)})",
            lambda: f"[e + 1 for e in {self.t_list(deep)}]",
            lambda: f"[e for e in {self.t_list(deep)} if e % 2]",
            lambda: f"{name or '[3]'}[1:]",
            lambda: f"[*{name or '[4]'}, {self.t_int(2)}]",
            lambda: f"({self.t_list(2)} if {self.t_bool(deep)} else {self.t_list(2)})",
        ]
        if not self.pure:
            options += [
                lambda: f"numbers({self.t_int(deep)})",
                lambda: f"grow({self.t_list(deep)})",
                lambda: f"spread({self.t_list(deep)})",
                lambda: self.comprehension(depth),
                lambda: self.comprehension(depth),
            ]
        return str(self.pick(*options))

    def comprehension(self, depth: int = 0) -> str:
        """A list of ints, one or more steps per item."""
        deep = max(depth + 1, 2)
        over = self.t_list(deep)
        keep = self.pick("", "", " if x > 1", " if flip(x)", " if not big(x, 2)", " if x != 2 and flip(x)", f" if x < {self.t_int(3)}")
        element = self.pick("inc(x)", "add(x, x)", f"add(x, {self.t_int(3)})", "(inc(x) if x > 1 else x)", "inc(inc(x))", "x", "choose(x)")
        options: list[Any] = [
            f"[{element} for x in {over}{keep}]",
            f"[{element} for x in {over}{keep}]",
            f"[inc(x, by=y) for x in {over}{keep} for y in [1, x]]",
            f"[add(x, y) for x in {over} for y in numbers(x){keep}]",
            f"[add(i, inc(x)) for i, x in enumerate({over}){keep}]",
            lambda: f"[add(x, y) for x, y in zip({over}, {self.t_list(3)}){keep}]",
            lambda: f"[inc(v) for k, v in {self.known('dict') or '{}'}.items() if k != 'z']",
            lambda: f"[inc(x) for x in range({self.small()}){keep}]",
            f"list({element} for x in {over}{keep})",
            f"sorted({element} for x in {over}{keep})",
            f"sorted({{{element} for x in {over}{keep}}})",
            f"[e for x in {over}{keep} for e in grow(numbers(x))]",
            f"[y for y in [{element} for x in {over}{keep}] if flip(y)]",
            lambda: f"[w['v'] for w in rows({self.t_int(3)}) if big(w['k'], 0)]",
        ]
        return str(self.pick(*options))

    def small(self) -> str:
        """An int that a loop can count to."""
        return str(self.pick("3", lambda: f"len({self.known('list') or '[1]'})", lambda: f"{self.known('int') or '2'} % 4", "2"))

    def t_dict(self, depth: int = 0) -> str:
        name = self.known("dict")
        options: list[Any] = [
            *([name] * 2 if name else []),
            lambda: f"{{'k': {self.t_int(2)}}}",
            lambda: f"{{**{name or '{}'}, 'a': {self.t_int(2)}}}",
            lambda: f"{{k: v + 1 for k, v in {name or '{}'}.items()}}",
        ]
        if not self.pure and depth < 2:
            options += [
                lambda: f"table({self.t_int(depth + 1)})",
                lambda: f"wreck({self.t_dict(2)})",
                lambda: f"{{k: inc(v) for k, v in {name or '{}'}.items()}}",
                lambda: f"{{label(x): inc(x) for x in {self.t_list(2)}}}",
                lambda: f"{{f'{{x}}': x for x in {self.t_list(2)} if flip(x)}}",
            ]
        return str(self.pick(*options))

    def burnt(self) -> bool:
        self.fuel -= 1
        return self.fuel < 0
