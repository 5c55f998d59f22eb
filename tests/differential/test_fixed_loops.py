"""Loops, folds, comprehensions and accumulators that go wrong easily: each comes to what the plain call comes to, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixed import Fixed, both_ways, check, read

PROGRAMS = r"""
# sorted() of what has no items
ys = []
for x in sorted(None):
    ys.append(x)
return ys
---
# sorted() of a number, in an arm
ys = []
if n > 99:
    for x in sorted(5):
        ys.append(x)
return ys
---
# a dict whose keys are equal, in a loop over it
ys = []
for k in {"a": inc(n), "b": n, "a": 2}:
    ys.append(k)
zs = []
for k, v in {"a": inc(n), "b": n, "a": 2, **{"b": 5, "c": n}}.items():
    zs.append((k, inc(v)))
return ys, zs, [inc(v) for v in {1: n, True: 5, 1.0: 7}.values()]
---
# a dict that is written to twice, in a loop over it
found = {}
for name in ["ab", "ac", "b"]:
    found[name[0]] = inc(len(name) + n)
    found["z"] = n
found["b"] = 7
ys = []
for k, v in found.items():
    ys.append((k, inc(v)))
return ys, list(found), len(found)
---
# a dict comprehension over equal keys, in a loop over it
found = {k: inc(n) for k in ["a", "b", "a"]}
return [inc(v) for v in found.values()], found
---
# keys of which only a run can tell that they are equal
ys = []
for k in {n: 1, 3: 2}:
    ys.append(inc(k))
for k in {m: 1}:
    ys.append(inc(k))
return ys
# with n=4
---
# an overwritten value that fails
ys = []
for v in {"a": 1 // m, "a": 2}.values():
    ys.append(inc(v))
return ys
---
# a key that cannot be one
ys = []
for k in {[1]: 2}:
    ys.append(n)
return ys
---
# a key with something in it that cannot be one
ys = []
for k in {(1, [2]): 3, "a": n}:
    ys.append(n)
return ys
---
# a constant with a key that cannot be one, sorted
ys = []
for k in sorted({(1, [2]): 3, "a": 1}):
    ys.append(n)
return ys
---
# a constant with a key that cannot be one, as a condition
if {[1]: 2}:
    return inc(n)
return n
---
# fan-in by append
ys = []
for x in xs:
    ys.append(inc(x))
return ys
# with xs=[]
---
# fan-in by append over an output
ys = []
for x in numbers(n):
    y = inc(x)
    ys.append(add(y, x))
return ys, total(ys)
# with n=0
# with n=1
---
# fan-in of plain values
ys = []
for x in xs:
    ys.append(x * 2)
return ys
# with xs=[]
---
# two lists in one loop
ys = []
zs = []
for x in xs:
    ys.append(inc(x))
    zs.append(x)
    ys.append(x)
return ys, zs
# with xs=[]
---
# two lists made in one statement
ys, zs = [], []
for x in xs:
    ys.append(inc(x))
    zs.append(x)
return ys, zs
# with xs=[]
---
# a list with something in it before
ys = [n, inc(n)]
for x in xs:
    ys.append(inc(x))
ys.append(0)
return ys
# with xs=[]
---
# append under a condition
ys = []
for x in xs:
    if flip(x):
        ys.append(inc(x))
return ys
# with xs=[]
# with xs=[2, 4, 5]
---
# append in both arms, different numbers of items
ys = []
for x in xs:
    if flip(x):
        ys.append(x)
        ys.append(inc(x))
    else:
        ys.append(-x)
return ys
# with xs=[]
---
# extend by nothing, one or many
ys = []
for x in xs:
    ys.extend(numbers(x))
    ys += [x]
return ys
# with xs=[]
# with xs=[0, 4, 8]
---
# a dict built in a loop: the first key keeps its place, the last value wins
q = {}
for x in xs:
    q[label(x)] = inc(x)
return q, list(q)
# with xs=[]
# with xs=[2, 1, 4, 3]
---
# a dict that had keys before
q = {"tails": 0, "x": 1}
for x in xs:
    q[label(x)] = x
return q, list(q)
# with xs=[]
---
# a dict by update
q = {}
for x in xs:
    q.update({f"{x}": inc(x), "last": x})
return q, list(q)
# with xs=[]
---
# duplicate keys in one iteration
q = {}
for x in xs:
    q["a"] = x
    q[label(x)] = inc(x)
    q["a"] = -x
return q
# with xs=[]
---
# keys that are not texts
q = {}
for x in xs:
    q[x % 2] = inc(x)
    q[(x, None)] = x
return q, len(q)
# with xs=[]
---
# a dict read after being built
q = {}
for k, v in d.items():
    q[k] = inc(v)
return q["k"], q
# with d={}
---
# sum with +=
t = 0
for x in xs:
    t += inc(x)
return t
# with xs=[]
---
# sum with += from an output on
t = inc(n)
for x in xs:
    t += x
return t
# with xs=[]
---
# sum of floats in index order
t = 0.1
for x in xs:
    t += half(x) / 3
return t
# with xs=[]
---
# a text with +=
t = ""
for x in xs:
    t += label(x)
return t
# with xs=[]
---
# a fold through a step
t = 0
for x in xs:
    t = add(t, x)
return t
# with xs=[]
---
# a fold whose order shows
t = 1
for x in xs:
    t = add(t * 10, x)
return t
# with xs=[]
---
# a fold under a condition on the carry
t = 0
for x in xs:
    if not big(t, 3):
        t = add(t, x)
return t
# with xs=[]
# with xs=[9, 9, 9]
---
# two carries that read each other
a, c = 0, 1
for x in xs:
    a, c = c, add(a, c)
return a, c
# with xs=[]
---
# a carry and a fan-in
t = 0
ys = []
for x in xs:
    t = add(t, x)
    ys.append(t)
return t, ys
# with xs=[]
---
# an accumulator that is read in the loop
ys = []
for x in xs:
    if len(ys) < 2:
        ys.append(inc(x))
return ys
# with xs=[]
---
# an accumulator whose last item is read in the loop
ys = [1]
for x in xs:
    ys.append(add(ys[-1], x))
return ys
# with xs=[]
---
# an accumulator that a step reads in the loop
ys = []
for x in xs:
    ys.append(total(ys))
return ys
# with xs=[]
---
# membership in what was gathered so far
seen = []
for x in xs:
    if x not in seen:
        seen.append(x)
return seen
# with xs=[2, 1, 2, 2, 1]
# with xs=[]
---
# a dict counting
q = {}
for x in xs:
    q[label(x)] = q.get(label(x), 0) + 1
return q
# with xs=[]
---
# a carry that is an artifact
t = thing(0)
for x in xs:
    t = thing(size(t) + x)
return size(t)
# with xs=[]
---
# a carry that begins as a constant and goes on as an artifact
t = None
for x in xs:
    t = bag(t)
return t
# with xs=[]
# with xs=[1]
---
# a carry that begins as a text and goes on as bytes
t = "x"
for x in xs:
    t = blob(x)
return tell(t)
# with xs=[]
---
# a carry that turns from int to float
t = 0
for x in xs:
    t = half(t + x)
return t
# with xs=[]
---
# a carry that does not change
t = n
for x in xs:
    note(add(t, x))
    t = t
return t
---
# max and min as folds
hi, lo = 0, 99
for x in xs:
    hi = max(hi, inc(x))
    lo = min(lo, x)
return hi, lo
# with xs=[]
---
# or as a fold
found = False
for x in xs:
    found = found or big(x, 2)
return found
# with xs=[]
# with xs=[9, 1]
---
# the last value of an iteration
last = None
for x in xs:
    last = inc(x)
return last
# with xs=[]
---
# the last value under a condition
last = 0
for x in xs:
    if flip(x):
        last = inc(x)
return last
# with xs=[1, 4, 3]
# with xs=[]
---
# the loop variable after the loop
for x in xs:
    note(x)
return x
# WYE1005
---
# the loop variable after the loop, bound before
x = "none"
for x in xs:
    note(x)
return x
# with xs=[]
---
# the loop variable after the loop, over a constant
for x in LIMITS:
    y = inc(x)
return x, y
---
# a name bound in the body, read after the loop
for x in xs:
    y = inc(x)
return y
# WYE1005
---
# a name bound in the body, read in the next iteration
ys = []
for x in xs:
    if x == 1:
        z = inc(x)
    ys.append(z)
return ys
# WYE1005
---
# a name bound before and in the body
y = inc(n)
for x in xs:
    y = add(y, 1)
z = y
return z
# with xs=[]
---
# the loop variable is a parameter's name
for n in xs:
    note(n)
return n
# with xs=[]
---
# the loop variable is rebound in the body
ys = []
for x in xs:
    x = inc(x)
    ys.append(x)
return ys
# with xs=[]
---
# the loop variable of one loop in the next
ys = []
for x in xs:
    ys.append(inc(x))
for x in ys:
    note(x)
for x in [1, 2]:
    ys.append(x)
return ys, x
# with xs=[]
---
# the same names in two loops
a = []
for x in xs:
    y = inc(x)
    a.append(y)
c = []
for x in xs:
    y = add(x, x)
    c.append(y)
return a, c
# with xs=[]
---
# changing the name of the list while a loop goes over it
for x in xs:
    xs = [*xs, inc(x)]
return xs
# with xs=[]
---
# changing the list itself while a loop goes over it
ys = [1, 2]
for y in ys:
    if len(ys) < 5:
        ys.append(inc(y))
return ys
# WYE1017
---
# the list that is looped over is changed after
ys = [1, n]
t = 0
for y in ys:
    t += inc(y)
ys.append(t)
return ys
---
# looping over what the last loop gathered
ys = []
for x in xs:
    ys.append(inc(x))
zs = []
for y in ys:
    zs.append(inc(y))
return zs, ys
# with xs=[]
---
# enumerate
ys = []
for i, x in enumerate(xs):
    ys.append(add(i, x))
return ys
# with xs=[]
---
# enumerate from 5, of an output
ys = [inc(i, by=x) for i, x in enumerate(numbers(n), start=5)]
return ys
# with n=0
---
# zip of different lengths
ys = []
for x, y in zip(xs, numbers(n)):
    ys.append(add(x, y))
return ys
# with n=1
# with n=0
---
# zip of three, one of them a text
ys = []
for x, c, y in zip(xs, s, [5, 6, 7]):
    ys.append((c, add(x, y)))
return ys
# with s=""
# with s="abcd"
---
# zip of itself
return [add(x, y) for x, y in zip(xs, xs[1:])]
# with xs=[]
# with xs=[1]
---
# .items(), .keys(), .values()
a = []
for k, v in d.items():
    a.append((k, inc(v)))
for k in d.keys():
    a.append(k)
for v in d.values():
    a.append(inc(v))
for k in d:
    a.append(k)
return a
# with d={}
---
# .items() of an output
t = 0
for k, v in table(n, s).items():
    t = add(t, v)
    note(k)
return t
# with s="z"
---
# range(n)
ys = []
for i in range(n):
    ys.append(inc(i))
return ys
# with n=0
# with n=-2
---
# range(a, b, c) of outputs
ys = []
for i in range(inc(m), inc(n), one()):
    ys.append(inc(i))
for i in range(n, m, -1):
    ys.append(inc(i))
return ys
# with n=0, m=5
---
# range(len(xs)) and indexing
ys = []
for i in range(len(xs)):
    ys.append(add(xs[i], i))
return ys
# with xs=[]
---
# range with a step of nothing
for i in range(0, n, m):
    note(i)
return n
# with m=2
---
# a text, character by character
t = ""
for c in s:
    t = t + tell(c)
return t
# with s=""
# with s="é{"
---
# reversed, sorted
a = []
for x in reversed(xs):
    a.append(inc(x))
for x in sorted(xs):
    a.append(inc(x))
for x in sorted(xs, key=lambda v: -v):
    a.append(inc(x))
return a
# with xs=[]
---
# a slice, a sum of lists
a = []
for x in xs[1:]:
    a.append(inc(x))
for x in xs + [n]:
    a.append(inc(x))
for x in [*xs, *numbers(n)]:
    a.append(inc(x))
return a
# with xs=[]
---
# a comprehension as what is looped over
a = []
for x in [x * 2 for x in xs if x > 1]:
    a.append(inc(x))
return a
# with xs=[]
---
# a comprehension with steps as what is looped over
a = []
for x in [inc(x) for x in xs if flip(x)]:
    a.append(inc(x))
return a
# with xs=[]
---
# tuples out of a list of tuples
a = []
for k, t in couples(n):
    a.append(f"{inc(k)}{t}")
return a
# with n=0
---
# a nested target
a = []
for i, (k, t) in enumerate(couples(n)):
    a.append((i, inc(k), t))
return a
# with n=0
---
# a starred target
a = []
for h, *r in [[1, 2, 3], xs, [n]]:
    a.append((inc(h), r))
return a
---
# a starred target that lacks an item
a = []
for h, *r in [numbers(n), numbers(m)]:
    a.append(h)
return a
# with m=1
---
# unpacking that does not fit, at run time
a = []
for x, y in [xs, xs]:
    a.append(inc(x))
return a
# with xs=[1, 2]
---
# dicts out of a list of dicts
a = []
for r in rows(n):
    if r["v"] > 0:
        a.append(inc(r["k"]))
return a
# with n=0
---
# a loop over what is no list
for x in inc(n):
    note(x)
return n
# WYE3003
---
# a loop over a set
for x in {1, n}:
    note(x)
return n
# WYE1019
---
# a loop over a sorted set
a = []
for x in sorted({1, n, 1}):
    a.append(inc(x))
return a
# with n=1
---
# a loop over None at run time
a = []
for x in o:
    a.append(x)
return a
---
# a loop over an artifact that is a list
a = []
for x in bag(n):
    a.append(tell(x))
return a
---
# a loop over artifacts
ts = [thing(x) for x in xs]
a = []
for t in ts:
    a.append(size(t))
return a, size(ts[0]) if ts else None
# with xs=[]
---
# artifacts gathered and handed over as a list
ts = []
for x in xs:
    ts.append(thing(x))
return size(ts), tell(ts)
# with xs=[]
---
# bytes gathered
return [weight(q) for q in [blob(x) for x in xs]]
# with xs=[]
---
# None and empty lists among what is gathered
ys = [maybe(x) for x in xs]
zs = [numbers(x) for x in xs]
return ys, zs, len(ys), [y for y in ys if y is not None]
# with xs=[3, 3]
# with xs=[]
---
# one item
return [inc(x) for x in [n]], [inc(x) for x in numbers(1)]
---
# many items
return [inc(x) for x in range(70)]
---
# a loop unrolled beside one that is not
a = []
for k in LIMITS:
    for x in xs:
        a.append(add(k, x))
return a
# with xs=[]
---
# a run-time loop around an unrolled one
a = []
for x in xs:
    for k in LIMITS:
        y = inc(x, by=k)
    a.append(y)
return a
# with xs=[]
---
# all that an unrolled loop goes over is evaluated before it, used or not
for x in [n, int(s)]:
    if flip(x):
        break
return inc(n)
# with n=2, s='b'
# with n=2, s='7'
# with n=3, s='b'
---
# and so are the items of what it sees through, and displays in them
a = []
for i, (x, y) in enumerate([(n, 1), (2, s.index("b")), [3, m % (n - 2)]]):
    if flip(x):
        break
    a.append(inc(i))
return a, [inc(x) for x, _ in [(n, s.index("x")), (n, m)]]
# with n=2, s='abx'
# with n=4, s='x'
# with n=4, s='b'
# with n=4, s='bx'
---
# names that clash after unrolling
inc_2 = inc(n)
for k in [1, 2, 3]:
    inc_2 = inc(inc_2)
    if flip(inc_2):
        inc_2 = inc(inc_2)
return inc_2
# with n=4
---
# nested loops
a = []
for x in xs:
    for y in numbers(x):
        a.append(add(x, y))
return a
# with xs=[]
# with xs=[4, 8]
---
# nested loops, the inner list anew for each outer item
a = []
for x in xs:
    r = []
    for y in numbers(x):
        r.append(inc(y))
    a.append(r)
return a
# with xs=[]
---
# an inner list that lives longer than its loop
a = []
r = []
for x in xs:
    for y in numbers(x):
        r.append(inc(y))
    a.append(len(r))
return a, r
# with xs=[]
---
# nested loops with a carry through both
t = 0
for x in xs:
    for y in numbers(x):
        t = add(t, y)
    t = inc(t)
return t
# with xs=[]
---
# nested loops with a sum through both
t = 0
for x in xs:
    for y in numbers(x):
        t += inc(y)
return t
# with xs=[]
---
# three loops
a = []
for x in xs:
    for y in numbers(x):
        for z in numbers(y):
            a.append(add(x, z))
return a
# with xs=[3, 7]
---
# the outer variable in the inner loop, shadowed there
a = []
for x in xs:
    for x in numbers(x):
        a.append(inc(x))
    a.append(x)
return a
# with xs=[1, 2]
---
# a condition inside a loop
a = []
for x in xs:
    if big(x, 1):
        y = inc(x)
    else:
        y = 0
    a.append(y)
return a
# with xs=[]
---
# a condition around a loop
a = []
if b:
    for x in xs:
        a.append(inc(x))
else:
    a.append(0)
return a
# with b=False
# with xs=[]
---
# a condition on an outer value, inside a loop
c = flip(n)
a = []
for x in xs:
    if c:
        a.append(inc(x))
    else:
        a.append(add(x, n))
return a
# with n=4
---
# an outer output, an outer constant and a parameter inside a loop
y = inc(n)
k = 5
return [add(add(x, y), m + k) for x in xs]
# with xs=[]
---
# effect calls in a loop
for x in xs:
    note(x)
    gate(x)
return n
# with xs=[]
# with xs=[1, 50, 2]
---
# what follows a loop waits for its effects
for x in xs:
    check(x)
return inc(n)
# with xs=[1, 2]
---
# what follows a sequential loop waits for its effects
t = 0
for x in xs:
    t = add(t, x)
    check(t)
return inc(n)
# with xs=[1, 1]
---
# what follows a while waits for its effects
i = 0
while i < 5:
    i = add(i, 1)
    check(i)
return inc(n)
---
# a step that fails holds back a loop of effects
x = fails(n)
for y in xs:
    note(y)
return x
---
# a loop's effects come after what is before the loop, and before what follows
a = half(n)
for x in xs:
    note(x)
return a, inc(n)
# first half, note
# first note, inc
---
# .after orders what iterations do
a = half(n)
b = [inc.after(a)(x) for x in xs]
return a, b, tell.after(b)(m)
# first half, inc
# first inc, tell
---
# what follows a loop of effects waits for all of it
for x in xs:
    check(x)
note(n)
return inc(n)
# with xs=[1, 2]
# with xs=[1, 2, 7]
---
# a failing iteration
return [risky(x) for x in xs]
# with xs=[4, 5]
# with xs=[5, 1, 4]
---
# a raising expression in an iteration, unused
for x in xs:
    10 // x
return n
# with xs=[0]
# with xs=[]
---
# a raising expression in an iteration, used in an arm that is not taken
a = []
for x in xs:
    y = 10 // x
    if x > 5:
        a.append(y)
return a
# with xs=[6, 0]
# with xs=[1]
---
# a raising expression before a loop, used only inside
y = 10 // m
a = []
for x in xs:
    a.append(add(x, y))
return a
# with m=2
# with m=0, xs=[]
---
# a raising iterable that nothing uses
for x in rows(n)[2]:
    pass
return n
# with n=2
---
# break
a = []
for x in xs:
    if x == 1:
        break
    a.append(inc(x))
return a
# with xs=[]
# with xs=[2, 2]
# with xs=[1]
---
# break after the append
a = []
for x in xs:
    a.append(inc(x))
    if flip(x):
        break
return a
# with xs=[2, 1]
# with xs=[1, 3]
---
# break: later iterations do not run
for x in xs:
    note(x)
    if big(x, 2):
        break
return n
# with xs=[1, 5, 2]
---
# break keeps the values of its iteration
y, z = 0, 0
for x in xs:
    y = inc(x)
    if x == 1:
        break
    z = y
return y, z
# with xs=[]
---
# continue
a = []
for x in xs:
    if x == 1:
        continue
    a.append(inc(x))
return a
# with xs=[1, 1]
---
# continue keeps the values of its iteration
y, z = 0, 0
for x in xs:
    y = inc(x)
    if flip(x):
        continue
    z = y
return y, z
# with xs=[1, 2]
# with xs=[]
---
# continue and break under nested ifs, assignments on both sides
y, z, w = 0, 0, 0
for x in xs:
    y = inc(x)
    if x > 1:
        z = add(z, 1)
        if flip(x):
            w = add(w, x)
            continue
        if big(x, 6):
            break
        z = add(z, 10)
    w = w + 100
return y, z, w
# with xs=[1, 2, 3, 4, 7, 2]
# with xs=[]
---
# break in both arms
a = []
for x in xs:
    a.append(x)
    if flip(x):
        break
    else:
        note(x)
        break
return a
# with xs=[]
# with xs=[2]
---
# break unconditionally
y = 0
for x in xs:
    y = inc(x)
    break
    never()
return y
# with xs=[]
---
# continue unconditionally
y = 0
for x in xs:
    y = inc(x)
    continue
    never()
return y
# with xs=[]
---
# break out of the inner loop only
a = []
for x in xs:
    for y in numbers(x):
        if y == 1:
            break
        a.append(add(x, y))
    a.append(-x)
return a
# with xs=[]
---
# break of the outer loop on what the inner one found
a = []
for x in xs:
    stop = False
    for y in numbers(x):
        if big(y, 1):
            stop = True
            break
        a.append(inc(y))
    if stop:
        break
    a.append(-x)
return a
# with xs=[1, 2]
# with xs=[3, 1]
---
# break in a loop of effects holds back the rest
for x in xs:
    if x == 2:
        break
    gate(x * 20)
note(n)
return n
# with xs=[1, 2, 3]
# with xs=[]
---
# return from a loop
for x in xs:
    if flip(x):
        return inc(x)
return 0
# with xs=[]
# with xs=[1]
# with xs=[2, 4]
---
# return from a loop holds back what follows the loop
for x in xs:
    if flip(x):
        return x
note(n)
return inc(n)
# with xs=[1]
---
# return from a nested loop
for x in xs:
    for y in numbers(x):
        if big(y, 0):
            return x, y
    note(x)
return None
# with xs=[1, 4]
# with xs=[1, 2, 3]
---
# return from a loop in a branch
if b:
    for x in xs:
        if big(x, 2):
            return inc(x)
    r = 1
else:
    r = 2
return add(r, 1)
# with b=False
# with xs=[1]
---
# return unconditionally from a loop
for x in xs:
    y = inc(x)
    return y
return -1
# with xs=[]
---
# return from a loop of what was gathered so far
a = []
for x in xs:
    a.append(inc(x))
    if len(a) == 2:
        return a
return a, "end"
# with xs=[1]
---
# raise in a loop
a = []
for x in xs:
    if x > 2:
        raise Trouble(f"{x} after {len(a)}")
    a.append(inc(x))
return a
# with xs=[1, 2]
---
# assert in a loop
for x in xs:
    assert x < 9, x
    note(x)
return n
# with xs=[9]
---
# else of a loop
for x in xs:
    note(x)
else:
    r = 1
return n
# WYE1010
---
# while with a counter
i = 0
while i < n:
    i = inc(i)
return i
# with n=0
---
# while with += and a list
i = 0
a = []
while i < n:
    a.append(inc(i))
    i += 1
return i, a
# with n=0
---
# while on a step's output
x = n
while big(x, 1):
    x = add(x, -2)
return x
# with n=0
# with n=8
---
# while with `and` of steps
x = 0
while big(5, x) and not flip(inc(x)):
    x = inc(x)
return x
---
# while never entered: what it binds may be unbound
while n > 99:
    y = inc(n)
return y
# WYE1005
---
# while True with break
i = 0
while True:
    i = inc(i)
    if i > n:
        break
return i
# with n=0
---
# while True with return
i = 0
while True:
    i = inc(i)
    if big(i, n):
        return i
---
# while False
while False:
    never()
return n
---
# while with continue
i = 0
a = []
while i < 5:
    i = inc(i)
    if flip(i):
        continue
    a.append(i)
return a
---
# while with break in a nested if, values assigned before and after
i, y, z = 0, 0, 0
while i < 5:
    i = inc(i)
    y = add(y, i)
    if i > 1:
        if big(y, n):
            z = -1
            break
        z = add(z, 2)
    z = z + 10
return i, y, z
# with n=4
# with n=99
---
# while over a list, by index
i, t = 0, 0
while i < len(xs) and xs[i] > 0:
    t = add(t, xs[i])
    i += 1
return t, i
# with xs=[]
# with xs=[4, 0, 2]
---
# while with a for inside
i = 0
a = []
while i < 2:
    for x in xs:
        a.append(add(x, i))
    i = inc(i)
return a
# with xs=[]
---
# for with a while inside
a = []
for x in xs:
    i = 0
    while i < x:
        i = inc(i)
    a.append(i)
return a
# with xs=[]
---
# while whose condition raises at last
i = 0
while 10 // (2 - i) > 0:
    i = inc(i)
return i
---
# while whose body fails
i = 5
while i > 0:
    i = i - 1
    note(risky(i))
return i
---
# while True that raises in what nobody reads
i = 0
while True:
    i = add(i, 1)
    if i >= 2:
        break
    x = d["q"]
return i
# with d={"q": 1}
---
# what an iteration leaves raises, and nobody reads it
t = 0
for x in xs:
    t = 10 // x
return n
# with xs=[0]
# with xs=[1, 0, 2]
---
# what an iteration leaves after a step raises, and nobody reads it
t = 0
for x in xs:
    y = inc(x)
    t = 10 // y
return n
# with xs=[1, -1]
---
# a fold that raises, and nobody reads it
t = 6
for x in xs:
    t = t // x
return n
# with xs=[0]
# with xs=[]
---
# a sequential loop's carry raises, and nobody reads it
t = 0
u = 0
for x in xs:
    t = 10 // x
    u = add(u, t)
    t = 10 // u
return n
# with xs=[10, -10]
# with xs=[0]
---
# a while's carry raises, and nobody reads it
i = 3
t = 0
while i > m:
    i = add(i, -1)
    t = 10 // i
return i
# with m=1
---
# a carry raises in an arm, and nobody reads it
t = 0
for x in xs:
    if big(x, 1):
        t = 10 // (x - 2)
return n
# with xs=[1, 3]
---
# a list gathers what raises, and nobody reads it
a = []
for x in xs:
    a.append(10 // x)
return n
# with xs=[0]
---
# a list gathers what raises under a condition, and only its length is read
a = []
for x in xs:
    if x > 1:
        a.append(10 // (x - 2))
    else:
        a.append(inc(x))
return len(a)
# with xs=[1, 3]
---
# a comprehension that raises, and nobody reads it
a = [10 // x for x in xs]
c = [inc(10 // x) for x in xs]
return n
# with xs=[0]
# with xs=[]
---
# a loop over a display of a sum
for x in [sum(e for e in xs), sum(inc(e) for e in xs)]:
    note(x)
return n
# with xs=[]
---
# an element of a list read before it grows
a = [n]
for x in xs:
    y = a[0]
    a.append(x + y)
return a
# with xs=[]
---
# while with a walrus
i = 0
while (y := add(i, 2)) < 6:
    i = inc(i)
return i, y
---
# a carry of an artifact in a while
t = thing(n)
while size(t) > 1:
    t = thing(size(t) - 1)
return size(t)
# with n=0
---
# else of a while
while n > 5:
    n = inc(n)
else:
    n = 0
return n
# WYE1010
---
# list comprehensions with steps
return [inc(x) for x in xs], [inc(x) for x in numbers(n)], [add(x, inc(x)) for x in xs]
# with xs=[], n=0
---
# filters without steps
return [inc(x) for x in xs if x > 1], [inc(x) for x in xs if x > 1 if x < 3]
# with xs=[]
---
# filters with steps
return [x for x in xs if flip(x)], [inc(x) for x in xs if big(x, 1) and flip(x)], [x for x in xs if not flip(x) if big(x, 2)]
# with xs=[]
# with xs=[2, 4, 7]
---
# a filter that fails for what an earlier filter left out
return [inc(x) for x in xs if x if 10 // x > 2]
# with xs=[0, 1, 2]
---
# a filter with a step that fails for what an earlier filter left out
return [x for x in xs if x != 1 if big(risky(x), 0)]
# with xs=[1, 4]
# with xs=[1, 1]
---
# several for
return [add(x, y) for x in xs for y in numbers(x)], [inc(y) for x in xs if flip(x) for y in [x, x * 10] if y != 4]
# with xs=[]
# with xs=[2, 4]
---
# several for, a step in the inner iterable
return [(x, y) for x in xs for y in grow(numbers(x)) if y]
# with xs=[]
---
# nested comprehensions
return [[inc(y) for y in numbers(x)] for x in xs]
# with xs=[]
---
# nested comprehensions, the inner one pure
return [[y + 1 for y in numbers(x)] for x in xs], [[inc(x)] for x in xs]
# with xs=[]
---
# a comprehension in a comprehension's filter
return [x for x in xs if [inc(y) for y in numbers(x)]]
# with xs=[4, 1]
---
# dict comprehensions
return {x: inc(x) for x in xs}, {label(x): x for x in xs}, {k: inc(v) for k, v in d.items() if v > 2}
# with xs=[], d={}
# with xs=[2, 4, 1]
---
# a dict comprehension evaluates the key before the value
return {inc(x): add(x, 1) for x in xs if flip(x)}
# with xs=[2]
---
# set comprehensions
return {flip(x) for x in xs}, len({inc(x % 2) for x in xs})
# with xs=[]
---
# generators in consumers
t = tuple(inc(x) for x in xs)
return sum(inc(x) for x in xs), sorted(inc(x) for x in xs), list(inc(x) for x in xs if flip(x)), t, set(flip(x) for x in xs)
# with xs=[]
---
# sum with a start
return sum((inc(x) for x in xs), n), sum([inc(x) for x in xs], 10)
# with xs=[]
---
# dict of a generator
return dict((x, inc(x)) for x in xs)
# with xs=[]
---
# max, min, any, all of lists of outputs
ys = [inc(x) for x in xs]
return max(ys, default=0), min(ys, default=0), any(ys), all(ys), len(ys)
# with xs=[]
---
# a generator with steps inside any
return any(flip(x) for x in xs)
# WYE1011
---
# a ternary with a step inside a comprehension
return [inc(x) if flip(x) else x for x in xs], [x and inc(x) for x in xs], [0 < inc(x) < add(x, 2) for x in xs]
# with xs=[]
# with xs=[0, 2, 5]
---
# several steps per item
return [(inc(x), label(x), maybe(x)) for x in xs], [f"{inc(x)}:{label(x)}" for x in xs]
# with xs=[]
---
# a tuple output per item, unpacked and whole
return [pair(x) for x in xs], [pair(x)[1] for x in xs], [info(x) for x in xs], [info(x).share for x in xs]
# with xs=[]
---
# comprehension variables stay inside
x = "outer"
ys = [inc(x) for x in xs]
return x, ys
# with xs=[]
---
# a comprehension variable that a loop binds too
a = []
for x in xs:
    a.append([inc(x) for x in numbers(x)])
    a.append(x)
return a
# with xs=[2]
---
# a comprehension reads what its loop binds
a = []
for x in xs:
    y = inc(x)
    a.append([add(y, z) for z in numbers(x)])
return a
# with xs=[3]
---
# the order of effects: a comprehension's steps, then what follows
ys = [inc(x) for x in xs]
note(ys)
return [add(y, 1) for y in ys]
# with xs=[]
---
# an unused comprehension with steps still runs
[note(x) for x in xs]
[inc(x) for x in xs if flip(x)]
return n
# with xs=[2]
---
# a gate in a comprehension holds back what follows
[check(x) for x in xs]
note(n)
return n
# with xs=[1, 2]
---
# a walrus in a comprehension
return [x for x in xs if (y := inc(x)) > 2]
# WYE1021
---
# limits
a = []
for x in each(xs, max_parallel=1):
    a.append(inc(x))
for x in each(numbers(n), max_parallel=2):
    a.append(inc(x))
return a, [inc(x) for x in each(xs, max_parallel=3)]
# with xs=[]
---
# a limit that is no constant
for x in each(xs, max_parallel=n):
    note(x)
return n
# WYE2014
---
# a limit around a literal
a = []
for x in each([1, n, 3], max_parallel=2):
    a.append(inc(x))
return a
---
# steps that change their arguments, in a loop
ys = [1]
a = []
for x in xs:
    a.append(grow(ys))
return a, ys
# with xs=[]
---
# steps that change what is carried
ys = [1]
for x in xs:
    ys = grow(ys)
return ys
# with xs=[]
---
# a list of a loop's own, appended to, and gathered
a = []
for x in xs:
    r = [x]
    r.append(inc(x))
    a.append(r)
return a
# with xs=[]
---
# a gathered list gets a second reference in the loop
a = []
for x in xs:
    r = [x]
    a.append(r)
    r.append(inc(x))
return a
# WYE1017
---
# an outer list gets a second reference in the loop
a = []
c = a
for x in xs:
    a.append(x)
return a, c
# WYE1017
---
# a second reference made in an earlier iteration, and in every one again
a = []
c = None
for x in xs:
    a.append(x)
    c = a
return a, c
# WYE1017
---
# a second reference made in one iteration
a = []
c = None
for x in xs:
    a.append(x)
    if x == 1:
        c = a
return a, c
# WYE1017
---
# a second reference made in an iteration before the append
a = []
c = None
for x in xs:
    c = a
    a.append(x)
return a, c
# WYE1017
---
# a second reference made in an iteration that breaks
a = []
c = None
for x in xs:
    a.append(x)
    c = [a]
    if x == 1:
        break
return a, c
# WYE1017
---
# a parameter appended to in a loop
for x in [1, 2]:
    xs.append(x)
return xs
# WYE1017
---
# an owned list rebound in a loop
a = [0]
for x in xs:
    a = [inc(x)]
    a.append(x)
return a
# with xs=[]
---
# pop, insert, sort, remove
a = [1]
for x in xs:
    a.insert(0, x)
return a
# WYE1017
---
# += of something whose type is not known
t = o
for x in xs:
    t += x
return t
# WYE1022
---
# a dict's values changed under a loop over its items
q = {"a": 1, "b": 2}
for k, v in q.items():
    q[k] = inc(v)
return q
---
# a dict's keys changed under a loop over its items
q = {"a": 1, "b": 2}
for k, v in q.items():
    q[k + k] = inc(v)
return q
# WYE1017
---
# a dict's keys changed under a loop over them
q = {}
for x in xs:
    q[f"{x}"] = x
for k in q:
    q[k + k] = inc(n)
return q
# WYE1017
---
# a gathered list changed while a loop goes over it
ys = []
for x in xs:
    ys.append(inc(x))
for y in ys:
    if len(ys) < 6:
        ys.append(inc(y))
return ys
# WYE1017
---
# a list changed in a loop over its slice
ys = [1, n]
for y in ys[:]:
    ys.append(inc(y))
return ys
---
# a list and a number through a branch in a loop
a = []
t = 0
for x in xs:
    if flip(x):
        a.append(inc(x))
        t += 1
    elif big(x, 2):
        a.append(0)
        a.append(x)
    else:
        t = add(t, 10)
return a, t
# with xs=[1, 2, 3, 4]
# with xs=[]
---
# a nested pipeline per item
return [choose(x) for x in xs], [guard(x) for x in xs if x != 1]
# with xs=[]
# with xs=[2, 4, 9]
---
# a nested pipeline with a loop, per item
return [spread(numbers(x)) for x in xs], [fold([x, x]) for x in xs]
# with xs=[]
---
# a nested pipeline folded
t = 0
for x in xs:
    t = choose(add(t, x) % 8)
return t
# with xs=[]
---
# a nested pipeline with a gate, in a loop
for x in xs:
    clean(x)
note(n)
return n
# with xs=[1, 7]
# with xs=[6, 8]
---
# a nested pipeline that breaks, called in a loop that breaks
t = 0
for x in xs:
    t = add(t, fold([x, 1, 10, 5]))
    if t > 6:
        break
return t
# with xs=[]
---
# a loop in a loop in a branch in a loop
a = []
for x in xs:
    if big(x, 1):
        for y in numbers(x):
            for z in numbers(y):
                a.append(add(y, z))
    else:
        a.append(x)
return a
# with xs=[]
# with xs=[7, 1]
---
# a sum of nested pipelines and comprehensions in an argument
return add(sum([inc(x) for x in xs]), fold([inc(x) for x in xs], start=len([x for x in xs if flip(x)])))
# with xs=[]
---
# after a loop
a = [inc(x) for x in xs]
note.after(a)(n)
for x in xs:
    t = note.after(a)(x)
return a
# with xs=[]
---
# .after an iteration's own step
for x in xs:
    y = inc(x)
    note.after(y)(m)
return n
# with xs=[]
---
# what follows a nested pipeline that is one loop waits for it
@pipeline
def audit(xs: list[int]) -> None:
    t = 0
    for x in xs:
        t = add(t, x)
        gate(t)


@pipeline
def p(xs: list[int] = [30, 20, 1]):
    audit(xs)
    note(1)
# with xs=[1]
# with xs=[]
---
# a nested pipeline that is one sequential loop, in a loop
for x in range(m):
    y = inc(fold(xs, x))
return n
# with m=2
---
# a nested pipeline that is one loop, in a branch in a loop
a = []
for x in xs:
    if flip(x):
        a.append(fold(xs, x))
    else:
        note(fold(numbers(x)))
return a
# with xs=[]
---
# a pipeline that is one loop
@pipeline
def p(xs: list[int] = [1, 2]):
    for x in xs:
        note(x)
# with xs=[]
---
# a pipeline that is one comprehension
@pipeline
def p(xs: list[int] = [1, 2]) -> list[int]:
    return [inc(x) for x in xs]
# with xs=[]
---
# a list without a type
@pipeline
def p(xs=[1, 2]):
    a = []
    for x in xs:
        a.append(inc(x))
    return a
# with xs=[]
# with xs={"a": 1}
---
# two hundred levels of data dependence
x = n
for i in range(50):
    x = inc(x)
for i in range(50):
    x = add(x, i)
for i in range(50):
    x = inc(x, by=x % 2)
for i in range(50):
    x = inc(x)
return x
---
# seventy levels through a run-time loop
t = 0
for i in range(n * 20):
    t = add(t, i)
return t
---
# a step used many times
return [inc(inc(inc(x))) for x in xs] + [inc(inc(x)) for x in xs] + [inc(n), inc(m), inc(inc(n))]
# with xs=[]
---
# unused outputs in a loop
for x in xs:
    y = inc(x)
    z, w = pair(x)
    i = info(x)
return n
# with xs=[]
---
# an empty body
for x in xs:
    pass
for x in numbers(n):
    ...
return n
---
# a body that only computes
t = 0
for x in xs:
    y = x * 2
    t = t + y
return t
# with xs=[]
---
# a list of lists
return [[inc(y) for y in r] for r in [xs, numbers(n)]], [inc(y) for r in [xs, [n]] for y in r]
# with xs=[]
"""


@pytest.mark.parametrize("program", read(PROGRAMS), ids=str)
@both_ways
def test_equals_the_plain_call_or_is_refused(program: Fixed, way: str, folder: Path) -> None:
    check(program, folder, way)
