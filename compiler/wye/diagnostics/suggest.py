"""A misspelt name and the names that exist in, the help line out."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name that the writer most likely meant."""
    from difflib import get_close_matches

    known = sorted(set(names))
    folded = {n.lower().replace("-", "_"): n for n in reversed(known)}
    match = get_close_matches(name.lower().replace("-", "_"), folded, n=1, cutoff=0.6)
    return folded[match[0]] if match else None


def did_you_mean(name: str, names: Iterable[str], kind: str) -> str:
    """ "did you mean `retry`?", else the list of what there is: "the targets are: airflow, kubeflow"."""
    known = sorted(set(names))
    match = nearest(name, known)
    if match is not None:
        return f"did you mean `{match}`?"
    return f"the {kind} are: {', '.join(known)}" if known else f"there are no {kind}"


def near(word: str | None, known: Iterable[str]) -> str | None:
    """As `did_you_mean`, else "one of: `a`, `b`" in the order given; None when there is no word, or nothing else that it could be."""
    others = [k for k in known if k != word]
    if word is None or not others:
        return None
    match = nearest(word, others)
    return f"did you mean `{match}`?" if match else "one of: " + ", ".join(f"`{k}`" for k in others)
