"""Failure in the plan interpreter: where something fails in; what is handled, what still runs, and what the run comes to, out."""

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
    result,
    run,
    run_and_cancel,
    try_,
    while_,
)

ALL: tuple[str, ...] = ()
"""The types of a handler that catches everything."""


def handler(*types: str, value: Any = "handled", nodes: Any = ()) -> Any:
    return types, block(nodes, const(value))


# --- try -------------------------------------------------------------------------------------------------------------------------


def test_a_body_that_succeeds(tmp_path: Path) -> None:
    nodes = [
        try_("t", block([compute("a", "1")], out("a")), handler(nodes=[compute("h", "2")]), final=block([compute("f", "3")], out("f"))),
        compute("next", "[r, f]", r=result("t"), f=result("t", 1)),
    ]
    found = run(tmp_path, nodes, out("next"))
    assert found.value == [1, 3]
    assert found.tasks == {"a": "succeeded", "h": "skipped", "f": "succeeded", "next": "succeeded"}
    assert found.launcher.log.index("ended a") < found.launcher.log.index("started f")


def test_a_body_that_fails(tmp_path: Path) -> None:
    nodes = [
        try_(
            "t",
            block([fail("bad"), compute("b", "1", after=["bad"])], out("b")),
            handler("KeyError", value="wrong", nodes=[compute("w", "1")]),
            (("LookupError", "ValueError"), block([compute("h", "'handled'")], out("h"))),
            handler(*ALL, value="late"),
            orelse=block([compute("e", "1")], out("e")),
            final=block([compute("f", "1")]),
        ),
        compute("next", "r", r=result("t")),
    ]
    found = run(tmp_path, nodes, out("next"))
    assert found.value == "handled"
    assert found.launcher.ran == ["bad", "h", "f", "next"]
    assert found.tasks["bad"] == "failed"
    assert found.named("skipped") == ["b", "w", "e"]
    assert [t.handled for t in found.result.tasks if t.status == "failed"] == [True]
    assert found.result.error is None


@pytest.mark.parametrize(("raised", "types", "caught"), [
    ("ValueError()", ("ValueError",), True),
    ("UnicodeError()", ("ValueError",), True),
    ("ValueError()", ("UnicodeError",), False),
    ("KeyError(1)", ("ValueError", "LookupError"), True),
    ("ValueError()", ALL, True),
    ("SystemExit(3)", ("Exception",), False),
    ("type('Bad', (ValueError,), {'__module__': 'flow'})()", ("flow:Bad",), True),
    ("type('Bad', (ValueError,), {'__module__': 'flow'})()", ("Bad",), False),
])  # fmt: skip
def test_handlers_go_by_the_names_of_all_bases(tmp_path: Path, raised: str, types: Any, caught: bool) -> None:
    if raised.startswith("SystemExit"):
        launcher = Here(faults={"bad": {"type": ["SystemExit", "BaseException", "object"], "message": "3", "traceback": "", "exit": 1}})
    else:
        launcher = Here()
    nodes = [try_("t", block([fail("bad", raised)], const("body")), handler(*types)), compute("next", "1", after=["t"])]
    found = run(tmp_path, nodes, launcher=launcher)
    assert found.status == ("succeeded" if caught else "failed")
    assert ("next" in found.launcher.ran) == caught


@pytest.mark.parametrize(("record", "exit"), [
    ({"type": [], "message": "the attempt took longer than 1 s", "traceback": "", "exit": 124}, 124),
    (None, 1),
])  # fmt: skip
def test_what_is_no_exception_goes_to_a_bare_handler_only(tmp_path: Path, record: Any, exit: int) -> None:
    """A time-out, a process that was killed, a runner that died."""
    body = block([compute("bad", "1")], out("bad"))
    launcher = Here(faults={"bad": record})
    found = run(tmp_path / "1", [try_("t", body, handler("Exception"), handler("object"))], launcher=launcher)
    assert found.status == "failed"
    assert (found.error["type"], found.error["exit"]) == ([], exit)
    found = run(tmp_path / "2", [try_("t", body, handler("Exception"), handler(*ALL, value="bare"))], result("t"), launcher=launcher)
    assert found.value == "bare"


def test_an_unhandled_failure(tmp_path: Path) -> None:
    nodes = [
        try_("t", block([fail("bad", "ValueError('no')")]), handler("KeyError"), final=block([compute("f", "1")])),
        compute("next", "1", after=["t"]),
    ]
    found = run(tmp_path, nodes)
    assert found.status == "failed"
    assert (found.error["type"][0], found.error["message"]) == ("ValueError", "no")
    assert found.launcher.ran == ["bad", "f"]
    assert [t.handled for t in found.result.tasks if t.status == "failed"] == [False]


@pytest.mark.parametrize("place", ["handler", "else", "final"])
@pytest.mark.parametrize("body", ["succeeds", "fails and is handled", "fails"])
def test_failures_outside_the_body(tmp_path: Path, place: str, body: str) -> None:
    """None of them is handled here, the last one is the region's, and final runs whatever was before it."""
    worse = block([fail("worse", "KeyError('worse')")])
    handled = ("ValueError",), (worse if place == "handler" else block())
    region = try_(
        "t",
        block([] if body == "succeeds" else [fail("bad", "ValueError()")]),
        handled if body == "fails and is handled" else (("TypeError",), worse),
        (("KeyError",), block([compute("never", "1")])),
        orelse=worse if place == "else" else None,
        final=worse if place == "final" else block([compute("f", "1")]),
    )
    reached = {"handler": body == "fails and is handled", "else": body == "succeeds", "final": True}[place]
    found = run(tmp_path, [region, compute("next", "1", after=["t"])])
    assert found.status == ("failed" if reached or body == "fails" else "succeeded")
    if found.status == "failed":
        assert found.error["type"][0] == ("KeyError" if reached else "ValueError")
        assert found.tasks["next"] == "skipped"
    assert found.tasks["never"] == "skipped"
    assert ("worse" in found.launcher.ran) == reached
    assert ("f" in found.launcher.ran) == (place != "final")


def test_an_outer_try_gets_the_inner_one_s_error(tmp_path: Path) -> None:
    for place in ("body", "handler", "else", "final"):
        inner = try_(
            "in",
            block([fail("a", "TypeError()")] if place in ("body", "handler") else []),
            *([handler("TypeError", nodes=[fail("b", "KeyError()")])] if place == "handler" else []),
            orelse=block([fail("c", "KeyError()")]) if place == "else" else None,
            final=block([fail("d", "KeyError()")]) if place == "final" else block([compute("f", "1")]),
        )
        expected = "TypeError" if place == "body" else "KeyError"
        wrong = "KeyError" if place == "body" else "TypeError"
        nodes = [
            try_("out", block([inner, compute("b2", "1", after=["in"])]), handler(wrong, value="wrong"), handler(expected, value=place))
        ]
        found = run(tmp_path / place, nodes, result("out"))
        assert found.value == place
        assert "b2" not in found.launcher.ran
        failed = [t for t in found.result.tasks if t.status == "failed"]
        assert failed
        assert all(t.handled for t in failed)


def test_else_reads_the_body_and_final_reads_the_outside(tmp_path: Path) -> None:
    nodes = [
        compute("before", "5"),
        try_(
            "t",
            block([compute("a", "1"), if_("r", const(True), block([compute("b", "2")], out("b")), block([], const(0)))], out("a")),
            handler(*ALL),
            orelse=block([compute("e", "a + b", a=out("a"), b=result("r"))], out("e")),
            final=block([compute("f", "x", x=out("before"))], out("f")),
        ),
    ]
    found = run(tmp_path, nodes, result("t"), result("t", 1))
    assert found.value == [3, 5]


def test_a_try_with_empty_blocks(tmp_path: Path) -> None:
    assert run(tmp_path, [try_("t", block([], const(1)), handler(*ALL), final=block([], const(2)))], result("t"), result("t", 1)).value == [
        1,
        2,
    ]


def test_a_try_is_entered_only_when_all_before_it_succeeded(tmp_path: Path) -> None:
    nodes = [fail("before"), try_("t", block([compute("a", "1")]), handler(*ALL), final=block([compute("f", "1")]), after=["before"])]
    found = run(tmp_path, nodes, on_failure="continue")
    assert (found.status, found.launcher.ran, found.named("skipped")) == ("failed", ["before"], ["a", "f"])


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_the_body_runs_as_far_as_it_can(tmp_path: Path, on_failure: str) -> None:
    """Siblings of what failed go on, and the handler waits for them."""
    launcher = Here(hold={"slow": "ended bad"})
    body = block([fail("bad"), compute("slow", "1"), compute("then", "2", after=["slow"]), compute("never", "3", after=["bad"])])
    found = run(tmp_path, [try_("t", body, handler(*ALL, nodes=[compute("h", "1")]))], launcher=launcher, on_failure=on_failure)
    assert found.status == "succeeded"
    assert launcher.ran[-1] == "h"
    assert {"slow", "then"} <= set(launcher.ran)
    assert "never" not in launcher.ran


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_the_first_failure_in_program_order(tmp_path: Path, on_failure: str) -> None:
    """Not the first in time; and of regions, the first inside."""
    late = "ended last"
    orders: list[tuple[list[Any], Any]] = [
        ([fail("a", "KeyError()"), fail("last", "TypeError()")], {"a": late}),
        (
            [
                if_("r", const(True), block([compute("ok", "1"), fail("a", "KeyError()"), fail("b", "TypeError()")])),
                fail("last", "TypeError()"),
            ],
            {"a": "ended b", "b": late},
        ),
        (
            [
                map_("m", const([1, 2]), block([fail("a", "KeyError() if x == 1 else TypeError()", x=item("m"))])),
                fail("last", "TypeError()"),
            ],
            {"m[0].a": "ended m[1].a", "m[1].a": late},
        ),
        (
            [
                for_(
                    "f",
                    const([1]),
                    [],
                    block([map_("m", const([1, 2, 3]), block([fail("a", "[0, KeyError(), TypeError()][x - 1]", "x > 1", x=item("m"))]))]),
                ),
                fail("last", "TypeError()"),
            ],
            {"f[0].m[1].a": "ended f[0].m[2].a"},
        ),
        (
            [
                try_("in", block([fail("a", "TypeError()"), fail("b", "TypeError()")]), handler(*ALL, nodes=[fail("h", "KeyError()")])),
                fail("last", "TypeError()"),
            ],
            {"h": late},
        ),
    ]
    for number, (nodes, hold) in enumerate(orders):
        whole = [try_("t", block(nodes), handler("TypeError", value="last"), handler("KeyError", value="first"))]
        launcher = Here(hold=hold)
        assert run(tmp_path / str(number), whole, result("t"), launcher=launcher, on_failure=on_failure).value == "first"


def test_a_try_in_every_iteration(tmp_path: Path) -> None:
    body = block(
        [
            try_(
                "t",
                block([fail("odd", "ValueError(x)", "x % 2", x=item("m")), compute("a", "x", x=item("m"), after=["odd"])], out("a")),
                (("ValueError",), block([compute("h", "-x", x=item("m"))], out("h"))),
                final=block([compute("f", "x", x=item("m"))], out("f")),
            )
        ],
        result("t"),
        result("t", 1),
    )
    found = run(tmp_path, [map_("m", param("xs"), body)], result("m", 0, "json*"), result("m", 1, "json*"), params={"xs": [1, 2, 3, 4]})
    assert found.value == [[-1, 2, -3, 4], [1, 2, 3, 4]]
    assert found.named("failed") == ["m[0].odd", "m[2].odd"]
    assert all(t.handled for t in found.result.tasks if t.status == "failed")
    loop = [for_("m", param("xs"), [const(None), const(None)], body)]
    assert run(tmp_path / "for", loop, result("m"), params={"xs": [1, 2, 3]}).value == -3


@pytest.mark.parametrize("loop", ["map", "for", "while"])
def test_a_loop_fails_inside_a_try(tmp_path: Path, loop: str) -> None:
    """What the loop cannot do any more is not done; a map's other items are."""
    nodes = [compute("a", "x", x=item("l") if loop != "while" else carry("l", 1)), fail("bad", "ValueError(a)", "a == 2", a=out("a"))]
    nodes.append(compute("b", "a + 1", a=out("a"), after=["bad"]))
    made = {
        "map": map_("l", const([1, 2, 3]), block(nodes)),
        "for": for_("l", const([1, 2, 3]), [], block(nodes)),
        "while": while_("l", [const(True), const(1)], block([], carry("l")), block(nodes, const(True), out("b"))),
    }[loop]
    found = run(tmp_path, [try_("t", block([made]), handler("ValueError"))], result("t"))
    assert found.value == "handled"
    assert [n for n in found.launcher.ran if n.endswith("b")] == (["l[0].b", "l[2].b"] if loop == "map" else ["l[0].b"])
    assert ("l[2].a" in found.launcher.ran) == (loop == "map")


def test_retries_come_before_handlers(tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    py = f"(open({marker!r}, 'a').write('x'), len(open({marker!r}).read()))[1] // (len(open({marker!r}).read()) - 1)"
    nodes = [try_("t", block([compute("a", py, delays=(0.0, 0.0))], out("a")), handler("ZeroDivisionError"))]
    found = run(tmp_path, nodes, result("t"))
    assert found.value == 2
    assert [e for e in found.events if e[1] == "a"] == [("started", "a"), ("retrying", "a"), ("started", "a"), ("succeeded", "a")]


# --- stop and continue -----------------------------------------------------------------------------------------------------------


def two_iterations() -> list[Any]:
    """The second fails while the first is in the middle of its `try`."""
    body = block(
        [
            compute("first", "x == 0", x=item("m")),
            if_(
                "r",
                out("first"),
                block(
                    [
                        try_(
                            "t",
                            block([compute("a", "1"), compute("b", "1", after=["a"])]),
                            handler(*ALL, nodes=[compute("h", "1")]),
                            orelse=block([compute("e", "1")]),
                            final=block([compute("f", "1"), compute("g", "1", after=["f"])]),
                        ),
                        compute("next", "1", after=["t"]),
                    ]
                ),
                block([fail("bad")]),
            ),
        ]
    )
    return [map_("m", const([0, 1]), body)]


def test_final_runs_although_the_run_is_stopping(tmp_path: Path) -> None:
    launcher = Here(hold={"m[0].a": "ended m[1].bad", "m[1].bad": "started m[0].a"})
    found = run(tmp_path, two_iterations(), launcher=launcher)
    assert found.status == "failed"
    assert found.error["type"][0] == "ValueError"
    assert sorted(launcher.ran[:4]) == ["m[0].a", "m[0].first", "m[1].bad", "m[1].first"]
    assert launcher.ran[4:] == ["m[0].f", "m[0].g"]


def test_nothing_stops_where_the_run_goes_on(tmp_path: Path) -> None:
    launcher = Here(hold={"m[0].a": "ended m[1].bad", "m[1].bad": "started m[0].a"})
    assert run(tmp_path, two_iterations(), launcher=launcher, on_failure="continue").status == "failed"
    assert [n[5:] for n in launcher.ran if n.startswith("m[0]")] == ["first", "a", "b", "e", "f", "g", "next"]


def test_else_does_not_start_once_the_run_is_stopping(tmp_path: Path) -> None:
    launcher = Here(hold={"m[0].b": "ended m[1].bad", "m[1].bad": "started m[0].b"})
    assert run(tmp_path, two_iterations(), launcher=launcher).status == "failed"
    assert [n[5:] for n in launcher.ran if n.startswith("m[0]")] == ["first", "a", "b", "f", "g"]


def test_a_try_is_not_entered_once_the_run_is_stopping(tmp_path: Path) -> None:
    """Nor is any other region: of a try, not even final runs."""
    launcher = Here(hold={"m[0].first": "ended m[1].bad", "m[1].bad": "started m[0].first"})
    found = run(tmp_path, two_iterations(), launcher=launcher)
    assert found.status == "failed"
    assert [n for n in launcher.ran if n.startswith("m[0]")] == ["m[0].first"]
    launcher = Here(hold={"busy": "ended bad"})
    late = try_("t", block(), final=block([compute("f", "1")]), after=["busy"])
    found = run(tmp_path / "2", [compute("busy", "1"), fail("bad"), late], launcher=launcher)
    assert (found.tasks["f"], sorted(launcher.ran)) == ("skipped", ["bad", "busy"])


def test_a_handler_runs_although_the_run_is_stopping(tmp_path: Path) -> None:
    body = block(
        [
            compute("first", "x == 0", x=item("m")),
            if_(
                "r",
                out("first"),
                block(
                    [
                        try_(
                            "t",
                            block([fail("a", "KeyError()")]),
                            handler("KeyError", nodes=[compute("h", "1"), compute("i", "1", after=["h"])]),
                        )
                    ]
                ),
                block([fail("bad")]),
            ),
        ]
    )
    launcher = Here(hold={"m[0].a": "ended m[1].bad", "m[1].bad": "started m[0].a"})
    found = run(tmp_path, [map_("m", const([0, 1]), body)], launcher=launcher)
    assert found.status == "failed"
    assert launcher.ran[-2:] == ["m[0].h", "m[0].i"]
    assert {t.id: t.handled for t in found.result.tasks if t.status == "failed"} == {"m[0].a": True, "m[1].bad": False}


def test_a_handled_failure_stops_nothing_anywhere(tmp_path: Path) -> None:
    """Nor is it taken for a failure of the run: what stands beside the try goes on."""
    launcher = Here(hold={"free": "started h"})
    nodes = [
        try_("t", block([fail("bad")]), handler(*ALL, nodes=[compute("h", "1")])),
        compute("free", "1"),
        compute("then", "2", after=["free"]),
    ]
    assert run(tmp_path, nodes, out("then"), launcher=launcher).value == 2


@pytest.mark.parametrize("place", ["body", "handler", "else", "final"])
def test_an_unhandled_failure_stops_the_run(tmp_path: Path, place: str) -> None:
    """Once it is clear that nothing handles it."""
    broken = [fail("bad", "KeyError()")]
    region = try_(
        "t",
        block(broken if place == "body" else [fail("first")] if place == "handler" else []),
        handler("ValueError", nodes=broken if place == "handler" else ()),
        orelse=block(broken) if place == "else" else None,
        final=block(broken) if place == "final" else None,
    )
    launcher = Here(hold={"busy": "ended bad"})
    nodes = [compute("busy", "1"), region, compute("next", "1", after=["busy"]), compute("free", "1", after=["next"])]
    assert run(tmp_path / "stop", nodes, launcher=launcher).status == "failed"
    assert "free" not in launcher.ran
    launcher = Here(hold={"busy": "ended bad"})
    found = run(tmp_path / "go", nodes, launcher=launcher, on_failure="continue")
    assert (found.status, "free" in launcher.ran) == ("failed", True)


def test_a_failure_stops_what_is_beside_it_in_a_handler(tmp_path: Path) -> None:
    launcher = Here(hold={"busy": "ended bad"})
    broken = [fail("bad"), compute("busy", "1"), compute("then", "1", after=["busy"])]
    nodes = [try_("t", block([fail("first")]), handler(*ALL, nodes=broken), final=block([compute("f", "1")]))]
    assert run(tmp_path, nodes, launcher=launcher).status == "failed"
    assert launcher.ran == ["first", "bad", "busy", "f"]


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_an_iteration_fails(tmp_path: Path, on_failure: str) -> None:
    launcher = Here(hold={"m[0].a": "ended m[1].bad", "m[2].a": "ended m[1].bad"})
    body = block([compute("a", "x", x=item("m")), fail("bad", when="a == 1", a=out("a")), compute("b", "1", after=["bad"])])
    nodes = [map_("m", const([0, 1, 2]), body), compute("next", "1", after=["m"]), compute("free", "1", after=[])]
    found = run(tmp_path, nodes, launcher=launcher, on_failure=on_failure)
    assert (found.status, found.tasks["next"], found.tasks["m[1].bad"]) == ("failed", "skipped", "failed")
    assert "m[1].b" not in found.tasks
    assert ("m[2].b" in launcher.ran) == (on_failure == "continue")
    assert launcher.running == set()


def test_a_loop_without_tasks_ends_with_the_run(tmp_path: Path) -> None:
    """It would go on for ever, and has no task that could be refused a start."""
    nodes = [while_("w", [const(True)], block([], carry("w")), block([], carry("w"))), fail("bad"), compute("next", "1", after=["w"])]
    found = run(tmp_path, nodes)
    assert (found.status, found.tasks) == ("failed", {"bad": "failed", "next": "skipped"})


def test_a_region_that_cannot_read_its_value_stops_the_run(tmp_path: Path) -> None:
    """Unless it is handled: then it is a failure like others."""
    broken = if_("r", param("p"), block(), block())
    nodes = [compute("busy", "1"), broken, compute("next", "1", after=["busy"])]
    found = run(tmp_path, nodes, params={"p": 7})
    assert (found.status, found.tasks) == ("failed", {"busy": "succeeded", "next": "skipped"})
    nodes[1] = try_("t", block([broken]), handler("ValueError"), handler(*ALL, nodes=[compute("h", "1")]))
    assert run(tmp_path / "2", nodes, params={"p": 7}).named("succeeded") == ["busy", "h", "next"]


def test_nothing_is_told_of_iterations_that_did_not_start(tmp_path: Path) -> None:
    """They were waiting for a worker when the run began to stop."""
    found = run(tmp_path, [map_("m", const([1, 2, 3]), block([fail("bad")])), compute("next", "1", after=["m"])], workers=1)
    assert found.tasks == {"m[0].bad": "failed", "next": "skipped"}
    assert found.events == [("started", "m[0].bad"), ("failed", "m[0].bad"), ("skipped", "next")]


def test_a_sequential_loop_ends_with_the_iteration_that_fails(tmp_path: Path) -> None:
    body = block([fail("bad", when="x == 2", x=item("f"))])
    found = run(tmp_path, [for_("f", const([1, 2, 3]), [], body), compute("next", "1", after=["f"])], on_failure="continue")
    assert found.tasks == {"f[0].bad": "succeeded", "f[1].bad": "failed", "next": "skipped"}


def test_a_condition_of_a_while_fails(tmp_path: Path) -> None:
    cond = block([compute("more", "1 // (1 - n)", n=carry("w"))], const(True))
    loop = while_("w", [const(0)], cond, block([compute("n", "n + 1", n=carry("w"))], out("n")))
    found = run(tmp_path, [loop, compute("next", "1", after=["w"])])
    assert found.tasks == {"w[0].more": "succeeded", "w[0].n": "succeeded", "w[1].more": "failed", "next": "skipped"}
    assert found.error["type"][0] == "ZeroDivisionError"


def test_a_retry_does_not_wait_once_the_run_ends(tmp_path: Path) -> None:
    """A failure anywhere, also two regions away, cuts its waiting short; a failure in a body that may be handled does not."""
    launcher = Here(hold={"bad": "ended m[0].a"})
    nodes = [
        map_("m", const([0]), block([if_("r", const(True), block([compute("a", "1 // 0", delays=(1000.0,))]))])),
        try_("t", block([fail("bad")])),
    ]
    found = run(tmp_path, nodes, launcher=launcher)
    assert found.tasks == {"m[0].a": "failed", "bad": "failed"}
    assert launcher.ran.count("m[0].a") == 1
    launcher = Here(hold={"a": "started bad", "bad": "ended a"})
    nodes = [try_("t", block([compute("a", "1 // 0", delays=(0.01,)), fail("bad")]), handler(*ALL))]
    run(tmp_path / "again", nodes, launcher=launcher)
    assert launcher.ran.count("a") == 2


def test_no_retry_is_announced_once_the_run_ends(tmp_path: Path) -> None:
    nodes = [compute("a", "1 // 0", delays=(0.0,)), fail("bad")]
    found = run(tmp_path, nodes, launcher=Here(hold={"a": "ended bad"}))
    assert [kind for kind, task in found.events if task == "a"] == ["started", "failed"]


def test_errors_are_told_with_their_place(tmp_path: Path) -> None:
    found = run(tmp_path, [for_("f", const([1]), [], block([fail("bad", "ValueError('no way')")]))])
    assert [(t.id, t.error and t.error["message"]) for t in found.result.tasks] == [("f[0].bad", "no way")]
    assert json.loads((tmp_path / "run/tasks/f/0/bad/error.json").read_text())["message"] == "no way"


# --- cancellation ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", ["map", "for", "while"])
def test_cancelled_inside_a_loop(tmp_path: Path, loop: str) -> None:
    """No handler and no final runs, and no attempt is left."""
    body = block([compute("a", "1"), compute("b", "1", after=["a"])])
    made = {
        "map": map_("l", const([1, 2, 3]), body),
        "for": for_("l", const([1, 2, 3]), [], body),
        "while": while_("l", [const(True)], block([], carry("l")), {**body, "yields": [const(True)]}),
    }[loop]
    nodes = [
        try_("t", block([made]), handler(*ALL, nodes=[compute("h", "1")]), final=block([compute("f", "1")])),
        compute("next", "1", after=["t"]),
    ]
    launcher = Here(hold={"l[1].a": "never"})
    found = run_and_cancel(
        tmp_path, nodes, launcher, lambda: "started l[1].a" in launcher.log and (loop != "map" or "ended l[2].b" in launcher.log)
    )
    assert (found.status, found.result.message) == ("cancelled", "enough")
    assert found.named("cancelled") == ["l[1].a"]
    assert launcher.running == set()
    assert not {"h", "f", "next"} & set(launcher.ran)
    assert found.tasks["next"] == found.tasks["h"] == found.tasks["f"] == "skipped"


@pytest.mark.parametrize("place", ["handler", "else", "final"])
def test_cancelled_inside_a_try(tmp_path: Path, place: str) -> None:
    wait = [compute("wait", "1")]
    nodes = [
        try_(
            "t",
            block([fail("bad")] if place == "handler" else []),
            handler(*ALL, nodes=wait if place == "handler" else ()),
            orelse=block(wait) if place == "else" else None,
            final=block(wait) if place == "final" else block([compute("f", "1")]),
        )
    ]
    launcher = Here(hold={"wait": "never"})
    found = run_and_cancel(tmp_path, nodes, launcher, lambda: "started wait" in launcher.log)
    assert (found.status, found.tasks["wait"], launcher.running) == ("cancelled", "cancelled", set())
    assert "f" not in launcher.ran


def test_the_time_of_the_run_is_over_inside_a_try(tmp_path: Path) -> None:
    nodes = [try_("t", block([compute("wait", "1")]), handler(*ALL, nodes=[compute("h", "1")]), final=block([compute("f", "1")]))]
    launcher = Here(hold={"wait": "never"})
    found = run(tmp_path, nodes, launcher=launcher, timeout=0.05)
    assert (found.status, found.result.message) == ("failed", "the run took longer than 0.05 s")
    assert (launcher.ran, found.tasks["wait"]) == (["wait"], "cancelled")


def test_cancelled_while_it_waits_to_try_again(tmp_path: Path) -> None:
    nodes = [for_("f", const([1]), [], block([compute("a", "1 // 0", delays=(1000.0,))]))]
    launcher = Here()
    events: list[Any] = []
    found = run_and_cancel(
        tmp_path, nodes, launcher, lambda: bool(events.append(1)) or ("ended f[0].a" in launcher.log and len(events) > 30)
    )
    assert (found.status, found.tasks) == ("cancelled", {"f[0].a": "cancelled"})
