"""A finding over time: opened, confirmed, acknowledged, stopped or fixed. JSON in, JSON out; no clock.

    suspect -> confirmed -> fixed        a proof says so
                         -> stopped      it grows on no JVM that lives, and nothing is proved

A leak that comes back after it was fixed is a new finding, with a history of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from heapwatch.model import JvmId

SUSPECT, CONFIRMED, STOPPED, FIXED = "suspect", "confirmed", "stopped", "fixed"
OPEN = (SUSPECT, CONFIRMED)
STATES = (SUSPECT, CONFIRMED, STOPPED, FIXED)

Object = dict[str, Any]


@dataclass
class Record:
    """What is kept of one leak of one service."""

    id: str
    opened: int  # epoch ms
    changed: int
    state: str
    told: Object  # the leak as detect/objects.py writes it, moments as epoch ms
    history: list[Object] = field(default_factory=list)  # {"time", "state", "text"}
    acknowledged: Object | None = None  # {"by", "at", "note"}
    proof: Object | None = None
    probe: Object | None = None  # of which only a part of the growth was alive: probed.py

    @classmethod
    def of(cls, told: Object, now: int) -> Record:
        """A leak that was not known."""
        name = f"{told['service']}\0{told['class']}\0{now}"
        record = cls(blake2b(name.encode(), digest_size=8).hexdigest(), now, now, "", told)
        record.becomes(told["state"], told["sentence"], now)
        return record

    @classmethod
    def from_json(cls, text: str) -> Record:
        return cls(**json.loads(text))

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def lives(self) -> list[JvmId]:
        """Where it grows, or grew when it was last seen to."""
        return sorted(lives_of(self.told))

    def is_same(self, told: Object) -> bool:
        """Whether a leak is this one: of one service, and the root of either in the other's family."""
        own = self.told
        return bool(
            own["service"] == told["service"]
            and (own["class"] in told["family"] or told["class"] in own["family"])
        )

    def becomes(self, state: str, text: str, now: int) -> None:
        """Another state, from now on."""
        self.state, self.changed = state, now
        self.history.append({"time": now, "state": state, "text": text})

    def see(self, told: Object, now: int) -> bool:
        """It was found again; True when its state is another one. Confirmed stays so while it grows.

        Where some of its JVMs have ended and the others go on, it stays what it was on all of them: a fix
        that is rolled out host by host is proved for every host.
        """
        if lives_of(told) < lives_of(self.told):
            told = {**self.told, "exhaustion": told["exhaustion"], "state": told["state"]}
        self.told = told
        if told["state"] == self.state or (self.state == CONFIRMED and told["state"] == SUSPECT):
            return False
        self.becomes(told["state"], told["sentence"], now)
        return True

    def spoken(self) -> Object:
        """As the API answers it."""
        return {
            **self.told,
            "id": self.id,
            "state": self.state,
            "opened": self.opened,
            "changed": self.changed,
            "acknowledged": self.acknowledged,
            "proof": self.proof,
            "history": self.history,
        }


def lives_of(told: Object) -> set[JvmId]:
    """The JVMs that a leak is told of."""
    return {JvmId(*(each[name] for name in JvmId._fields)) for each in told["jvms"]}


def same(records: Iterable[Record], told: Object) -> Record | None:
    """The record of this leak, unless it was fixed; one that is open before one that stopped."""
    fits = [each for each in records if each.state != FIXED and each.is_same(told)]
    return max(fits, key=lambda each: (each.is_open, each.changed), default=None)
