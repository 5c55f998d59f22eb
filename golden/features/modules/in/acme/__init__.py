"""Re-exports."""

from .kinds import Kind
from .text import describe

__all__ = ["Kind", "describe"]
