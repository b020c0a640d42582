"""What a JVM says: finding JVMs, asking them for class histograms, reading their counters. Linux only."""
