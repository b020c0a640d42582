"""Everything of some JVMs in a range, streamed."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Security

from heapwatch.web.parameters import only_known
from heapwatch.web.services import caller

router = APIRouter(tags=["snapshots"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])
