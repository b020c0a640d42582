"""Findings to one page of HTML that needs nothing else, made to be attached to a ticket."""
