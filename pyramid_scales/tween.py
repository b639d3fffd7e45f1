"""Time each request, up to the moment when its response object is returned.

The response is never touched. What happens to it afterwards is neither in the time nor in the status: tweens
outside this one, response callbacks, subscribers of ``NewResponse``, a body that is streamed, a conditional
response that WebOb turns into a 304 while it is sent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from pyramid.interfaces import IExecutionPolicy
from pyramid.registry import Registry
from pyramid.request import Request

from . import application
from .naming import OWN, VIEW, dotted, is_excluded, method_label, own_routes, place, will_be_retried
from .recording.cells import Cell, scratch
from .recording.forks import NOBODYS
from .recording.recorder import Recorder
from .recording.store import ACTIVE
from .recording.words import NONE
from .snapshot import Labels

Handler = Callable[[Request], Any]
Around = Callable[[Handler], Handler]

KEYS_PER_SERIES = 8
"""Ways to one series that are remembered, on average: a status may come with different reasons."""


def scales_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """The tween, or ``handler`` itself where nothing is to be timed."""
    app = application.of(registry)
    if app.recorder is None:
        return handler if app.shared is None else _sharing(handler, app.shared.publish_if_due)
    if app.recorder.around is None:
        # Two routers of one registry count the same requests in flight: they share what is in the closure.
        retries = registry.queryUtility(IExecutionPolicy) is not None
        desk = Desk(app.recorder, app.settings.exclude, own_routes(registry), retries)
        app.recorder.around = (_with_lock if app.recorder.locked else _without_lock)(app.recorder, desk)
    tween: Handler = app.recorder.around(handler)
    return tween


def _sharing(handler: Handler, publish_if_due: Callable[[], None]) -> Handler:
    """A tween that lets the other workers see this one's statistics where no recorder does so by the way."""

    def sharing_tween(request: Request) -> Any:
        try:
            return handler(request)
        finally:
            publish_if_due()

    return sharing_tween


class Desk:
    """The bookkeeping of a tween, except for its most usual case."""

    def __init__(self, recorder: Recorder, exclude: Iterable[str], own: set[str], retries: bool) -> None:
        self.cells: dict[Any, dict[str, dict[str, Cell]]] = {}
        """Route or name of a view → method → status → series, except for errors."""
        self.retries = retries
        """Whether an attempt may be repeated: only an execution policy does that, such as pyramid_retry's."""
        self._recorder = recorder
        self._exclude = tuple(exclude)
        self._own = own
        self._keys = 0
        self._nowhere = scratch(Labels(OWN, OWN, "", 0, ""), recorder.layout)
        recorder.on_open.append(self.cells.clear)

    def ended(
        self, request: Request, response: Any, error: BaseException | None, start: int, end: int
    ) -> None:
        """Record a request that was answered, or, without a response, ended with ``error``; never raises.

        ``start`` and ``end`` are nanoseconds of the recorder's clock.
        """
        try:
            if response is not None:
                error = request.exception
            if self.retries and will_be_retried(request, error):
                self._recorder.retry()
                return
            status = "500" if response is None else response.status
            self._recorder.record(self._cell(request, status, error), start, end)
        except Exception:
            self._recorder.fail()

    def _cell(self, request: Request, status: str, error: BaseException | None) -> Cell:
        found = request.matched_route or request.__dict__.get(VIEW)
        method = request.environ.get("REQUEST_METHOD")
        cell = self.cells.get(found, {}).get(method, {}).get(status)
        return cell or self._find(found, method, status, error)

    def _find(self, found: Any, method: str | None, status: str, error: BaseException | None) -> Cell:
        name, pattern = place(found)
        code = int(status[:3])
        if name == OWN or name in self._own or is_excluded(name, self._exclude):
            cell = self._nowhere
        else:
            failure = dotted(type(error)) if error is not None and code >= 500 else ""
            cell = self._recorder.cell(Labels(name, pattern, method_label(method), code, failure))
        if code < 500:
            self._remember(found, method, status, cell)
        return cell

    def _remember(self, found: Any, method: str | None, status: str, cell: Cell) -> None:
        """Let the tween find the series by itself next time. The memory is bounded, whatever comes."""
        if method is None or method_label(method) != method:
            return
        if self._keys >= KEYS_PER_SERIES * self._recorder.max_series:
            self._keys = 0
            self.cells.clear()
        self._keys += 1
        self.cells.setdefault(found, {}).setdefault(method, {})[status] = cell


# A line that counts has no call in it, and the first of them after the handler is the first that is done,
# however the handler ended: threads and asynchronous exceptions find no gap to slip into. (Python 3.10 lets
# them in where a ``finally`` begins, unless a ``try`` begins there, too.) The number of requests in flight is
# kept in a variable as well, because it costs less to read than a word.
#
# What is not remembered is left to ``desk``: errors, which need a name, and where there are retries whatever
# an exception view answered (``False`` leads to no series). WebOb's ``status`` is a property that returns
# ``_status`` and costs a call; where there is no response, there is no such attribute.
#
# After a fork, ``mine`` comes last: whoever sees the new mark finds the rest in place. A request that the
# fork took along is its parent's; the child, which is not the ``owner``, counts nothing of it.
def _without_lock(recorder: Recorder, desk: Desk) -> Around:
    clock, cells, bounds, total = recorder.clock, desk.cells, recorder.layout.bounds, recorder.layout.total
    retries, mine, gauge, in_flight = desk.retries, NOBODYS, NONE, 0

    def around(handler: Handler) -> Handler:
        def scales_tween(request: Request) -> Any:
            nonlocal in_flight, gauge, mine
            if not mine:
                owner, gauge = recorder.open()
                in_flight, mine = gauge[ACTIVE], owner
            owner = mine
            response: Any = None
            start = end = clock()
            in_flight = gauge[ACTIVE] = in_flight + 1
            try:
                response = handler(request)
            finally:
                try:
                    if owner:
                        in_flight = gauge[ACTIVE] = in_flight - 1
                        end = clock()
                        found = request.matched_route or request.__dict__.get(VIEW)
                        usual = not retries or request.exception is None
                        cell = cells[usual and found][request.environ["REQUEST_METHOD"]][response._status]
                        if end >= cell.until:
                            recorder.turn(cell, end)
                        elapsed = end - start if end > start else 0
                        place = bisect_left(bounds, elapsed)
                        words = cell.words
                        words[total] = cell.total = cell.total + elapsed
                        words[place] += 1
                except Exception as missing:
                    desk.ended(request, response, missing.__context__, start, end)
            return response

        return scales_tween

    return around


def _with_lock(recorder: Recorder, desk: Desk) -> Around:
    def around(handler: Handler) -> Handler:
        def scales_tween(request: Request) -> Any:
            owner, _ = recorder.open()
            start = recorder.clock()
            recorder.enter()
            response = error = None
            try:
                response = handler(request)
            except BaseException as raised:
                error = raised
                raise
            finally:
                if owner:
                    recorder.leave()
                    desk.ended(request, response, error, start, recorder.clock())
                error = None
            return response

        return scales_tween

    return around
