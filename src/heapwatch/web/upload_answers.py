"""The shapes of answers to who sends something. Times are epoch ms."""

from __future__ import annotations

from pydantic import Field

from heapwatch.web.answers import Model


class UploadAnswer(Model):
    """What was read and stored; the total was checked against its rows."""

    stored: bool
    duplicate: bool
    host: str
    jvm: str
    pid: int
    started: int
    time: int
    mode: str
    rows: int
    classes: int
    instances: int
    bytes: int


class BatchAnswer(Model):
    stored: bool
    duplicate: bool


class LogsStored(Model):
    stored: bool
    duplicate: bool
    messages: int
    rejected: dict[str, int] = Field(description="lines that were not taken, by reason")
    first: int = Field(description="time of the earliest message, epoch ms")
    last: int


class SamplesStored(Model):
    stored: bool
    samples: int = Field(description="points that were read, those of classes too")
    histograms: int = Field(description="put together from lines that fit the template for paths")
    rejected: dict[str, int] = Field(description="lines that were not taken, by reason")
