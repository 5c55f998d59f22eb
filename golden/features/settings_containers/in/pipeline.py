"""Settings that only a target with containers has: image and the interpreter in it, gpu and its type, disk."""

from __future__ import annotations

from wye import Resources, pipeline, step


@step(image="python:3.11-slim", python="python3.11", resources=Resources(cpu=4, memory="16Gi", gpu=1, gpu_type="nvidia-t4"))
def train(n: int) -> float:
    return n / 2


@step(image="ghcr.io/example/scoring@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
def score(model: float) -> float:
    return model * 2


@pipeline
def settings_containers(n: int = 3) -> float:
    return score(train(n))
