"""The light side: finds the JVMs of a machine, samples them within their pause budget, ships what it saw."""
