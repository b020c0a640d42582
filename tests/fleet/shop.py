"""The name of this run's own JVM: another run of the tests may have one on this machine at the same time."""

import os

SHOP = f"fleet-shop-{os.getpid()}"
