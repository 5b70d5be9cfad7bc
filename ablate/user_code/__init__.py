"""A user's Python files: their arguments read without running them, imported afresh, and known by their bytes."""
