"""Stacks: `wye.toml` in, a target with typed options out."""

from wye.stacks.files import NoStack, Stack, load_stack
from wye.stacks.options import Setting, make_options

__all__ = ["NoStack", "Setting", "Stack", "load_stack", "make_options"]
