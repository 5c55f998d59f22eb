from __future__ import annotations


def callback() -> object:
    return sorted
