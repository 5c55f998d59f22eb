"""Diagnostics as data: in go code, span, message, labels and help; out come sorted, renderable values.

The text of a diagnostic stands where it is raised. A message is lowercase and states the problem only; the remedy goes in `help`.
"""

from wye.diagnostics.model import CompileFailed, Diagnostic, Diagnostics, Label, Severity, Span

__all__ = ["CompileFailed", "Diagnostic", "Diagnostics", "Label", "Severity", "Span"]
