"""Become another program that does not outlive its starter: tether.py SIGNAL PARENT COMMAND...

The kernel sends SIGNAL to us when the starter's thread ends, however it ends (`prctl(PR_SET_PDEATHSIG)`), and
that survives exec. Run as a file with `python -I -S`: it imports nothing of ours, so that it costs 10 ms.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    signal, parent = int(sys.argv[1]), int(sys.argv[2])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        sys.exit(1)
    try:
        os.execvp(sys.argv[3], sys.argv[3:])
    except OSError as error:
        sys.exit(f"{sys.argv[3]}: {error.strerror}")


main()
