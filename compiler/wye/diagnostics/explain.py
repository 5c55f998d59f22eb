"""A diagnostic's code in, its page out: what it means, a wrong example, the right version. A page is `pages/<CODE>.md`.

The first code block of a page is what gets the code: `python` is a pipeline's source (a line `# name.py` begins another file), `toml` is
a `wye.toml`, `console` what a test cannot show. The other blocks are right. Tests run those in `python` and `toml`.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parent / "pages"


def codes() -> tuple[str, ...]:
    """Every code that has a page, sorted."""
    return tuple(sorted(p.stem for p in PAGES.glob("WYE[0-9][0-9][0-9][0-9].md")))


def page(code: str) -> str:
    """The Markdown text of a code's page. Raises KeyError when there is none."""
    if code not in codes():
        raise KeyError(code)
    return (PAGES / f"{code}.md").read_text("utf-8")


def title(code: str) -> str:
    """The page's first line, without the code."""
    return page(code).split("\n", 1)[0].removeprefix(f"# {code}: ")


def normal(text: str) -> str:
    """A code as a person types it (`1001`, `wye1001`) as we write it."""
    text = text.strip().strip("[]").upper()
    return f"WYE{text}" if re.fullmatch(r"\d{4}", text) else text
