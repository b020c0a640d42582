"""Columns of class histograms to a verdict: what leaks, since when, until when, and whether a fix works."""
