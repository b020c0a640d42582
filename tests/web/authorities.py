"""Certificate authorities of tests: one that counts, one that does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Pair:
    """A certificate and its key on file."""

    cert: Path
    key: Path


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str, *, expired: bool = False) -> Pair:
        """For 127.0.0.1; ended yesterday if `expired`."""
        ends = datetime.now(timezone.utc) - timedelta(days=1) if expired else None
        begins = ends - timedelta(days=1) if ends else None
        made = self._ca.issue_cert("127.0.0.1", common_name=name, not_before=begins, not_after=ends)
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        made.private_key_pem.write_to_path(str(pair.key))
        pair.cert.unlink(missing_ok=True)
        for blob in made.cert_chain_pems:
            blob.write_to_path(str(pair.cert), append=True)
        return pair
