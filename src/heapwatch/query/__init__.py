"""The language: text to tree, tree to SQL and columns, columns to an answer. `run.py` is the way through."""
