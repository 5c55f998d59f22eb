"""A `Schedule` in, the same fire times in a platform's own dialect out: one module per dialect, one shared model of cron and zones.

What a schedule means is docs/schedules.md; what a dialect cannot say exactly raises `Inexpressible`, with what to write instead.
"""
