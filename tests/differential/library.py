"""The steps, classes and constants that the programs of these tests call; the source of a module with those that its pipelines use."""

from __future__ import annotations

import ast
import re

SIGNATURE = (
    "def p(n: int = 3, m: int = 0, s: str = 'eu', xs: list[int] = [3, 1, 2], o: int | None = None, b: bool = True, "
    "d: dict[str, int] = {'k': 2, 'z': 5}):"
)
"""What every pipeline `p` takes."""

STRAIGHT = "def p(n: int = 3, m: int = 0, s: str = 'eu', xs: list[int] = [3, 1, 2]):"
"""What a straight-line pipeline takes."""

_TEXT = '''
LIMITS = (1, 2)

NAMES = ["a", "b"]

GREETING = "hello {}"

class Trouble(ValueError):
    pass

class Worse(Trouble):
    pass

class Odd(Exception):
    pass

class Info(NamedTuple):
    count: int
    share: float

class Kind(Enum):
    ODD = "odd"
    EVEN = "even"

@dataclass
class Box:
    size: int
    kind: Kind = Kind.ODD

class Thing:
    """Travels as a pickle."""

    def __init__(self, size):
        self.size = size

    def __repr__(self):
        return f"Thing({self.size!r})"

@step
def inc(x: int, by: int = 1) -> int:
    return x + by

@step
def add(a: int, b: int) -> int:
    return a + b

@step
def half(x: float) -> float:
    return x / 2

@step
def flip(x: int) -> bool:
    return x % 2 == 0

@step
def big(x: int, limit: int = 4) -> bool:
    return x > limit

@step
def maybe(x: int) -> int | None:
    return x if x % 3 else None

@step
def label(x: int) -> str:
    return "heads" if x % 2 == 0 else "tails"

@step
def numbers(n: int) -> list[int]:
    return list(range(n % 4))

@step
def grow(xs: list[int]) -> list[int]:
    xs.append(len(xs))
    return xs

@step
def wreck(d: dict[str, int]) -> dict[str, int]:
    d["w"] = len(d)
    return d

@step
def total(xs: list) -> int:
    return len(repr(xs))

@step
def pair(x: int) -> tuple[int, str]:
    return x * 2, f"<{x}>"

@step
def info(x: int) -> Info:
    return Info(x, x)

@step
def table(x: int, s: str = "k") -> dict[str, int]:
    return {s: x, "z": -x}

@step
def rows(n: int) -> list[dict[str, int]]:
    return [{"k": i, "v": i * i} for i in range(n % 4)]

@step
def couples(n: int) -> list[tuple[int, str]]:
    return [(i, "ab"[i % 2]) for i in range(n % 4)]

@step
def bag(x):
    return [x, x, {"k": (x, None)}]

@step
def kind(x: int) -> Kind:
    return Kind.ODD if x % 2 else Kind.EVEN

@step
def box(x: int) -> Box:
    return Box(x, Kind.EVEN)

@step
def weigh(box: Box, *, extra: dict = {}) -> float:
    return box.size + len(extra) + (box.kind is Kind.ODD)

@step
def thing(x: int):
    return Thing(x)

@step
def size(t) -> int:
    return t.size if isinstance(t, Thing) else len(repr(t))

@step
def blob(x: int) -> bytes:
    return bytes([x % 200]) * (x % 3)

@step
def weight(b: bytes) -> int:
    return len(b) * 2

@step
def gate(x: int) -> None:
    if x > 40:
        raise ValueError(x)

@step
def check(x: int) -> None:
    if x % 4 == 3:
        raise Trouble(f"check of {x}")

@step
def note(x) -> None:
    return None

@step
def tell(x) -> str:
    return f"told {x!r}"

@step
def risky(x: int) -> int:
    if x % 5 == 1:
        raise ValueError(f"risky {x}")
    if x % 5 == 2:
        raise KeyError(x)
    if x % 5 == 3:
        raise Worse(f"risky {x}")
    return x * 10

@step
def fails(x) -> int:
    raise Trouble(f"fails {x}")

@step
def odd_one(x) -> int:
    raise Odd(x)

@step
def one() -> int:
    return 1

@step
def zero() -> int:
    return 0

@step
def never() -> int:
    raise RuntimeError("this step never runs")

@pipeline
def inner(n: int, scale: float = 2) -> tuple[float, list[int]]:
    xs = grow(numbers(n))
    gate(n - 20)
    return scale * n, xs

@pipeline
def choose(n: int, other: int = 7) -> int:
    if flip(n):
        return inc(n)
    if n > 8:
        raise Trouble(f"choose {n}")
    return other

@pipeline
def fold(xs: list[int], start: int = 0) -> int:
    total = start
    for x in xs:
        if x > 9:
            break
        total = add(total, x)
    return total

@pipeline
def guard(n: int) -> str:
    try:
        x = risky(n)
    except KeyError:
        return "key"
    except Trouble:
        x = -1
    return f"{x}"

@pipeline
def spread(xs: list[int]) -> list[int]:
    return [inc(x) for x in xs if flip(x)]

@pipeline
def clean(n: int) -> None:
    if n > 5:
        check(n)
'''

_WORD = re.compile(r"[A-Za-z_]\w*")
_IMPORTS = {"dataclass": "dataclasses", "Enum": "enum", "NamedTuple": "typing"}


def _pieces() -> dict[str, str]:
    pieces: dict[str, str] = {}
    for text in re.split(r"\n\n(?=\S)", _TEXT.strip("\n")):
        name = re.search(r"^(?:def|class) (\w+)|^(\w+) =", text, re.M)
        assert name, text
        pieces[name[1] or name[2]] = text
    return pieces


PIECES = _pieces()
"""The source of each definition, by name."""


def _named(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


_NEEDS = {name: _named(text) & PIECES.keys() - {name} for name, text in PIECES.items()}


def module(body: str) -> str:
    """A module with everything that the definitions in `body` name, then `body`."""
    wanted: set[str] = set()
    stack = list(_named(body) & PIECES.keys())
    while stack:
        name = stack.pop()
        if name not in wanted:
            wanted.add(name)
            stack.extend(_NEEDS[name])
    parts = [text for name, text in PIECES.items() if name in wanted]
    known = {w for text in (body, *parts) for w in _WORD.findall(text)}
    head = ["from __future__ import annotations"]
    head += [f"from {source} import {name}" for name, source in _IMPORTS.items() if name in known]
    head += [f"from wye import {'each, ' * ('each' in known)}pipeline{', step' * ('step' in known)}"]
    return "\n\n\n".join(["\n".join(head), *parts, body.rstrip("\n") + "\n"])


def pipeline(body: str, signature: str = SIGNATURE, name: str = "p") -> str:
    """A module with one pipeline that has these lines."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    return module(f"@pipeline\n{signature.replace('def p(', f'def {name}(')}\n{lines}")
