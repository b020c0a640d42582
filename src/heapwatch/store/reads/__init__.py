"""The questions that the API asks, a file each.

Each takes the store's parts and plain values, asks the engine with bound parameters, works on numpy columns,
and turns them into lists at the very end.
"""
