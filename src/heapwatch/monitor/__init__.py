"""So it is: what the detector says of every JVM, kept up to date, with a state that outlives a restart."""
