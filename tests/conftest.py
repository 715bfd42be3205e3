"""Hypothesis draws the same examples in every run, and a busy machine fails no deadline."""

from hypothesis import settings

settings.register_profile("hillscape", derandomize=True, deadline=None, database=None)
settings.load_profile("hillscape")
