"""Branches, joins, conditions and early returns that go wrong easily: each comes to what the plain call comes to, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixed import Fixed, both_ways, check, read

PROGRAMS = r"""
# both arms assign
if flip(n):
    r = inc(n)
else:
    r = half(n)
return r
# with n=4
---
# one arm assigns, a value before
r = 0
if flip(n):
    r = inc(n)
return r
# with n=4
---
# the six-SDK program
r = label(n)
if r == "heads":
    x = one()
else:
    x = zero()
return x
# with n=4
---
# the six-SDK program as a ternary in statement form
r = label(n)
one() if r == "heads" else zero()
return r
# with n=4
---
# elif chain
if n == 1:
    r = "one"
elif n == 2:
    r = label(n)
elif n == 3:
    r = tell(n)
else:
    r = s
return r
# with n=1
# with n=2
# with n=7
---
# elif with step calls in every condition: later ones run only when asked
if flip(n):
    r = 1
elif big(n, 5):
    r = inc(2)
elif flip(inc(n)):
    r = 3
else:
    r = never()
return r
# with n=4
# with n=7
---
# a constant in one arm and an output in the other
if b:
    r = "none"
else:
    r = label(n)
return r
# with b=False
---
# the arm that is taken yields None
if b:
    r = None
else:
    r = inc(n)
return r is None, tell(r)
# with b=False
---
# the arm that is taken yields False
r = True
if b:
    r = flip(n)
return r, (not r)
# with b=False
# with n=2
---
# the arm that is taken yields an empty list
r = [1]
if b:
    r = numbers(m)
return r, total(r)
# with b=False
---
# an artifact in one arm, a constant in the other
if b:
    r = thing(n)
else:
    r = None
return size(r)
# with b=False
---
# an artifact in one arm, a JSON output in the other
if b:
    r = bag(n)
else:
    r = inc(n)
return r, size(r)
# with b=False
---
# bytes or None
r = None
if n > 2:
    r = blob(n)
return tell(r)
# with n=1
---
# two artifacts
if b:
    r = thing(n)
else:
    r = thing(m)
return size(r)
# with b=False
---
# an object comes through a join unchanged
t = thing(n)
if b:
    u = t
else:
    u = t
return size(u), size(t)
# with b=False
---
# a tuple's parts, joined one by one
if b:
    x, y = pair(n)
else:
    x, y = 0, "no"
return x, y
# with b=False
---
# a NamedTuple joined whole, its fields read after
if b:
    i = info(n)
else:
    i = Info(m, 0.5)
return i.count, i.share, i
# with b=False
---
# a dataclass or a step's dataclass
if b:
    x = Box(n)
else:
    x = box(m)
return x.size, x.kind is Kind.ODD, weigh(x)
# with b=False
---
# enum members joined
k = Kind.EVEN if b else kind(n)
return k is Kind.EVEN, k
# with b=False
---
# unused assignments in arms
if b:
    x = inc(n)
else:
    y = inc(m)
return n
# with b=False
---
# effect calls in one arm only
if big(n, 2):
    note(n)
return n
# with n=1
---
# a skipped arm skips exactly its own tasks
x = inc(n)
if flip(n):
    y = add(x, 1)
    z = add(y, 1)
    note(z)
else:
    y = x
w = add(y, x)
note(w)
return w
# with n=4
---
# what depends on the join runs, whichever arm was taken
if b:
    r = inc(n)
else:
    r = inc(m)
return add(r, 1), add(r, 2)
# with b=False
---
# nested branches, four ways
if flip(n):
    if big(n):
        r = "big even"
    else:
        r = label(n)
else:
    if big(n):
        r = tell(n)
    else:
        r = "small odd"
return r
# with n=2
# with n=6
# with n=7
---
# nested branches where the inner one assigns only sometimes
r = 0
if b:
    r = 1
    if flip(n):
        r = inc(n)
        if big(r):
            r = -r
return r
# with n=4
# with n=6
# with b=False
---
# a branch on a joined value
if b:
    q = flip(n)
else:
    q = True
if q:
    r = one()
else:
    r = zero()
return r
# with b=False
# with n=2
---
# the same condition twice
if flip(n):
    x = inc(n)
else:
    x = 0
if flip(n):
    y = add(x, 1)
else:
    y = 7
return x, y
# with n=4
---
# the condition's own value is used in the arms and after
c = flip(n)
if c:
    r = tell(c)
else:
    r = "no"
return c, r
# with n=4
---
# the condition's variable is rebound in the arm
x = n
if x > 2:
    x = inc(x)
else:
    x = -1
return x
# with n=1
---
# names swapped in an arm
x, y = n, m
if b:
    x, y = y, x
return x, y
# with b=False
---
# the join of a join
if b:
    x = 1
elif n > 2:
    x = inc(n)
else:
    x = m
y = x if flip(x) else add(x, x)
return y
# with b=False
# with b=False, n=1
---
# truth of a number, a text, a list, a dict, None
r = []
if n:
    r = r + [1]
if m:
    r = r + [2]
if s:
    r = r + [3]
if xs:
    r = r + [4]
if d:
    r = r + [5]
if o:
    r = r + [6]
if not xs:
    r = r + [7]
return r
# with n=0, s="", xs=[], d={}, o=4
---
# truth of outputs
r = "".join(["a" if numbers(n) else "b", "c" if maybe(n) else "d", "e" if table(n) else "f"])
return r
# with n=4
# with n=0
---
# the truth of an artifact is its own class's affair
t = thing(n)
if t:
    r = 1
else:
    r = 2
return r
---
# is None on a parameter and on an output
if o is None:
    x = "p"
else:
    x = "q"
y = maybe(n)
if y is not None:
    z = add(y, 1)
else:
    z = 0
return x, z
# with o=0, n=4
---
# in, not in
r = 0
if n in LIMITS:
    r = 1
if n in xs:
    r = r + 2
if "k" not in d:
    r = r + 4
if s in NAMES:
    r = r + 8
if "e" in s:
    r = r + 16
return r
# with n=1, d={}
# with n=9, s="a"
---
# d["k"] and xs[i] as conditions
if d["k"] > 1 and xs[0] < 9:
    r = inc(n)
else:
    r = m
return r
# with d={"k": 0}
# with d={}
---
# attributes as conditions
i = info(n)
x = box(n)
if i.count > 2 and x.size != 9 and x.kind is Kind.EVEN:
    r = "yes"
else:
    r = "no"
return r
# with n=1
---
# an attribute of an artifact
t = thing(n)
if t.size > 2:
    r = inc(n)
else:
    r = 0
return r
# with n=1
---
# len and arithmetic on outputs
ys = numbers(n)
if len(ys) > 1 and sum(ys) % 2 == 1:
    r = total(ys)
else:
    r = len(ys) - 1
return r
# with n=2
# with n=0
---
# 1 == 1.0 == True, and "1" is none of them
r = []
if n == 1.0:
    r = r + ["float"]
if n == True:
    r = r + ["bool"]
if s == "1":
    r = r + ["text"]
if half(2) == 1:
    r = r + ["half"]
return r
# with n=1, s="1"
# with s="1.0"
---
# big numbers and floats at their edges
x = half(9007199254740993)
if n * 9007199254740993 > 9007199254740993 * 3 - 1:
    r = "more"
else:
    r = "less"
return r, x > 4503599627370496, 0.1 + 0.2 == 0.3
# with n=2
---
# hostile texts in conditions
if s == "x{{y}}":
    r = "braces"
elif s == "$(id)":
    r = "shell"
elif s == "'\"`":
    r = "quotes"
elif s == "":
    r = "empty"
else:
    r = "plain"
return r, s
# with s="x{{y}}"
# with s="$(id)"
# with s="'\"`"
# with s=""
---
# comparisons of texts are Python's
return ("a" < s, s < "Z", s <= "eu", label(n) > s)
# with s="É"
# with s=""
---
# chained comparison with steps: the third is called only if the first two are in order
r = zero() < inc(n) < never() if n > 5 else one() < inc(n) < 9
return r
---
# chained comparison stops at the first false
r = inc(n) < zero() < never()
return r
---
# chained comparison of three steps
r = zero() < inc(n) < add(n, 5)
if one() < inc(m) < add(n, n):
    r = not r
return r
# with n=-9
# with m=7
---
# short circuit: and
r = flip(n) and big(inc(n))
return r
# with n=4
# with n=2
---
# short circuit: or
r = flip(n) or big(inc(n), 3)
return r
# with n=4
---
# short circuit keeps the operand's value
x = numbers(m) or inc(n)
y = numbers(n) and inc(n)
z = maybe(n) or "none"
return x, y, z
# with m=2, n=4
---
# short circuit over three operands
r = flip(n) or big(n, 8) or label(n)
return r
# with n=4
# with n=9
---
# short circuit: the operand not evaluated may fail
r = b or fails(n)
q = o and odd_one(n)
return r, q
# with b=False
---
# short circuit as a statement
flip(n) and note(n)
flip(n) or note(m)
return n
# with n=4
---
# not of a step
if not flip(n):
    r = 1
else:
    r = 2
return r, not big(n)
# with n=4
---
# a ternary with a step in each arm
r = inc(n) if b else add(m, 1)
return r
# with b=False
---
# a ternary with a step in its condition
r = "yes" if flip(n) else "no"
return r
# with n=4
---
# nested ternaries
r = inc(n) if flip(n) else add(n, 1) if big(n, 2) else zero()
return r
# with n=4
# with n=1
---
# a ternary as an argument
return inc(add(n, 1) if b else m, by=2 if flip(n) else inc(m))
# with b=False, n=4
---
# order of evaluation: arguments, then the call
return add(inc(n) if flip(n) else zero(), inc(m) if b else one())
# with n=4, b=False
---
# a pure ternary whose arm would fail
r = 10 // m if m else 0
q = xs[9] if len(xs) > 9 else -1
return r, q
# with m=3
---
# an arm that raises although its value is not used
if b:
    x = 10 // m
return n
# with b=False
# with m=2
---
# raising before an if, used only in an arm that is not taken
x = 10 // m
if n > 100:
    r = x
else:
    r = 0
return r
# with m=2
---
# raising before an if, used in both arms
x = 10 // m
if b:
    r = inc(x)
else:
    r = add(x, 1)
return r
# with m=2
---
# raising before an if, used in an arm's condition only
x = d["q"]
if b:
    r = 1
else:
    if x:
        r = 2
    else:
        r = 3
return r
# with d={"q": 1}
---
# raising inside an arm, used after the join
if b:
    x = 10 // m
else:
    x = 1
return inc(x)
# with b=False
# with m=2
---
# raising in the condition itself
if 10 // m > 3:
    r = one()
else:
    r = zero()
return r
# with m=2
# with m=9
---
# raising in the second operand, not reached
if m and 10 // m > 3:
    r = one()
else:
    r = zero()
return r
# with m=2
---
# raising after a branch
if b:
    r = inc(n)
else:
    r = n
x = xs[7]
return r
# with xs=[0, 0, 0, 0, 0, 0, 0, 0]
---
# an unused raising subscript in an arm
if b:
    xs[5]
return n
# with b=False
---
# an unused raising call of int in an arm that is not taken
if n > 9:
    int("x")
return n
# with n=10
---
# a failing step in the arm taken
if b:
    r = fails(n)
else:
    r = n
return r
# with b=False
---
# a gate in an arm holds back what follows the if
if b:
    check(n)
note(n)
return inc(n)
# with b=False
# with n=4
---
# a gate in an arm holds back what nobody else holds back
if b:
    check(n)
return inc(n)
# with b=False
# with n=4
---
# a gate in an arm of an arm holds back what follows
if b:
    if n > 2:
        check(n)
    x = inc(n)
else:
    x = 0
return add(x, 1)
# with b=False
---
# a step that fails holds back the effects after it
x = fails(n)
note(m)
return x
---
# a step that fails in an arm holds back the effects after the branch
if b:
    x = fails(n)
else:
    x = 0
note(m)
return x
# with b=False
---
# a step that fails holds back the effects in arms
x = fails(n)
if b:
    note(m)
else:
    tell(m)
return x
# with b=False
---
# what follows an effect waits for it
note(n)
return inc(n)
# first note, inc
---
# an effect waits for what comes before it
x = inc(n)
note(m)
return x
# first inc, note
---
# what follows an effect in an arm waits for it
if b:
    note(n)
return inc(n)
# first note, inc
---
# effects keep their order through branches
inc(n)
if b:
    half(n)
else:
    flip(n)
tell(n)
# first inc, half
# first half, tell
---
# .after orders what an arm does
x = half(n)
if b:
    y = inc.after(x)(m)
else:
    y = 0
return x, y
# first half, inc
---
# .after a join orders what comes after it
if b:
    x = half(n)
else:
    x = 0
y = inc.after(x)(m)
return x, y
# first half, inc
# with b=False
---
# .after orders what a nested pipeline does
@pipeline
def q(n: int) -> int:
    if n > 2:
        return inc(n)
    return n


@pipeline
def p(n: int = 3):
    x = half(n)
    y = q.after(x)(n)
    return x, y
# first half, inc
---
# a nested pipeline is called with constants that decide
@pipeline
def pick(flag: bool, n: int) -> int:
    if flag:
        x = inc(n)
    else:
        x = add(n, 100)
    if not flag:
        note(x)
    return x if flag else -x


@pipeline
def p(n: int = 3):
    return pick(True, n), pick(False, n), pick(flip(n), n)
# with n=4
---
# a nested pipeline is called with constants that decide in its loops
@pipeline
def pick(flag: bool, xs: list[int], t: int = 0) -> int:
    for x in xs:
        if flag:
            t = add(t, x)
        elif t > 3:
            break
        else:
            t = inc(t, x)
    return t


@pipeline
def p(xs: list[int] = [3, 1, 2]):
    return pick(True, xs), pick(False, xs), pick(False, [], t=9), pick(True, [1, 2])
# with xs=[]
---
# a gate in a nested pipeline holds back what uses its result
@pipeline
def q(n: int) -> int:
    x = inc(n)
    check(n)
    return x


@pipeline
def p(n: int = 4, b: bool = True):
    y = q(n)
    if b:
        y = half(q(n))
    return tell(y)
# first check, half
# first check, tell
# with n=3
# with b=False
---
# a gate in an arm of a nested pipeline holds back what uses its result
@pipeline
def q(n: int, b: bool = True) -> list[int]:
    xs = numbers(n)
    if b:
        check(n)
    else:
        for x in xs:
            check(x)
    return xs


@pipeline
def p(n: int = 2, b: bool = True):
    xs = q(n, b)
    ys = [inc(x) for x in xs]
    return total(ys), tell(xs)
# first check, inc
# first check, tell
# with n=3
# with n=3, b=False
---
# a nested pipeline makes an int a float, in an arm and in a loop
if b:
    a, _ = inner(n, m)
else:
    a = inner(n, scale=n)[0]
return a, [inner(x, x)[0] for x in xs]
# with b=False
---
# a nested pipeline has its arguments as it declares them
@pipeline
def kept(x: float, y: object = 0) -> list[object]:
    return [x, y]


@pipeline
def p(n: int = 3, o: int | None = None):
    return kept(n), kept(inc(n), n), kept(n if o is None else inc(n))
# with o=2
---
# a nested pipeline refuses an argument that it does not declare, though nothing reads it
@pipeline
def idle(x: int) -> int:
    return inc(1)


@pipeline
def p(n: int = 3, o: int | None = None):
    return idle(o)
# with o=2
---
# a nested pipeline refuses what it does not declare, in an arm
if b:
    r = choose(o)
else:
    r = 0
return r
# with b=False
# with o=4
---
# a gate before an if holds back both arms
check(n)
if b:
    r = inc(n)
else:
    r = add(n, 1)
note(r)
return r
# with n=4
---
# a gate inside an arm holds back the rest of the arm
if b:
    x = inc(n)
    check(n)
    y = add(x, 1)
    note(y)
return n
# with n=4
---
# an early return
if b:
    return inc(n)
return add(n, 5)
# with b=False
---
# an early return and nothing after it
if b:
    return inc(n)
# with b=False
---
# an early return holds back what follows it
x = inc(n)
if flip(n):
    return x
note(x)
gate(x * 20)
return add(x, 1)
# with n=4
---
# returns in both arms
if flip(n):
    return "even", inc(n)
else:
    return "odd", n
# with n=4
---
# returns at different depths
if flip(n):
    if big(n):
        return 1
    x = inc(n)
    if x == 3:
        return x
elif n == 5:
    return label(n)
else:
    x = m
return add(x, 100)
# with n=6
# with n=2
# with n=5
# with n=4
---
# a name bound before a return, and one after
x = 1
if b:
    y = inc(n)
    return y
y = add(n, 1)
x = y
return x, y
# with b=False
---
# returns None, False, an empty list
if n == 1:
    return None
if n == 2:
    return False
if n == 3:
    return []
return numbers(n)
# with n=1
# with n=2
# with n=4
---
# return of an artifact or of a constant
if b:
    return thing(n)
return "none"
# with b=False
---
# a bare return
note(n)
if b:
    return
note(m)
# with b=False
---
# what follows a certain return never runs
if b:
    return n
    never()
return m
# with b=False
---
# return in an arm, its sibling binds for the rest
if flip(n):
    return 0
else:
    x = inc(n)
return x
# with n=4
---
# raise in an arm, its sibling binds for the rest
if flip(n):
    raise ValueError("even")
else:
    x = inc(n)
return x
# with n=4
---
# raise on a condition
if n > 2:
    raise Trouble(f"too big: {n}")
return inc(n)
# with n=1
---
# raise holds back what follows
x = inc(n)
if b:
    raise KeyError(x)
note(x)
return x
# with b=False
---
# raise unconditionally
x = inc(n)
raise RuntimeError(f"at {x}")
---
# raise of a class without arguments
if b:
    raise Odd
return n
# with b=False
---
# raise of a class with keyword-like texts
if b:
    raise Odd("{{ x }}", n, [xs, {"a": None}])
return n
# with b=False
---
# assert
assert n > 2
assert len(xs) < 5, "long"
return n
# with n=1
# with xs=[1, 2, 3, 4, 5]
---
# assert on steps holds back what follows
assert flip(n), tell(n)
note(n)
return inc(n)
# with n=4
---
# assert inside a branch
if b:
    assert big(n), f"{n} is small"
    r = 1
else:
    r = 2
return r
# with n=9
# with b=False
---
# the message of an assert is evaluated only when it fails
assert n, 10 // m
return n
# with n=0
---
# a name that only one arm binds
if b:
    x = 1
return x
# WYE1005
---
# a name that only one arm binds, read in a later if
if b:
    x = inc(n)
if b:
    r = x
else:
    r = 0
return r
# WYE1005
---
# a name bound in an inner branch only
if b:
    if flip(n):
        x = 1
    r = x
else:
    r = 0
return r
# WYE1005
---
# a name that every path but one binds
if n == 1:
    x = 1
elif n == 2:
    x = 2
return x
# WYE1005
---
# read in its own condition before it is bound
if x > 1:
    x = 2
return n
# WYE1004
---
# a name that an arm binds by unpacking only
if b:
    x, y = pair(n)
else:
    x = 1
return y
# WYE1005
---
# a walrus in a condition is certain
if (x := inc(n)) > 2:
    r = x
else:
    r = -x
return r, x
# with n=1
---
# a walrus in the first operand is certain, in the second not
if (x := inc(n)) and n > 1:
    r = x
else:
    r = 0
return r, x
# with n=1
---
# a walrus that may not be evaluated
if b and (x := inc(n)):
    r = 1
else:
    r = 2
return r
# WYE1021
---
# a walrus inside an arm
if b:
    y = (x := inc(n)) + x
else:
    x, y = 0, 0
return x, y
# with b=False
---
# a walrus in an elif is certain only when it is reached
if b:
    r = 1
elif (x := inc(n)) > 2:
    r = x
else:
    r = x + 1
return r
# with b=False
# with b=False, n=1
---
# owned in both arms, appended in one
ys = [1]
if b:
    ys.append(inc(n))
return ys
# with b=False
---
# appended in both arms and after
ys = []
if b:
    ys.append(1)
else:
    ys.append(inc(n))
    ys.append(2)
ys.append(3)
return ys
# with b=False
---
# displays in both arms, appended after
if b:
    ys = [n]
else:
    ys = [m, inc(m)]
ys.append(9)
return ys
# with b=False
---
# an alias made in one arm, appended after the join
ys = [1]
zs = [2]
if b:
    zs = ys
zs.append(3)
return ys, zs
# WYE1017
---
# an alias made in one arm: the original appended after
ys = [1]
zs = [2]
if b:
    zs = ys
ys.append(3)
return ys, zs
# WYE1017
---
# an alias by way of a display in one arm
ys = [1]
zs = []
if b:
    zs = [ys]
ys.append(3)
return ys, zs
# WYE1017
---
# owned in one arm, a parameter in the other
if b:
    ys = [1]
else:
    ys = xs
ys.append(3)
return ys
# WYE1017
---
# owned in one arm, an output in the other
if b:
    ys = [1]
else:
    ys = numbers(n)
ys.append(3)
return ys
# WYE1017
---
# a ternary between two owned lists is no new list
ys = [1]
zs = [2]
us = ys if b else zs
us.append(3)
return ys, zs, us
# WYE1017
---
# `or` between lists is no new list
ys = [1]
us = ys or [2]
us.append(3)
return ys, us
# WYE1017
---
# a list passed to a step in an arm stays owned
ys = [1]
if b:
    grow(ys)
    r = total(ys)
else:
    r = 0
ys.append(2)
return ys, r
# with b=False
---
# a dict changed in one arm keeps its order
q = {"a": 1, "b": 2}
if b:
    q["a"] = inc(n)
    q["c"] = 3
else:
    q["d"] = 4
q["b"] = 5
return q, list(q)
# with b=False
---
# += of an owned list in an arm
ys = [1]
if b:
    ys += numbers(n)
return ys
# with b=False
---
# += of numbers and texts in arms
x, t = 1, "a"
if b:
    x += inc(n)
    t += label(n)
else:
    x -= 1
x *= 2
return x, t
# with b=False
---
# += of a joined number
if b:
    x = 1
else:
    x = inc(n)
x += 1
return x
# with b=False
---
# a method of a joined text
if b:
    t = "a-b"
else:
    t = label(n)
return t.split("-"), t.upper()
# with b=False
---
# a step that changes its argument, in an arm
ys = numbers(n)
if b:
    zs = grow(ys)
else:
    zs = ys
return ys, zs, total(ys)
# with b=False
---
# compile-time conditions stay compile-time
if LIMITS[0] == 1:
    r = inc(n)
else:
    r = never()
return r
---
# a compile-time condition inside a run-time one
if b:
    if LIMITS[1] == 9:
        r = never()
    else:
        r = inc(n)
else:
    r = 0
return r
# with b=False
---
# True and a step, False or a step
return (True and inc(n)), (False or flip(n)), (False and never()), (True or never())
---
# an if whose arms are empty still evaluates its condition
if flip(n):
    pass
else:
    pass
if 10 // m:
    pass
return n
# with m=1
---
# an if whose arms are empty and whose condition fails
if fails(n):
    pass
return n
---
# an arm with nothing but a constant
if b:
    "text"
else:
    ...
return n
# with b=False
---
# the same step in both arms, and before
x = inc(n)
if b:
    x = inc(x)
else:
    x = inc(inc(x))
return inc(x)
# with b=False
---
# a nested pipeline in an arm
if b:
    r = choose(n)
else:
    r = fold(xs)
return r
# with b=False
# with n=9
# with n=4
---
# a nested pipeline with a gate, in an arm
if b:
    clean(n)
    r = 1
else:
    r = 2
return inc(r)
# with n=7
# with b=False
---
# a nested pipeline as a condition
if choose(n) > 5:
    r = tell(n)
else:
    r = choose(n, other=m)
return r
# with n=4
# with n=2
---
# a nested pipeline behind a short circuit
return b or choose(9), o and choose(9)
# with b=False
---
# nested pipelines in both arms with a join inside each
if flip(n):
    r = guard(n)
else:
    r = guard(m)
return r
# with n=2
# with n=1
# with n=6
---
# after a branch
if b:
    r = inc(n)
else:
    r = 1
x = note.after(r)(m)
y = inc.after(x, r)(m)
return y
# with b=False
---
# .after inside an arm lifts to the border
x = inc(n)
if b:
    note.after(x)(m)
    y = inc.after(x)(m)
else:
    y = 0
return y
# with b=False
---
# conditions on f-strings and formats
if f"{n}-{s}" == "3-eu":
    r = f"{inc(n)}!"
else:
    r = "%s" % n
return r
# with n=4
---
# a comprehension in a condition
if [x for x in xs if x > 2] and any(x == 1 for x in xs) and not all(xs):
    r = 1
else:
    r = sorted(xs, key=lambda x: -x)[0] if xs else None
return r
# with xs=[]
# with xs=[1, 3, 0]
---
# a lambda reads a joined name
if b:
    k = 2
else:
    k = inc(n)
return sorted(xs, key=lambda x: x % k), max(xs, key=lambda x: -x * k)
# with b=False
---
# is between things that are neither None nor members
if n is m:
    r = 1
else:
    r = 2
return r
# WYE1018
---
# two hundred levels of data dependence with branches on the way
x = n
for i in range(25):
    x = inc(x)
    if i == 20:
        x = x if flip(x) else inc(x)
return x
# with n=4
---
# many joins one after another
x = n
x = inc(x) if flip(x) else add(x, 3)
x = inc(x) if flip(x) else add(x, 3)
x = inc(x) if flip(x) else add(x, 3)
x = inc(x) if flip(x) else add(x, 3)
x = inc(x) if flip(x) else add(x, 3)
x = inc(x) if flip(x) else add(x, 3)
return x
# with n=4
---
# eight levels of nesting
r = 0
if n > 0:
    r = 1
    if n > 1:
        r = inc(r)
        if n > 2:
            r = inc(r)
            if n > 3:
                r = inc(r)
                if n > 4:
                    r = inc(r)
                    if n > 5:
                        r = inc(r)
                        if n > 6:
                            r = inc(r)
                            if n > 7:
                                r = inc(r)
return r
# with n=0
# with n=6
# with n=8
---
# names that platforms or the compiler might take
if_1 = inc(n)
then = 1
orelse = 2
item = 3
if b:
    result = if_1
    when = then
else:
    result = orelse
    when = item
r0 = result
_ = when
return r0, when, _
# with b=False
---
# an unused result of a call in an arm that fails
if b:
    x = fails(n)
return n
# with b=False
---
# a declared return type in every arm
@pipeline
def p(n: int = 3) -> float:
    if flip(n):
        return inc(n)
    return half(n)
# with n=4
---
# a declared return type that one arm does not keep
@pipeline
def p(n: int = 3) -> int:
    if flip(n):
        return maybe(n)
    return n
# with n=4
# with n=6
---
# a float declared, an int joined
@pipeline
def p(n: int = 3, x: float = 1.5) -> list:
    if flip(n):
        x = n
    return [half(x), x]
# with n=4
---
# parameters without types
@pipeline
def p(n=3, x=None):
    if x:
        r = x
    else:
        r = n
    return r, tell(r)
# with x=[1]
# with x={"a": None}
---
# an arm rebinds by what raises, and nobody reads it
if o:
    pass
else:
    x = add(n, n)
    n = x[2]
return m
# with o=4
---
# an arm rebinds by a division, and nobody reads it
x = 0
if b:
    x = 10 // inc(m, -1)
return n
# with m=2
# with m=1
# with b=False
---
# a raising value in the arm of an inner branch, and nobody reads it
x = 0
if b:
    if n > 2:
        x = d["q"]
    else:
        x = inc(n)
return n
# with n=1
# with b=False
---
# a builtin's first argument is evaluated once
if any(x > 2 for x in numbers(n)) and all(x for x in [inc(m), n]):
    r = 1
else:
    r = 2
return r
# with n=4
---
# returns of different types, one of them in a loop that does not run
for x in range(m):
    return o
r = [n]
return r
# with m=1
---
# an empty list in one arm, something else in the other
if b:
    r = []
else:
    r = o
q = {} if n > 2 else tell(n)
return r, q
# with b=False
# with n=1
---
# an empty list is returned, or something else from a loop
for x in rows(m):
    return o
r = []
return r
# with m=1
---
# returns of different types in nested branches
if b:
    if n > 5:
        return o
    if n > 2:
        return thing(n)
    return [n]
return tell(n)
# with n=6
# with n=1
# with b=False
---
# a pipeline that is one if
@pipeline
def p(n: int = 3):
    if flip(n):
        note(n)
# with n=4
"""


@pytest.mark.parametrize("program", read(PROGRAMS), ids=str)
@both_ways
def test_equals_the_plain_call_or_is_refused(program: Fixed, way: str, folder: Path) -> None:
    check(program, folder, way)
