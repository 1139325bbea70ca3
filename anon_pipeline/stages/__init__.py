"""The stages of a cohort's way from warehouse to release: the one graph that Dagster and the command line both run.

``base`` says what a stage is and runs one; ``graph`` lists them all; the other files hold their bodies, one group a
file. Nothing here knows Dagster.
"""
