"""Random straight-line pipelines: Hypothesis draws in, Python source out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import library
from hypothesis import strategies as st


@dataclass
class _Writer:
    """Writes one pipeline. `names` are the local names by kind of value."""

    draw: Any
    names: dict[str, list[str]] = field(default_factory=lambda: {"int": ["n", "m"], "str": ["s"], "list": ["xs"]})
    lines: list[str] = field(default_factory=list)
    count: int = 0
    pure: int = 0
    """Above zero where a step may not be called: an operand that may not be evaluated."""

    def unsure(self, make: Any, depth: int) -> str:
        self.pure += 1
        text: str = make(depth)
        self.pure -= 1
        return text

    def fresh(self, kind: str) -> str:
        self.count += 1
        self.names.setdefault(kind, []).append(f"v{self.count}")
        return f"v{self.count}"

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def known(self, kind: str) -> str | None:
        return self.draw(st.sampled_from(self.names[kind])) if self.names.get(kind) else None

    def int(self, depth: int = 0) -> str:
        name = self.known("int") or "1"
        if depth > 2:
            return name
        a, b = (lambda: self.int(depth + 1)), (lambda: self.int(depth + 1))
        form = self.draw(st.integers(0, 17))
        match form:
            case 0 | 1 | 2:
                return name
            case 9 | 10 | 11 | 12 | 16 if self.pure:
                return name
            case 3:
                return str(self.draw(st.integers(-3, 12)))
            case 4:
                return f"({a()} {self.pick('+', '-', '*')} {b()})"
            case 5:
                return f"({a()} {self.pick('//', '%')} {b()})"
            case 6:
                return f"len({self.list(depth + 1)})"
            case 7:
                return f"{self.known('list') or '[1]'}[{self.draw(st.integers(-2, 2))}]"
            case 8:
                return f"({self.unsure(self.int, depth + 1)} if {self.bool(depth + 1)} else {self.unsure(self.int, depth + 1)})"
            case 9:
                return f"inc({a()}, by={b()})"
            case 10:
                return f"(table({a()})[{self.pick(repr('k'), repr('z'), repr('q'))}])"
            case 11:
                return f"pair({a()})[0]"
            case 12:
                return f"info({a()}).count"
            case 13:
                return f"({a()} or {self.unsure(self.int, depth + 1)})"
            case 14:
                return f"int({self.pick(repr('7'), repr('x'), 's')})"
            case 15:
                return f"max({self.list(depth + 1)}, default={b()})"
            case 16:
                return f"bag({a()})[{self.draw(st.integers(0, 3))}]" if depth else name
            case _:
                return f"sum(x * 2 for x in {self.list(depth + 1)} if x < 5)"

    def bool(self, depth: int = 0) -> str:
        left = self.int(depth + 1)
        return self.pick(
            f"{left} < {self.int(depth + 1)}",
            f"1 <= {left} < 9",
            f"not {left}",
            f"{left} in LIMITS",
            "s == 'eu'",
            f"{left} == 2 and m // n > 0",
        )

    def str(self, depth: int = 0) -> str:
        return self.pick(
            "s", repr("x'{{y}}"), f"f'{{{self.int(3)}:>3}}|{{s!r}}'", "s.upper()", f"pair({self.int(depth + 1)})[1]", "NAMES[1]"
        )

    def list(self, depth: int = 0) -> str:
        name = self.known("list") or "[]"
        if depth > 2:
            return name
        a, b = self.int(depth + 1), self.int(depth + 1)
        quiet = [
            name,
            f"[{a}, {b}]",
            f"sorted({name})",
            f"[x + 1 for x in {name}]",
            f"{name}[1:]",
            f"[*{name}, 3]",
            f"[x for x in {name} if x % 2]",
        ]
        return self.pick(*quiet, *([] if self.pure else [f"numbers({a})", f"grow({name})", f"[inc(x) for x in [1, {b}]]"]))

    def statement(self, indent: str, depth: int) -> None:
        add = lambda text: self.lines.append(indent + text)  # noqa: E731
        match self.draw(st.integers(0, 15)):
            case 0 | 1:
                value = self.int()
                add(f"{self.fresh('int')} = {value}")
            case 2:
                value = self.list()
                add(f"{self.fresh('list')} = {value}")
            case 3:
                value = self.str()
                add(f"{self.fresh('str')} = {value}")
            case 4:
                value = self.int()
                a, b = self.fresh("int"), self.fresh("str")
                add(f"{a}, {b} = pair({value})")
            case 5:
                value = self.list()
                a, b = self.fresh("int"), self.fresh("int")
                add(f"{a}, {b} = {value}")
            case 6:
                add(f"gate({self.int()})")
            case 7:
                name = self.fresh("list")
                add(f"{name} = []")
                items = self.pick("[1, n]", "LIMITS", "range(3)", "each([2, 3], max_parallel=1)")
                add(f"for i in {items}:")
                for _ in range(self.draw(st.integers(1, 2))):
                    self.lines.append(indent + f"    {name}.append({self.pick('inc(i)', 'i', 'i // m', self.int(1))})")
            case 8:
                value = self.int()
                add(f"{self.fresh('dict')} = table({value}, s={self.str()})")
            case 9:
                value = self.int(1)
                a, b = self.fresh("any"), self.fresh("list")
                add(f"{a}, {b} = inner({value}{self.pick('', ', scale=n', ', 3')})")
            case 10:
                value = self.int(1)
                add(f"{self.fresh('any')} = weigh(Box({value}{self.pick('', ', Kind.EVEN', ', kind(n)')}), extra={{'a': {self.int(1)}}})")
            case 11:
                name = self.known("int")
                if name:
                    value = self.int(1)
                    add(f"{name} {self.pick('+=', '-=', '*=')} {value}")
            case 12:
                value = self.int(1)
                add(f"{self.fresh('any')} = bag({value})")
            case 13:
                name = self.known("any")
                if name:
                    add(f"{self.fresh('any')} = bag({name})")
            case 14:
                value = self.int(1)
                add(f"{self.fresh('any')} = half({value})")
            case _:
                name = self.fresh("dict")
                add(f"{name} = {{'a': {self.int(1)}}}")
                add(f"{name}[s] = {self.int(1)}")


@st.composite
def sources(draw: Any) -> str:
    """The source of a module with one pipeline `p`."""
    writer = _Writer(draw)
    for _ in range(draw(st.integers(1, 7))):
        writer.statement("    ", 0)
    names = [n for kind in writer.names.values() for n in kind]
    kept = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4))
    result = f"({', '.join(kept)},)" if len(kept) != 1 else kept[0]
    return library.pipeline("\n".join([*(line[4:] for line in writer.lines), f"return {result}"]), library.STRAIGHT)
