"""The native tree in; `plan.json`, `programs/…` and `crontab.txt` out."""

from __future__ import annotations

from wye.backend.target import EmittedFile, emitted
from wye.ir.json import document
from wye_targets.local.lower import LocalPlan


def emit(native: LocalPlan) -> tuple[EmittedFile, ...]:
    files = [EmittedFile("plan.json", document(native.plan))]
    files += [emitted(f"programs/{path}", data) for path, data in native.programs]
    if native.crontab is not None:
        files.append(EmittedFile("crontab.txt", native.crontab))
    return tuple(files)
