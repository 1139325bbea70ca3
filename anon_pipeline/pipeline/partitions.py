"""The one partition of the graph: a cohort. What is done for a cohort does not belong here."""

from __future__ import annotations

import dagster as dg

COHORTS = dg.DynamicPartitionsDefinition(name="cohort")
