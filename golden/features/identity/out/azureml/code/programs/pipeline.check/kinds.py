from enum import Enum


class Kind(Enum):
    A = 1
    B = 2


class Base:
    pass


class Child(Base):
    """Not a dataclass: travels by pickle."""

    def __init__(self, kind, table):
        self.kind = kind
        self.table = table
