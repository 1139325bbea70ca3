"""Dagster: the only package, with ``anon_pipeline.definitions``, that knows it.

One subject a file: ``assets/`` (the graph), ``checks``, ``partitions``, ``resources``, ``schedules``, ``sensors``,
``failures`` and what they share. No stage's work is done here: assets are made from ``anon_pipeline.stages``.
"""
