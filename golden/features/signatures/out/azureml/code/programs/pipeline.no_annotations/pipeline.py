from __future__ import annotations


def no_annotations(a, b=(1, 2)):
    return [a, b]
