"""Time each request, up to the moment when its response object is returned.

What a streaming response does afterwards is not in the time, and the response is never touched.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request

from . import application
from .naming import OWN, VIEW, dotted, is_excluded, method_label, own_routes, place, will_be_retried
from .recording.cells import Cell, scratch
from .recording.forks import Mine
from .recording.recorder import Recorder
from .recording.store import ACTIVE
from .recording.words import NONE
from .snapshot import Labels

Handler = Callable[[Request], Any]
Around = Callable[[Handler], Handler]

_NOBODYS: Mine = (0,)
KEYS_PER_SERIES = 8
"""Ways to one series that are remembered, on average: a status may come with different reasons."""


def scales_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """The tween, or ``handler`` itself where nothing is to be timed."""
    app = application.of(registry)
    if app.recorder is None:
        return handler if app.shared is None else _sharing(handler, app.shared.publish_if_due)
    if app.recorder.around is None:
        # Two routers of one registry count the same requests in flight: they share what is in the closure.
        desk = Desk(app.recorder, app.settings.exclude, own_routes(registry))
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

    def __init__(self, recorder: Recorder, exclude: Iterable[str], own: set[str]) -> None:
        self.cells: dict[Any, dict[str, dict[str, Cell]]] = {}
        """Route or name of a view → method → status → series."""
        self._recorder = recorder
        self._exclude = tuple(exclude)
        self._own = own
        self._keys = 0
        self._nowhere = scratch(Labels(OWN, OWN, "", 0, ""), recorder.layout)
        recorder.on_open.append(self.cells.clear)

    def answered(self, request: Request, response: Any, start: int, end: int) -> None:
        """Record a request that was answered; never raises."""
        try:
            error = request.exception
            if will_be_retried(request, error):
                self._recorder.retry()
                return
            self._recorder.record(self._cell(request, response.status, error), start, end)
        except Exception:
            self._recorder.fail()

    def escaped(self, request: Request, error: BaseException, start: int) -> None:
        """Record a request that ended with an exception; never raises."""
        try:
            end = self._recorder.clock()
            if will_be_retried(request, error):
                self._recorder.retry()
                return
            self._recorder.record(self._cell(request, "500", error), start, end)
        except Exception:
            self._recorder.fail()

    def _cell(self, request: Request, status: str, error: BaseException | None) -> Cell:
        found = request.matched_route or request.__dict__.get(VIEW)
        method = request.environ.get("REQUEST_METHOD")
        cell = self.cells.get(found, {}).get(method, {}).get(status)
        if cell is None or (error is not None and status >= "5"):
            cell = self._find(found, method, status, error)
        return cell

    def _find(self, found: Any, method: str | None, status: str, error: BaseException | None) -> Cell:
        name, pattern = place(found)
        if name == OWN or name in self._own or is_excluded(name, self._exclude):
            cell = self._nowhere
        else:
            code = int(status[:3])
            failure = dotted(type(error)) if error is not None and code >= 500 else ""
            cell = self._recorder.cell(Labels(name, pattern, method_label(method), code, failure))
        if error is None or status < "5":
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


# A line that counts has no call in it, and the first of them after the handler follows its call at once:
# threads and asynchronous exceptions find no gap to slip into. The number of requests in flight is kept
# in a variable, too, because it costs less to read than a word. ``False`` leads to no series, and WebOb's
# ``status`` is a property that returns ``_status`` and costs a call.
def _without_lock(recorder: Recorder, desk: Desk) -> Around:
    clock, cells, bounds, total = recorder.clock, desk.cells, recorder.layout.bounds, recorder.layout.total
    mine, in_flight, gauge = _NOBODYS, 0, NONE

    def around(handler: Handler) -> Handler:
        def scales_tween(request: Request) -> Any:
            nonlocal in_flight, gauge, mine
            if not mine[0]:
                mine, gauge = recorder.open()
                in_flight = gauge[ACTIVE]
            start = clock()
            in_flight = gauge[ACTIVE] = in_flight + 1
            try:
                response = handler(request)
            except BaseException as error:
                in_flight = gauge[ACTIVE] = in_flight - 1 if in_flight > 0 else 0
                desk.escaped(request, error, start)
                raise
            try:
                in_flight = gauge[ACTIVE] = in_flight - 1 if in_flight > 0 else 0
                end = clock()
                found = request.exception is None and (request.matched_route or request.__dict__.get(VIEW))
                cell = cells[found][request.environ["REQUEST_METHOD"]][response._status]
                if end >= cell.until:
                    recorder.turn(cell, end)
                elapsed = end - start if end > start else 0
                place = bisect_left(bounds, elapsed)
                words = cell.words
                words[total] += elapsed
                words[place] += 1
            except (KeyError, AttributeError):
                desk.answered(request, response, start, end)
            except Exception:
                recorder.fail()
                in_flight = gauge[ACTIVE]
            return response

        return scales_tween

    return around


def _with_lock(recorder: Recorder, desk: Desk) -> Around:
    def around(handler: Handler) -> Handler:
        def scales_tween(request: Request) -> Any:
            recorder.open()
            start = recorder.clock()
            recorder.enter()
            try:
                response = handler(request)
            except BaseException as error:
                recorder.leave()
                desk.escaped(request, error, start)
                raise
            recorder.leave()
            desk.answered(request, response, start, recorder.clock())
            return response

        return scales_tween

    return around
