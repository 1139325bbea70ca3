"""Finding identifying information in a warehouse, a table or a folder: roles and counts, never a value."""
