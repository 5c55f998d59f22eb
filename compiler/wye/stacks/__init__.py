"""Stacks: `wye.toml` in; a target with typed options, and what holds for every target, out."""

from wye.stacks.choice import Choice, choose
from wye.stacks.files import NoStack, Stack, StackFile, config_of, find, load_config, load_stack, stack_of
from wye.stacks.options import Made, settings_of_source, stack_options
from wye.stacks.tables import Code, Config, Effective, Packages, Shared, StoreOptions
from wye.stacks.typed import Setting

__all__ = [
    "Choice", "Code", "Config", "Effective", "Made", "NoStack", "Packages", "Setting", "Shared", "Stack", "StackFile", "StoreOptions",
    "choose", "config_of", "find", "load_config", "load_stack", "settings_of_source", "stack_of", "stack_options",
]  # fmt: skip
