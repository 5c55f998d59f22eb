"""Requests to AWS in; what the services' own models find wrong with them out. Runs where botocore is: `python sagemaker_shapes.py < JSON`.

botocore itself checks names, types and what is required. Patterns, lengths, ranges and enums stand in the same model, and are checked here.
References of a pipeline (`Get`, `Std:Join`) count as any value of the type that is wanted. Input: `[[service, operation, arguments], …]`;
output: `[[problem, …], …]`.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

REFERENCES = ("Get", "Std:Join", "Std:JsonGet")
FILLED = {"integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True, "timestamp": "2026-01-01T00:00:00Z"}


def reference(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in REFERENCES


def filled(value: Any, shape: Any) -> Any:
    """The value with something in place of each reference."""
    if reference(value):
        if shape is None or shape.type_name == "string":
            return "x" * max(1, shape.metadata.get("min", 1) if shape is not None else 1)
        return FILLED[shape.type_name]
    if isinstance(value, dict):
        members = shape.members if shape is not None and shape.type_name == "structure" else {}
        inner = shape.value if shape is not None and shape.type_name == "map" else None
        return {k: filled(v, members.get(k, inner)) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, shape.member if shape is not None and shape.type_name == "list" else None) for v in value]
    return value


def pattern_of(text: str) -> str:
    """The model's patterns are Java's."""
    for java, ours in ((r"\p{L}", "a-zA-ZÀ-ɏ"), (r"\p{Z}", " "), (r"\p{N}", "0-9"), ("[0-9a-zA-Z-_.]", r"[0-9a-zA-Z\-_.]")):
        text = text.replace(java, ours)
    return text


def beyond(value: Any, shape: Any, path: str) -> list[str]:
    """What botocore does not look at."""
    if shape is None or reference(value):
        return []
    about, found = shape.metadata, []
    if shape.type_name == "structure" and isinstance(value, dict):
        return [p for k, v in value.items() if k in shape.members for p in beyond(v, shape.members[k], f"{path}.{k}")]
    if shape.type_name == "map" and isinstance(value, dict):
        found = [p for k, v in value.items() for p in (*beyond(k, shape.key, f"{path} key {k!r}"), *beyond(v, shape.value, f"{path}.{k}"))]
    if shape.type_name == "list" and isinstance(value, list):
        found = [p for i, v in enumerate(value) for p in beyond(v, shape.member, f"{path}[{i}]")]
    size = value if isinstance(value, int | float) and not isinstance(value, bool) else len(value) if hasattr(value, "__len__") else None
    if size is not None and not about.get("min", size) <= size <= about.get("max", size):
        found.append(f"{path}: {size} is not from {about.get('min')} to {about.get('max')}")
    if shape.type_name == "string" and isinstance(value, str):
        if "pattern" in about and not re.fullmatch(pattern_of(about["pattern"]), value):
            found.append(f"{path}: {value!r} does not match {about['pattern']}")
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value!r} is none of {len(shape.enum)} values")
    return found


def problems(model: Any, operation: str, arguments: Any) -> list[str]:
    from botocore.validate import ParamValidator

    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(filled(arguments, shape), shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + beyond(arguments, shape, operation)


def main() -> None:
    import botocore.session

    session = botocore.session.get_session()
    asked = json.load(sys.stdin)
    models = {service: session.get_service_model(service) for service, _, _ in asked}
    json.dump([problems(models[service], operation, arguments) for service, operation, arguments in asked], sys.stdout)


if __name__ == "__main__":
    main()
