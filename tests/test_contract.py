"""What we owe the users of scales: its faults do not reach them, and its promises are kept.

Each numbered fault is first shown to be one of scales' own code, then to be none of ours.
"""

from __future__ import annotations

import decimal
import gc
import io
import json
import sys
import threading
import time
import types
from collections import UserDict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from greplin import scales
from greplin.scales import meter
from pyramid.config import Configurator
from scales_own import NoTickers, formats, html_text, json_text, util
from webtest import TestApp

import pyramid_scales
from pyramid_scales import renderers
from pyramid_scales.tree import ask, tree

FORMATS = ("html", "json", "prettyjson", "prometheus", "openmetrics")


@pytest.fixture(autouse=True)
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "TICKERS", NoTickers())


@pytest.fixture
def root(app: TestApp) -> UserDict[str, Any]:
    """The live tree; our own figures are back in it at the next look at the page."""
    stats: UserDict[str, Any] = scales.getStats()
    stats.data.pop("pyramid")
    return stats


def shown(app: TestApp, path: str = "", **parameters: str) -> Any:
    """What JSON shows; without our own figures, which no test here is about."""
    found = app.get(f"/scales/{path}", {"format": "json", **parameters}).json
    if isinstance(found, dict):
        found.pop("pyramid", None)
    return found


def all_formats(app: TestApp, path: str = "", **parameters: str) -> None:
    for format in FORMATS:
        assert app.get(f"/scales/{path}", {"format": format, **parameters}).status_int == 200


# Reading live


class Meddler(scales.StatContainer):  # type: ignore[misc]
    """Writes into its neighbourhood at a moment at which other threads may: while it is looked at."""

    def isCollapsed(self) -> bool:  # noqa: N802
        scales.getStats().data[f"new {len(scales.getStats().data)}"] = 1
        return False


def test_fault_1_keys_that_come_and_go_while_the_tree_is_read(app: TestApp, root: UserDict[str, Any]) -> None:
    root["one"], root["two"] = Meddler(), Meddler()
    with pytest.raises(RuntimeError, match="changed size during iteration"):
        json_text(root)
    root.data.update(a_thief=lambda: root.data.pop("booty", "nothing left"), booty=5)
    with pytest.raises(KeyError, match="booty"):
        html_text(root)

    root["booty"] = 5
    assert shown(app)["booty"] == 5
    root["booty"] = 5
    all_formats(app)


class Watched(scales.IntDict):  # type: ignore[misc]
    """A dictionary of scales to which the application writes at the moment at which it is copied."""

    copies = 0

    def __copy__(self) -> Any:
        Watched.copies += 1
        self["written"] = 1
        return UserDict.__copy__(self)  # type: ignore[attr-defined]


def test_fault_2_copying_a_dictionary_of_scales_loses_writes(app: TestApp, root: UserDict[str, Any]) -> None:
    stats = scales.collection("/app", scales.IntDictStat("codes"))
    stats.codes = watched = Watched(scales.IntDictStat("x"), stats)
    watched["a"] = 1
    behind = watched.data
    watched.copy()
    assert Watched.copies == 1
    assert "written" not in watched

    all_formats(app)
    all_formats(app, "app/codes/")
    all_formats(app, "", query="a > 0")
    assert Watched.copies == 1
    assert watched.data is behind


def invent(root: UserDict[str, Any]) -> Any:
    """Statistics that grow when scales looks for what is not there."""
    stats = scales.collection(
        "/app",
        scales.NamedPmfDictStat("pmfs"),
        meter.MeterDictStat("meters"),
        scales.IntDictStat("ints"),
        scales.HistogramAggregationStat("histogram"),
        scales.PmfStat("pmf"),
    )
    for name in ("pmfs", "meters", "ints", "histogram", "pmf"):
        getattr(stats, name)
    return root


def test_fault_3_looking_for_an_unknown_key_invents_it(app: TestApp, root: UserDict[str, Any]) -> None:
    invent(root)
    for name in ("pmfs", "meters", "histogram"):
        assert len(root["app"][name]) == 0
        util.lookup(root, ["app", name, "nosuch"])
        assert len(root["app"][name]) == 1
        root["app"][name].clear()
    assert util.lookup(root, ["app", "ints", "nosuch"]) == 0
    assert util.lookup(root, ["app", "pmf", "nosuch"]) == 0.0

    before = json_text(root["app"])
    for name in ("pmfs", "meters", "histogram", "ints", "pmf"):
        for format in FORMATS:
            assert app.get(f"/scales/app/{name}/nosuch?format={format}", status=404)
    assert json_text(root["app"]) == before


def test_a_thousand_requests_for_unknown_keys_leave_the_tree_as_it_was(
    app: TestApp, root: UserDict[str, Any]
) -> None:
    invent(root)["plain"] = {5: {"x": [1, {"y": 2}]}}
    before = as_it_is(root)
    paths = [f"app/{name}/key{number}" for name in root["app"] for number in range(100)]
    paths += [
        f"{start}key{number}"
        for start in ("", "app/", "plain/", "plain/5/x/", "plain/5/x/1/")
        for number in range(80)
    ]
    paths += [f"app/pmfs/key{number}/count" for number in range(100)]
    assert len(paths) >= 1000
    for number, path in enumerate(paths):
        app.get(f"/scales/{path}/?format={FORMATS[number % len(FORMATS)]}", status=404)
    for name in root["app"]:
        app.get(f"/scales/?query=app/{name}/nosuch")
    assert as_it_is(root) == before


def as_it_is(root: UserDict[str, Any]) -> str:
    return json_text({key: value for key, value in root.data.items() if key != "pyramid"})


def test_fault_4_keys_that_are_no_text_have_no_address(app: TestApp, root: UserDict[str, Any]) -> None:
    stats = scales.collection("/app", scales.IntDictStat("codes"))
    stats.codes[200] = 7
    root["plain"] = {200: {None: 1, b"x": 2}}
    assert util.lookup(root, ["app", "codes", "200"]) == 0
    assert util.lookup(root, ["plain", "200"]) is None

    assert shown(app, "app/codes/200") == 7
    assert shown(app, "plain/200/null") == 1
    assert shown(app, "plain/200/b'x'") == 2


@pytest.mark.parametrize("value", [5, "text", lambda: 5, [1]], ids=["int", "str", "function", "list"])
def test_fault_5_a_leaf_can_not_be_shown_as_html_nor_asked(
    app: TestApp, root: UserDict[str, Any], value: Any
) -> None:
    with pytest.raises(AttributeError):
        html_text(value)
    with pytest.raises(AttributeError):
        json_text(value, query="n")

    root["n"] = value
    all_formats(app, "n")
    all_formats(app, "n", query="n")


def test_fault_6_keys_of_several_types_can_not_be_sorted(app: TestApp, root: UserDict[str, Any]) -> None:
    root["codes"] = {"a": 1, 5: 2, None: 3, 1.5: 4}
    with pytest.raises(TypeError):
        html_text(root)

    all_formats(app)
    assert shown(app, "codes") == {"a": 1, "5": 2, "null": 3, "1.5": 4}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xff", r"b'\xff'"),
        ({1}, "{1}"),
        (decimal.Decimal("1.50"), "1.50"),
        ({b"k": 1}, {"b'k'": 1}),
        ({(1, 2): 3}, {"(1, 2)": 3}),
        (10**5000, hex(10**5000)),
        ("\ud800", "\\ud800"),
    ],
    ids=["bytes", "set", "Decimal", "bytes key", "tuple key", "huge", "surrogate"],
)
def test_fault_7_one_value_that_json_can_not_hold_breaks_the_whole_page(
    app: TestApp, root: UserDict[str, Any], value: Any, text: Any
) -> None:
    root.data.update(good=1, odd=value)
    with pytest.raises((TypeError, ValueError)):
        # Of half a surrogate pair, JSON can be made, but the page can't be sent.
        html_text(root).encode("utf-8") if value == "\ud800" else json_text(root)

    assert shown(app) == {"good": 1, "odd": text}
    all_formats(app)
    all_formats(app, "odd")


def loop() -> Any:
    container = scales.StatContainer()
    container["self"] = container
    return container


def plain_loop() -> Any:
    container: dict[str, Any] = {}
    container["self"] = [container]
    return container


def deep() -> Any:
    container: Any = 5
    for _ in range(5000):
        container = {"k": container}
    return container


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Where the stack has no room left, a destructor of some garbage fails, and pytest complains of it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("make", [loop, plain_loop, deep])
def test_fault_8_circles_and_deep_nesting_break_the_whole_page(
    app: TestApp, root: UserDict[str, Any], make: Callable[[], Any]
) -> None:
    root.data.update(good=1, odd=make())
    for format in (json_text, html_text):
        if (format, make) not in ((json_text, deep), (html_text, plain_loop)):  # depends on the Python
            with pytest.raises((ValueError, RecursionError)):
                format(root)

    assert shown(app)["good"] == 1
    all_formats(app)
    all_formats(app, "odd")
    assert "1 statistic could not be read as it is" in app.get("/scales/").text


def raising() -> None:
    raise ZeroDivisionError("a bug of the application")


def endless() -> Any:
    return lambda: endless()


@pytest.mark.parametrize("function", [raising, endless, sys.exit], ids=["raises", "endless", "exits"])
def test_fault_9_a_function_that_fails_breaks_the_whole_page(
    app: TestApp, root: UserDict[str, Any], function: Callable[[], Any]
) -> None:
    root.data.update(good=1, odd=function)
    with pytest.raises((ZeroDivisionError, RecursionError, ValueError, SystemExit)):
        json_text(root)

    assert shown(app) == {"good": 1, "odd": None}
    assert shown(app, "odd") is None
    all_formats(app)
    all_formats(app, "odd")


def test_fault_9_a_class_is_instantiated(app: TestApp, root: UserDict[str, Any]) -> None:
    made: list[int] = []

    class Made:
        def __new__(cls) -> Any:
            made.append(1)
            return 5

    root["odd"] = Made
    assert json.loads(json_text(root)) == {"odd": 5}
    assert made == [1]

    assert "Made" in shown(app)["odd"]
    all_formats(app)
    assert made == [1]


def test_fault_9_a_function_that_hangs_hangs_the_page(
    app: TestApp, root: UserDict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, released = threading.Event(), threading.Event()

    def hang() -> str:
        entered.set()
        released.wait(60)
        return "at last"

    root.data.update(good=1, slow=hang)
    page = threading.Thread(target=json_text, args=(root,), daemon=True)
    page.start()
    assert entered.wait(60)
    assert page.is_alive()

    monkeypatch.setattr(ask.Asker.__init__, "__defaults__", (0.05, 1.0))
    assert shown(app) == {"good": 1, "slow": None}
    assert "did not return" in app.get("/scales/").text or "not called again" in app.get("/scales/").text
    assert page.is_alive()
    released.set()
    page.join(60)
    assert not page.is_alive()


# Query


@pytest.mark.parametrize("query", ["n<=3", "n==3", "n>=3 and n<=3"])
def test_fault_10_operators_of_two_characters(app: TestApp, root: UserDict[str, Any], query: str) -> None:
    root.data.update(n=3, m=3)
    with pytest.raises(AssertionError):
        formats.runQuery(root, query)

    assert shown(app, query=query) == {"n": 3}


def test_fault_11_comparisons_with_zero_none_and_booleans(app: TestApp, root: UserDict[str, Any]) -> None:
    root.data.update(zero=0, none=None, n=3, flag=True)
    for query in ("zero>1", "none>1"):
        with pytest.raises(TypeError):
            formats.runQuery(root, query)
    assert formats.runQuery(root, "zero=0") == {}
    assert formats.runQuery(root, "n>2.5") == {}
    assert formats.runQuery(root, "flag=False") == {"flag": True}

    assert shown(app, query="zero>1") == shown(app, query="none>1") == shown(app, query="flag=False") == {}
    assert shown(app, query="zero=0") == {"zero": 0}
    assert shown(app, query="n>2.5") == {"n": 3}
    assert shown(app, query="flag=True") == {"flag": True}


def test_fault_12_comparisons_with_what_has_children(app: TestApp, root: UserDict[str, Any]) -> None:
    stats = scales.collection("/app", scales.PmfStat("p"), scales.NamedPmfDictStat("q"))
    stats.p = 5
    stats.q["k"] = 5
    with pytest.raises(TypeError):
        formats.runQuery(root, "p>1")
    assert formats.runQuery(root, "count>0") == {}

    assert shown(app, query="p>1") == {}
    assert shown(app, query="app/*/count > 0") == {"app": {"p": {"count": 1}}}
    assert shown(app, "app/", query="count>0") == {"p": {"count": 1}, "q": {"k": {"count": 1}}}


@pytest.mark.parametrize("query", ["n > 1 > 2", "n = = 3"])
def test_fault_13_a_malformed_query_is_an_assertion(
    app: TestApp, root: UserDict[str, Any], query: str
) -> None:
    with pytest.raises(AssertionError):
        formats.runQuery(root, query)

    for format in FORMATS:
        answer = app.get("/scales/", {"format": format, "query": query}, status=400)
        assert "NAME OPERATOR VALUE" in answer.text
        assert "Example: routes/*/latency/99percentile" in answer.text


# Security

MARKUP = "\"><script>alert('x')</script>"


def test_fault_14_what_a_client_sends_is_written_into_the_page(
    app: TestApp, root: UserDict[str, Any]
) -> None:
    root["n"] = 1
    quoted = scales.StatContainer()
    quoted.setCollapsed(True)
    root['"onmouseover="alert(1)'] = quoted
    header = io.StringIO()
    formats.htmlHeader(header, f"/{MARKUP}", MARKUP, MARKUP)
    assert header.getvalue().count("<script>alert('x')</script>") == 4  # path, server's name (twice), query
    assert '<a href="/status/"onmouseover="alert(1)">' in html_text(root)
    root[MARKUP] = MARKUP

    for path, query in (
        ("", f'"{MARKUP[2:]}"'),
        ("", MARKUP[2:]),
        (MARKUP, ""),
        ("nosuch" + MARKUP, ""),
        ("", MARKUP),
    ):
        page = app.get(f"/scales/{quote(path, safe='')}", {"query": query}, status="*")
        assert page.status_int in (200, 400, 404)
        assert page.html.find_all("script", src=False) == []
        assert not [tag for tag in page.html.find_all(True) if "onmouseover" in tag.attrs]
    assert 'href="/status/' not in app.get("/scales/").text


def test_fault_15_json_goes_out_as_html(
    app: TestApp, root: UserDict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    root["n"] = "<b>"
    flask = types.ModuleType("flask")
    flask.request = types.SimpleNamespace(args={"format": "json"})  # type: ignore[attr-defined]
    flask.abort = None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flask", flask)
    monkeypatch.delitem(sys.modules, "greplin.scales.flaskhandler", raising=False)
    from greplin.scales import flaskhandler

    # Flask sends a bare text as text/html; the handler says nothing else.
    assert flaskhandler.statsHandler("server") == '{"n": "<b>"}\n'

    types_sent = {
        "json": "application/json",
        "prettyjson": "application/json",
        "html": "text/html; charset=utf-8",
        "prometheus": "text/plain; version=0.0.4; charset=utf-8",
        "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
    }
    for format in FORMATS:
        answer = app.get("/scales/", {"format": format})
        assert answer.headers["Content-Type"] == types_sent[format]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# Paths


def test_an_unknown_path_shows_no_longer_the_whole_tree(app: TestApp, root: UserDict[str, Any]) -> None:
    root.data.update(a={"b": 1}, secret=2)
    assert "secret" in formatted(util.lookup(root, ["nosuch"]))

    answer = app.get("/scales/a/nosuch/deeper?format=json", status=404)
    assert "secret" not in answer.text
    assert "/scales/a/" in answer.json["error"]


@pytest.mark.parametrize("value", [0, 0.0, "", None, False, {}, [], scales.StatContainer()], ids=repr)
def test_a_falsy_value_is_shown_as_itself(app: TestApp, root: UserDict[str, Any], value: Any) -> None:
    root.data.update(n=value, other=1)
    assert "other" in formatted(value)

    assert shown(app, "n") == (
        list(value) if isinstance(value, list) else dict(value) if value == {} else value
    )
    all_formats(app, "n")


def formatted(value: Any) -> str:
    """What scales' JSON writes, as it is called by its handlers."""
    output = io.StringIO()
    formats.jsonFormat(output, value)
    return output.getvalue()


# Promises of the released add-on


def test_the_page_has_key_and_type_of_a_value_in_the_markup_of_old(app: TestApp) -> None:
    stats = scales.collection("/", scales.IntStat("errors"))
    stats.errors += 1
    assert '<span class="key">errors</span> <span class="int">1</span>' in app.get("/scales/")


def test_json_has_the_empty_key_of_old(app: TestApp) -> None:
    stats = scales.collection("/", scales.IntStat("errors"))
    stats.errors += 1
    assert app.get("/scales/?format=json").json[""]["errors"] == 1


def test_the_view_can_be_registered_on_a_route_of_ones_own(make_app: Callable[..., TestApp]) -> None:
    def setup(config: Configurator) -> None:
        config.add_route("numbers", "/numbers/*prefix")
        config.add_view(pyramid_scales.scales_stats, route_name="numbers")

    stats = scales.collection("/app", scales.IntStat("errors", 1))
    app = make_app(setup=setup)
    assert app.get("/numbers/app/?format=json").json == {"errors": stats.errors}


@pytest.mark.parametrize("format", ["html", "json", "prettyjson"])
def test_the_formats_and_queries_of_old_are_understood(
    app: TestApp, root: UserDict[str, Any], format: str
) -> None:
    root.data.update(a={"n": 1}, b={"n": 5}, m=2)
    assert "pyramid" in app.get(f"/scales/?format={format}").text
    answers = {
        query: app.get("/scales/", {"format": format, "query": query}).text for query in ("n", "n > 2", "m")
    }
    assert len(set(answers.values())) == 3
    if format != "html":
        assert [json.loads(answer) for answer in answers.values()] == [
            {"a": {"n": 1}, "b": {"n": 5}},
            {"b": {"n": 5}},
            {"m": 2},
        ]


def test_the_route_is_called_scales() -> None:
    config = Configurator()
    config.include("pyramid_scales")
    config.commit()
    names = [entry["introspectable"]["name"] for entry in config.introspector.get_category("routes")]
    assert "scales" in names


# Live


class Writers:
    """Threads that write as fast as they can, each into statistics of its own, and know what is there."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.failures: list[BaseException] = []
        self.checks: list[Callable[[], None]] = []
        self._threads = [
            threading.Thread(target=self._guard, args=(write, number))
            for number, write in enumerate(
                (self.counter, self.dictionary, self.pmf, self.pmfs, self.containers)
            )
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(60)

    def _guard(self, write: Callable[[int], Iterator[None]], number: int) -> None:
        try:
            for _ in write(number):
                if self.stop.is_set():
                    return
        except BaseException as error:
            self.failures.append(error)

    def counter(self, number: int) -> Iterator[None]:
        stats = scales.collection(f"/writer{number}", scales.IntStat("n"), scales.DoubleStat("x"))
        done = 0
        self.checks.append(
            lambda: equal(scales.getStats()[f"writer{number}"].data, {"n": done, "x": done / 2})
        )
        while True:
            done += 1
            stats.n += 1
            stats.x = done / 2
            yield

    def dictionary(self, number: int) -> Iterator[None]:
        stats = scales.collection(
            f"/writer{number}", scales.IntDictStat("codes"), scales.StringDictStat("words")
        )
        codes: dict[Any, int] = {}
        words: dict[str, str] = {}
        self.checks.append(lambda: equal(stats.codes.data, codes))
        self.checks.append(lambda: equal(stats.words.data, words))
        step = 0
        while True:
            step += 1
            key: Any = step % 20 if step % 3 else str(step % 20)
            stats.codes[key] += 1
            codes[key] = codes.get(key, 0) + 1
            stats.words[f"w{step % 10}"] = words[f"w{step % 10}"] = str(step)
            if step % 7 == 0:
                del stats.codes[key], codes[key]
                del stats.words[f"w{step % 10}"], words[f"w{step % 10}"]
            yield

    def pmf(self, number: int) -> Iterator[None]:
        stats = scales.collection(f"/writer{number}", scales.PmfStat("pmf"), scales.StateTimeStat("states"))
        done = 0
        self.checks.append(lambda: equal(stats.pmf.data["count"], done))
        while True:
            done += 1
            stats.pmf = done % 100
            stats.states = "odd" if done % 2 else "even"
            yield

    def pmfs(self, number: int) -> Iterator[None]:
        stats = scales.collection(
            f"/writer{number}", scales.NamedPmfDictStat("pmfs"), scales.HistogramAggregationStat("h")
        )
        counts: dict[str, int] = {}
        self.checks.append(lambda: equal({key: pmf["count"] for key, pmf in stats.pmfs.data.items()}, counts))
        self.checks.append(lambda: equal(dict(stats.h), counts))
        step = 0
        while True:
            step += 1
            key = f"k{step % 5}"
            stats.pmfs[key] = step % 10
            stats.h[key] += 1
            counts[key] = counts.get(key, 0) + 1
            if step % 9 == 0:
                del stats.pmfs[key], stats.h[key], counts[key]
            yield

    def containers(self, number: int) -> Iterator[None]:
        root = scales.getStats()
        mine = root.setdefault(f"writer{number}", scales.StatContainer())
        expected: dict[str, int] = {}
        self.checks.append(lambda: equal({key: box.data["n"] for key, box in mine.data.items()}, expected))
        step = 0
        while True:
            step += 1
            key = f"c{step % 10}"
            if key in mine:
                del mine[key], expected[key]
                root.data.pop(f"passing {key}", None)
            else:
                mine[key] = box = scales.StatContainer()
                box["n"] = expected[key] = step
                box["plain"] = {step: [step]}
                root[f"passing {key}"] = step
            yield


def equal(found: object, expected: object) -> None:
    assert found == expected


@pytest.fixture
def hostile_switching() -> Iterator[None]:
    """Threads change so often that a gap which can be fallen into is."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hostile_switching")
def test_reading_while_threads_write_at_full_speed_fails_never_and_loses_nothing(app: TestApp) -> None:
    reads = 0
    until = time.monotonic() + 2.5
    with Writers() as writers:
        while len(writers.checks) < 7 and not writers.failures:
            time.sleep(0.001)
        while time.monotonic() < until or reads < 1000:
            for _ in range(25):
                node, problems = tree.read()
                assert not problems
                renderers.to_json(node.data)
                assert not tree.read(("writer1", "codes", str(reads % 20)))[1]
                reads += 2
            ask_for_pages(app, reads)
    assert not writers.failures
    for check in writers.checks:
        check()


def ask_for_pages(app: TestApp, number: int) -> None:
    format = FORMATS[number // 50 % 5]
    name = ("writer0", "writer1/codes", "writer2/pmf", "writer3/pmfs", "writer3/h", "writer4", "")[
        number // 50 % 7
    ]
    assert app.get(f"/scales/{name}/?format={format}").status_int == 200
    assert app.get(f"/scales/?format={format}&query=c1*/n > 1").status_int == 200
    assert app.get(f"/scales/{name}/nosuch{number}?format={format}", status=404)
