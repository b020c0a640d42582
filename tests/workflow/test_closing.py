"""The end of a server lets what may not be done twice finish, and begins nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from heapwatch.workflow.closing import Closing


def attempt(closing: Closing, begun: threading.Event, release: threading.Event, *, repeatable: bool) -> None:
    with closing.attempt(repeatable=repeatable):
        begun.set()
        release.wait(20)


def test_what_may_not_be_done_twice_is_waited_for_as_long_as_one_has_patience() -> None:
    closing, begun, release = Closing(), threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as aside:
        aside.submit(attempt, closing, begun, release, repeatable=False)
        assert begun.wait(20)
        assert not closing.close(0.01)
        waiting = aside.submit(closing.close, 20)
        release.set()
        assert waiting.result()


def test_what_can_be_done_again_is_not_waited_for_and_nothing_begins_any_more() -> None:
    closing, begun, release, late = Closing(), threading.Event(), threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as aside:
        aside.submit(attempt, closing, begun, release, repeatable=True)
        assert begun.wait(20)
        assert closing.close(0.0)
        held = threading.Thread(
            target=attempt, args=(closing, late, release), kwargs={"repeatable": False}, daemon=True
        )
        held.start()
        release.set()
    assert not late.wait(0.05)
    assert closing.close(0.0)
