"""try, except, else, finally, raise: what goes wrong easily. Each comes to what the plain call comes to, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixed import Fixed, both_ways, check, read

PROGRAMS = r"""
# a handler goes on
try:
    x = risky(n)
except ValueError:
    x = -1
return inc(x)
# with n=1
# with n=5
# with n=2
---
# bare except
try:
    x = risky(n)
except:
    x = -1
return x
# with n=1
# with n=0
---
# except Exception and BaseException
try:
    x = risky(n)
except Exception:
    x = -1
try:
    y = risky(n)
except BaseException:
    y = -2
return x, y
# with n=1
# with n=0
---
# a class that does not match
try:
    x = risky(n)
except KeyError:
    x = -1
return x
# with n=1
# with n=2
# with n=0
---
# a tuple of classes
try:
    x = risky(n)
except (KeyError, Worse):
    x = -1
return x
# with n=1
# with n=2
---
# a base class of a user's class catches it
try:
    x = risky(n)
except Trouble:
    x = "trouble"
return x
# with n=1
---
# a builtin base of a user's class catches it
try:
    x = fails(n)
except ValueError:
    x = "value"
return x
---
# a user's class that is not a base
try:
    x = odd_one(n)
except Trouble:
    x = "trouble"
return x
---
# LookupError catches KeyError and IndexError, ArithmeticError a division
try:
    x = risky(n) + 10 // m
except LookupError:
    x = "lookup"
except ArithmeticError:
    x = "arithmetic"
return x
# with n=2
# with n=0, m=2
# with n=1
---
# the first handler that matches wins
try:
    x = risky(n)
except ValueError:
    x = "first"
except Worse:
    x = "second"
except Exception:
    x = "third"
return x
# with n=1
# with n=2
# with n=0
---
# the more special handler first
try:
    x = risky(n)
except Worse:
    x = "worse"
except Trouble:
    x = "trouble"
except ValueError:
    x = "value"
return x
# with n=1
# with n=2
# with n=0
---
# a duplicate handler never runs
try:
    x = risky(n)
except KeyError:
    x = 1
except KeyError:
    x = never()
return x
# with n=2
# with n=0
---
# else
try:
    x = risky(n)
except KeyError:
    y = "failed"
else:
    y = tell(x)
return y
# with n=2
# with n=0
---
# a failure in else is not caught by the handlers
try:
    x = inc(n)
except ValueError:
    y = "caught"
else:
    y = fails(x)
return y
---
# a failure in else runs finally
try:
    x = inc(n)
except ValueError:
    note("no")
else:
    check(n)
finally:
    note("done")
return n
# with n=4
---
# finally after success
try:
    x = inc(n)
finally:
    note(n)
return x
---
# finally after a failure: cleanup runs, and the run still fails
try:
    x = fails(n)
finally:
    note(n)
return x
---
# finally after a handler
try:
    x = risky(n)
except ValueError:
    x = tell(n)
finally:
    note("done")
return x
# with n=1
# with n=2
# with n=0
---
# finally after a failing handler
try:
    x = risky(n)
except ValueError:
    x = odd_one(n)
finally:
    note("done")
return x
# with n=1
# with n=0
---
# a failing finally
try:
    x = inc(n)
finally:
    gate(n * 20)
return x
# with n=1
---
# a failing finally after a failure
try:
    x = fails(n)
finally:
    odd_one(n)
return x
---
# a failing finally after a handler
try:
    x = risky(n)
except ValueError:
    x = 1
finally:
    check(m)
return x
# with m=3
# with n=0, m=3
---
# finally binds
try:
    x = inc(n)
finally:
    y = inc(m)
return x, y
---
# finally rebinds what the body bound
x = 0
try:
    x = inc(n)
finally:
    x = add(m, 100)
return x
---
# try/finally without a failure holds nothing back that it should not
try:
    x = inc(n)
finally:
    y = inc(m)
z = add(x, y)
note(z)
return z
---
# the step before a try fails: neither body nor cleanup runs
x = fails(n)
try:
    y = inc(n)
finally:
    note("cleanup")
return y
---
# a gate before a try fails
check(n)
try:
    y = inc(n)
except Exception:
    y = 0
finally:
    note("cleanup")
return y
# with n=4
---
# an unordered step before a try fails
x = fails(n)
try:
    y = inc(n)
except Exception:
    y = 0
return y
---
# a body, its handler and its cleanup come one after the other
a = half(n)
try:
    x = risky(n)
except ValueError:
    x = inc(n)
finally:
    note(n)
return a, tell(x)
# first half, risky
# first risky, inc
# first inc, note
# first note, tell
---
# else and cleanup come one after the other
try:
    x = inc(n)
except ValueError:
    x = 0
else:
    half(x)
finally:
    tell(n)
note(n)
# first inc, half
# first half, tell
# first tell, note
---
# an unused raising expression before a try
10 // m
try:
    y = inc(n)
except ZeroDivisionError:
    y = 0
return y
# with m=1
---
# a raising expression before a try, used inside: it is not caught
x = 10 // m
try:
    y = inc(x)
except ZeroDivisionError:
    y = 0
return y
# with m=1
---
# a raising expression inside a try, used after: it is caught
try:
    x = 10 // m
except ZeroDivisionError:
    x = 0
return inc(x)
# with m=1
---
# a raising expression inside a try, used nowhere: it is caught
y = 1
try:
    10 // m
except ZeroDivisionError:
    y = 2
return y
# with m=1
---
# a raising expression inside a try, bound and used nowhere
y = 1
try:
    x = 10 // m
    y = 3
except ZeroDivisionError:
    y = 2
return y
# with m=1
---
# d["k"], xs[i], int(s), unpacking inside a try
a = []
try:
    x = d["q"]
except KeyError:
    x = 0
try:
    y = xs[7]
except IndexError:
    y = 1
try:
    z = int(s)
except ValueError:
    z = 2
try:
    u, v = xs
except ValueError:
    u, v = 3, 4
return x, y, z, u, v
# with d={"q": 9}, s="12", xs=[8, 9]
---
# an attribute of an artifact inside a try
t = bag(n)
try:
    x = t.size
except AttributeError:
    x = "no size"
return x
---
# a type error of an operator inside a try
try:
    x = o + 1
except TypeError:
    x = "no number"
return x
# with o=4
---
# a raising argument inside a try
try:
    x = inc(10 // m)
except ZeroDivisionError:
    x = -1
return x
# with m=1
---
# a raising condition inside a try
try:
    if 10 // m > 1:
        x = 1
    else:
        x = inc(n)
except ZeroDivisionError:
    x = -1
return x
# with m=1
# with m=9
---
# a raising iterable inside a try
a = []
try:
    for x in range(n, n + 3, m):
        note(x)
    r = "done"
except ValueError:
    r = "failed"
return r
# with m=1
---
# a wrong argument of a step, caught
try:
    x = inc(o)
except TypeError:
    x = "no int"
return x
# with o=4
---
# a result that cannot be unpacked, caught
try:
    a, c = numbers(n)
except ValueError:
    a, c = -1, -2
return a, c
# with n=2
---
# an unused call's failure is caught
try:
    fails(n)
except Trouble:
    note("caught")
return inc(n)
---
# an expression that raises in a body holds back the effects after it
try:
    x = 10 // m
    note(n)
    y = inc(x)
except ZeroDivisionError:
    y = -1
return y
# with m=2
---
# a condition that raises in a body holds back the effects after it
try:
    if d["q"] > 1:
        x = inc(n)
    else:
        x = 0
    note(x)
except KeyError:
    x = -1
return x
# with d={"q": 2}
---
# a value that raises in an arm in a body holds back the effects after it
try:
    if b:
        x = 10 // m
    else:
        x = inc(n)
    note(n)
    y = inc(x)
except ZeroDivisionError:
    y = -1
return y
# with m=2
# with b=False
---
# a list that raises in a body holds back the effects after it
try:
    a = []
    for x in xs:
        a.append(10 // (x - 1))
    note(n)
    y = total(a)
except ZeroDivisionError:
    y = -1
return y
# with xs=[2, 3]
---
# a step that fails in a body holds back the effects after it
try:
    x = risky(n)
    note(n)
    y = inc(x)
except Exception:
    y = -1
return y
# with n=0
---
# the second of two fails: what came first stands, what follows does not run
try:
    note(1)
    fails(n)
    never()
except Trouble:
    note(2)
return n
---
# two that may fail: the first in program order decides
try:
    x = risky(n)
    y = odd_one(m)
    z = add(x, y)
except KeyError:
    z = "key"
except Odd:
    z = "odd"
return z
# with n=2
# with n=5
---
# what the body did before it failed is not undone, and not readable
x = 0
try:
    x = inc(n)
    y = fails(x)
except Trouble:
    y = 5
return y
---
# a handler reads what was bound before the try
x = inc(n)
try:
    y = fails(x)
except Trouble:
    y = add(x, 100)
return y
---
# a handler reads what the body binds before anything can raise
try:
    x = 5
    y = fails(n)
except Trouble:
    y = x
return y
---
# a handler reads what the body binds with what may raise
try:
    x = inc(n)
    y = fails(x)
except Trouble:
    y = x
return y
# WYE1005
---
# a handler reads what the body rebinds between two steps
x = 1
try:
    inc(n)
    x = 2
    fails(n)
except Trouble:
    return x
return 0
# WYE1005
---
# finally reads what the body binds
try:
    x = inc(n)
finally:
    note(x)
return n
# WYE1005
---
# finally reads what was bound before
x = inc(n)
try:
    y = risky(n)
except ValueError:
    y = 0
finally:
    note(x)
return y
# with n=0
---
# read after a try: bound in the body only, before a handler that goes on
try:
    x = inc(n)
except Exception:
    note("failed")
return x
# WYE1005
---
# read after a try: bound in the body, the handler leaves
try:
    x = risky(n)
except KeyError:
    return "key"
except ValueError:
    raise Odd("again")
return inc(x)
# with n=2
# with n=0
---
# read after a try: bound in the handler only
try:
    note(n)
except Exception:
    x = 1
return x
# WYE1005
---
# read after a try: bound before, rebound in the body before it fails
x = 0
try:
    x = 1
    y = fails(n)
except Trouble:
    y = 2
return x, y
---
# read after a try: bound in else
try:
    y = risky(n)
except ValueError:
    x = -1
else:
    x = add(y, 1)
return x
# with n=1
# with n=0
---
# a tuple's parts bound in a body
try:
    x, y = pair(risky(n))
except Exception:
    x, y = 0, "none"
return x, y
# with n=1
# with n=0
---
# an artifact bound in a body, a constant in the handler
try:
    t = thing(risky(n))
except Exception:
    t = None
return size(t)
# with n=1
# with n=0
---
# raise inside a try
try:
    if n > 2:
        raise Trouble(f"{n}")
    x = "small"
except Trouble:
    x = "big"
return x
# with n=1
---
# raise unconditionally inside a try
try:
    note(n)
    raise KeyError("k")
except LookupError:
    x = 1
return x
---
# assert inside a try
try:
    assert n < 2, "big"
    x = inc(n)
except AssertionError:
    x = -1
return x
# with n=1
---
# raise inside a handler
try:
    x = risky(n)
except ValueError:
    raise Odd("from the handler")
return x
# with n=0
# with n=2
---
# raise inside a handler is not caught by the next
try:
    x = risky(n)
except ValueError:
    raise KeyError("new")
except KeyError:
    x = "old"
return x
# with n=2
# with n=0
---
# raise inside finally
try:
    x = inc(n)
finally:
    if n > 2:
        raise Odd("at last")
return x
# with n=1
---
# raise inside finally replaces the failure
try:
    x = fails(n)
finally:
    raise Odd("at last")
---
# return inside a body
try:
    return risky(n)
except ValueError:
    return "failed"
# with n=1
# with n=0
---
# return inside a body, with cleanup
try:
    return inc(n)
finally:
    note("cleanup")
---
# return inside a body, cleanup fails
try:
    return inc(n)
finally:
    check(n)
# with n=4
---
# return inside a body under a condition, then more
try:
    if b:
        return inc(n)
    x = add(n, 1)
finally:
    note("cleanup")
note("after")
return x
# with b=False
---
# return inside a handler
try:
    x = risky(n)
except Trouble:
    return "trouble"
note(x)
return x
# with n=0
---
# return inside else
try:
    x = risky(n)
except Trouble:
    y = 1
else:
    return inc(x)
return y
# with n=0
---
# return inside finally
try:
    x = inc(n)
finally:
    return 1
# WYE1029
---
# break inside finally
for x in xs:
    try:
        note(x)
    finally:
        break
return n
# WYE1029
---
# a return whose value raises is inside the try
try:
    return 10 // m
except ZeroDivisionError:
    return -1
# with m=2
---
# try in try
try:
    try:
        x = risky(n)
    except KeyError:
        x = "inner"
except ValueError:
    x = "outer"
return x
# with n=1
# with n=2
# with n=0
---
# try in a handler
try:
    x = risky(n)
except ValueError:
    try:
        x = risky(m)
    except Exception:
        x = "both"
return x
# with m=1
# with n=2
# with n=0
---
# try in finally
try:
    x = risky(n)
except ValueError:
    x = 0
finally:
    try:
        y = risky(m)
    except Exception:
        y = "cleanup failed"
return x, y
# with m=1
# with n=0, m=2
# with n=2
---
# finally in finally
try:
    try:
        x = risky(n)
    finally:
        note("inner")
finally:
    note("outer")
return x
# with n=0
---
# an inner finally, an outer handler
try:
    try:
        x = risky(n)
    finally:
        note("inner")
    y = add(x, 1)
except Exception:
    y = -1
return y
# with n=0
---
# a failing inner finally, an outer handler
try:
    try:
        x = inc(n)
    finally:
        check(n)
    y = add(x, 1)
except Trouble:
    y = -1
return y
# with n=4
---
# a handler that fails, caught outside
try:
    try:
        x = risky(n)
    except ValueError:
        x = odd_one(n)
except Odd:
    x = "odd"
return x
# with n=0
# with n=2
---
# two tries one after another
try:
    x = risky(n)
except Exception:
    x = -1
try:
    y = risky(x)
except Exception:
    y = -2
return x, y
# with n=1
# with n=0
# with n=10
---
# a try in a branch
if b:
    try:
        x = risky(n)
    except Exception:
        x = -1
else:
    x = 0
return inc(x)
# with b=False
# with n=0
---
# a branch in a try
try:
    if flip(n):
        x = inc(n)
    else:
        x = fails(n)
except Trouble:
    x = "failed"
return x
# with n=4
---
# a branch in a handler
try:
    x = risky(n)
except Exception:
    if flip(n):
        x = "even"
    else:
        x = tell(n)
return x
# with n=1
# with n=2
# with n=0
---
# a branch in finally
try:
    x = risky(n)
except ValueError:
    x = -1
finally:
    if flip(n):
        note("even")
    else:
        note("odd")
return x
# with n=1
# with n=2
# with n=0
---
# a loop in a try
try:
    ys = [risky(x) for x in xs]
except KeyError:
    ys = []
return ys
# with xs=[2, 5]
# with xs=[4, 5]
# with xs=[]
---
# a loop with a carry in a try
t = 0
try:
    for x in xs:
        t = add(t, risky(x))
    r = "done"
except Exception:
    r = "failed"
return r
# with xs=[5, 4]
---
# a list gathered in a try, read after a failure
a = []
try:
    for x in xs:
        a.append(risky(x))
except Exception:
    note("failed")
return a
# WYE1005
---
# a try in a loop
a = []
for x in xs:
    try:
        y = risky(x)
    except KeyError:
        y = "key"
    except ValueError:
        y = "value"
    a.append(y)
return a
# with xs=[]
# with xs=[0, 1, 2, 3, 4, 5]
---
# a try in a loop, appended inside the parts
a = []
for x in xs:
    try:
        y = risky(x)
    except ValueError:
        a.append(-x)
    else:
        a.append(y)
return a
# with xs=[0, 1, 5]
# with xs=[1]
---
# finally in a loop
a = []
for x in xs:
    try:
        a.append(inc(x))
    finally:
        note(x)
return a
# with xs=[]
---
# finally in a loop whose body fails in one iteration
for x in xs:
    try:
        note(risky(x))
    finally:
        note(x)
return n
# with xs=[4, 0]
# with xs=[4, 1, 0]
---
# continue and break inside a try inside a loop
a = []
for x in xs:
    try:
        if x == 2:
            continue
        if x == 7:
            break
        a.append(inc(x))
    finally:
        note(x)
    a.append(0)
return a
# with xs=[1, 2, 3, 7, 4]
# with xs=[]
---
# break inside a handler
t = 0
for x in xs:
    try:
        y = risky(x)
    except ValueError:
        break
    t = add(t, y)
return t
# with xs=[4, 1, 5]
# with xs=[4, 5]
---
# continue inside a handler
t = 0
for x in xs:
    try:
        y = risky(x)
    except Exception:
        continue
    t = add(t, y)
return t
# with xs=[4, 1, 5]
---
# return inside a loop inside a try with finally
try:
    for x in xs:
        if flip(x):
            return inc(x)
    y = 0
finally:
    note("cleanup")
return y
# with xs=[1, 3]
# with xs=[]
---
# return inside a loop inside a try with a handler
try:
    for x in xs:
        if big(risky(x), 20):
            return x
    y = "none"
except KeyError:
    y = "key"
return y
# with xs=[0, 4]
# with xs=[0, 2]
# with xs=[0]
---
# a while in a try
i = 0
try:
    while i < 9:
        i = inc(i)
        note(risky(i + 2))
    r = "end"
except KeyError:
    r = "key"
except Exception:
    r = "other"
return r
---
# a try in a while
i = 0
a = []
while i < 4:
    i = inc(i)
    try:
        y = risky(i)
    except KeyError:
        y = -1
    except ValueError:
        y = -2
    a.append(y)
return a, i
---
# retries written by hand
i, r = 0, None
while i < 4:
    i = inc(i)
    try:
        r = risky(add(i, n))
        break
    except Exception:
        note(i)
return i
# with n=0
# with n=4
---
# a nested pipeline in a try
try:
    x = choose(n)
except Trouble:
    x = "trouble"
return x
# with n=9
# with n=4
---
# a nested pipeline with its own try, in a try
try:
    x = guard(n)
except ValueError:
    x = "value"
return x
# with n=1
# with n=2
# with n=0
---
# a nested pipeline in a handler and in finally
try:
    x = risky(n)
except Exception:
    x = fold(xs)
finally:
    clean(m)
return x
# with m=7
# with n=0
# with n=0, m=7
---
# a nested pipeline with a gate, used in a try
try:
    clean(n)
    x = inner(n)
except Trouble:
    x = "dirty"
return x
# with n=7
# with n=8
---
# a nested pipeline's failure inside a comprehension inside a try
try:
    ys = [choose(x) for x in xs]
except Trouble:
    ys = [0]
return ys
# with xs=[9]
# with xs=[2, 4]
---
# steps in the body that depend on nothing of each other
try:
    x = inc(n)
    y = fails(m)
    z = inc(5)
    r = add(x, z)
except Trouble:
    r = -1
return r
---
# what follows a try waits for it
try:
    note(n)
except Exception:
    note("no")
x = inc(n)
return x
---
# a failure after a try is not caught by it
try:
    x = inc(n)
except Exception:
    x = never()
y = fails(x)
return y
---
# an expression after a try, of a value from inside it
try:
    x = inc(n)
except Exception:
    x = 0
y = 10 // (x - 4)
return y
# with n=1
---
# an expression inside a try that uses a value from before
x = inc(n)
try:
    y = 10 // (x - 4)
except ZeroDivisionError:
    y = "zero"
return y
# with n=1
---
# an expression in a handler that raises
try:
    x = fails(n)
except Trouble:
    x = 10 // m
return x
# with m=1
---
# an expression in finally that raises
try:
    x = inc(n)
finally:
    10 // m
return x
# with m=1
---
# an empty body, an empty handler
y = 1
try:
    pass
except Exception:
    y = never()
try:
    y = risky(n)
except Exception:
    pass
return n
# with n=0
---
# a body that cannot fail
try:
    x = 1
    y = "a"
except Exception:
    x, y = 2, "b"
finally:
    z = 3
return x, y, z
---
# only finally, only constants
x = 1
try:
    pass
finally:
    x = 2
return x
---
# a list changed in a handler
a = [1]
try:
    x = risky(n)
except ValueError:
    a.append(2)
    x = 0
a.append(3)
return a, x
# with n=0
---
# a list changed in the body and the handler
a = [1]
try:
    x = risky(n)
    a.append(x)
except ValueError:
    a.append(2)
return a
# with n=0
---
# an object that a body hands to its handler
t = thing(n)
try:
    x = risky(size(t))
except ValueError:
    x = size(t)
return x
# with n=0
---
# except X as e
try:
    x = risky(n)
except ValueError as e:
    x = 0
return x
# WYE1010
---
# except*
try:
    x = risky(n)
except* ValueError:
    x = 0
return x
# WYE1010
---
# an except of a value
try:
    x = risky(n)
except xs:
    x = 0
return x
# WYE1030
---
# an except of a tuple of a constant
try:
    x = risky(n)
except LIMITS:
    x = 0
return x
# WYE1030
---
# an except of a class of the user's that is no exception
try:
    x = risky(n)
except Box:
    x = 0
return x
---
# the bare except stands last: Python's own rule
try:
    x = risky(n)
except KeyError:
    x = 1
except:
    x = 2
return x
# with n=2
# with n=0
---
# a bare raise
try:
    x = risky(n)
except ValueError:
    note("failed")
    raise
return x
# WYE1010
---
# raise from None
try:
    x = risky(n)
except ValueError:
    raise Odd("new") from None
return x
# with n=2
# with n=0
---
# raise from a value
try:
    x = risky(n)
except ValueError:
    raise Odd("new") from Odd("old")
return x
# WYE1010
---
# raise of a value
raise n
# WYE1030
---
# raise of what a step made
if b:
    raise bag(n)
return n
# WYE1030
---
# raise of a class of the user's that is no exception
raise Box(1)
---
# a user's exception with code of its own
@step
def work(x: int) -> int:
    raise Special(x, "detail")


class Special(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


@pipeline
def p(n: int = 3):
    try:
        x = work(n)
    except Special:
        x = -1
    return x
---
# two classes of one name
@step
def work(x: int) -> int:
    raise (TimeoutError if x > 3 else ConnectionError)(x)


@pipeline
def p(n: int = 3):
    try:
        x = work(n)
    except ConnectionError:
        x = "connection"
    except OSError:
        x = "os"
    return x
# with n=4
---
# a user's class named like a builtin
class KeyError(Exception):
    pass


@step
def work(x: int) -> int:
    if x > 3:
        raise KeyError(x)
    return {}["x"]


@pipeline
def p(n: int = 3):
    try:
        x = work(n)
    except KeyError:
        x = "ours"
    except LookupError:
        x = "builtin"
    return x
# with n=4
---
# multiple inheritance in the MRO
class Both(KeyError, TimeoutError):
    pass


@step
def work(x: int) -> int:
    raise Both(x)


@pipeline
def p(n: int = 3):
    try:
        x = work(n)
    except OSError:
        x = "os"
    except LookupError:
        x = "lookup"
    return x
---
# a step that exits
@step
def work(x: int) -> int:
    raise SystemExit(0) if x == 9 else KeyError(x)


@pipeline
def p(n: int = 3):
    try:
        x = work(n)
    except Exception:
        x = "caught"
    return x
---
# a handler's value raises, and nobody reads it
x = 0
try:
    x = fails(n)
except Trouble:
    x = 10 // m
return n
# with m=1
---
# the body's value raises, and nobody reads it
x = 0
try:
    x = 10 // m
except ZeroDivisionError:
    x = 1
return n
# with m=1
---
# the else's and the finally's value raises, and nobody reads it
x = 0
y = 0
try:
    z = inc(n)
except Trouble:
    z = 1
else:
    x = 10 // m
finally:
    y = d["q"]
return z
# with m=1
# with m=1, d={"q": 1}
---
# a nested pipeline's value raises, and nobody reads it
@pipeline
def q(n: int) -> int:
    if n > 5:
        return 10 // (n - 6)
    return inc(n)


@pipeline
def p(n: int = 6):
    x = q(n)
    if n > 3:
        y = q(n)
    return n
# with n=7
# with n=2
---
# a handler leaves, finally binds what it changed
try:
    x = inc(n)
except ValueError:
    return s
finally:
    s = label(n)
return x, s
---
# a handler leaves, a loop in the body rebinds what it leaves with
try:
    x = zero()
    for n in xs:
        note(n)
except Exception:
    return xs
return x, n
# with xs=[]
---
# a list gathered in a body whose handler leaves
try:
    a = {}
    for i, x in enumerate(xs):
        a[f"{i}"] = add(i, x)
except Exception:
    return n
return a
# with xs=[]
---
# an item that raises before a step in a display
try:
    x = [d["q"], inc(m)]
except LookupError:
    x = []
return x
# with d={"q": 1}
---
# the design document's pipeline
@pipeline
def p(n: int = 3, m: int = 0) -> str:
    rows = numbers(n)
    model, text = pair(n)
    if model > 4:
        url = label(model)
    else:
        url = "none"
    scores = [add(model, shard) for shard in rows]
    try:
        return tell((scores, url, text))
    finally:
        note("cleanup")
# with n=1
# with n=0
---
# a name that := binds where its value raises is not bound in a handler
try:
    m = (v4 := int(s)) + v4
except ValueError:
    m = inc(n)
return m
# with s='b'
# with s='7'
---
# an unpacking binds nothing when one of its values raises
a = 0
try:
    a, b = n, int(s)
except ValueError:
    b = inc(a)
return a, b
# with n=2, s='b'
# with n=2, s='7'
---
# nor when it is made after a step has run
a = 0
try:
    a, b = inc(n), int(s)
except ValueError:
    b = inc(a)
return a, b
# with n=2, s='b'
# with n=2, s='7'
---
# one value for two names, or for none
a = 0
try:
    a = b = int(s)
except ValueError:
    b = inc(a)
return a, b
# with s='b'
# with s='7'
---
# swapped, or not
a, b = n, m
try:
    a, b = b % a, a % b
except ZeroDivisionError:
    b = inc(a)
return a, b
# with n=2, m=0
# with n=0, m=3
# with n=5, m=3
---
# what cannot be hashed, in an unpacking and in a loop that is unrolled
try:
    a, b = {tuple([xs])}, 1
    for c in [n, {tuple([xs])}]:
        if flip(n):
            break
except TypeError:
    b = inc(n)
return b
# with n=2
# with n=3
---
# a pipeline that is one try
@pipeline
def p(n: int = 3):
    try:
        check(n)
    finally:
        note("cleanup")
# with n=4
"""


@pytest.mark.parametrize("program", read(PROGRAMS), ids=str)
@both_ways
def test_equals_the_plain_call_or_is_refused(program: Fixed, way: str, folder: Path) -> None:
    check(program, folder, way)
