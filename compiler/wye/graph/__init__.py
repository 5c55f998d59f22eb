"""Pictures of a pipeline for people: an `ir.Pipeline` in; text for a terminal, Mermaid or SVG out. Nothing is compiled from them.

build.py makes one small tree of boxes and arrows (model.py); text.py, mermaid.py and svg.py draw it, svg.py with the places that
layout.py finds.
"""
