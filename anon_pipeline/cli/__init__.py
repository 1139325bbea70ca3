"""The command line: one file a verb, each a thin layer over an engine that the Dagster assets call too.

A verb's module imports only typer and light modules at its top; engines are imported inside.
"""
