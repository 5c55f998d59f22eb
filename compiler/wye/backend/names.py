"""The one name-maker: our names in; the platform's spellings of them, unique and stable, out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a platform takes for a name: a class of characters (as in a regular expression), what stands for any other, the length."""

    charset: str = "a-z0-9-"
    fill: str = "-"
    limit: int = 63
    lower: bool = True
    first: str = "a-z"
    prefix: str = "t"
    """Put before a name whose first character is not one of `first`."""

    def spell(self, name: str) -> str:
        """The name in the platform's characters, within its length; two names may come out the same."""
        text = name.lower() if self.lower else name
        text = re.sub(f"[^{self.charset}]", self.fill, text).strip(self.fill)
        if not re.match(f"[{self.first}]", text):
            text = self.prefix + (self.fill if text else "") + text
        return text if len(text) <= self.limit else self.marked(text, name)

    def marked(self, text: str, name: str) -> str:
        """The text, shortened, with a mark that only this name has."""
        mark = self.fill + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return text[: self.limit - len(mark)].rstrip(self.fill) + mark


IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
"""A reference to an image, as the SDK takes it."""


def pulled(image: str, registry: str | None) -> str:
    """The image as it is pulled: behind the registry, unless it names one. As for a container engine, what stands before the first `/` is
    a host if it could be none else."""
    host, slash, _ = image.partition("/")
    own = slash and ("." in host or ":" in host or host == "localhost")
    return image if own or not registry else f"{registry}/{image}"


def spellings(names: Iterable[str], rules: NameRules, reserved: Collection[str] = ()) -> dict[str, str]:
    """Each name's spelling. Names that the platform takes as they are stay; of the others, those that would meet get a mark.

    A spelling depends on the set of names only, not on their order.
    """
    wishes = {name: rules.spell(name) for name in names}
    count = Counter(wishes.values())
    kept = {name for name, wish in wishes.items() if wish == name}
    return {
        name: wish if wish not in reserved and (name in kept or (count[wish] == 1 and wish not in kept)) else rules.marked(wish, name)
        for name, wish in wishes.items()
    }
