"""heapwatch: an online memory supervisor for fleets of JVMs."""

__version__ = "0.1.0"
