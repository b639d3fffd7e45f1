"""What counts as what: each kind of request through a real application."""

from __future__ import annotations

import io
import os
import sys
import traceback
from types import ModuleType

import pytest
from counting import add, counts_of, ok, one, requests_of
from mapped import MappedStore
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPFound, HTTPNotFound, HTTPServiceUnavailable
from pyramid.interfaces import IExceptionResponse, IResponse
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import FileIter, Response
from pyramid.tweens import EXCVIEW, INGRESS
from pyramid.wsgi import wsgiapp2
from pyramid_retry import RetryableException
from transaction.interfaces import TransientError
from zope.interface import implementer

from pyramid_scales import scales_stats
from pyramid_scales.application import KEY, Application
from pyramid_scales.recording.recorder import Recorder
from pyramid_scales.recording.store import ACTIVE
from pyramid_scales.settings import parse
from pyramid_scales.snapshot import Labels
from pyramid_scales.tween import KEYS_PER_SERIES, Desk, scales_tween_factory


@pytest.fixture(autouse=True, params=[False, True], ids=["without lock", "with lock"])
def locked(request, monkeypatch):
    """Every test is about both tweens: that for the global interpreter lock, and that for its absence."""
    monkeypatch.setattr("pyramid_scales.recording.recorder.needs_lock", lambda: request.param)
    return request.param


UNMATCHED = "(unmatched)"
OURS = "pyramid_scales.tween.scales_tween_factory"


class Broken(Exception):
    """Ours alone."""


class Stopped(BaseException):
    """What is no Exception, as a greenlet's end or a worker's time-out."""


BROKEN = f"{__name__}.Broken"


def raising(error):
    def view(request):
        raise error

    return view


# --- routes, views, nothing ---------------------------------------------------------------------------


def test_a_route_is_named_and_shown_with_its_pattern_never_with_the_address(make_app):
    app = make_app(setup=lambda config: add(config, "item", "/items/{id}/", ok))
    for number in range(3):
        app.get(f"/items/{number}/?x={number}")
    assert counts_of(app) == {Labels("item", "/items/{id}/", "GET", 200, ""): 3}


def test_what_matches_nothing_is_unmatched(make_app):
    app = make_app()
    app.get("/nowhere", status=404)
    app.get("/elsewhere", status=404)
    assert counts_of(app) == {Labels(UNMATCHED, UNMATCHED, "GET", 404, ""): 2}


def test_a_route_whose_predicates_no_view_meets_is_that_route_with_404(make_app):
    app = make_app(setup=lambda config: add(config, "form", "/form", ok, request_method="POST"))
    app.get("/form", status=404)
    assert one(app) == ("form", "/form", "GET", 404, "")


def test_static_views_are_their_route(make_app, tmp_path):
    (tmp_path / "a.txt").write_text("text")
    app = make_app(setup=lambda config: config.add_static_view("files", str(tmp_path)))
    app.get("/files/a.txt")
    app.get("/files/none.txt", status=404)
    assert {(labels.pattern, labels.status) for labels in counts_of(app)} == {
        ("files/*subpath", 200),
        ("files/*subpath", 404),
    }


# --- traversal ----------------------------------------------------------------------------------------


class Views:
    def __init__(self, context, request):
        self.request = request

    def list(self):
        return Response("list")


def plain(context, request):
    return Response("plain")


def never(context, request):
    raise ValueError("not allowed in")


def outer(context, request):
    from pyramid.view import render_view_to_response

    return render_view_to_response(context, request, "plain")


def missing(context, request):
    raise HTTPNotFound


def traversal(config):
    config.add_view(plain, name="plain")
    config.add_view(outer, name="outer")
    config.add_view(missing, name="missing")
    config.add_view(Views, attr="list", name="list")
    config.add_view(plain, name="either", request_param="plain")
    config.add_view(Views, attr="list", name="either", request_param="list")
    config.set_security_policy(Nobody())
    config.add_view(never, name="closed", permission="open")


class Nobody:
    """A security policy that lets nobody in."""

    def permits(self, request, context, permission):
        return False

    def identity(self, request):
        return None

    authenticated_userid = identity
    remember = forget = None


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/plain", "plain", 200),
        ("/outer", "outer", 200),
        ("/missing", "missing", 404),
        ("/list", "Views.list", 200),
        ("/either?list=1", "Views.list", 200),
        ("/either?plain=1", "plain", 200),
        ("/closed", "never", 403),
    ],
)
def test_traversal_is_named_by_the_view_that_was_found(make_app, path, name, status):
    app = make_app(setup=traversal)
    app.get(path, status=status)
    app.get(path, status=status)
    dotted = f"{__name__}.{name}"
    assert counts_of(app) == {Labels(dotted, dotted, "GET", status, ""): 2}


@pytest.mark.parametrize("path", ["/nothing", "/either", "/nothing/plain"])
def test_traversal_that_found_no_view_is_unmatched(make_app, path):
    app = make_app(setup=traversal)
    app.get(path, status=404)
    assert one(app) == (UNMATCHED, UNMATCHED, "GET", 404, "")


@pytest.mark.parametrize("context", [HTTPNotFound, Exception, IExceptionResponse])
def test_an_exception_view_never_names_a_request(make_app, context):
    def setup(config):
        config.add_view(lambda error, request: Response(status=404), context=context)
        config.add_view(lambda error, request: Response(status=500), context=Broken)
        config.add_view(raising(Broken()), name="broken")

    app = make_app(setup=setup)
    app.get("/nothing", status=404)
    app.get("/broken", status=500)
    assert {(labels.route, labels.status) for labels in counts_of(app)} == {
        (UNMATCHED, 404),
        (f"{__name__}.raising.<locals>.view", 500),
    }


# --- exceptions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"), [(HTTPNotFound(), 404), (HTTPFound("/"), 302), (HTTPForbidden(), 403)]
)
def test_a_raised_redirect_or_404_is_judged_by_its_status(make_app, error, status):
    app = make_app(setup=lambda config: add(config, "x", "/x", raising(error)))
    app.get("/x", status=status)
    app.get("/x", status=status)
    assert counts_of(app) == {Labels("x", "/x", "GET", status, ""): 2}


def test_a_returned_response_and_a_raised_one_of_the_same_status_are_one_series(make_app):
    def setup(config):
        config.add_route("x", "/x")
        config.add_view(lambda request: HTTPNotFound(), route_name="x", request_method="GET")
        config.add_view(raising(HTTPNotFound()), route_name="x", request_method="GET", request_param="raise")

    app = make_app(setup=setup)
    app.get("/x", status=404)
    app.get("/x?raise=1", status=404)
    assert counts_of(app) == {Labels("x", "/x", "GET", 404, ""): 2}


def test_an_exception_that_the_applications_view_answered_with_5xx_is_named(make_app):
    def view(request):
        if "raise" in request.GET:
            raise Broken
        return Response(status=500)

    def setup(config):
        add(config, "x", "/x", view)
        config.add_exception_view(lambda error, request: Response(status=500), context=Broken)

    app = make_app(setup=setup)
    for query in ("", "?raise=1", "", "?raise=1", "?raise=1"):
        app.get("/x" + query, status=500)
    assert counts_of(app) == {Labels("x", "/x", "GET", 500, ""): 2, Labels("x", "/x", "GET", 500, BROKEN): 3}


def test_an_exception_view_that_raises_leaves_the_exception_that_it_was_for(make_app):
    def setup(config):
        add(config, "x", "/x", raising(Broken()))
        config.add_exception_view(raising(ZeroDivisionError()), context=Broken)

    app = make_app(setup=setup)
    with pytest.raises(ZeroDivisionError):
        app.get("/x")
    assert one(app) == ("x", "/x", "GET", 500, "ZeroDivisionError")


def test_an_exception_view_that_a_view_calls_itself_answers_its_request(make_app):
    def view(request):
        try:
            raise Broken
        except Broken:
            return request.invoke_exception_view()

    def setup(config):
        add(config, "x", "/x", view)
        config.add_exception_view(lambda error, request: Response(status=503), context=Broken)

    app = make_app(setup=setup)
    app.get("/x", status=503)
    assert one(app) == ("x", "/x", "GET", 503, BROKEN)


def test_an_exception_that_was_answered_with_4xx_is_no_error(make_app):
    def setup(config):
        add(config, "x", "/x", raising(Broken()))
        config.add_exception_view(lambda error, request: Response(status=422), context=Broken)

    app = make_app(setup=setup)
    app.get("/x", status=422)
    assert one(app) == ("x", "/x", "GET", 422, "")


def test_a_raised_503_is_named_by_its_class(make_app):
    app = make_app(setup=lambda config: add(config, "x", "/x", raising(HTTPServiceUnavailable())))
    app.get("/x", status=503)
    assert one(app) == ("x", "/x", "GET", 503, "pyramid.httpexceptions.HTTPServiceUnavailable")


@pytest.mark.parametrize(
    "error", [Broken("own"), ValueError("builtin"), Stopped(), GeneratorExit(), SystemExit(1)]
)
def test_an_exception_that_escapes_is_a_500_and_goes_on_unchanged(make_app, error):
    app = make_app(setup=lambda config: add(config, "x", "/x", raising(error)))
    with pytest.raises(type(error)) as raised:
        app.get("/x")
    assert raised.value is error
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert frames[-1].name == "view"
    prefix = f"{__name__}." if type(error) in (Broken, Stopped) else ""
    assert one(app) == ("x", "/x", "GET", 500, f"{prefix}{type(error).__name__}")
    assert requests_of(app).active == 0


def below(handler, registry):
    """A tween inside ours."""

    def tween(request):
        if "below" in request.environ:
            raise Broken
        return handler(request)

    return tween


def above(handler, registry):
    """A tween outside ours."""

    def tween(request):
        response = handler(request)
        if "above" in request.environ:
            raise Broken
        return response

    return tween


def with_tweens(config):
    add(config, "x", "/x", ok)
    config.add_tween("tweens_of_a_test.below", over=EXCVIEW)
    config.add_tween(
        "tweens_of_a_test.above", under=INGRESS, over="pyramid_scales.tween.scales_tween_factory"
    )


@pytest.fixture
def importable(monkeypatch):
    """A tween is named by where it can be imported."""
    module = ModuleType("tweens_of_a_test")
    module.below, module.above = below, above
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_an_exception_of_a_tween_inside_ours_counts(make_app, importable):
    app = make_app(setup=with_tweens)
    with pytest.raises(Broken):
        app.get("/x", extra_environ={"below": "1"})
    # It raised before the route was matched.
    assert one(app) == (UNMATCHED, UNMATCHED, "GET", 500, BROKEN)


def test_of_an_exception_of_a_tween_outside_ours_we_know_nothing(make_app, importable):
    app = make_app(setup=with_tweens)
    with pytest.raises(Broken):
        app.get("/x", extra_environ={"above": "1"})
    assert one(app) == ("x", "/x", "GET", 200, "")


class Unwilling:
    """A data manager that can't commit."""

    transaction_manager = None

    def tpc_begin(self, transaction):
        raise Broken

    def commit(self, transaction):
        pass

    tpc_vote = tpc_finish = tpc_abort = abort = commit

    def sortKey(self):  # noqa: N802
        return "unwilling"


def test_an_answer_that_was_remembered_is_found_at_once_also_if_it_was_raised(make_app, monkeypatch, locked):
    if locked:
        pytest.skip("takes no short way")
    app = make_app(setup=lambda config: add(config, "x", "/x", raising(HTTPFound("/"))))
    app.get("/x", status=302)
    monkeypatch.setattr(Desk, "ended", lambda *args: None)
    app.get("/x", status=302)
    assert counts_of(app) == {Labels("x", "/x", "GET", 302, ""): 2}


@pytest.mark.parametrize("before", [True, False])
def test_a_commit_that_fails_is_an_error_wherever_pyramid_tm_is_included(before):
    config = Configurator(settings={"tm.manager_hook": "pyramid_tm.explicit_manager"})
    names = ["pyramid_tm", "pyramid_scales"]
    for name in names if before else reversed(names):
        config.include(name)

    def view(request):
        request.tm.get().join(Unwilling())
        return Response("done, or so it thinks")

    add(config, "x", "/x", view)
    app = config.make_wsgi_app()
    with pytest.raises(Broken):
        app.invoke_subrequest(Request.blank("/x"), use_tweens=True)
    assert one(app) == ("x", "/x", "GET", 500, BROKEN)


# --- pyramid_retry ------------------------------------------------------------------------------------


def retrying(view, answer=None):
    def setup(config):
        config.include("pyramid_retry")
        add(config, "x", "/x", view)
        if answer is not None:
            config.add_exception_view(answer, context=Exception)

    return setup


def failing(attempts, error=RetryableException):
    def view(request):
        if request.environ["retry.attempt"] < attempts:
            raise error
        return Response("at last")

    return view


def test_attempts_that_are_repeated_are_retries_and_one_request(make_app):
    app = make_app(setup=retrying(failing(2)))
    app.get("/x")
    assert one(app) == ("x", "/x", "GET", 200, "")
    assert (requests_of(app).retries, requests_of(app).active) == (2, 0)


def test_attempts_that_an_exception_view_answered_are_retries_too(make_app):
    app = make_app(setup=retrying(failing(2), lambda error, request: Response(status=500)))
    app.get("/x")
    assert one(app) == ("x", "/x", "GET", 200, "")
    assert requests_of(app).retries == 2


def test_the_last_attempt_is_the_request(make_app):
    app = make_app(setup=retrying(failing(9)))
    with pytest.raises(RetryableException):
        app.get("/x")
    assert one(app) == ("x", "/x", "GET", 500, "pyramid_retry.RetryableException")
    assert requests_of(app).retries == 2


def test_an_error_that_is_not_repeated_is_the_request(make_app):
    app = make_app(setup=retrying(failing(9, Broken)))
    with pytest.raises(Broken):
        app.get("/x")
    assert one(app) == ("x", "/x", "GET", 500, BROKEN)
    assert requests_of(app).retries == 0


def test_a_commit_that_is_tried_again_is_a_retry(make_app):
    """pyramid_tm says which errors may be tried again: those of a database that was too busy."""
    attempts = []

    class Busy(Unwilling):
        def tpc_begin(self, transaction):
            attempts.append(1)
            if len(attempts) < 3:
                raise TransientError

    def view(request):
        request.tm.get().join(Busy())
        return Response("done")

    def setup(config):
        config.add_settings({"tm.manager_hook": "pyramid_tm.explicit_manager"})
        config.include("pyramid_retry")
        config.include("pyramid_tm")
        add(config, "x", "/x", view)

    app = make_app(setup=setup)
    app.get("/x")
    assert one(app) == ("x", "/x", "GET", 200, "")
    assert (requests_of(app).retries, requests_of(app).active) == (2, 0)


@pytest.mark.parametrize("status", [404, 500])
def test_only_an_application_that_repeats_attempts_counts_retries(make_app, status):
    """The inner one answers, so the outer one sees no error that it should repeat."""

    def failing(config):
        add(config, "deep", "/deep", raising(RetryableException()))
        config.add_exception_view(lambda error, request: Response(status=status), context=Exception)

    def mounting(config):
        config.include("pyramid_retry")
        add(config, "mounted", "/mounted/*subpath", wsgiapp2(inner.app))

    inner = make_app(setup=failing)
    outer = make_app(setup=mounting)
    outer.get("/mounted/deep", status=status)
    assert (one(inner).status, one(outer).status) == (status, status)
    assert (requests_of(inner).retries, requests_of(outer).retries) == (0, 0)


# --- responses ----------------------------------------------------------------------------------------


class Chunks:
    """A body that tells how it was used."""

    def __init__(self, *chunks):
        self.chunks = iter(chunks)
        self.closed = 0

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        self.closed += 1


def environ(path="/x", method="GET"):
    return Request.blank(path, method=method).environ


def test_a_streaming_response_is_left_as_it_is_and_closed_once(make_app):
    body = Chunks(b"a", b"b")
    app = make_app(setup=lambda config: add(config, "x", "/x", lambda request: Response(app_iter=body)))
    returned = app.app(environ(), lambda *args: None)
    assert returned is body
    assert counts_of(app) == {Labels("x", "/x", "GET", 200, ""): 1}, "counted when the response is returned"
    assert list(returned) == [b"a", b"b"]
    returned.close()
    assert body.closed == 1
    assert requests_of(app).active == 0


def test_a_file_wrapper_of_the_server_is_kept(make_app):
    wrapped = FileIter(io.BytesIO(b"content"))
    app = make_app(setup=lambda config: add(config, "x", "/x", lambda request: Response(app_iter=wrapped)))
    assert app.app(environ(), lambda *args: None) is wrapped


def test_what_becomes_of_a_response_after_the_tweens_is_not_known(make_app, tmp_path):
    """A response callback that changes the status, and a static file that the browser has already."""
    (tmp_path / "a.txt").write_text("text")

    def view(request):
        request.add_response_callback(lambda request, response: setattr(response, "status", 503))
        return Response("ok")

    def setup(config):
        add(config, "x", "/x", view)
        config.add_static_view("files", str(tmp_path))

    app = make_app(setup=setup)
    app.get("/x", status=503)
    last = app.get("/files/a.txt").headers["Last-Modified"]
    app.get("/files/a.txt", headers={"If-Modified-Since": last}, status=304)
    assert [(labels.pattern, labels.status, count) for labels, count in counts_of(app).items()] == [
        ("/x", 200, 1),
        ("files/*subpath", 200, 2),
    ]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE"])
def test_known_methods_are_their_own_series(make_app, method):
    app = make_app(setup=lambda config: add(config, "x", "/x", ok))
    app.app(environ(method=method), lambda *args: None)
    assert one(app).method == method


def test_all_odd_methods_are_one_series(make_app):
    app = make_app(setup=lambda config: add(config, "x", "/x", ok))
    for number in range(30):
        app.app(environ(method=f"ODD{number}"), lambda *args: None)
    assert counts_of(app) == {Labels("x", "/x", "_OTHER", 200, ""): 30}


def test_a_status_with_another_reason_is_the_same_series(make_app):
    app = make_app(setup=lambda config: add(config, "x", "/x", lambda r: Response(status=r.GET["status"])))
    for reason in ("200 OK", "200 Fine", "299 Odd"):
        app.get("/x", {"status": reason})
    assert counts_of(app) == {Labels("x", "/x", "GET", 200, ""): 2, Labels("x", "/x", "GET", 299, ""): 1}


@implementer(IResponse)
class Bare:
    """A response that is no WebOb one."""

    status = "202 Accepted"

    def __call__(self, environ, start_response):
        start_response(self.status, [])
        return [b""]


def test_a_response_of_another_kind_counts_too(make_app):
    app = make_app(setup=lambda config: add(config, "x", "/x", lambda request: Bare()))
    for _ in range(2):
        app.app(environ(), lambda *args: None)
    assert counts_of(app) == {Labels("x", "/x", "GET", 202, ""): 2}


# --- requests within requests -------------------------------------------------------------------------


@pytest.mark.parametrize(("use_tweens", "inner"), [(True, 1), (False, 0)])
def test_a_subrequest_counts_if_it_passes_the_tweens(make_app, use_tweens, inner):
    seen = []

    def batch(request):
        response = request.invoke_subrequest(Request.blank("/x"), use_tweens=use_tweens)
        seen.append(requests_of(app).active)
        return response

    def setup(config):
        add(config, "x", "/x", lambda request: seen.append(requests_of(app).active) or ok(request))
        add(config, "batch", "/batch", batch)

    app = make_app(setup=setup)
    app.get("/batch")
    assert {labels.route: count for labels, count in counts_of(app).items()} == {
        "batch": 1,
        **({"x": 1} if inner else {}),
    }
    assert seen == [1 + inner, 1]


def test_a_subrequest_that_fails_counts_whatever_the_request_makes_of_it(make_app):
    def batch(request):
        try:
            return request.invoke_subrequest(Request.blank("/x"), use_tweens=True)
        except Broken:
            return Response("partly")

    def setup(config):
        add(config, "x", "/x", raising(Broken()))
        add(config, "batch", "/batch", batch)

    app = make_app(setup=setup)
    app.get("/batch")
    assert counts_of(app) == {
        Labels("x", "/x", "GET", 500, BROKEN): 1,
        Labels("batch", "/batch", "GET", 200, ""): 1,
    }
    assert requests_of(app).active == 0


def test_a_subrequest_within_an_except_clause_is_judged_by_its_own_end(make_app):
    def view(request):
        try:
            raise Broken
        except Broken:
            return request.invoke_subrequest(Request.blank("/fine"), use_tweens=True)

    def setup(config):
        add(config, "x", "/x", view)
        add(config, "fine", "/fine", lambda request: Response(status=500))

    app = make_app(setup=setup)
    app.get("/x", status=500)
    assert counts_of(app) == {
        Labels("x", "/x", "GET", 500, ""): 1,
        Labels("fine", "/fine", "GET", 500, ""): 1,
    }


def test_an_application_within_an_application_counts_for_itself(make_app):
    inner = make_app(setup=lambda config: add(config, "deep", "/deep", ok))

    def setup(config):
        add(config, "mounted", "/mounted/*subpath", wsgiapp2(inner.app))

    app = make_app(setup=setup)
    app.get("/mounted/deep")
    assert one(app) == ("mounted", "/mounted/*subpath", "GET", 200, "")
    assert one(inner) == ("deep", "/deep", "GET", 200, "")


def test_two_routers_of_one_application_count_together():
    config = Configurator()
    config.include("pyramid_scales")
    active = []
    add(config, "x", "/x", lambda request: active.append(requests_of(one_app).active) or ok(request))
    add(config, "y", "/y", lambda request: other_app.invoke_subrequest(Request.blank("/x"), use_tweens=True))
    one_app, other_app = config.make_wsgi_app(), config.make_wsgi_app()
    one_app(environ("/y"), lambda *args: None)
    assert active == [2]
    assert (requests_of(one_app).active, requests_of(other_app).active) == (0, 0)
    assert sum(counts_of(one_app).values()) == 2


# --- what is not timed --------------------------------------------------------------------------------


def test_routes_that_the_settings_exclude_are_not_counted_but_are_in_flight(make_app):
    active = []

    def setup(config):
        add(
            config,
            "health.live",
            "/live",
            lambda request: active.append(requests_of(app).active) or ok(request),
        )
        add(config, "x", "/x", ok)
        add(config, "health.broken", "/broken", raising(Broken()))

    app = make_app({"scales.exclude": "health.*"}, setup)
    app.get("/live")
    app.get("/live")
    app.get("/x")
    with pytest.raises(Broken):
        app.get("/broken")
    assert one(app).route == "x"
    assert active == [1, 1]


def test_our_own_page_is_neither_counted_nor_in_flight(make_app):
    app = make_app(setup=lambda config: add(config, "x", "/x", ok))
    app.get("/x")
    for path in ("/scales/", "/scales", "/scales/pyramid/requests/?format=json", "/scales/none"):
        page = app.get(path, expect_errors=True)
    assert one(app).route == "x"
    shown = app.get("/scales/pyramid/requests/?format=json").json
    assert shown["active"] == 0
    assert page.status_int == 404


def test_our_page_on_a_route_of_the_users_own_is_not_counted_either(make_app):
    def setup(config):
        add(config, "mine", "/mine/*prefix", scales_stats)
        config.add_view(scales_stats, name="traversed")

    app = make_app(setup=setup)
    app.get("/mine/")
    app.get("/traversed", expect_errors=True)
    assert counts_of(app) == {}


def test_without_timing_there_is_no_tween_at_all(make_app):
    app = make_app({"scales.timing": "false"}, lambda config: add(config, "x", "/x", ok))

    def handler(request):
        pass

    assert scales_tween_factory(handler, app.app.registry) is handler
    app.get("/x")
    app.get("/scales/")


# --- what the tween may not do ------------------------------------------------------------------------


class Prickly(Request):
    """A request with which some things must not be done."""

    @property
    def refuse(self):
        raise AssertionError("the tween looked where it must not look")

    path = url = params = body = POST = GET = path_info = refuse


def test_the_tween_touches_neither_address_nor_parameters_nor_body(make_app):
    app = make_app(setup=lambda config: add(config, "x", "/x", ok))
    registry = app.app.registry

    def handler(request):
        if "fail" in request.environ:
            raise Broken
        return Response("ok")

    tween = scales_tween_factory(handler, registry)
    for _ in range(3):
        tween(Prickly(environ()))
        with pytest.raises(Broken):
            tween(Prickly({**environ(), "fail": 1}))
    assert sum(counts_of(app).values()) == 6
    assert requests_of(app).failures == 0


class Strange:
    """A response without a status."""


def test_failing_bookkeeping_never_breaks_a_request_and_is_logged_once_and_counted(make_app, caplog):
    app = make_app()
    strange = Strange()
    tween = scales_tween_factory(lambda request: strange, app.app.registry)
    for _ in range(3):
        assert tween(Request(environ())) is strange
    assert requests_of(app).failures == 3
    assert requests_of(app).active == 0
    assert len(caplog.records) == 1
    assert "could not be recorded" in caplog.text


def test_failing_bookkeeping_never_hides_an_applications_exception(make_app, caplog, monkeypatch):
    app = make_app(setup=lambda config: add(config, "x", "/x", raising(Broken())))
    monkeypatch.setattr(Recorder, "cell", raising(ZeroDivisionError()))
    with pytest.raises(Broken):
        app.get("/x")
    assert requests_of(app).failures == 1


def test_bookkeeping_that_fails_in_the_usual_case_is_done_in_the_other_way(make_app, caplog, monkeypatch):
    app = make_app(setup=lambda config: add(config, "x", "/x", ok))
    app.get("/x")
    monkeypatch.setattr("pyramid_scales.tween.bisect_left", lambda *args: 1 / 0)
    app.get("/x")
    assert counts_of(app) == {Labels("x", "/x", "GET", 200, ""): 2}
    assert (requests_of(app).failures, requests_of(app).active) == (0, 0)
    monkeypatch.setattr(Recorder, "record", lambda *args: 1 / 0)
    app.get("/x")
    assert (requests_of(app).failures, requests_of(app).active) == (1, 0)
    assert len(caplog.records) == 1


# --- forks --------------------------------------------------------------------------------------------


def registry_of(recorder):
    registry = Registry()
    registry[KEY] = Application(parse({}), recorder)
    return registry


def exit_code(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_request_that_a_fork_took_along_is_its_parents_and_does_no_harm_in_the_child(make_app, caplog):
    active, forked = [], []

    def view(request):
        active.append(requests_of(app).active)
        return Response("ok")

    def forking(request):
        app.get("/x")
        forked.append(os.fork())
        if not forked[0]:
            app.get("/x")
        return Response("ok")

    app = make_app(setup=lambda config: add(config, "x", "/x", view))
    scales_tween_factory(forking, app.app.registry)(Request(environ()))
    if not forked[0]:
        try:
            app.get("/x")
        finally:
            found = requests_of(app)
            fine = counts_of(app) == {Labels("x", "/x", "GET", 200, ""): 2} and active == [2, 1, 1]
            os._exit(0 if fine and (found.active, found.failures) == (0, 0) and not caplog.records else 1)
    assert exit_code(forked[0]) == 0
    assert (active, requests_of(app).active) == ([2], 0)
    assert sum(counts_of(app).values()) == 2


def test_in_another_process_a_request_ends_without_being_counted(locked):
    """In one process, so that it is seen which statements run."""

    def handler(request):
        pids[0] = request.environ.get("child", 1)
        return Response("ok")

    pids = [1]
    recorder = Recorder((1,), 500, getpid=lambda: pids[0], locked=locked)
    words, tween = recorder.open()[1], scales_tween_factory(handler, registry_of(recorder))
    tween(Request(environ()))
    assert tween(Request({**environ(), "child": 2})).text == "ok"
    assert words[ACTIVE] == 1
    pids[0] = 1
    assert [series.amount for series in recorder.requests().series] == [1]


@pytest.mark.parametrize("end", [lambda: Response("ok"), lambda: sys.exit(3)], ids=["answer", "exit"])
def test_a_child_that_ends_its_parents_request_writes_nothing_into_its_parents_memory(end, locked):
    opened, (reader, writer) = [], os.pipe()

    def store():
        opened.append(MappedStore())
        return opened[-1]

    def handler(request):
        if "fork" in request.environ and not os.fork():
            os.read(reader, 1)
            return end()
        return Response("ok")

    recorder, parent = Recorder((1,), 500, store, locked=locked), os.getpid()
    tween = scales_tween_factory(handler, registry_of(recorder))
    tween(Request(environ()))
    try:
        tween(Request({**environ(), "fork": "1"}))
    except SystemExit:
        os._exit(len(opened) - 1)
    if os.getpid() != parent:
        os._exit(len(opened) - 1)
    recorder.open()[1][ACTIVE] = 77
    os.write(writer, b".")
    assert exit_code(-1) == 0, "the child opened a store"
    (series,) = recorder.requests().series
    assert (series.amount, recorder.requests().active) == (2, 77)


def test_while_a_child_opens_its_own_memory_another_thread_may_begin_a_request(monkeypatch):
    """Python lets other threads run while it gives the parent's mapped memory back."""
    active, during = [], []

    class Mark:
        def __init__(self, pid):
            self.pid = pid

        def __bool__(self):
            return self.pid == pids[0]

        def __del__(self):
            if pids[0] != self.pid and not during:
                during.append(1)
                tween(Request({**environ(), "inner": "1"}))

    def handler(request):
        active.append(recorder.requests().active)
        return Response("ok")

    pids = [1]
    monkeypatch.setattr("pyramid_scales.recording.recorder.mark", lambda getpid: Mark(pids[0]))
    recorder = Recorder((1,), 500, locked=False)
    tween = scales_tween_factory(handler, registry_of(recorder))
    tween(Request(environ()))
    pids[0] = 2
    tween(Request(environ()))
    assert during
    assert active == [1, 1, 1]
    assert recorder.requests().active == 0


# --- bounds -------------------------------------------------------------------------------------------


def test_the_cap_holds_whatever_routes_and_statuses_there_are(make_app):
    def setup(config):
        for number in range(40):
            add(config, f"r{number}", f"/r{number}", lambda request: Response(status=int(request.GET["s"])))

    app = make_app({"scales.max_series": "25"}, setup)
    for number in range(40):
        app.get(f"/r{number}", {"s": 200 + number % 5}, expect_errors=True)
    assert len(counts_of(app)) <= 25
    assert sum(counts_of(app).values()) == 40
    assert requests_of(app).overflowed == 20
    assert "r0 (1)" in requests_of(app).notes[0]


def test_what_the_tween_remembers_is_bounded(make_app):
    app = make_app({"scales.max_series": "10"}, lambda config: add(config, "x", "/x", ok))
    seen = []
    tween = scales_tween_factory(lambda request: Response(status=f"200 {len(seen)}"), app.app.registry)
    for number in range(500):
        seen.append(number)
        tween(Request(environ()))
    desk = tween.__closure__[tween.__code__.co_freevars.index("desk")].cell_contents
    remembered = sum(len(statuses) for methods in desk.cells.values() for statuses in methods.values())
    assert remembered <= 10 * KEYS_PER_SERIES
    assert sum(counts_of(app).values()) == 500
