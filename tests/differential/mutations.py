"""Does the suite notice? One deliberate mistake at a time in a copy of the compiler; the tests of this folder must fail on each.

    python tests/differential/mutations.py            # all of them; one line each
    python tests/differential/mutations.py handlers   # those whose name holds the word

A mutation whose text is no longer in the source is reported: then it wants a look, not a green tick.
"""

# ruff: noqa: E501
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITE = (
    "test_fixed_branches.py",
    "test_fixed_loops.py",
    "test_fixed_try.py",
    "test_fixed_reported.py",
    "test_fixed_programs.py",
    "test_random_programs.py",
)


@dataclass(frozen=True)
class Mutation:
    """In `file` (below compiler/wye), `before` becomes `after`. `before` stands there once."""

    name: str
    file: str
    before: str
    after: str


MUTATIONS = (
    Mutation(
        "plan: the arms of an if swapped", "runtime/plan.py",
        "arms.pop(0 if truth(", "arms.pop(1 if truth(",
    ),
    Mutation(
        "plan: an arm that is not taken runs as well", "runtime/plan.py",
        "outcome = await self.run_block(taken, scope, context)", "outcome = await self.run_block(arms[0], scope, context) or await self.run_block(taken, scope, context)",
    ),
    Mutation(
        "plan: a map loses its last item", "runtime/plan.py",
        'items = elements(scope.entry(node["over"]))', 'items = elements(scope.entry(node["over"]))[:3]',
    ),
    Mutation(
        "plan: the results of a map in the wrong order", "runtime/plan.py",
        '{"list": [y[n] for y in yields]}', '{"list": [y[n] for y in yields[::-1]]}',
    ),
    Mutation(
        "plan: a loop does not stop", "runtime/plan.py",
        "return stop is not None and truth(self.carries[stop])", "return False and stop is not None",
    ),
    Mutation(
        "plan: an iteration sees the first carries", "runtime/plan.py",
        'inner.known["carry", self.node["id"]] = self.carries', 'inner.known["carry", self.node["id"]] = self.first = getattr(self, "first", self.carries)',
    ),
    Mutation(
        "plan: nothing waits for what has failed", "runtime/plan.py",
        "if any(other.result() is not None for other in before) or self.halted(context):", "if self.halted(context):",
    ),
    Mutation(
        "plan: handlers in the wrong order", "runtime/plan.py",
        '(h["body"] for h in node["handlers"] if', '(h["body"] for h in node["handlers"][::-1] if',
    ),
    Mutation(
        "plan: any handler matches", "runtime/plan.py",
        'if not h["types"] or set(h["types"]) & set(outcome["type"])', 'if True or set(h["types"]) & set(outcome["type"])',
    ),
    Mutation(
        "plan: only the class itself matches", "runtime/plan.py",
        'set(h["types"]) & set(outcome["type"])', 'set(h["types"]) & set(outcome["type"][:1])',
    ),
    Mutation(
        "plan: finally only after success", "runtime/plan.py",
        "        if final:\n            last", "        if final and outcome is None:\n            last",
    ),
    Mutation(
        "plan: a failing finally is forgotten", "runtime/plan.py",
        "outcome, failed = outcome if ended is None else ended,", "outcome, failed = outcome,",
    ),
    Mutation(
        "plan: the failure is forgotten after finally", "runtime/plan.py",
        "outcome, failed = outcome if ended is None else ended,", "outcome, failed = ended,",
    ),
    Mutation(
        "outcome: the last failure counts, not the first", "runtime/outcome.py",
        "return next((o for o in not_done if o is not STOPPED)", "return next((o for o in not_done[::-1] if o is not STOPPED)",
    ),
    Mutation(
        "order: effects wait only for the last barrier", "passes/order.py",
        "wanted = list(sinks) or ([barrier] if barrier else [])", "wanted = [barrier] if barrier else []",
    ),
    Mutation(
        "order: nothing waits for an effect", "passes/order.py",
        "            if barrier and not before:", "            if False and not before:",
    ),
    Mutation(
        "order: a region is no barrier for what is in it", "ir/nodes.py",
        "return isinstance(node, ir.Fail | ir.Try) or any(is_ordered(n) for b in blocks(node) for n in b.nodes)", "return isinstance(node, ir.Fail | ir.Try)",
    ),
    Mutation(
        "inline: the gates of a nested pipeline are dropped", "passes/inline.py",
        "waits += gate.waits if gate.covered.isdisjoint(direct) else ()", "waits += ()",
    ),
    Mutation(
        "inline: what nested pipelines declare is not checked", "passes/inline.py",
        "value = checked(value, p.type)", "pass",
    ),
    Mutation(
        "settle: a negated condition loses its not", "passes/settle.py",
        "condition, then, orelse = condition.operand, orelse, then", "condition = condition.operand",
    ),
    Mutation(
        "settle: a constant condition takes the other arm", "passes/settle.py",
        "arm = self.block(then if known else orelse, node.names)", "arm = self.block(orelse if known else then, node.names)",
    ),
    Mutation(
        "lift: what a region waits for is dropped", "passes/lift.py",
        "waits = dict.fromkeys([*node.after, *wanted])", "waits = dict.fromkeys(node.after)",
    ),
    Mutation(
        "islands: the results in the wrong order", "passes/islands.py",
        'ir.Output(e.region, f"r{e.index}", e.type', 'ir.Output(e.region, f"r{max(self._read.get(e.region, {0: 0}))}", e.type',
    ),
    Mutation(
        "regions: a join takes the other arm's value", "frontend/regions.py",
        "Select(self.test(), parts[0], parts[1],", "Select(self.test(), parts[1], parts[0],",
    ),
    Mutation(
        "regions: what raises and nobody uses is dropped", "frontend/regions.py",
        '            made = compute(frame.fresh("compute"), expr)\n', '            continue\n            made = compute(frame.fresh("compute"), expr)\n',
    ),
    Mutation(
        "regions: an expression sinks across a try", "frontend/regions.py",
        "(id(expr) in certain and not work.careful)", "(id(expr) in certain)",
    ),
    Mutation(
        "regions: a name that one arm binds is bound", "frontend/regions.py",
        "maybe = maybe or f\"bound on one path only, at {found[0].span.path}:{found[0].span.line}\"", "pass",
    ),
    Mutation(
        "regions: owned in one arm is owned", "frontend/regions.py",
        "all(b.owned for b in found)", "any(b.owned for b in found)",
    ),
    Mutation(
        "loops: every loop is a map", "frontend/loops.py",
        "        if any(f in tried.arm.env and constant(tried.arm.env[f].value) != (True, False) for f in (STOP, RETURN)):\n            return False\n",
        "",
    ),
    Mutation(
        "loops: what an iteration leaves is not carried", "frontend/loops.py",
        "value = c.initial if tried.arm.dead or end is None or end.maybe else end.value", "value = c.initial",
    ),
    Mutation(
        "loops: what the body binds is bound after the loop", "frontend/loops.py",
        "            if name not in env:\n                why", "            if name not in env and False:\n                why",
    ),
    Mutation(
        "gather: the last iteration's value without a look whether there was one", "frontend/gather.py",
        "return Select(boolean(_told_by(columns)), last, before,", "return Select(boolean(_told_by(columns)), last, last,",
    ),
    Mutation(
        "gather: a list forgets what it had before the loop", "frontend/gather.py",
        "return display(\"list\", [*head, Star(more, more.type, span)], span)", "return display(\"list\", [Star(more, more.type, span)], span)",
    ),
    Mutation(
        "gather: a fold starts from the first item", "frontend/gather.py",
        "made = Builtin(\"_reduce\", (function, columns, start), (), whole, span)", "made = Builtin(\"_reduce\", (function, columns), (), whole, span)",
    ),
    Mutation(
        "failures: a handler reads whatever the body bound", "frontend/failures.py",
        "env[name] = Bound(Const(\"null\", \"none\", span), span, maybe=why)", "env[name] = next(s for s in reversed(seen) if s)",
    ),
    Mutation(
        "comprehensions: filters with steps are dropped", "frontend/comprehensions.py",
        "self._expressions.regions.branch(condition, lambda: self._filtered(tests[1:], then), lambda: None, span)", "self._filtered(tests[1:], then)",
    ),
    Mutation(
        "body: a second reference does not end ownership", "frontend/body.py",
        "self.frame.env[other] = replace(self.frame.env[other], owned=False)", "pass",
    ),
)  # fmt: skip


def main(words: list[str]) -> int:
    chosen = [m for m in MUTATIONS if all(w in m.name for w in words)]
    bad = 0
    for mutation in chosen:
        start = time.monotonic()
        verdict = tried(mutation)
        bad += verdict != "noticed"
        print(f"{verdict:10} {time.monotonic() - start:5.0f} s  {mutation.name}", flush=True)
    print(f"{len(chosen) - bad} of {len(chosen)} noticed")
    return bool(bad)


def tried(mutation: Mutation) -> str:
    """`noticed`, `SURVIVED`, or `STALE` when its text is not there once."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "compiler"
        shutil.copytree(ROOT / "compiler", copy, ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / "wye" / mutation.file
        text = file.read_text("utf-8")
        if text.count(mutation.before) != 1:
            return "STALE"
        file.write_text(text.replace(mutation.before, mutation.after), "utf-8")
        return "noticed" if any(_fails(Path(__file__).with_name(name), copy) for name in SUITE) else "SURVIVED"


def _fails(file: Path, package: Path) -> bool:
    argv = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(file)]
    env = {**os.environ, "PYTHONPATH": str(package), "WYE_QUICK": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, timeout=3600)
    if done.returncode not in (0, 1):
        raise SystemExit(f"exit code {done.returncode}\n" + done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
