"""A program that shows a disagreement in, a smaller one that still does out: statements and expressions are left out one after another."""

from __future__ import annotations

import ast
import copy
import warnings
from collections.abc import Callable, Iterator

import library
from bound import certainly_bound
from control import ARGUMENTS, Program


def shrink(program: Program, shows: Callable[[Program], bool], most: int = 600) -> Program:
    """`shows` says whether a program shows the same disagreement."""
    tries = 0
    doubtful = not _is_sound(program.source)  # then smaller ones may be

    def better(candidate: Program) -> bool:
        nonlocal tries
        tries += 1
        return tries <= most and (doubtful or _is_sound(candidate.source)) and shows(candidate)

    for arguments in program.arguments:
        one = Program(program.source, (arguments,))
        if len(program.arguments) > 1 and better(one):
            program = one
            break
    changed = True
    while changed and tries < most:
        changed = False
        for candidate in _smaller(program):
            if better(candidate):
                program, changed = candidate, True
                break
    return program


def _is_sound(source: str) -> bool:
    """Whether it is Python, and reads what is bound."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "candidate", "exec")
    except SyntaxError:
        return False
    return all(certainly_bound(n) for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name in ("p", "q"))


def _smaller(program: Program) -> Iterator[Program]:
    found = [n for n in ast.parse(program.source).body if isinstance(n, ast.FunctionDef) and n.name in ("p", "q")]
    if len(found) == 2:
        yield _program(found[1:], program)
    for number, function in enumerate(found):
        for smaller in _variants(function):
            yield _program([*found[:number], smaller, *found[number + 1 :]], program)
    for number, arguments in enumerate(program.arguments):
        for name, value in arguments.items():
            if value != ARGUMENTS[name][0]:
                changed = {**arguments, name: ARGUMENTS[name][0]}
                yield Program(program.source, (*program.arguments[:number], changed, *program.arguments[number + 1 :]))


def _program(functions: list[ast.FunctionDef], program: Program) -> Program:
    return Program(library.module("\n\n\n".join(ast.unparse(ast.fix_missing_locations(f)) for f in functions)), program.arguments)


def _variants(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """The function with one thing less: whole statements first, then what stands around them, then parts of expressions."""
    for change in (_without, _flatter, _simpler):
        count = 0
        while True:
            clone = copy.deepcopy(function)
            if not change(clone, count):
                break
            yield clone
            count += 1


def _blocks(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _without(function: ast.FunctionDef, wanted: int) -> bool:
    """Take the statement of this number out."""
    count = 0
    for block in _blocks(function):
        for i, statement in enumerate(block):
            if isinstance(statement, ast.Pass) and len(block) == 1:
                continue
            if count == wanted:
                del block[i]
                if not block:
                    block.append(ast.Pass())
                return True
            count += 1
    return False


def _flatter(function: ast.FunctionDef, wanted: int) -> bool:
    """Put a compound statement's inside in its place, or drop a part of it."""
    count = 0
    for block in _blocks(function):
        for i, statement in enumerate(block):
            for change in _parts(statement):
                if count == wanted:
                    new = change()
                    block[i : i + 1] = new
                    return True
                count += 1
    return False


def _parts(statement: ast.stmt) -> Iterator[Callable[[], list[ast.stmt]]]:
    if isinstance(statement, ast.If | ast.For | ast.While):
        yield lambda: statement.body
        if statement.orelse:
            yield lambda: statement.orelse
            yield lambda: _dropped(statement, "orelse")
    if isinstance(statement, ast.Try):
        yield lambda: statement.body
        for number in range(len(statement.handlers)):
            if len(statement.handlers) > 1 or statement.finalbody:
                yield lambda number=number: _handled(statement, number)  # type: ignore[misc]
        if statement.orelse:
            yield lambda: _dropped(statement, "orelse")
        if statement.finalbody and statement.handlers:
            yield lambda: _dropped(statement, "finalbody")


def _dropped(statement: ast.stmt, name: str) -> list[ast.stmt]:
    setattr(statement, name, [])
    return [statement]


def _handled(statement: ast.Try, number: int) -> list[ast.stmt]:
    del statement.handlers[number]
    if not statement.handlers:
        statement.orelse = []
    return [statement]


def _simpler(function: ast.FunctionDef, wanted: int) -> bool:
    """Put an operand in the place of an expression, or leave an item out."""
    count = 0
    for node in ast.walk(function):
        if isinstance(node, ast.arguments):
            continue
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "func", "ctx") or isinstance(node, ast.JoinedStr):
                continue
            places: list[tuple[Callable[[ast.expr], None], ast.expr]] = []
            if isinstance(value, ast.expr):
                places.append((lambda new, node=node, name=name: setattr(node, name, new), value))  # type: ignore[misc]
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    if isinstance(item, ast.expr):
                        places.append((lambda new, value=value, i=i: value.__setitem__(i, new), item))  # type: ignore[misc]
            for put, item in places:
                for operand in _operands(item):
                    if count == wanted:
                        put(operand)
                        return True
                    count += 1
            if isinstance(value, list) and isinstance(node, ast.Tuple | ast.List | ast.BoolOp | ast.comprehension) and value:
                least = 0 if isinstance(node, ast.List | ast.comprehension) else 2
                if len(value) > least:
                    for i in range(len(value)):
                        if count == wanted:
                            del value[i]
                            return True
                        count += 1
    return False


def _operands(item: ast.expr) -> Iterator[ast.expr]:
    if isinstance(item, ast.Constant | ast.Name) or isinstance(getattr(item, "ctx", None), ast.Store):
        return
    for child in ast.iter_child_nodes(item):
        if isinstance(child, ast.expr) and not isinstance(child, ast.Slice | ast.Starred):
            if not (isinstance(item, ast.Call) and child is item.func):
                yield child
        elif isinstance(child, ast.comprehension):
            yield child.iter
    yield ast.Constant(1)
