"""Straight-line programs written for what goes wrong easily: each comes to what the plain call comes to, or is refused with its code."""

from __future__ import annotations

from pathlib import Path

import library
import pytest
from fixed import Fixed, both_ways, check, read

PROGRAMS = r'''
both = {"x": inc(n), "by": m}
ys = [inc(**both), inc(*[n, 2]), inc(**{**{"x": 1}, "by": 5}), inc(*(n,), by=3)]
both["x"] = 100
ys.append(inc(**both))
return ys, [inc(**q) for q in [{"x": 1}, {"x": n, "by": 4}]], [add(*t) for t in [(1, 2), (n, inc(n))]]
---
return inc(**table(n))
# WYE1024
---
return inc(**{(1, [2]): 3, "x": 1})
# WYE1024
---
both = {"x": n}
if n > 2:
    both = {"x": m, "by": 2}
return inc(**both)
# WYE1024
---
t = (10 // m, n)
return t[1]
---
a, b = (10 // m, n)
return b
---
d = {"a": 10 // m}
d["a"] = n
return d
---
d = {"a": n}
d[f"{n}"] = inc(n)
d.update({"z": 2})
d.update(a=3) if False else None
return d
---
ys = []
for i, x in enumerate([n, m]):
    ys += [inc(x, by=i)]
ys.extend(xs)
return ys, len(ys)
---
ys = []
zs = [ys, 1]
ys.append(1)
return zs
# WYE1017
---
ys = []
zs = ys
ys.append(1)
return zs
# WYE1017
---
ys = [1]
k = len(ys)
ys.append(k)
return ys
---
x = 5
for x in []:
    inc(x)
return x
---
for x in range(2):
    y = inc(x)
return x, y
---
def_ = [i for i in range(3)]
i = 9
q = [i for i in xs]
return def_, i, q
---
x = [y := inc(n), y + 1]
return x, y
---
return f"{n=} {s!r:>6} {m + 1 = } {'a' 'b'} {{}} {n:0{m + 3}d} {s:{'<'}5}|"
---
return f"{'x':{n}}" "lit" rf"\d{n}\n" f"\N{BULLET}\t'\"{s}"
---
return sorted(xs, key=lambda v: -v), max(xs, key=lambda v: v % 3), list(map(lambda a: a + n, xs)), [a for a in xs if a > m]
---
n = n + 1
n += m
return n, [n for n in xs], {n: n for n in xs}
---
return {**table(n), "k": 1, **{"q": 2}}
---
a = info(n)
return a.share, a, a[0], a.count
---
a, b = info(n)
c, *d = pair(n)
return a, b, c, d
---
b = Box(inc(n))
c = Box(size=2, kind=Kind.EVEN)
return b.size, b.kind is Kind.ODD, c.kind == Kind.EVEN, b, c.kind.value
---
k = kind(n)
return k is Kind.ODD, k.name, k
---
return (n if n > 1 else m), (n and m), (m or s), not xs, -n ** 2, (-n) ** 2, 2 ** -1, n < m < 1 // m
---
return 1 < n < 10 // m
---
return m > 0 and 10 // m
---
return inner(n), inner(n, scale=m)[0], inner(n)[1][-1]
---
a, b = inner(n, 1)
gate(a)
return half(a), a
# WYE3001
---
x = bag(n)
y = bag(x)
return x[2]["k"], y[0][1], x == y[0]
---
return half(n), half(n / 1)
---
return half("x") if False else half(3)
---
return [grow(numbers(k)) for k in (1, n, 3) if k != 1]
---
return {k: inc(v) for k, v in {"a": 1, "b": n}.items()}
---
return [inc(a) + b for a, b in zip([1, 2], ["x", "y"])]
---
return [inc(a, b) for a, b in zip([1, 2], (n, m))]
---
return sum([inc(a) for a in range(3)]), [inc(v) for v in reversed([1, 2])], [inc(v) for v in sorted([3, 1])]
---
return tuple(inc(v) for v in [1, 2]), set([inc(1)]), {inc(1), 2}
---
xs = xs + [1]
xs = grow(xs)
xs = [*xs, *xs]
return xs
---
first, second = xs[0], xs[-1]
first, second = second, first
return first, second
---
a = b = c = n
a += 1
return a, b, c
---
s += "x"
t = (1,)
t += (n,)
return s, t
---
if LIMITS[0] == 1:
    r = inc(n)
else:
    r = half(n)
return r
---
if False:
    z = 1
return z
# WYE1004
---
return z
# WYE1003
---
gate(100)
return 1
---
r = inc(n)
gate(100)
return r
---
10 // m
return 1
---
xs[7]
return 1
---
_ = 10 // m
return 1
---
u = [10 // m]
return 1
---
v = lambda: 1
return 1
# WYE1023
---
return int("٣"), "ß".upper(), "a-b".split("-"), "x".join(["a", s]), s.encode(), "{}-{}".format(n, s), "%s" % n, s * 2
---
return divmod(n, 2), pow(n, 2, 5), round(2.5), round(n / 7, 2), abs(-n), bin(n), hex(255), ord("a"), chr(97), complex(1, 2)
---
return list(range(n)), list(enumerate(xs, 1)), list(zip(xs, "abc")), dict(a=n, b=m)
---
return dict([("k", n)]), list("ab"), tuple(xs), bool(xs), str(n), repr(s)
---
return xs[1:], xs[::-1], s[0], xs[-1:], {"a": {"b": n}}["a"]["b"], [[n]][0][0], (1, 2, 3)[1:]
---
return None, True, 1.5, 1e300, b"\x00\xff", (), [], {}, (1,), ((1, 2), [3, (4,)]), {1: "a", None: 2, (1, 2): 3}
---
return {"$x": 1}, {"": 0}, 2**53 + 1, -(2**70), 0.1 + 0.2, -0.0
---
return inc(x=n), inc(by=2, x=m), inc(*[n, 3]), inc(**{"x": n, "by": 2})
---
w = weigh(Box(1), extra={"a": [1, (2, n)]})
return w
---
r = inc(n)
for _ in [1, 2]:
    gate(r)
    r = inc(r)
return r
---
for k in [1, 2, 3]:
    if k == 2:
        continue
    r = inc(k)
    if k == 3:
        break
return r
---
for k in [1, 2, 3]:
    if k == 2:
        return inc(k)
return 0
---
"""docstring"""
pass
x: int = inc(n)
y: list[int] = []
y.append(x)
return y
---
a = [1]
b = a + [2]
a.append(3)
return a, b
---
a = {"x": [1]}
b = a["x"]
a["y"] = b
return a
# WYE1017
---
a = [[]]
b = a[0]
a.append(n)
return a, b
# WYE1017
---
a = [n]
r = total(a)
a.append(1)
return r, total(a)
---
a = sorted(xs)
a.append(1)
return a, xs
---
x = n if n else (y := 3)
return x
# WYE1021
---
return (lambda q: q)(n)
# WYE1012
---
return any(v > 2 for v in xs), all(v for v in xs), min(xs, default=0), sum((v for v in xs), 10)
---
return [v for v in xs for w in range(v) if w % 2], [[v for v in range(w)] for w in xs], {v % 2 for v in xs}
---
return [(lambda z: z + v)(1) for v in xs]
# WYE1012
---
n = inc(n) + inc(n, by=inc(m))
return n
---
c = 3 if n == 3 else 10 // m
return c
---
return s == "eu" and s in NAMES, s in {"eu": 1}, n in (1, 3), n not in xs, None is None, s is None, (n == 3) is True
---
return NAMES[0], LIMITS, [*LIMITS, *NAMES], NAMES
---
NAMES[0] = 1
return 1
# WYE1017
---
NAMES.append(1)
return 1
# WYE1017
---
return half(True)
# WYE3001
---
return inc(1.0)
# WYE3001
---
return inc(None)
# WYE3001
---
return numbers(n)[0] if numbers else 1
# WYE1015
---
y = 10 // m
z = y if n > 100 else 0
return z
---
y = 10 // m
z = n > 100 and y
return z
---
y = 10 // m
z = [y for _ in []]
return z
---
y = 10 // m
return sorted(xs, key=lambda v: v + (y if v > 100 else 0))
---
y = xs[5]
z = 0 < 1 - n < y
return z
---
return True and n, False or n, 0 and n, 1 or n, LIMITS and m, "" or s, not LIMITS
---
return 2 ** 3 ** 2, (2 ** 3) ** n, -n ** 2, n - (m - 1) - 1, n // (m + 2) * 2, n - m + 1, (n, m) + (1,)
---
a = bag.after(inc(n))(m)
gate.after(a)(n)
return a
---
x = inc(n)
x = inc(x, x)
return {"x": x, "inc": inc(x)}
---
for a, b in [(1, [n, m]), (2, LIMITS)]:
    for c in b:
        x = inc(a, c)
return x, a, b, c
---
for k, v in {"a": 10 // m, "b": 1}.items():
    pass
return k
---
for k in {"a": 10 // m}:
    pass
return k
---
a, (b, *c), d = 1, [n, m, 3], xs
return a, b, c, d
---
return GREETING.format(n), GREETING.upper(), LIMITS.index(2)
'''


@pytest.mark.parametrize("program", read(PROGRAMS, library.STRAIGHT), ids=str)
@both_ways
def test_equals_the_plain_call_or_is_refused(program: Fixed, way: str, folder: Path) -> None:
    check(program, folder, way)
