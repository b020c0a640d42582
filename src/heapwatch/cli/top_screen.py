"""The live screen of `heapwatch top`.

Two clocks: the heap's counters are read every second, which costs the JVM nothing; histograms are taken by a
thread of its own, at the pace that the pause budget allows, and not at all while the screen is frozen.
"""

from __future__ import annotations

import sys
import termios
import threading
import time
from dataclasses import replace
from typing import Callable, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Footer, Input, Static

from heapwatch import human
from heapwatch.cli.top_board import SUSPECT, Board, BoardRow
from heapwatch.cli.top_text import header, row_line, suspicion, titles
from heapwatch.cli.visit import Visitor, cost_ms
from heapwatch.errors import HeapwatchError
from heapwatch.jvm.attach import AttachError
from heapwatch.model import Snapshot

HEARTBEAT_S = 1.0

HELP = """\
 b  i  g  r  c    order by bytes, objects, growth, rate per minute, class
 /                show classes with a text in their name (* and ? for all of it)
 a                the application's own classes only, or all again
 l                only what seems to leak, or all again
 space            freeze: nothing moves, and the JVM is left alone
 m  M             mark: growth counts from now on (Δ); M forgets the mark
 n                take a histogram now
 + -              more or less often (the pause budget still holds)
 ↑ ↓ PgUp PgDn    scroll
 q                quit

 BYTES are shallow: the objects themselves, not what they refer to.
 +BYTES is the growth since the start (or the mark), PER MIN the rate of the
 last two minutes. "Stopped for" is how long the last histogram held the
 application's threads, measured by the JVM itself.

 ! seems to leak, + grows with it: told after 40 histograms and three young
 collections. Without an old collection it may still be garbage.
"""


class Classes(ScrollView, can_focus=True):
    """The table; draws only the lines that can be seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_home", "Top", show=False),
        Binding("end", "scroll_end", "End", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[BoardRow] = []
        self._total = 0

    def show_rows(self, rows: list[BoardRow], total: int) -> None:
        self._rows, self._total = rows, total
        self.virtual_size = Size(1, len(rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        at, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if at >= len(self._rows):
            return Strip.blank(width)
        row = self._rows[at]
        style = Style(color="yellow") if row.delta_bytes > 0 else Style.null()
        if row.mark:
            style = Style(color="red", bold=row.mark == SUSPECT)
        if row.instances == 0:
            style = Style(dim=True)
        return Strip([Segment(row_line(row, self._total, width), style)]).adjust_cell_length(width)


class Help(ModalScreen[None]):
    """What the keys do."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > VerticalScroll { width: 84; max-width: 100%; height: auto; max-height: 100%; border: round; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Back")]

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(HELP, markup=False)


def _hung_up() -> bool:
    """Whether the terminal was closed. Nobody may tell: there is no SIGHUP where it controls no session."""
    try:
        termios.tcgetattr(sys.__stdin__ or 0)
    except (termios.error, ValueError):
        return True
    return False


class TopApp(App[Exception | None]):
    """Ends with the error that made going on impossible, or None."""

    CSS = """
    #header { height: 4; }
    #suspicion { display: none; height: 1; color: red; text-style: bold; }
    #suspicion.open { display: block; }
    #titles { height: 1; text-style: bold reverse; }
    #filter { display: none; height: 1; border: none; padding: 0; }
    #filter.open { display: block; }
    Classes { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit_top", "Quit"),
        Binding("question_mark", "help", "Help"),
        Binding("slash", "filter", "Filter"),
        Binding("space", "freeze", "Freeze"),
        Binding("m", "mark", "Mark"),
        Binding("M", "forget_mark", "Forget mark", show=False),
        Binding("a", "only_app", "App only"),
        Binding("l", "only_suspects", "Suspects"),
        Binding("b", "order('bytes')", "Bytes"),
        Binding("i", "order('instances')", "Objects"),
        Binding("g", "order('growth')", "Growth"),
        Binding("r", "order('rate')", "Rate"),
        Binding("c", "order('class')", "Class"),
        Binding("n", "now", "Now", show=False),
        Binding("plus,equals_sign", "pace(0.5)", "More often", show=False),
        Binding("minus", "pace(2.0)", "Less often", show=False),
        Binding("escape", "clear_filter", "Clear filter", show=False),
    ]

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, visitor: Visitor, board: Board) -> None:
        super().__init__()
        self.theme = "ansi-dark"  # the terminal's own colours
        self.frozen = False
        self._visitor = visitor
        self._board = board
        self._heap: dict[str, float] = {}
        self._interval = visitor.budget.limits.min_interval_s
        self._trouble = ""
        self._header = Static(id="header", markup=False)
        self._suspicion = Static(id="suspicion", markup=False)
        self._titles = Static(id="titles", markup=False)
        self._filter = Input(id="filter", placeholder="text in the class name; * and ? for all of it")
        self._table = Classes()
        self._wake = threading.Event()
        self._ending = threading.Event()

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._filter
        yield self._suspicion
        yield self._titles
        yield self._table
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._table.focus()
        self._beat()
        self.set_interval(HEARTBEAT_S, self._beat)
        # A thread of ours and not a worker: leaving must not wait for a JVM that does not answer.
        threading.Thread(target=self._visits, name="visits", daemon=True).start()

    def on_unmount(self) -> None:
        self._ending.set()
        self._wake.set()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    # -- the two clocks -----------------------------------------------------------------------------------

    def _beat(self) -> None:
        if not self.is_headless and _hung_up():
            self.exit()
        if self.frozen:
            return
        self._heap = self._visitor.heap()
        latest = self._board.latest
        used = self._heap.get("heap_used") or (float(latest.histogram.total_bytes) if latest else None)
        if used is not None:
            self._board.observe(used)
        self._draw_header()

    def _visits(self) -> None:
        try:
            self._visit_again_and_again()
        except Exception as error:  # noqa: BLE001 - whatever it is, the screen must not go on without data
            self._post(self.exit, error)

    def _visit_again_and_again(self) -> None:
        while not self._ending.is_set():
            asked, wait = self._wake.is_set(), self._interval
            self._wake.clear()
            if self.frozen and not asked:
                self._wake.wait()
                continue
            try:
                began = time.monotonic()
                decision = self._visitor.budget.decide(began, self._visitor.used())
                if decision.allowed or asked or self._board.latest is None:
                    self._post(self._add, self._visitor.take(began))
                    wait = max(wait, self._visitor.budget.interval_s())
                else:
                    self._post(self._show_trouble, decision.why)
                    wait = max(wait, min(decision.retry_after, 30.0))
            except HeapwatchError as error:
                if self._is_over(error):
                    self._post(self._finish, error)
                    return
                self._post(self._show_trouble, str(error))
            self._wake.wait(wait)

    def _is_over(self, error: HeapwatchError) -> bool:
        if not isinstance(error, AttachError):
            return False
        return error.reason == "gone" or (self._board.latest is None and not error.temporary)

    def _post(self, callback: Callable[..., None], *arguments: object) -> None:
        """Have the screen's own thread do it, unless the screen is going away."""
        try:
            if not self._ending.is_set():
                self.call_from_thread(callback, *arguments)
        except RuntimeError:
            if not self._ending.is_set():
                raise

    def _finish(self, error: HeapwatchError) -> None:
        """Before the first histogram there is nothing to look at; afterwards the last one stays."""
        if self._board.latest is None:
            self.exit(error)
        else:
            self._show_trouble(str(error))

    def _add(self, snapshot: Snapshot) -> None:
        self._trouble = ""
        self._board.add(snapshot, cost_ms(snapshot))
        self._draw()

    def _show_trouble(self, trouble: str) -> None:
        self._trouble = trouble
        self._draw_header()

    # -- drawing ------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        latest = self._board.latest
        self._titles.update(titles(self.size.width, self._board))
        told = suspicion(self._board, self.size.width)
        self._suspicion.update(told)
        self._suspicion.set_class(bool(told), "open")
        if latest is not None:
            self._table.show_rows(self._board.rows(), latest.histogram.total_bytes)
        self._draw_header()

    def _draw_header(self) -> None:
        lines = header(self._board, self._visitor, self._heap, self.size.width, self._state())
        if self._trouble:
            lines[-1] = self._trouble[: self.size.width]
        self._header.update("\n".join(lines))

    def _state(self) -> str:
        told = [f"/{self._board.pattern}"] if self._board.pattern else []
        told += ["app only"] if self._board.only_app else []
        told += ["suspects only"] if self._board.only_suspects else []
        told += ["FROZEN"] if self.frozen else [human.clock(time.time() * 1000)]
        return "  ".join(told)

    # -- keys ---------------------------------------------------------------------------------------------

    def action_quit_top(self) -> None:
        self.exit(None)

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_order(self, sort: str) -> None:
        self._board.sort = sort
        self._table.scroll_home(animate=False)
        self._draw()

    def action_freeze(self) -> None:
        self.frozen = not self.frozen
        if not self.frozen:
            self._wake.set()
        self._draw_header()

    def action_mark(self) -> None:
        self._board.set_mark()
        self._draw()

    def action_forget_mark(self) -> None:
        self._board.clear_mark()
        self._draw()

    def action_only_app(self) -> None:
        self._board.only_app = not self._board.only_app
        self._draw()

    def action_only_suspects(self) -> None:
        self._board.only_suspects = not self._board.only_suspects
        self._table.scroll_home(animate=False)
        self._draw()

    def action_now(self) -> None:
        self._wake.set()

    def action_pace(self, factor: float) -> None:
        self._interval = min(max(self._interval * factor, 1.0), 600.0)
        budget = self._visitor.budget
        budget.limits = replace(budget.limits, min_interval_s=self._interval)
        self._draw_header()

    def action_filter(self) -> None:
        self._filter.add_class("open")
        self._filter.value = self._board.pattern
        self._filter.focus()

    def action_clear_filter(self) -> None:
        self._filter.value = ""
        self._board.pattern = ""
        self._close_filter()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        if self._filter.has_class("open"):
            self._board.pattern = event.value
            self._draw()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._close_filter()

    def _close_filter(self) -> None:
        self._filter.remove_class("open")
        self._table.focus()
        self._draw()
