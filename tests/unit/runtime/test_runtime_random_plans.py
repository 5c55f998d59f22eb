"""Random plans, each run by the plan interpreter and by a dozen lines that do what Python does, one node after the other: they agree."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from plan_forms import Here, block, carry, compute, const, fail, for_, if_, item, map_, out, param, result, run, try_, while_

ERRORS = ("KeyError", "ValueError", "TypeError")


class Writer:
    """Writes a plan. `values` are the sources that may be read where it writes, all of them ints or lists of ints."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = self.trying = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def after(self, nodes: list[Any]) -> list[str]:
        return [n["id"] for n in nodes if self.random.random() < 0.25]

    def block(self, depth: int, ints: list[Any], lists: list[Any], yields: int, size: int = 3) -> Any:
        ints, lists, nodes = list(ints), list(lists), []
        for _ in range(self.random.randrange(size + 1)):
            nodes.append(self.node(depth, ints, lists, self.after(nodes)))
        made = block(nodes, *(self.random.choice([*ints, const(self.random.randrange(9))]) for _ in range(yields)))
        made["ints"] = ints
        return made

    def node(self, depth: int, ints: list[Any], lists: list[Any], after: list[str]) -> Any:
        pick = self.random.choice
        forms = ["compute", "compute", *(["if", "map", "for", "while", "try", "try", "try"] if depth else [])]
        form = pick([*forms, "fail"] if self.trying or self.random.random() < 0.2 else forms)
        a, b, xs = pick(ints), pick(ints), pick(lists)
        if form == "compute":
            name = self.name("c")
            py = pick(["a + b", "a - b", "a * 2 % 7", "b // (a - 4) if a % 9 == 4 else 1", "sum(xs) + a"])
            made = compute(name, py, after, a=a, b=b, xs=xs)
            ints.append(out(name))
        elif form == "fail":
            made = fail(self.name("x"), f"{pick(ERRORS)}(a)", f"a % {pick([2, 3, 5])} == 1", after, a=a)
        elif form == "if":
            name, test = self.name("r"), self.name("p")
            arms = [self.block(depth - 1, ints, lists, 2) for _ in range(2)]
            inner = if_(name, out(test), arms[0], arms[1])
            made = for_(
                self.name("once"),
                const([0]),
                [const(0), const(0)],
                block([compute(test, "a % 2 == 0", a=a), inner], result(name, 0), result(name, 1)),
                None,
                after,
            )
            ints += [result(made["id"], 0), result(made["id"], 1)]
        elif form == "map":
            name = self.name("m")
            body = self.block(depth - 1, [*ints, item(name)], lists, 2)
            made = map_(name, xs, body, pick([None, 1, 2]), after)
            lists += [result(name, 0, "json*"), result(name, 1, "json*")]
        elif form == "for":
            name = self.name("f")
            body = self.block(depth - 1, [*ints, item(name), carry(name, 1)], lists, 1)
            left = self.name("left")
            body["nodes"].append(compute(left, f"x % 4 == {pick([1, 9])}", x=body["yields"][0]))
            body["yields"] = [out(left), *body["yields"]]
            made = for_(name, xs, [const(False), a], body, pick([0, None]), after)
            ints.append(result(name, 1))
        elif form == "while":
            name, more = self.name("w"), self.name("more")
            body = self.block(depth - 1, [*ints, carry(name, 0), carry(name, 1)], lists, 1)
            down = self.name("down")
            body["nodes"].append(compute(down, "n - 1", n=carry(name, 0)))
            body["yields"] = [out(down), *body["yields"]]
            condition = block([compute(more, "n > 0 and x != 5", n=carry(name, 0), x=carry(name, 1))], out(more))
            made = while_(name, [const(pick([0, 2, 3])), a], condition, body, None, after)
            ints += [result(name, 0), result(name, 1)]
        else:
            name = self.name("t")
            self.trying += 1
            body = self.block(depth - 1, ints, lists, 1)
            self.trying -= 1
            types = [pick([(), ("KeyError",), ("LookupError", "ValueError"), ("TypeError",)]) for _ in range(self.random.randrange(3))]
            handlers = [(t, self.block(depth - 1, ints, lists, 1)) for t in types]
            orelse = self.block(depth - 1, body["ints"], lists, 1) if pick([0, 1]) else None
            final = self.block(depth - 1, ints, lists, 1, 1) if pick([0, 1]) else None
            made = try_(name, body, *handlers, orelse=orelse, final=final, after=after)
            ints += [result(name, 0), *([result(name, 1)] if final else [])]
        return made


class Reference:
    """A plan as Python would run it: in order, and no further than the first failure."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.known: dict[Any, Any] = {("param", name): value for name, value in params.items()}
        self.ran: list[str] = []
        self.failed = False

    def value(self, source: Any) -> Any:
        if "const" in source:
            return source["const"]
        kind = next(k for k in ("param", "task", "item", "result", "carry") if k in source)
        found = self.known[kind, source[kind]]
        return found[source["index"]] if kind in ("result", "carry") else found

    def block(self, form: Any, where: str) -> list[Any]:
        for node in form["nodes"]:
            getattr(self, node["op"] + "_")(node, node["id"], where)
        return [self.value(y) for y in form["yields"]]

    def compute_(self, node: Any, id: str, where: str) -> None:
        self.ran.append(where + id)
        try:
            self.known["task", id] = eval(node["value"]["py"], {n: self.value(s) for n, s in node["inputs"].items()})
        except Exception:
            self.failed = True
            raise

    def fail_(self, node: Any, id: str, where: str) -> None:
        self.ran.append(where + id)
        names = {n: self.value(s) for n, s in node["inputs"].items()}
        if eval(node["when"]["py"], dict(names)):
            self.failed = True
            raise eval(node["value"]["py"], names)

    def if_(self, node: Any, id: str, where: str) -> None:
        self.known["result", id] = self.block(node["then" if self.value(node["condition"]) else "else"], where)

    def map_(self, node: Any, id: str, where: str) -> None:
        rows = []
        for i, x in enumerate(self.value(node["over"])):
            self.known["item", id] = x
            rows.append(self.block(node["body"], f"{where}{id}[{i}]."))
        self.known["result", id] = [[row[n] for row in rows] for n in range(len(node["body"]["yields"]))]

    def for_(self, node: Any, id: str, where: str) -> None:
        carries = [self.value(c) for c in node["carries"]]
        for i, x in enumerate(self.value(node["over"])):
            if node["stop"] is not None and carries[node["stop"]]:
                break
            self.known["item", id], self.known["carry", id] = x, carries
            carries = self.block(node["body"], f"{where}{id}[{i}].")
        self.known["result", id] = carries

    def while_(self, node: Any, id: str, where: str) -> None:
        carries, i = [self.value(c) for c in node["carries"]], 0
        while True:
            self.known["carry", id] = carries
            if not self.block(node["condition"], f"{where}{id}[{i}].")[0]:
                break
            carries, i = self.block(node["body"], f"{where}{id}[{i}]."), i + 1
        self.known["result", id] = carries

    def try_(self, node: Any, id: str, where: str) -> None:
        found = []
        try:
            try:
                found = self.block(node["body"], where)
            except Exception as error:
                names = {c.__name__ for c in type(error).__mro__}
                chosen = next((h for h in node["handlers"] if not h["types"] or names & set(h["types"])), None)
                if chosen is None:
                    raise
                found = self.block(chosen["body"], where)
            else:
                found = self.block(node["else"], where) if node["else"] else found
        finally:
            last = self.block(node["final"], where) if node["final"] else []
        self.known["result", id] = [*found, *last]


@pytest.mark.parametrize("part", [0, 1, *(pytest.param(n, marks=pytest.mark.processes) for n in range(2, 8))])
def test_plans_do_what_python_does(part: int, tmp_path: Path) -> None:
    shapes = {"succeeded": 0, "handled": 0, "failed": 0}
    for seed in range(part * 25, part * 25 + 25):
        writer = Writer(seed)
        params = {"n": writer.random.randrange(6), "xs": [writer.random.randrange(9) for _ in range(writer.random.randrange(4))]}
        body = writer.block(3, [param("n")], [param("xs")], 3, 5)
        reference, expected = Reference(params), None
        try:
            expected = reference.block(body, "")
        except Exception as error:
            expected = type(error)
        mode = writer.random.choice(["stop", "continue"])
        found = run(tmp_path / str(seed), body["nodes"], *body["yields"], params=params, launcher=Shuffled(seed), on_failure=mode)
        if isinstance(expected, type):
            assert found.status == "failed", seed
            if mode == "continue":
                assert found.error["type"][0] == expected.__name__, seed
        else:
            assert found.status == "succeeded", (seed, found.error)
            assert found.values == expected, seed
            assert reference.failed or sorted(found.launcher.ran) == sorted(reference.ran), seed
            assert set(reference.ran) <= set(found.launcher.ran), seed
        shapes["failed" if found.status == "failed" else "handled" if reference.failed else "succeeded"] += 1
    assert min(shapes.values()) > 0, shapes


class Shuffled(Here):
    """Attempts that are under way together end in any order."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)

    async def attempt(self, task: Any, folder: str) -> int:
        import asyncio

        for _ in range(self.random.randrange(12)):
            await asyncio.sleep(0)
        return await super().attempt(task, folder)
