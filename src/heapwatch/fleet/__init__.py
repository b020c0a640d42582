"""Many hosts at once: an inventory, a connection to each, and a histogram of every JVM there."""
