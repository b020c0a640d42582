"""`heapwatch serve`"""

from __future__ import annotations

from pathlib import Path

from heapwatch.cli.settings_flags import UNSET, SettingsFlags, given
from heapwatch.web.settings import Settings, load


def serve(*, config: Path | None = None, flags: SettingsFlags = UNSET) -> int:
    """Run the server: store, API and screens.

    Every flag is also a line of the settings file (graphite_listen = "...") and
    an environment variable (HEAPWATCH_GRAPHITE_LISTEN); a flag wins over the
    environment, that over the file. `heapwatch config show --origin` tells what
    is in force. SIGTERM and Ctrl-C end it in order.

    For example:

        heapwatch serve
        heapwatch serve --data /srv/heapwatch --listen 0.0.0.0:7077
        heapwatch serve --config /etc/heapwatch/server.toml

    Parameters
    ----------
    config
        Settings file (TOML).
    """
    from heapwatch.web.serve import serve as run

    typed = given(flags)

    def read() -> Settings:
        return load(typed, config).settings

    run(read(), reload=read)
    return 0
