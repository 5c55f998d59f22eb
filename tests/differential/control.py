"""Random pipelines with control flow: draws of numbers in, Python source with the arguments of two runs out.

The writer keeps account of what is certainly bound where, of what kind each name is, and of which names own their list or dict, so that
nearly all that it writes is in the language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import library
from hypothesis import strategies as st
from words import PARAMETERS, SCALARS, Place, Scope, Words


@dataclass(frozen=True)
class Program:
    """A module with the pipeline `p`, and arguments to run it with."""

    source: str
    arguments: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        start = max(self.source.find("@pipeline\ndef q("), 0) or self.source.index("@pipeline\ndef p(")
        return self.source[start:].replace(library.SIGNATURE, "def p(n, m, s, xs, o, b, d):") + "".join(f"# {a}\n" for a in self.arguments)


@dataclass
class Writer(Words):
    """Writes the body of one pipeline."""

    # --- statements ------------------------------------------------------------------------------------------------------------

    def block(self, place: Place, most: int, least: int = 1) -> None:
        """Statements until the block ends or nothing that follows could run."""
        outer, self.place = self.place, place
        start = len(self.lines)
        for _ in range(least + self.below(max(1, most - least + 1))):
            if self.scope is None or (self.budget <= 0 and len(self.lines) > start):
                break
            self.budget -= 1
            self.statement()
        if len(self.lines) == start:
            self.add("pass")
        self.place = outer

    def statement(self) -> None:
        place, deep = self.place, self.place.depth
        self.fuel = 2 + self.below(6)
        simple: list[Callable[[], None]] = [
            lambda: self.assign("int"), lambda: self.assign("int"), lambda: self.assign("list"), lambda: self.assign("str"),
            lambda: self.assign("bool"), lambda: self.assign("dict"), self.other, self.other, self.effect, self.unpacking, self.augmented,
            self.mutate, self.walrus, self.unused, self.nested,
        ]  # fmt: skip
        control: list[Callable[[], None]] = [self.branch, self.branch, self.joined, self.loop, self.loop, self.collect, self.attempt]
        if place.loops < 2:
            control += [self.repeat, self.folded]
        if deep and not place.final:
            simple += [self.early] * (2 if place.loops < 2 else 1)
        if place.jumps:
            simple += [self.jump] * 3
        if place.guarded or (self.wild and self.chance(40)):
            simple += [self.fail, self.burst, self.burst, self.burst]
        if self.bold:
            simple += [self.mutate, self.mutate, self.alias, self.alias] * 2
        heavy = deep < 3 and self.budget > 0
        self.pick(*simple, *(control * (2 if deep == 0 else 1) if heavy else []))

    def assign(self, kind: str) -> None:
        text = self.value(kind)
        fresh = text.startswith(("[", "{", "sorted(", "list(", "dict(")) and text.endswith((")", "]", "}"))
        owned = fresh and kind in ("list", "dict") and not text.endswith("[1:]")
        self.add(f"{self.bind(kind, owned=owned, text=text)} = {text}")

    def other(self) -> None:
        kind = self.pick("opt", "any", "info", "kind", "box", "thing", "bytes", "float")
        text = self.value(kind)
        self.add(f"{self.bind(kind)} = {text}")

    def effect(self) -> None:
        """A call for its effect."""
        calls: list[Any] = [
            lambda: f"note({self.anything()})",
            lambda: f"gate({self.t_int(2)} % 30)",
            lambda: f"inc({self.t_int(2)})",
            lambda: f"clean({self.t_int(2)} % 6)",
        ]
        if self.raising:
            calls += [
                lambda: f"check({self.t_int(2)})",
                lambda: f"clean({self.t_int(2)})",
                lambda: f"gate({self.t_int(2)} * 9)",
            ]
        self.add(self.pick(*calls))

    def unpacking(self) -> None:
        form = self.below(5 if self.raising else 4)
        if form == 0:
            text = self.t_int(1)
            self.add(f"{self.bind('int', fresh=True)}, {self.bind('str', fresh=True)} = pair({text})")
        elif form == 1:
            left, right = self.t_int(1), self.t_int(1)
            self.add(f"{self.bind('int', fresh=True)}, {self.bind('int', fresh=True)} = {left}, {right}")
        elif form == 2:
            text = self.t_int(1)
            self.add(f"{self.bind('int', fresh=True)}, _ = info({text})")
        elif form == 3:
            text = self.t_int(2)
            self.add(f"_, {self.bind('list', fresh=True)} = inner({text} % 20)")
        else:
            text = self.known("list") or "numbers(3)"
            self.add(f"{self.bind('int', fresh=True)}, *{self.bind('list', fresh=True)} = {text}")

    def augmented(self) -> None:
        kind = self.pick("int", "int", "str")
        found = [n for n, k in self.names.items() if k == kind and n in self.hard and n not in self.frozen]
        if not found:
            return self.assign("int")
        name = found[-1 - self.below(len(found))]
        if kind == "str":
            text = f" += {self.pick(repr('x'), lambda: f'label({self.t_int(1)})')}"
        else:
            text = self.pick(lambda: f" += {self.t_int(1)}", lambda: f" -= {self.t_int(2)}", " *= 2", " //= 3")
        self.add(f"{self.assigned(name, kind, text='inc(')}{text}")

    def mutate(self) -> None:
        """A mutation of an owned name."""
        found = [n for n in self.names if n in self.owned]
        if self.bold:
            found = [n for n, k in self.names.items() if k in ("list", "dict") and n not in PARAMETERS]
        if not found:
            return self.assign("list")
        name = found[-1 - self.below(len(found))]
        kind = self.names[name]
        if kind == "list":
            text = self.pick(lambda: f".append({self.t_int(1)})", lambda: f".extend({self.t_list(1)})", lambda: f" += {self.t_list(1)}")
        else:
            text = self.pick(
                lambda: f"['a'] = {self.t_int(1)}", lambda: f"[{self.t_str(2)}] = {self.t_int(1)}", lambda: f".update({self.t_dict(1)})"
            )
        if name not in self.owned and not self.bold:  # read in its own argument
            return self.assign("list")
        self.add(f"{self.assigned(name, kind, True)}{text}")

    def walrus(self) -> None:
        text = self.t_int(1)
        name = self.bind("int", fresh=True)
        self.add(f"{self.bind('int')} = ({name} := {text}) + {name}")

    def unused(self) -> None:
        """An expression that nobody uses."""
        self.add(
            self.pick(
                lambda: f"tell({self.anything()})",
                lambda: f"_ = {self.t_int(1)}",
                lambda: self.t_int(1),
                lambda: f"_ = inc({self.t_int(2)})",
            )
        )

    def nested(self) -> None:
        """A call of another pipeline."""
        calls = [("int", lambda: f"choose({self.t_int(2)} % 8)"), ("int", lambda: f"fold({self.t_list(2)})"),
                 ("str", lambda: f"guard({self.t_int(2)} % 4)"), ("list", lambda: f"spread({self.t_list(2)})")]  # fmt: skip
        if self.helper:
            calls = [("loose", lambda: f"q({self.t_int(2)}, {self.t_list(2)})")] * 3 + calls
        kind, text = calls[self.below(len(calls))]
        made = text()
        self.add(f"{self.bind(kind, text=made)} = {made}")

    def fail(self) -> None:
        error = self.pick(
            "ValueError('no')",
            lambda: f"KeyError({self.t_int(3)})",
            lambda: f"RuntimeError(f'at {{{self.anything()}}}')",
            "Trouble('t')",
            "Odd()",
        )
        if self.chance(40):
            return self.add(f"assert {self.t_bool(1)}, {self.t_str(2)}")
        if self.chance(60):
            return self.add(f"if {self.t_bool(1)}:\n{self.place.indent}    raise {error}")
        self.add(f"raise {error}")
        self.scope = None

    def burst(self) -> None:
        """What may raise: bound, or used by nobody."""
        text = self.pick(
            lambda: f"10 // {self.known('int') or '0'}",
            lambda: f"{self.known('list') or '[]'}[{self.below(3)}]",
            lambda: f"{self.known('dict') or '{}'}[{self.pick(repr('k'), repr('q'))}]",
            lambda: f"int({self.known('str') or repr('x')})",
            lambda: f"risky({self.t_int(2)})",
            lambda: f"choose({self.t_int(2)})",
            lambda: f"{self.known('opt') or 'None'} + 1",
        )
        if self.chance(40):
            self.add(text)
        elif self.chance(20):
            self.add(f"assert {text}")
        else:
            self.add(f"{self.bind('loose' if '+ 1' in text else 'int')} = {text}")

    def alias(self) -> None:
        """A second reference to a list or dict."""
        found = [n for n, k in self.names.items() if k in ("list", "dict") and n not in PARAMETERS]
        if not found:
            return self.assign("list")
        name = found[-1 - self.below(len(found))]
        kind = self.names[name]
        text = self.pick(name, f"[{name}]", f"{{'a': {name}}}", f"({name}, 1)[0]", f"{name} or []") if kind == "list" else name
        self.add(f"{self.bind(kind if text == name else 'any')} = {text}")

    def early(self) -> None:
        self.add(f"return {self.result()}")
        self.scope = None

    def result(self) -> str:
        if self.chance(20):
            return str(self.pick(self.t_int, self.t_bool, self.t_list, self.t_str, "None"))
        names = list(self.names)
        chosen = [names[-1 - self.below(len(names))] for _ in range(1 + self.below(3))] if names else []
        found = list(dict.fromkeys(chosen))
        self.owned.difference_update(found)  # they are part of another value now
        return found[0] if len(found) == 1 else f"({', '.join(found)})" if found else "0"

    def jump(self) -> None:
        word = self.pick("break", "continue") if self.place.skips else "break"
        if self.chance(20):
            self.add(word)
            self.scope = None
        else:
            self.add(f"if {self.condition()}:\n{self.place.indent}    {word}")

    # --- control flow ----------------------------------------------------------------------------------------------------------

    def branch(self) -> None:
        """if/elif/else."""
        self.add(f"if {self.condition()}:")
        before, owned = dict(self.names), set(self.owned)
        self.block(self.place.inner(), 3)
        arms = [(self.scope, self.owned)]
        for _ in range(self.pick(0, 0, 0, 1, 2)):
            self.scope, self.owned = dict(before), set(owned)
            self.add(f"elif {self.condition()}:")
            owned = owned & self.owned
            self.block(self.place.inner(), 2)
            arms.append((self.scope, self.owned))
        self.scope, self.owned = dict(before), set(owned)
        if self.chance(60):
            self.add("else:")
            self.block(self.place.inner(), 3)
        self.merge(*arms, (self.scope, self.owned))

    def merge(self, *arms: tuple[Scope | None, set[str]]) -> None:
        alive = [(s, o) for s, o in arms if s is not None]
        if not alive:
            self.scope = None
            return
        merged = dict(alive[0][0])
        for scope, _ in alive[1:]:
            for name in list(merged):
                other = scope.get(name)
                if other is None:
                    del merged[name]
                elif other != merged[name]:
                    merged[name] = "opt" if {other, merged[name]} == {"int", "opt"} else "loose"
        self.scope = merged
        self.owned = set.intersection(*(o for _, o in alive))

    def joined(self) -> None:
        """One name, assigned in the arms of an `if`: of one kind, or a constant in one and something else in the other."""
        kind = self.pick("int", "str", "list", "opt", "any", "thing", "box", "bytes", "info", "float")
        name, before = self.fresh(), self.chance(30)
        constant = {"int": "0", "str": "'none'", "list": "[]", "float": "0.5"}.get(kind, "None")
        if before:
            self.add(f"{name} = {constant if self.chance(50) else self.value(kind)}")
            self.assigned(name, kind)
        self.add(f"if {self.condition()}:")
        indent = self.place.indent
        self.add(f"    {name} = {self.value(kind, 1)}")
        if not before or self.chance(40):
            self.lines.append(f"{indent}else:")
            self.add(f"    {name} = {self.pick(constant, lambda: self.value(kind, 1))}")
        self.assigned(name, kind if kind in SCALARS or kind == "list" else "opt" if kind == "opt" else "loose")

    def iterable(self) -> tuple[str, str, Scope]:
        """What a loop goes over, its targets, and their kinds."""
        x, k = self.fresh(), self.fresh()
        one: Scope = {x: "int"}
        two: Scope = {k: "int", x: "int"}
        pair = f"{k}, {x}"
        name = self.known("list") or "[1, 2]"
        items = self.t_list(1) if self.chance(50) else name
        options: list[tuple[Any, str, Scope]] = [
            (items, x, one),
            (name, x, one),
            (lambda: f"range({self.small()})", x, one),
            (lambda: f"[{self.t_int(2)}, {self.t_int(2)}]", x, one),
            (f"enumerate({items})", pair, two),
            (lambda: f"{self.known('dict') or 'table(3)'}.items()", pair, {k: "str", x: "int"}),
            (f"zip({items}, {name})", pair, two),
            (lambda: f"couples({self.t_int(2)})", pair, {k: "int", x: "str"}),
            (lambda: self.known("str") or "'ab'", x, {x: "str"}),
            (lambda: f"each({items}, max_parallel={self.pick(1, 2)})", x, one),
            ("LIMITS", x, one),
            (f"reversed({name})", x, one),
            (f"sorted({items})", x, one),
            (lambda: f"zip({name}, {self.known('str') or repr('xy')})", pair, {k: "int", x: "str"}),
            (f"enumerate({name}, 1)", pair, two),
            (lambda: self.known("dict") or "{'k': 1}", x, {x: "str"}),
            ("NAMES", x, {x: "str"}),
            (lambda: f"rows({self.t_int(2)})", x, {x: "dict"}),
            (lambda: f"{{'a': {self.t_int(2)}, 'k': {self.t_int(2)}, 'a': {self.t_int(2)}}}.items()", pair, {k: "str", x: "int"}),
            (lambda: f"{{**{self.known('dict') or 'table(3)'}, 'k': {self.t_int(2)}}}", x, {x: "str"}),
        ]
        over, target, kinds = options[self.below(len(options))]
        return (over() if callable(over) else over), target, kinds

    def loop(self, body: Callable[[], None] | None = None, head: tuple[str, str, Scope] | None = None) -> None:
        """A `for`. Afterwards, what it binds for the first time is not certainly bound."""
        over, target, kinds = head or self.iterable()
        if len(kinds) == 1 and self.chance(10):
            shadowed = [n for n, k in self.names.items() if k == kinds[target] and n not in self.frozen and n not in over]
            if shadowed and not head:
                target, kinds = shadowed[0], {shadowed[0]: kinds[target]}
        self.add(f"for {target} in {over}:")
        before, owned = dict(self.names), set(self.owned)
        for name, kind in kinds.items():
            self.assigned(name, kind)
        inner = self.place.inner(loops=self.place.loops + 1, jumps=True, skips=True)
        if body:
            outer, self.place = self.place, inner
            body()
            if self.scope is not None and not self.owned and self.chance(25):
                self.statement()
            self.place = outer
        else:
            self.block(inner, 3)
        self.leave(before, owned)

    def leave(self, before: Scope, owned: set[str]) -> None:
        """After a loop: what was bound before it is bound, of the kind that it had."""
        after = self.scope
        self.scope = {n: k if after is None or after.get(n, k) == k else "loose" for n, k in before.items()}
        self.owned &= owned

    def collect(self) -> None:
        """Fan-in: a list, a dict, a sum or a text, made item by item."""
        head = self.iterable()
        kinds = head[2]
        number = next((n for n, k in kinds.items() if k == "int"), "1")
        word = next((n for n, k in kinds.items() if k == "str"), f"f'{{{number}}}'")
        kind = self.pick("list", "list", "dict", "int", "str", "bool")
        name = self.fresh()
        self.add(f"{name} = " + {"list": "[]", "dict": "{}", "int": self.pick("0", "zero()"), "str": "''", "bool": "False"}[kind])
        self.assigned(name, kind, kind in ("list", "dict"))

        def body() -> None:
            if self.chance(30):
                self.budget -= 1
                kept = self.names.pop(name)  # a second reference to it ends its ownership
                self.statement()
                if self.scope is None:
                    return
                self.scope[name] = kept
            if number != "1" and self.names.get(number) != "int":
                return self.add("pass")
            value = self.pick(
                f"inc({number})", number, lambda: f"add({number}, {self.t_int(3)})", f"({number} * 2)", f"choose({number} % 8)"
            )
            texts = {
                "list": [
                    f"{name}.append({value})",
                    f"{name}.append(len({name}))",
                    f"{name}.append(total({name}))",
                    f"{name} += [{value}]",
                    f"{name}.extend(numbers({number}))",
                ],
                "dict": [f"{name}[{word}] = {value}", f"{name}.update({{{word}: {value}}})"],
                "int": [f"{name} = add({name}, {value})", f"{name} += {value}", f"{name} = max({name}, {value})", f"{name} = inc({name})"],
                "str": [f"{name} += label({number})", f"{name} = {name} + {word}", f"{name} += {word}"],
                "bool": [f"{name} = {name} or big({number}, 2)", f"{name} = flip({number})", f"{name} = not {name}"],
            }
            text = self.pick(*texts[kind])
            if self.chance(35):
                self.add(f"if {self.condition()}:\n{self.place.indent}    {text}")
                if self.chance(30):
                    other = self.pick(*texts[kind], "continue", "break")
                    self.add(f"else:\n{self.place.indent}    {other}")
            else:
                self.add(text)
            self.assigned(name, kind, kind in ("list", "dict"))

        self.loop(body, head)
        if kind in ("list", "dict") and name in self.names and self.chance(50):
            self.owned.discard(name)

    def folded(self) -> None:
        """A carried value and a way out."""
        start = self.pick("0", "zero()", lambda: self.t_int(2))
        name = self.bind("int", fresh=True)
        self.add(f"{name} = {start}")
        over, target, kinds = self.iterable()
        number = next((n for n, k in kinds.items() if k == "int"), "2")

        def body() -> None:
            step = f"{name} = {self.pick(f'add({name}, {number})', f'{name} + {number}', f'inc({name})')}"
            way = self.pick("break", "continue", f"return {name}", "pass") if not self.place.final else "break"
            test = self.pick(f"big({name}, 6)", f"{number} == 2", f"flip({number})", self.condition)
            order = [step, f"if {test}:\n{self.place.indent}    {way}"]
            for line in order if self.chance(50) else order[::-1]:
                self.add(line)
            self.assigned(name, "int")

        self.loop(body, (over, target, kinds))

    def repeat(self) -> None:
        """A `while` that ends: it counts."""
        i = self.bind("int", fresh=True)
        self.add(f"{i} = {self.pick('0', 'zero()', 'one()')}")
        limit = self.pick("3", "2", "4")
        test = self.pick(
            f"{i} < {limit}", lambda: f"{i} < {limit} and {self.t_bool(1)}", f"not big({i}, {limit})", f"{i} < inc({limit})", "True",
            f"big({limit}, {i})",
        )  # fmt: skip
        self.add(f"while {test}:")
        before, owned = dict(self.names), set(self.owned)
        first = test == "True" or self.chance(60)
        outer, frozen = self.place, self.frozen
        inner = outer.inner(loops=outer.loops + 1, jumps=True, skips=first)
        self.frozen = frozen | {i}
        count = self.pick(f"{i} += 1", f"{i} = inc({i})", f"{i} = add({i}, 1)")
        self.place = inner
        if first:
            self.add(count)
        if test == "True":
            self.add(f"if {i} >= {limit}:\n{self.place.indent}    {self.pick('break', f'return {i}') if not outer.final else 'break'}")
        self.place = outer
        self.block(inner, 3)
        if not first and self.scope is not None:
            self.lines.append(f"{inner.indent}{count}")
        self.frozen = frozen
        for targets in self.targets:
            targets.add(i)
        self.leave(before, owned)

    def attempt(self) -> None:
        """try/except/else/finally. Afterwards is bound what the body and every handler that goes on bind."""
        place, outer = self.place, dict(self.names)
        forms = self.pick(1, 1, 2, 0)
        final = forms == 0 or self.chance(30)
        touched, changed = set[str](), set[str]()
        self.targets += [touched, changed]
        self.owned = set()
        self.add("try:")
        self.block(place.inner(guarded=forms > 0 or place.guarded), 3)
        self.targets.pop()
        tried, used = self.scope, list[str]()
        arms: list[Scope | None] = []
        kinds = ["Exception", "ValueError", "(KeyError, Trouble)", "Worse", "Trouble", "(ValueError, KeyError)", "Odd", "LookupError"]
        for number in range(forms):
            self.scope, self.owned = {n: k for n, k in outer.items() if n not in changed}, set()
            what = "" if number == forms - 1 and self.chance(30) else self.pick(*(k for k in kinds if k not in used))
            used.append(what)
            self.add(f"except {what}:" if what else "except:")
            self.block(place.inner(), 2)
            arms.append(self.scope)
            if not what:
                break
        self.scope, self.owned = tried, set()
        if forms and tried is not None and self.chance(25):
            self.add("else:")
            self.block(place.inner(), 2)
        arms.append(self.scope)
        self.targets.pop()
        if not final:
            return self.merge(*((a, set[str]()) for a in arms))
        bound = set[str]()
        self.scope, self.owned = {n: k for n, k in outer.items() if n not in touched}, set()
        self.add("finally:")
        self.targets.append(bound)
        self.block(place.inner(final=True, jumps=False), 2)
        self.targets.pop()
        ended = self.scope
        if ended is not None:
            self.merge(*((a, set[str]()) for a in arms))
            if self.scope is not None:
                self.scope.update({n: k for n, k in ended.items() if n in bound})


ARGUMENTS: dict[str, list[Any]] = {
    "n": [3, 0, 1, 2, 4, 5, 6, 8, 11, -1], "m": [0, 1, 2, 3, 7], "s": ["eu", "us", "", "x{{y}}"],
    "xs": [[3, 1, 2], [], [1], [4, 2], [2, 2, 5, 0]], "o": [None, 0, 4], "b": [True, False],
    "d": [{"k": 2, "z": 5}, {}, {"z": 0, "a": 3}],
}  # fmt: skip


def program(below: Callable[[int], int], *, unsure: bool = False, bold: bool = False, size: int = 12) -> Program:
    """A program of about `size` statements at most, from draws of numbers."""
    budget = 2 + below(size - 1)
    wild = below(5) > 1
    helper = below(4) == 3
    writer = Writer(below, {"n": "int", "ys": "list"}, min(4, 1 + budget // 2), prefix="w", wild=wild)
    parts = [_written(writer, "def q(n: int, ys: list[int] = [1, 2]):")] if helper else []
    writer = Writer(below, dict(PARAMETERS), budget, wild=wild, unsure=unsure, bold=bold, helper=helper)
    writer.ever.update(PARAMETERS)
    main = _written(writer, library.SIGNATURE)
    parts = [*(parts if " q(" in main else []), main]
    runs = tuple({name: values[below(len(values))] for name, values in ARGUMENTS.items()} for _ in range(2))
    return Program(library.module("\n\n\n".join(parts)), runs)


@st.composite
def programs(draw: Any, *, unsure: bool = False, bold: bool = False, size: int = 12) -> Program:
    """As `program`, drawn by Hypothesis."""
    return program(lambda count: draw(st.integers(0, count - 1)) if count > 1 else 0, unsure=unsure, bold=bold, size=size)


def _written(writer: Writer, signature: str) -> str:
    writer.block(Place(), 5, 2)
    if writer.scope is not None and writer.chance(95):
        names = [n for n in writer.scope if n not in PARAMETERS] or list(writer.scope)
        kept = names[-6:]
        writer.add(f"return {kept[0] if len(kept) == 1 else f'({chr(44).join(kept)})'.replace(',', ', ')}")
    lines = "\n".join(writer.lines)
    return f"@pipeline\n{signature}\n{lines}\n"
