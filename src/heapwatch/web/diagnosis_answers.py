"""A diagnosis as `heapwatch diagnose -o json` prints it, and as it is kept. Times are epoch ms."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_NAME = Field(min_length=1, max_length=1000)


class Told(BaseModel):
    """What a newer command line says besides is left out."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, ser_json_inf_nan="null")


class Link(Told):
    """One or more objects of a class that hold the next by one of these fields."""

    holder: str
    fields: list[str]
    static: bool = False
    times: int = 1


class Way(Told):
    """Objects of a class that are held alike: the chain begins at the root."""

    objects: int
    class_: str = Field(alias="class")
    root: str = Field(description="in words; empty where no way to a root is known")
    chain: list[Link]
    stack: list[str] = Field(
        default_factory=list, description="where most of them were made, innermost first"
    )


class Holder(Told):
    class_: str = Field(alias="class")
    field: str
    objects: int


class InDump(Told):
    suspects: int
    direct: list[Holder]
    ways: list[Way]


class Holders(Told):
    jfr: list[Way] = Field(default_factory=list, description="by a flight recording")
    heap_dump: InDump | None = None


class Grown(Told):
    class_: str = Field(alias="class")
    delta_instances: int
    delta_bytes: int


class DiagnosisStep(Told):
    step: int
    operation: str
    predicted_pause_ms: float | None = None
    pause_ms: float | None = None
    duration_ms: float | None = None
    found: str = ""
    error: str | None = None
    answer: dict[str, Any] | None = None


class NewDiagnosis(Told):
    host: str = _NAME
    jvm: str = _NAME
    pid: int = Field(ge=0, le=2**31)
    started: int = Field(ge=0, le=2**53)
    time: int = Field(ge=0, le=2**53)
    java_version: str = ""
    collector: str = ""
    suspect: str | None = Field(None, max_length=2000)
    confirmed_by: list[str] = Field(
        default_factory=list, description="the steps that found it alive; none: it may be garbage"
    )
    growth: list[Grown] = Field(default_factory=list)
    steps: list[DiagnosisStep]
    holders: Holders = Field(default_factory=Holders)


class KeptDiagnosis(Told):
    id: str
    time: int


class Diagnosis(NewDiagnosis):
    id: str
    by: str = Field(description="whose token stored it")


class DiagnosisRow(Told):
    """What a list says of one."""

    id: str
    by: str
    time: int
    host: str
    jvm: str
    pid: int
    started: int
    suspect: str | None
    confirmed_by: list[str]
    ways: int = Field(description="how many ways from a root it knows")
    longest_pause_ms: float | None
    pause_ms: float | None = Field(description="of all steps together")


class Diagnoses(Told):
    diagnoses: list[DiagnosisRow]
