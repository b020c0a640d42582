"""Bytes to nouns and back: one file a format, both directions. No sockets, no clocks."""
