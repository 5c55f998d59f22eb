"""Stacks: `wye.toml` in; a target with typed options, and what holds for every target, out."""

from wye.stacks.files import NoStack, Stack, load_config, load_stack
from wye.stacks.options import Setting, make_options
from wye.stacks.tables import Code, Config, Packages

__all__ = ["Code", "Config", "NoStack", "Packages", "Setting", "Stack", "load_config", "load_stack", "make_options"]
