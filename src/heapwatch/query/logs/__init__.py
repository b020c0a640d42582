"""The language for logs: scope, operators, signatures, and what logs say beside metrics."""
