from .steps import load
