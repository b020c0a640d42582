"""A public benchmark of leak detectors: programs, recorder, labels, scores, baselines. See README.md."""
