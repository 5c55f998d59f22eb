"""Branches and loops of the plan interpreter: plans written by hand in; their values, which tasks ran, and when, out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from plan_forms import (
    Here,
    block,
    carry,
    compute,
    const,
    fail,
    for_,
    if_,
    item,
    map_,
    out,
    param,
    region,
    result,
    run,
    run_and_cancel,
    while_,
)

from wye.runtime.plan import task_folder
from wye.runtime.values import encode

# --- if --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("condition", "value", "done", "skipped"), [
    (True, 2, ["test", "a", "after"], ["b"]),
    (False, 0, ["test", "b", "after"], ["a"]),
])  # fmt: skip
def test_an_arm(tmp_path: Path, condition: bool, value: int, done: list[str], skipped: list[str]) -> None:
    nodes = [
        compute("test", "x", x=param("p")),
        if_(
            "if1",
            out("test"),
            block([compute("a", "x + 1", x=param("n"))], out("a")),
            block([compute("b", "x - 1", x=param("n"))], out("b")),
        ),
        compute("after", "r", r=result("if1")),
    ]
    found = run(tmp_path, nodes, out("after"), params={"p": condition, "n": 1})
    assert found.value == value
    assert found.named("succeeded") == done
    assert found.named("skipped") == skipped
    assert [e for e in found.events if e[0] == "skipped"] == [("skipped", skipped[0])]
    assert list(found.tasks) == ["test", "a", "b", "after"]


def test_arms_without_tasks(tmp_path: Path) -> None:
    nodes = [if_("r", param("p"), block([], param("n"), const("a")), block([], const(None), param("m")))]
    assert run(tmp_path, nodes, result("r"), result("r", 1), params={"p": True, "n": 1, "m": 2}).value == [1, "a"]
    assert run(tmp_path, nodes, result("r"), result("r", 1), params={"p": False, "n": 1, "m": 2}).value == [None, 2]


def test_a_constant_condition(tmp_path: Path) -> None:
    assert run(tmp_path, [if_("r", const(True), block([], const(1)), block([], const(2)))], result("r")).value == 1


def test_an_arm_that_was_not_taken_holds_nobody_up(tmp_path: Path) -> None:
    """What follows runs, by data and by `after`; and what is only in the arm waits for nothing else."""
    nodes = [
        if_("r", param("p"), block([fail("bad")]), block()),
        compute("next", "1", after=["r"]),
    ]
    found = run(tmp_path, nodes, out("next"), params={"p": False})
    assert (found.value, found.named("skipped")) == (1, ["bad"])


def test_who_waits_for_a_branch_waits_for_all_that_ran_in_it(tmp_path: Path) -> None:
    launcher = Here(hold={"slow": "ended other"})
    nodes = [
        if_("r", const(True), block([compute("quick", "1"), compute("slow", "2")], out("quick"))),
        compute("other", "3"),
        compute("reads", "q", q=result("r")),
        compute("waits", "4", after=["r"]),
    ]
    assert run(tmp_path, nodes, launcher=launcher).status == "succeeded"
    assert launcher.log.index("ended slow") < launcher.log.index("started reads")
    assert launcher.log.index("ended slow") < launcher.log.index("started waits")


def test_nested_branches(tmp_path: Path) -> None:
    inner = if_("inner", param("q"), block([compute("a", "'a'")], out("a")), block([compute("b", "'b'")], out("b")))
    nodes = [if_("outer", param("p"), block([inner], result("inner")), block([], const("c")))]
    got = {}
    for p in (True, False):
        for q in (True, False):
            found = run(tmp_path / f"{p}{q}", nodes, result("outer"), params={"p": p, "q": q})
            got[p, q] = (found.value, found.launcher.ran)
    assert got == {(True, True): ("a", ["a"]), (True, False): ("b", ["b"]), (False, True): ("c", []), (False, False): ("c", [])}


def test_a_long_elif_chain(tmp_path: Path) -> None:
    chain = block([], const("none"))
    for n in reversed(range(100)):
        chain = block(
            [if_(f"r{n}", param("yes" if n == 99 else "no"), block([compute(f"t{n}", str(n))], out(f"t{n}")), chain)], result(f"r{n}")
        )
    found = run(tmp_path, chain["nodes"], result("r0"), params={"yes": True, "no": False})
    assert (found.value, found.launcher.ran) == (99, ["t99"])


def test_a_branch_waits_for_what_is_read_inside(tmp_path: Path) -> None:
    """Also for a value that only a yield reads, and only two levels down."""
    launcher = Here(hold={"late": "ended test", "later": "ended test"})
    deep = if_("deep", param("p"), block([compute("use", "x", x=out("late"))], out("use"), out("later")), block([], const(0), const(0)))
    nodes = [
        compute("late", "7"),
        compute("later", "8"),
        compute("test", "True"),
        if_("r", out("test"), block([deep], result("deep"), result("deep", 1)), block([], const(1), const(1))),
    ]
    assert run(tmp_path, nodes, result("r"), result("r", 1), params={"p": True}, launcher=launcher).value == [7, 8]
    assert launcher.log.index("ended late") < launcher.log.index("started use")


@pytest.mark.parametrize("text", ["1", '"true"', "null", "True"])
def test_a_condition_must_be_a_bool(tmp_path: Path, text: str) -> None:
    nodes = [if_("r", param("p"), block([compute("a", "1")]), block([compute("b", "1")])), compute("next", "1", after=["r"])]
    found = run(tmp_path, nodes, params={"p": {"text": text}})
    assert (found.status, found.launcher.ran) == ("failed", [])
    assert found.error["message"] == f"if (flow.py:3:1): a condition must be true or false, not {text}"


# --- map -------------------------------------------------------------------------------------------------------------------------


def test_a_map(tmp_path: Path) -> None:
    body = block([compute("a", "x + n", x=item("m"), n=param("n")), compute("b", "a * 10", a=out("a"))], out("b"), item("m"), const("c"))
    nodes = [
        map_("m", param("xs"), body),
        compute("all", "[a, b, c]", a=result("m", 0, "json*"), b=result("m", 1, "json*"), c=result("m", 2, "json*")),
    ]
    found = run(tmp_path, nodes, out("all"), params={"xs": [3, 1, 2], "n": 1})
    assert found.value == [[40, 20, 30], [3, 1, 2], ["c", "c", "c"]]
    assert list(found.tasks) == ["m[0].a", "m[0].b", "m[1].a", "m[1].b", "m[2].a", "m[2].b", "all"]
    assert (tmp_path / "run/tasks" / task_folder("m[2].b") / "task.json").exists()
    assert json.loads((tmp_path / "run/tasks/m/2/b/task.json").read_text())["id"] == "m[2].b"


def test_a_map_over_nothing_is_done(tmp_path: Path) -> None:
    body = block([compute("a", "x", x=item("m"))], out("a"))
    nodes = [map_("m", param("xs"), body), compute("all", "list(xs)", xs=result("m", 0, "json*")), compute("next", "1", after=["m"])]
    found = run(tmp_path, nodes, out("all"), params={"xs": []})
    assert (found.value, found.launcher.ran) == ([], ["next", "all"]) or found.launcher.ran == ["all", "next"]
    assert "skipped" not in found.tasks.values()


def test_results_are_in_the_order_of_the_items(tmp_path: Path) -> None:
    launcher = Here(hold={"m[0].a": "ended m[1].a", "m[1].a": "ended m[2].a"})
    nodes = [map_("m", param("xs"), block([compute("a", "x", x=item("m"))], out("a")))]
    assert run(tmp_path, nodes, result("m", 0, "json*"), params={"xs": [5, 6, 7]}, launcher=launcher).value == [5, 6, 7]


def test_items_of_every_kind(tmp_path: Path) -> None:
    """Elements are cut out as wire text: what the codec wrote, no more and no less."""
    kinds = [None, -0.0, 1e300, "{{ ds }} ' \ud800 \x00", 2**90, (1, float("inf")), {"z": 1, "a": {"x": []}}, {1: {2}}, b"\xff", []]
    nodes = [map_("m", param("xs"), block([compute("a", "x", x=item("m"))], item("m")))]
    found = run(tmp_path, nodes, result("m", 0, "json*"), params={"xs": {"text": encode(kinds)}})
    values = [json.loads((tmp_path / f"run/tasks/m/{i}/a/values.json").read_text())["x"] for i in range(len(kinds))]
    assert values == [{"text": encode(kind)} for kind in kinds]
    assert found.value == kinds


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (2, 2), (None, 4), (9, 4)])
def test_a_limit(tmp_path: Path, limit: Any, most: int) -> None:
    nodes = [map_("m", param("xs"), block([compute("a", "x", x=item("m")), compute("b", "a", a=out("a"))]), limit)]
    launcher = Here()
    assert run(tmp_path, nodes, params={"xs": list(range(8))}, workers=4, launcher=launcher).status == "succeeded"
    assert launcher.most["a"] == most
    if limit == 1:
        assert launcher.log == [f"{kind} m[{i}].{name}" for i in range(8) for name in "ab" for kind in ("started", "ended")]


def test_a_limit_counts_iterations_not_tasks(tmp_path: Path) -> None:
    launcher = Here(hold={"m[0].a": "started m[0].b", "m[1].a": "started m[1].b", "m[0].b": "started m[1].b"})
    nodes = [map_("m", param("xs"), block([compute("a", "1"), compute("b", "2")]), 2)]
    assert run(tmp_path, nodes, params={"xs": [1, 2]}, launcher=launcher).status == "succeeded"


def test_nested_maps(tmp_path: Path) -> None:
    inner = map_("in", item("out"), block([compute("a", "[x, o, n]", x=item("in"), o=item("out"), n=param("n"))], out("a")))
    body = block([inner, compute("join", "r", r=result("in", 0, "json*"))], out("join"))
    found = run(tmp_path, [map_("out", param("xs"), body)], result("out", 0, "json*"), params={"xs": [[1, 2], [], [3]], "n": 0})
    assert found.value == [[[1, [1, 2], 0], [2, [1, 2], 0]], [], [[3, [3], 0]]]
    ids = ["out[0].in[0].a", "out[0].in[1].a", "out[0].join", "out[1].join", "out[2].in[0].a", "out[2].join"]
    assert list(found.tasks) == ids
    assert (tmp_path / "run/tasks/out/0/in/1/a/out/out.json").exists()


def test_a_map_goes_over_the_results_of_another(tmp_path: Path) -> None:
    nodes = [
        map_("m1", param("xs"), block([compute("a", "[x, x]", x=item("m1"))], out("a"))),
        map_("m2", result("m1", 0, "json*"), block([compute("b", "sum(x)", x=item("m2"))], out("b"))),
        for_("f", result("m2", 0, "json*"), [const(0)], block([compute("c", "t + x", t=carry("f"), x=item("f"))], out("c"))),
    ]
    found = run(tmp_path, nodes, result("f"), params={"xs": [1, 2, 3]})
    assert found.value == 12
    given = json.loads((tmp_path / "run/tasks/m2/1/b/values.json").read_text())["x"]
    assert given == {"file": str(tmp_path / "run/tasks/m1/1/a/out/out.json"), "format": "json"}


def test_branches_inside_a_map(tmp_path: Path) -> None:
    body = block(
        [
            compute("odd", "x % 2 == 1", x=item("m")),
            if_("r", out("odd"), block([compute("a", "x * 10", x=item("m"))], out("a")), block([], item("m"))),
            compute("b", "y + 1", y=result("r")),
        ],
        out("b"),
    )
    found = run(tmp_path, [map_("m", param("xs"), body)], result("m", 0, "json*"), params={"xs": [1, 2, 3]})
    assert found.value == [11, 3, 31]
    assert [name for name in found.tasks if name.endswith(".a")] == ["m[0].a", "m[2].a"]
    assert set(found.tasks.values()) == {"succeeded"}


def test_a_map_inside_a_branch(tmp_path: Path) -> None:
    loop = map_("m", param("xs"), block([compute("a", "x", x=item("m"))], out("a")))
    nodes = [if_("r", param("p"), block([loop, compute("n", "len(x)", x=result("m", 0, "json*"))], out("n")), block([], const(-1)))]
    found = run(tmp_path / "1", nodes, result("r"), params={"p": True, "xs": [7, 8]})
    assert (found.value, list(found.tasks)) == (2, ["m[0].a", "m[1].a", "n"])
    found = run(tmp_path / "2", nodes, result("r"), params={"p": False, "xs": [7, 8]})
    assert (found.value, found.tasks) == (-1, {"n": "skipped"})


def test_two_loops_of_one_name_each(tmp_path: Path) -> None:
    """Two dozen iterations, so that an order by text would show."""
    nodes = [map_("m", param("xs"), block([compute("a", "x", x=item("m"))], out("a")))]
    found = run(tmp_path, nodes, result("m", 0, "json*"), params={"xs": list(range(24))})
    assert found.value == list(range(24))
    assert list(found.tasks) == [f"m[{i}].a" for i in range(24)]


def test_what_a_loop_goes_over_must_be_a_list(tmp_path: Path) -> None:
    nodes = [map_("m", param("xs"), block()), compute("next", "1", after=["m"])]
    found = run(tmp_path, nodes, params={"xs": {"text": '{"$tuple":[1]}'}})
    assert found.error == {
        "type": [],
        "message": "map (flow.py:3:1): what a loop goes over is not a list",
        "traceback": "",
        "exit": 1,
    }
    assert found.tasks == {"next": "skipped"}


# --- for and while ---------------------------------------------------------------------------------------------------------------


def fold(stop: Any = None) -> list[Any]:
    body = block([compute("t", "t + x", t=carry("f"), x=item("f"))], out("t"), carry("f", 0), item("f"))
    return [for_("f", param("xs"), [param("start"), const(None), const(None)], body, stop), compute("end", "t", t=result("f"))]


def test_a_fold(tmp_path: Path) -> None:
    found = run(tmp_path, fold(), out("end"), result("f", 1), result("f", 2), params={"xs": [1, 2, 3, 4], "start": 10})
    assert found.value == [20, 16, 4]
    assert list(found.tasks) == ["f[0].t", "f[1].t", "f[2].t", "f[3].t", "end"]
    assert found.launcher.log == [f"{k} {t}" for t in found.tasks for k in ("started", "ended")]


def test_a_fold_over_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, fold(), out("end"), result("f", 1), params={"xs": [], "start": 10}).value == [10, None]


def test_a_for_ends_when_its_carry_says_so(tmp_path: Path) -> None:
    body = block([compute("hit", "x > 2", x=item("f"))], out("hit"), item("f"))
    nodes = [for_("f", param("xs"), [const(False), const(None)], body, 0)]
    found = run(tmp_path, nodes, result("f", 0), result("f", 1), params={"xs": [1, 2, 3, 4, 5]})
    assert (found.value, found.launcher.ran) == ([True, 3], ["f[0].hit", "f[1].hit", "f[2].hit"])
    found = run(tmp_path / "all", nodes, result("f", 0), result("f", 1), params={"xs": [1, 2]})
    assert found.value == [False, 2]


def test_a_loop_that_was_left_before_it_began(tmp_path: Path) -> None:
    nodes = [for_("f", param("xs"), [param("left")], block([compute("a", "True")], out("a")), 0)]
    assert run(tmp_path, nodes, result("f"), params={"xs": [1], "left": True}).launcher.ran == []
    nodes = [while_("w", [param("left")], block([fail("bad")], const(True)), block([], carry("w")), 0)]
    assert run(tmp_path / "w", nodes, result("w"), params={"left": True}).value is True


def test_carries_change_places(tmp_path: Path) -> None:
    nodes = [for_("f", param("xs"), [const("a"), const("b")], block([], carry("f", 1), carry("f", 0)))]
    assert run(tmp_path, nodes, result("f"), result("f", 1), params={"xs": [1, 2, 3]}).value == ["b", "a"]


def test_an_iteration_runs_in_parallel_inside(tmp_path: Path) -> None:
    launcher = Here(hold={"f[0].a": "started f[0].b", "f[0].b": "started f[0].a"})
    nodes = [for_("f", param("xs"), [], block([compute("a", "1"), compute("b", "2")]))]
    assert run(tmp_path, nodes, params={"xs": [1, 2]}, launcher=launcher).status == "succeeded"
    assert launcher.log.index("ended f[0].b") < launcher.log.index("started f[1].a")


def count(limit: int) -> dict[str, Any]:
    return while_(
        "w",
        [const(0)],
        block([compute("more", f"n < {limit}", n=carry("w"))], out("more")),
        block([compute("n", "n + 1", n=carry("w"))], out("n")),
    )


def test_a_while(tmp_path: Path) -> None:
    found = run(tmp_path, [count(3), compute("end", "n", n=result("w"))], out("end"))
    assert found.value == 3
    assert list(found.tasks) == ["w[0].more", "w[0].n", "w[1].more", "w[1].n", "w[2].more", "w[2].n", "w[3].more", "end"]
    assert run(tmp_path / "none", [count(0)], result("w")).value == 0


def test_a_while_with_break(tmp_path: Path) -> None:
    """The condition is not evaluated any more when the carry is true."""
    body = block([compute("n", "n + 1", n=carry("w", 1)), compute("left", "n == 2", n=out("n"))], out("left"), out("n"))
    nodes = [while_("w", [const(False), const(0)], block([compute("more", "True")], out("more")), body, 0)]
    found = run(tmp_path, nodes, result("w", 1))
    assert (found.value, found.launcher.ran.count("w[1].more"), len(found.launcher.ran)) == (2, 1, 6)


def test_a_condition_without_tasks(tmp_path: Path) -> None:
    nodes = [while_("w", [param("go"), const(1)], block([], carry("w")), block([], const(False), const(2)))]
    assert run(tmp_path, nodes, result("w", 1), params={"go": True}).value == 2


def test_loops_inside_loops(tmp_path: Path) -> None:
    inner = while_(
        "w",
        [item("f")],
        block([compute("more", "n > 0", n=carry("w"))], out("more")),
        block([compute("down", "n - 1", n=carry("w"))], out("down")),
    )
    body = block([inner, compute("t", "t + [n]", t=carry("f"), n=result("w"))], out("t"))
    found = run(tmp_path, [for_("f", param("xs"), [const([])], body)], result("f"), params={"xs": [2, 0, 1]})
    assert found.value == [0, 0, 0]
    assert [n for n in found.tasks if n.endswith("down")] == ["f[0].w[0].down", "f[0].w[1].down", "f[2].w[0].down"]


def test_a_long_loop_of_nothing(tmp_path: Path) -> None:
    """Ten thousand iterations leave nothing behind and do not recurse, and others get their turn."""
    body = block([if_("r", carry("f", 1), block([], item("f")), block([], carry("f")))], result("r"), carry("f", 1))
    nodes = [for_("f", param("xs"), [const(None), const(True)], body), compute("other", "1")]
    launcher = Here(hold={"other": "never"})
    launcher.log.append("never")
    found = run(tmp_path, nodes, result("f"), params={"xs": list(range(10_000))}, launcher=launcher)
    assert found.value == 9999
    assert list(found.tasks) == ["other"]
    assert sorted(p.name for p in (tmp_path / "run/tasks").iterdir()) == ["other"]


def test_a_loop_for_ever_can_be_cancelled(tmp_path: Path) -> None:
    turns: list[int] = []
    nodes = [while_("w", [const(True)], block([], carry("w")), block([], carry("w"))), compute("next", "1", after=["w"])]

    def often() -> bool:
        turns.append(1)
        return len(turns) > 300

    found = run_and_cancel(tmp_path, nodes, Here(), often)
    assert (found.status, found.result.message, found.tasks) == ("cancelled", "enough", {"next": "skipped"})


def test_a_loop_for_ever_ends_with_the_time(tmp_path: Path) -> None:
    nodes = [while_("w", [const(True)], block([], carry("w")), block([], carry("w")))]
    found = run(tmp_path, nodes, timeout=0.05)
    assert (found.status, found.result.message) == ("failed", "the run took longer than 0.05 s")


# --- artifacts -------------------------------------------------------------------------------------------------------------------

THING = "range(x)"  # no codec takes a range: a pickle


def test_artifacts_go_through_branches(tmp_path: Path) -> None:
    make = compute("make", THING, format="auto", x=param("n"))
    nodes = [
        make,
        if_("r", param("p"), block([], out("make", "auto")), block([], const([1, 2]))),
        compute("sum", "sum(x)", x=result("r", 0, "auto")),
    ]
    assert run(tmp_path / "1", nodes, out("sum"), params={"p": True, "n": 4}).value == 6
    assert json.loads((tmp_path / "1/run/tasks/sum/values.json").read_text()) == {
        "x": {"file": str(tmp_path / "1/run/tasks/make/out/out"), "format": "auto"}
    }
    assert run(tmp_path / "2", nodes, out("sum"), params={"p": False, "n": 4}).value == 3
    nodes[1] = if_("r", param("p"), block([], out("make", "auto")), block([], param("n")))
    nodes[2] = compute("sum", "repr(x)", x=result("r", 0, "auto"))
    assert run(tmp_path / "3", nodes, out("sum"), params={"p": False, "n": 4}).value == "4"


def test_artifacts_go_through_loops(tmp_path: Path) -> None:
    nodes = [
        map_("m", param("xs"), block([compute("make", THING, format="auto", x=item("m"))], out("make", "auto"))),
        compute("all", "[len(x) for x in xs]", xs=result("m", 0, "auto*")),
        map_(
            "again",
            result("m", 0, "auto*"),
            block([compute("size", "len(x)", x=item("again", "auto"))], item("again", "auto"), out("size")),
        ),
        for_(
            "f",
            result("again", 0, "auto*"),
            [const(None)],
            block([compute("keep", "x", format="auto", x=item("f", "auto"), old=carry("f", 0, "auto"))], out("keep", "auto")),
        ),
        compute("last", "len(x)", x=result("f", 0, "auto")),
    ]
    found = run(tmp_path, nodes, out("all"), result("again", 1, "json*"), out("last"), params={"xs": [3, 0, 2]})
    assert found.value == [[3, 0, 2], [3, 0, 2], 2]


def test_paths_go_through_loops(tmp_path: Path) -> None:
    """Each consumer has its own copy, of one element as of the whole list."""
    write = "(lambda p: (p.write_text(str(x)), p)[1])(__import__('pathlib').Path('shared.txt').absolute())"
    spoil = "[p.read_text() for p in xs] + [p.write_text('spoilt') for p in xs] + [p.name for p in xs]"
    nodes = [
        map_("m", param("xs"), block([compute("make", write, format="path", kind="path", x=item("m"))], out("make", "path")), 1),
        compute("spoil", spoil, xs=result("m", 0, "path*", ["list", "path"])),
        map_(
            "again",
            result("m", 0, "path*"),
            block([compute("read", "p.read_text()", p=item("again", "path", "path"))], out("read")),
            after=["spoil"],
        ),
    ]
    here = Path.cwd()
    (tmp_path / "cwd").mkdir()
    import os

    os.chdir(tmp_path / "cwd")
    try:
        found = run(tmp_path, nodes, out("spoil"), result("again", 0, "json*"), params={"xs": [1, 2]})
    finally:
        os.chdir(here)
    assert found.value == [["1", "2", 6, 6, "shared.txt", "shared.txt"], ["1", "2"]]


def test_lists_on_disk_are_gone_over(tmp_path: Path) -> None:
    """What an island, or another platform, has written."""
    folder = tmp_path / "list"
    folder.mkdir()
    for i in range(11):
        (folder / f"{i}.json").write_text(str(i * i))
    (folder / ".keep").touch()
    nodes = [map_("m", param("xs", "json*"), block([compute("a", "x", x=item("m"))], out("a")))]
    found = run(tmp_path, nodes, result("m", 0, "json*"), param("xs", "json*"), params={"xs": {"file": str(folder)}})
    assert found.value == [[i * i for i in range(11)]] * 2


def test_a_list_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "xs.json").write_text("[1,2]")
    nodes = [map_("m", param("xs"), block([], item("m")))]
    assert run(tmp_path, nodes, result("m", 0, "json*"), params={"xs": {"file": str(tmp_path / "xs.json")}}).value == [1, 2]


def test_an_element_of_a_list(tmp_path: Path) -> None:
    """As a platform hands on an item of a loop of its own."""
    inner = {"list": [{"text": "[1]"}, {"text": "[2,3]"}]}
    nodes = [map_("m", param("xs"), block([], item("m"))), if_("r", param("p"), block([], const(1)), block([], const(2)))]
    params = {"xs": {"item": inner, "index": 1}, "p": {"item": {"text": "[true,false]"}, "index": 1}}
    assert run(tmp_path, nodes, result("m", 0, "json*"), result("r"), params=params).value == [[2, 3], 2]


# --- the rest of the plan ----------------------------------------------------------------------------------------------------------


def test_tidy(tmp_path: Path) -> None:
    """Of earlier iterations stays what is still carried; results and whatever a map made stay."""
    body = block(
        [
            compute("new", "x", x=item("f")),
            map_("m", const([1, 2]), block([compute("big", "x", x=item("m"))], out("big"))),
            compute("first", "x", x=carry("f", 1)),
            if_("r", carry("f", 2), block([], out("new")), block([], carry("f", 1))),
        ],
        out("new"),
        result("r"),
        const(False),
    )
    nodes = [for_("f", param("xs"), [const(None), const(None), const(True)], body)]
    found = run(tmp_path, nodes, result("f"), result("f", 1), params={"xs": list(range(12))}, tidy=True)
    assert found.value == [11, 0]
    assert sorted(p.name for p in (tmp_path / "run/tasks/f").iterdir()) == ["0", "11"]
    assert len(found.tasks) == 12 * 4
    run(tmp_path / "untidy", nodes, params={"xs": list(range(12))})
    assert len(list((tmp_path / "untidy/run/tasks/f").iterdir())) == 12


def test_a_plan_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="the plan has no task 'nobody' here"):
        run(tmp_path, [compute("a", "x", x=out("nobody"))])


def test_every_region_is_a_node_like_others(tmp_path: Path) -> None:
    """A chain by `after` through all kinds of regions, and through empty ones."""
    from plan_forms import try_

    regions = [
        if_("r0", const(True), block([compute("t0", "0")])),
        map_("r1", const([1]), block([compute("t1", "0")]), after=["r0"]),
        for_("r2", const([1]), [], block([compute("t2", "0")]), after=["r1"]),
        while_("r3", [const(True)], block([], carry("r3")), block([compute("t3", "0")], const(False)), after=["r2"]),
        try_("r4", block([compute("t4", "0")]), after=["r3"]),
        if_("r5", const(True), block(), after=["r4"]),
        compute("t6", "0", after=["r5"]),
    ]
    launcher = Here()
    assert run(tmp_path, regions, launcher=launcher).status == "succeeded"
    assert launcher.ran == ["t0", "r1[0].t1", "r2[0].t2", "r3[0].t3", "t4", "t6"]
    assert [line.split()[0] for line in launcher.log] == ["started", "ended"] * 6


def test_limits_of_parallel_tasks_count_all_levels(tmp_path: Path) -> None:
    nodes = [
        map_("m", param("xs"), block([map_("n", param("xs"), block([compute("a", "1")])), compute("b", "1")])),
        compute("c", "1"),
    ]
    peak: list[int] = []
    launcher = Here()
    found = run(
        tmp_path, nodes, params={"xs": [1, 2, 3]}, launcher=launcher, max_parallel=2, on_event=lambda e: peak.append(len(launcher.running))
    )
    assert found.status == "succeeded"
    assert max(peak) <= 2
    assert len(found.tasks) == 9 + 3 + 1


def test_an_unknown_region(tmp_path: Path) -> None:
    with pytest.raises((KeyError, AttributeError)):
        run(tmp_path, [region("loop", "x")])
