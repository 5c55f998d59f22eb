"""The language is closed: every libcst node class is lowered, refused with its own words, or a part of one that is."""

from __future__ import annotations

import inspect

import libcst as cst
import pytest

from wye.frontend import body, expressions

EXPRESSIONS = {c for _, c in inspect.getmembers(cst, inspect.isclass) if issubclass(c, cst.BaseExpression) and not inspect.isabstract(c)}
STATEMENTS = {
    c
    for _, c in inspect.getmembers(cst, inspect.isclass)
    if issubclass(c, cst.BaseSmallStatement | cst.BaseCompoundStatement) and not inspect.isabstract(c)
}
BASES = {c for c in EXPRESSIONS | STATEMENTS if c.__name__.startswith("Base")}
# Parts that never stand alone where an expression may stand: the node around them is lowered or refused.
PARTS = {cst.From} & EXPRESSIONS


@pytest.mark.parametrize("node", sorted(EXPRESSIONS - BASES - PARTS, key=lambda c: c.__name__), ids=lambda c: c.__name__)
def test_every_expression_is_lowered_or_refused(node: type[cst.CSTNode]) -> None:
    assert (node in expressions.LOWERED) != (node in expressions.REFUSED)


@pytest.mark.parametrize("node", sorted(STATEMENTS - BASES, key=lambda c: c.__name__), ids=lambda c: c.__name__)
def test_every_statement_is_lowered_or_refused(node: type[cst.CSTNode]) -> None:
    assert (node in body.LOWERED) != (node in body.REFUSED)


def test_every_operator_has_a_row() -> None:
    def concrete(base: type) -> set[type]:
        return {c for _, c in inspect.getmembers(cst, inspect.isclass) if issubclass(c, base) and not c.__name__.startswith("Base")}

    assert concrete(cst.BaseBinaryOp) == set(expressions._BINARY)
    assert concrete(cst.BaseUnaryOp) == set(expressions._UNARY)
    assert concrete(cst.BaseCompOp) == set(expressions._COMPARE)
    assert concrete(cst.BaseAugOp) == set(body._AUGMENTED)


def test_every_node_class_is_accounted_for() -> None:
    """A new libcst release with a new kind of node fails here, not in a user's pipeline."""
    every = {c for _, c in inspect.getmembers(cst, inspect.isclass) if issubclass(c, cst.CSTNode) and not c.__name__.startswith("Base")}
    structural = {c for c in every if not issubclass(c, cst.BaseExpression | cst.BaseSmallStatement | cst.BaseCompoundStatement)}
    tables = {*expressions.LOWERED, *expressions.REFUSED, *body.LOWERED, *body.REFUSED}
    assert every - structural - PARTS <= tables | {cst.CSTNode}
    assert {c.__name__ for c in structural} <= STRUCTURAL


STRUCTURAL = set(
    """
    Add AddAssign And Annotation Arg AsName AssignEqual AssignTarget Asynchronous BitAnd BitAndAssign BitInvert BitOr BitOrAssign
    BitXor BitXorAssign CSTNode Colon Comma Comment CompFor CompIf ComparisonTarget ConcatenatedString Decorator DictElement
    Divide DivideAssign Dot Element Else EmptyLine Equal ExceptHandler ExceptStarHandler Finally FloorDivide FloorDivideAssign
    FormattedStringExpression FormattedStringText From GreaterThan GreaterThanEqual ImportAlias ImportStar In IndentedBlock Index
    Is IsNot LeftCurlyBrace LeftParen LeftShift LeftShiftAssign LeftSquareBracket LessThan LessThanEqual MatchAs MatchCase
    MatchClass MatchKeywordElement MatchList MatchMapping MatchMappingElement MatchOr MatchOrElement MatchPattern MatchSequence
    MatchSequenceElement MatchSingleton MatchStar MatchTuple MatchValue MatrixMultiply MatrixMultiplyAssign Minus Module Modulo
    ModuloAssign Multiply MultiplyAssign NameItem Newline Not NotEqual NotIn Or Param ParamSlash ParamSpec ParamStar Parameters
    ParenthesizedWhitespace Plus Power PowerAssign RightCurlyBrace RightParen RightShift RightShiftAssign RightSquareBracket
    Semicolon SimpleStatementLine SimpleStatementSuite SimpleWhitespace Slice StarredDictElement StarredElement Subtract
    SubtractAssign SubscriptElement TemplatedStringExpression TemplatedStringText TrailingWhitespace TypeParam TypeParameters
    TypeVar TypeVarTuple UnaryOperation WithItem
    """.split()
)
