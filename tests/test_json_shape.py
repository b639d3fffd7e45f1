"""The JSON of every subtree is byte for byte that of scales, wherever that is JSON at all."""

from __future__ import annotations

import json
from collections import UserDict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from greplin import scales
from greplin.scales import meter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.request import Request
from scales_own import NoTickers, json_text

from pyramid_scales.address import Address

Draw = Callable[[st.SearchStrategy[Any]], Any]


@pytest.fixture(scope="module")
def get() -> Callable[[str], tuple[int, str]]:
    """Asks a view of ours that was registered alone, so that the tree holds the test's statistics only."""
    config = Configurator()
    config.add_route("own", "/own/*prefix")
    config.add_view("pyramid_scales.scales_stats", route_name="own")
    application = config.make_wsgi_app()

    def get(url: str) -> tuple[int, str]:
        response = Request.blank(url).get_response(application)
        return response.status_int, response.text

    return get


@pytest.fixture(autouse=True)
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "TICKERS", NoTickers())


names = st.sampled_from(["a", "b", "c", "x y", "\xe9", "", "5"])
texts = st.text(max_size=5)
numbers = st.integers(-(10**30), 10**30) | st.floats(width=32)
plain_keys = st.none() | st.booleans() | st.integers(-9, 600) | st.floats(width=16) | texts
plain = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(plain_keys, inner, max_size=3)
    ),
    max_leaves=6,
)
pmf_values = st.lists(st.floats(0, 1e6, width=32) | st.integers(0, 10**6), max_size=25)


class Worker:
    """Its statistics are aggregated by those of its team."""

    state = scales.Stat("state")
    jobs = scales.IntStat("jobs")
    codes = scales.IntDictStat("codes")

    def __init__(self, name: str) -> None:
        scales.initChild(self, name)


class Team:
    states = scales.HistogramAggregationStat("state")
    jobs = scales.SumAggregationStat("jobs")
    codes = scales.IntDictSumAggregationStat("codes")

    def __init__(self, path: str, workers: list[tuple[str, int, int]]) -> None:
        scales.init(self, path)
        for name, jobs, code in workers:
            worker = Worker(name)
            worker.state = "busy"
            worker.state = name
            worker.jobs += jobs
            worker.codes[code] += jobs


def fill_pmf(stats: Any, values: list[float]) -> None:
    for value in values:
        stats.pmf = value


def fill_pmfs(stats: Any, values: dict[str, list[float]]) -> None:
    for key, some in values.items():
        for value in some:
            stats.pmfs[key] = value


def fill_meter(stats: Any, marks: list[int], ticks: int) -> None:
    for mark in marks:
        stats.meter = mark
        stats.meters[mark % 3].mark(mark)
    for _ in range(ticks):
        stats.meter.tick()


def fill_states(stats: Any, states: list[Any]) -> None:
    for state in states:
        stats.states = state


def fill_dict(container: Any, entries: dict[Any, Any]) -> None:
    for key, value in entries.items():
        container[key] = value


def grow(draw: Draw) -> None:
    """Fill the live tree by scales' own means (outside a strategy: its reservoirs draw random numbers)."""
    scales.getStats().data.clear()
    for _ in range(draw(st.integers(1, 4))):
        path = "/".join(draw(st.lists(names, max_size=3)))
        stats = scales.collection(
            path,
            scales.IntStat("int", draw(st.integers(0, 3))),
            scales.DoubleStat("double"),
            scales.Stat("any"),
            scales.IntDictStat("ints", autoDelete=draw(st.booleans())),
            scales.StringDictStat("strings"),
            scales.PmfStat("pmf"),
            scales.NamedPmfDictStat("pmfs"),
            scales.StateTimeStat("states"),
            meter.MeterStat("meter"),
            meter.MeterDictStat("meters"),
        )
        for fill in draw(st.lists(st.sampled_from(FILLERS), max_size=5)):
            fill(draw, path, stats)
        if draw(st.integers(0, 3)) == 0:
            scales.setCollapsed(path)


FILLERS: list[Callable[[Draw, str, Any], object]] = [
    lambda draw, path, stats: setattr(stats, "int", draw(st.integers())),
    lambda draw, path, stats: setattr(stats, "double", draw(st.floats())),
    lambda draw, path, stats: setattr(stats, "any", draw(plain)),
    lambda draw, path, stats: fill_dict(
        stats.ints, draw(st.dictionaries(plain_keys, st.integers(), max_size=4))
    ),
    lambda draw, path, stats: fill_dict(stats.strings, draw(st.dictionaries(plain_keys, texts, max_size=4))),
    lambda draw, path, stats: fill_pmf(stats, draw(pmf_values)),
    lambda draw, path, stats: fill_pmfs(stats, draw(st.dictionaries(names, pmf_values, max_size=2))),
    lambda draw, path, stats: fill_meter(stats, draw(st.lists(st.integers(0, 9))), draw(st.integers(0, 2))),
    lambda draw, path, stats: fill_states(
        stats, draw(st.lists(st.sampled_from(["idle", "busy", 3]), max_size=5))
    ),
    lambda draw, path, stats: Team(
        path or "/",
        draw(st.lists(st.tuples(st.sampled_from(["w", "v"]), st.integers(1, 5), st.integers(200, 202)))),
    ),
    lambda draw, path, stats: setattr(stats, "any", functions(draw(plain))),
]


def functions(value: Any) -> Callable[[], Any]:
    return lambda: value


def key_text(key: Any) -> str:
    (text,) = json.loads(json.dumps({key: 0}))
    return str(text)


def subtrees(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything in the tree that has an address, with the object itself."""
    yield path, value
    while callable(value):
        value = value()
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    if isinstance(value, (dict, UserDict)):
        entries = dict(value.data if isinstance(value, UserDict) else value)
        text_keys = list(map(key_text, entries))
        for text, inner in zip(text_keys, entries.values(), strict=True):
            if text_keys.count(text) == 1:
                yield from subtrees(inner, (*path, text))


class NoJson(ValueError):
    """A text that a strict parser refuses."""


def refuse(constant: str) -> None:
    raise NoJson(constant)


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise NoJson("duplicate keys")
    return dict(pairs)


def is_strict(text: str) -> bool:
    try:
        json.loads(text, parse_constant=refuse, object_pairs_hook=no_duplicates)
    except NoJson:
        return False
    return True


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_json_of_every_subtree_is_that_of_scales(
    get: Callable[[str], tuple[int, str]], data: st.DataObject
) -> None:
    grow(data.draw)
    for path, value in subtrees(scales.getStats()):
        for format, pretty in (("json", False), ("prettyjson", True)):
            expected = json_text(value, pretty=pretty)
            status, text = get(Address("/own/").to(path, format=format))
            assert status == 200, path
            assert is_strict(text), path
            if is_strict(expected):
                assert text == expected, path


def test_this_comparison_meets_every_kind_of_statistic_and_both_sorts_of_text(
    get: Callable[[str], tuple[int, str]],
) -> None:
    # What the random trees are made of, once on purpose: a comparison that skips everything shows nothing.
    stats = scales.collection(
        "/all",
        scales.IntStat("int", 5),
        scales.DoubleStat("double"),
        scales.StringDictStat("strings"),
        scales.IntDictStat("ints"),
        scales.PmfStat("pmf"),
        scales.NamedPmfDictStat("pmfs"),
        scales.StateTimeStat("states"),
        meter.MeterStat("meter"),
        meter.MeterDictStat("meters"),
        scales.Stat("any"),
    )
    stats.double = 1e-9
    fill_dict(stats.strings, {"k": "\xe9<"})
    fill_dict(stats.ints, {200: 5, None: 1, True: 2, 1.5: 3, "x": 4})
    fill_pmf(stats, [1, 2, 3.5, 4])
    fill_pmfs(stats, {"k": [1.0, 2.0], "one": [3]})
    fill_meter(stats, [1, 2], ticks=1)
    fill_states(stats, ["idle", "busy"])
    stats.any = functions({"f": functions([1, (2, None)])})
    Team("/team", [("w", 2, 200), ("v", 3, 404)])
    scales.setCollapsed("/all/closed")
    text = get("/own/?format=json")[1]
    assert text == json_text(scales.getStats())
    assert is_strict(text)
    assert get("/own/?format=prettyjson")[1] == json_text(scales.getStats(), pretty=True)
    found = json.loads(text)
    assert set(found["all"]) == {
        *("int", "double", "strings", "ints", "pmf", "pmfs", "states", "meter", "meters", "any"),
    }
    percentiles = [f"{part}percentile" for part in (75, 95, 98, 99, 999)]
    assert list(found["all"]["pmf"]) == ["count", "min", "max", "mean", "stddev", "median", *percentiles]
    assert found["team"]["jobs"] == 5
    assert not is_strict(json_text({"nan": float("nan")}))
    assert not is_strict(json_text({5: 1, "5": 2}))


def test_what_is_no_json_in_scales_is_null_here(get: Callable[[str], tuple[int, str]]) -> None:
    stats = scales.collection("/a", scales.PmfStat("pmf"), scales.DoubleStat("double"))
    for value in (1, 2, 3):
        stats.pmf.data["count"] = value
    stats.pmf.data["median"] = float("nan")
    stats.double = float("-inf")
    assert "NaN" in json_text(scales.getStats())
    assert json.loads(get("/own/?format=json")[1], parse_constant=refuse) == {
        "a": {"pmf": {"count": 3, "median": None}, "double": None}
    }


def test_two_keys_of_one_text_both_stay(get: Callable[[str], tuple[int, str]]) -> None:
    scales.getStats().data["codes"] = {5: 1, "5": 2}
    assert json_text({5: 1, "5": 2}) == '{"5": 1, "5": 2}\n'
    assert get("/own/codes/?format=json") == (200, '{"5 (int)": 1, "5": 2}\n')
