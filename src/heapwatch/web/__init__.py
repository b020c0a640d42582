"""API, pages and the process of `heapwatch serve`."""
