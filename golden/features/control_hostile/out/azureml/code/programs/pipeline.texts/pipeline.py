from __future__ import annotations

STRINGS = ["", " ", "yes", "null", "1e3", "{{ ds }}", "{{$}}", "$HOME", "$(id)", "`id`", "'", '"', "\\", "a\nb", "\t", "é", "😀", "%s", "<b>&", "#", "a: b", "- x", "[1]", "true"]


def texts(n: int) -> list[str]:
    return STRINGS[:n]
