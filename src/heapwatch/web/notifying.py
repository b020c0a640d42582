"""Telling receivers what monitors say: by Apprise, by Alertmanager's webhooks (version 4), to Alertmanagers.

Who was told what is kept, so that a restart tells nobody twice. What could not be delivered is tried again
with the next round. An Alertmanager forgets what is not repeated; it is told again each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx2

from heapwatch import __version__
from heapwatch.errors import HeapwatchError
from heapwatch.monitor.alerts import Alert, Told, link, posted, webhook
from heapwatch.monitor.kinds.base import Monitor, Notify
from heapwatch.monitor.receivers import Receiver
from heapwatch.monitor.states import ERROR, FIRING, NO_DATA, State
from heapwatch.monitor.watch import MonitorWatch
from heapwatch.store.kept import Kept

ROOM = "monitor_told"
PATIENCE_S = 10.0
HOLDS_MS = 300_000
MOST_LINES = 20


class Undelivered(HeapwatchError):
    """Some could not be told; they will be with the next round."""


@dataclass(frozen=True)
class Heard:
    """What one receiver was told of one group last."""

    severity: str
    at: int
    starts: int
    labels: Mapping[str, str]
    text: str


@dataclass
class News:
    """What one receiver is told of one monitor, and what it has heard then."""

    told: list[Told] = field(default_factory=list)
    heard: dict[str, Heard | None] = field(default_factory=dict)


class Notifier:
    """Tells with each `round`, in a thread of its own."""

    def __init__(self, kept: Kept, watch: MonitorWatch, url: str, clock: Callable[[], int]) -> None:
        self._kept = kept
        self._watch = watch
        self._url = url
        self._clock = clock
        self._heard: dict[str, Heard] | None = None
        self._http: httpx2.Client | None = None

    def round(self) -> None:
        """Tell everybody what is new to them."""
        if self._heard is None:
            self._heard = {id_: Heard(**json.loads(body)) for id_, body in self._kept.all(ROOM).items()}
        receivers = {each.name: each for each in self._watch.book.receivers}
        failed = []
        for monitor, watched in self._watch.watched():
            for notify in monitor.notify:
                receiver = receivers[notify.to]
                news = self._news(monitor, watched.states if watched else {}, notify, receiver)
                try:
                    if news.told:
                        self._tell(receiver, monitor.name, news.told)
                except (HeapwatchError, httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                    failed.append(f"{receiver.name}: {receiver.told(error)}")
                else:
                    self._note(news.heard)
        if failed:
            raise Undelivered("; ".join(failed)[:1000])

    def say(self, to: Receiver, title: str, text: str, labels: Mapping[str, str]) -> None:
        """Tell one receiver something once; whatever keeps it from being told is raised."""
        about = {**labels, "alertname": title, "severity": "info"}
        self._tell(to, title, [(Alert(about, {"summary": text}, self._clock(), 0.0), None)], by="workflow")

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def _news(self, monitor: Monitor, states: Mapping[str, State], notify: Notify, to: Receiver) -> News:
        assert self._heard is not None
        news, now = News(), self._clock()
        prefix = f"{to.name}\0{monitor.name}\0"
        for key, state in states.items():
            severity, heard = _severity(state, notify), self._heard.get(prefix + key)
            if not severity or self._watch.quiet(monitor, {**monitor.labels, **state.labels}):
                continue
            again = heard is not None and now - heard.at >= notify.repeat
            if heard is None or heard.severity != severity or again or to.way == "alertmanager":
                if heard is not None and heard.severity != severity:
                    news.told.append((_alert(monitor, heard), now))
                fresh = Heard(severity, now, state.since, dict(state.labels), state.text)
                news.told.append((_alert(monitor, fresh, state.value), None))
                news.heard[prefix + key] = fresh
        for id_, heard in self._heard.items():
            if id_.startswith(prefix):
                now_state = states.get(id_[len(prefix) :])
                if now_state is None or not _severity(now_state, notify):
                    news.heard[id_] = None
                    if notify.resolved:
                        news.told.append((_alert(monitor, heard), now))
        return news

    def _note(self, heard: Mapping[str, Heard | None]) -> None:
        assert self._heard is not None
        changed = {}
        for id_, each in heard.items():
            before = self._heard.pop(id_, None)
            if each is not None:
                self._heard[id_] = each
            if (
                each is None
                or before is None
                or before.severity != each.severity
                or each.at - before.at > 60_000
            ):
                changed[id_] = "" if each is None else json.dumps(each.__dict__)
        self._kept.put(ROOM, changed)

    def _tell(self, to: Receiver, of: str, told: list[Told], by: str = "monitor") -> None:
        address = to.address()
        if to.way == "alertmanager":
            self._send(
                f"{address.rstrip('/')}/api/v2/alerts", posted(told, self._url, self._clock() + HOLDS_MS)
            )
        elif to.way == "webhook":
            self._send(address, webhook(of, told, self._url, by=by))
        else:
            _apprise(address, of, told, self._url)

    def _send(self, url: str, body: object) -> None:
        if self._http is None:
            agent = {"User-Agent": f"heapwatch/{__version__}"}
            self._http = httpx2.Client(timeout=PATIENCE_S, trust_env=True, headers=agent)
        self._http.post(url, json=body).raise_for_status()


def _severity(state: State, notify: Notify) -> str:
    """As what a group is told of; "" when nobody wants to hear of it."""
    if state.state in (NO_DATA, ERROR) and state.state in notify.states:
        return state.state
    return state.level if state.level in FIRING and state.level in notify.states else ""


def _alert(monitor: Monitor, heard: Heard, value: float | None = None) -> Alert:
    labels = {
        **monitor.labels,
        **heard.labels,
        "alertname": monitor.name,
        "monitor": monitor.name,
        "severity": heard.severity,
    }
    annotations = {"summary": heard.text, "description": monitor.description, "query": monitor.asked}
    return Alert(
        labels, {name: text for name, text in annotations.items() if text}, heard.starts, value or 0.0
    )


def _apprise(address: str, of: str, told: list[Told], url: str) -> None:
    try:
        import apprise
    except ImportError as error:
        raise HeapwatchError("this needs apprise: pip install 'heapwatch[notify]'") from error
    lines = []
    for alert, ends in told[:MOST_LINES]:
        who = " ".join(
            f"{name}={text}" for name, text in alert.labels.items() if name not in ("alertname", "monitor")
        )
        lines.append(f"{'resolved' if ends else 'firing'}: {who}: {alert.annotations.get('summary', '')}")
    lines += [f"and {len(told) - MOST_LINES} more"] if len(told) > MOST_LINES else []
    lines.append(link(url, told[0][0]))
    sender = apprise.Apprise()
    if not sender.add(address):
        raise HeapwatchError("this is no address that Apprise knows")
    if not sender.notify(title=f"heapwatch: {of}", body="\n".join(lines)):
        raise HeapwatchError("Apprise could not deliver it")
