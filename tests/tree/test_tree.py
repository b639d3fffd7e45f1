"""Reading the scales tree: whatever stands there is shown, and nothing is touched."""

from __future__ import annotations

import collections
import decimal
import enum
import functools
import logging
import sys
import threading
from collections import UserDict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from greplin import scales
from greplin.scales import meter

from pyramid_scales.snapshot import Kind, Node, Path, Problem
from pyramid_scales.tree import ask, tree

MARKED = "error"


def put(**values: Any) -> None:
    scales.getStats().data.update(values)


def read(path: Path = (), **how: bool) -> Node:
    return tree.read(path, **how)[0]


def problems(path: Path = ()) -> dict[Path, str]:
    found = tree.read(path)[1]
    assert all(isinstance(problem, Problem) for problem in found)
    return dict(found)


def test_an_empty_tree_is_an_empty_node() -> None:
    assert tree.read() == (Node({}, Kind.GROUP), [])


def test_the_stats_of_a_collection_are_there_once_they_were_touched() -> None:
    stats = scales.collection(
        "/app",
        scales.IntStat("count"),
        scales.DoubleStat("load"),
        scales.IntStat("start", 5),
        scales.Stat("words"),
    )
    assert read().data == {"app": {"start": 5}}
    stats.count += 2
    stats.load = 0.25
    stats.words = "a b"
    assert read().data == {"app": {"start": 5, "count": 2, "load": 0.25, "words": "a b"}}


def every_stat() -> Any:
    return scales.collection(
        "/all",
        scales.IntDictStat("ints"),
        scales.StringDictStat("strings"),
        scales.PmfStat("pmf"),
        scales.NamedPmfDictStat("pmfs"),
        scales.StateTimeStat("states"),
        scales.HistogramAggregationStat("histogram"),
        scales.IntDictSumAggregationStat("sums"),
        meter.MeterStat("meter"),
        meter.MeterDictStat("meters"),
    )


def test_what_is_known_of_each_stat_is_noted() -> None:
    stats = every_stat()
    stats.ints[200] += 1
    stats.strings["x"] = "y"
    stats.pmf = 5
    stats.pmfs["k"] = 5
    stats.states = "busy"
    stats.histogram["a"] += 1
    stats.sums["b"] += 1
    stats.meter = 1
    stats.meters["m"].mark()
    put(plain={}, words=[], pair=())
    root = read()
    kinds = {key: child.kind for key, child in root.children["all"].children.items()}
    assert kinds == {
        "ints": Kind.DICT,
        "strings": Kind.DICT,
        "pmf": Kind.PMF,
        "pmfs": Kind.PMF_DICT,
        "states": Kind.STATES,
        "histogram": Kind.DICT,
        "sums": Kind.DICT,
        "meter": Kind.METER,
        "meters": Kind.METER_DICT,
    }
    assert root.children["all"].kind is Kind.GROUP
    assert root.children["all"].children["pmfs"].children["k"].kind is Kind.PMF
    assert root.children["all"].children["meters"].children["m"].kind is Kind.METER
    assert [root.children[key].kind for key in ("plain", "words", "pair")] == [
        Kind.DICT,
        Kind.LIST,
        Kind.LIST,
    ]


def test_subclasses_are_what_they_derive_from() -> None:
    class Timings(scales.PmfStatDict):  # type: ignore[misc]
        pass

    put(timings=Timings())
    assert read().children["timings"].kind is Kind.PMF


class Shade(enum.IntEnum):
    DARK = 3


class Name(str):
    pass


class Price:
    def __str__(self) -> str:
        return "5 EUR"


class Silent:
    def __str__(self) -> str:
        raise RuntimeError("no comment")


class Mute:
    def __str__(self) -> Any:
        return 5


class Evil(Exception):
    def __str__(self) -> str:
        raise RuntimeError("nor here")


def fail(error: BaseException) -> Callable[[], Any]:
    def function() -> Any:
        raise error

    return function


@pytest.mark.parametrize(
    ("value", "shown", "type_name"),
    [
        (5, 5, None),
        (2.5, 2.5, None),
        ("text", "text", None),
        (True, True, None),
        (None, None, None),
        ("\ud800", "\ud800", None),
        (Shade.DARK, 3, "Shade"),
        (Name("n"), "n", "Name"),
        (b"x\xff", r"b'x\xff'", "bytes"),
        (decimal.Decimal("1.50"), "1.50", "Decimal"),
        (frozenset([1]), "frozenset({1})", "frozenset"),
        (1 + 2j, "(1+2j)", "complex"),
        (Price(), "5 EUR", "Price"),
        (Price, str(Price), "type"),
        (10**5000, hex(10**5000), "int"),
        (-(10**4000), -(10**4000), None),
        (10**400, 10**400, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_json_can_not_hold_is_shown_as_text(
    value: Any, shown: Any, type_name: str | None
) -> None:
    put(before=1, value=value, after=2)
    node = read()
    assert node.data == {"before": 1, "value": shown, "after": 2}
    assert type(node.data["value"]) in (int, float, str, bool, type(None))
    assert node.marks == ({} if type_name is None else {"value": type_name})
    assert not problems()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Silent(), "RuntimeError: no comment"),
        (Mute(), "TypeError"),
        (fail(ZeroDivisionError("x")), "ZeroDivisionError: x"),
        (fail(Evil()), "Evil"),
        (fail(SystemExit(3)), "raised SystemExit"),
        (fail(RuntimeError("long " * 1000)), "RuntimeError: long"),
        (fail(RecursionError()), "RecursionError"),
        (lambda one, two: 5, "TypeError"),
    ],
    ids=["silent", "mute", "raises", "evil", "exits", "long", "recursion", "arguments"],
)
def test_a_value_that_can_not_be_read_is_null_alone_and_named(value: Any, reason: str) -> None:
    put(before=1, inner={"bad": value, "good": 5}, after=2)
    node = read()
    assert node.data == {"before": 1, "inner": {"bad": None, "good": 5}, "after": 2}
    assert node.children["inner"].marks == {"bad": MARKED}
    found = problems()
    assert set(found) == {("inner", "bad")}
    assert reason in found["inner", "bad"]
    assert len(found["inner", "bad"]) <= 300


def test_a_function_that_never_stops_returning_functions_is_an_error() -> None:
    def ask_again() -> Any:
        return ask_again

    put(forever=ask_again, twice=lambda: lambda: 5)
    node = read()
    assert node.data == {"forever": None, "twice": 5}
    assert "returned a function" in problems()["forever",]


def test_what_functions_return_is_read_like_all_else_and_marked_as_computed() -> None:
    put(
        number=lambda: 5,
        inner=lambda: {"a": (1, decimal.Decimal(2))},
        partial=functools.partial(int, "7"),
        bound="x".upper,
    )
    node = read()
    assert node.data == {"number": 5, "inner": {"a": [1, "2"]}, "partial": 7, "bound": "X"}
    assert node.computed == {"number", "inner", "partial", "bound"}
    assert node.children["inner"].kind is Kind.DICT


def test_functions_can_be_left_out() -> None:
    called: list[int] = []
    put(
        function=lambda: called.append(1),
        inner={"f": lambda: called.append(2), "n": 1},
        words=[lambda: called.append(3)],
    )
    assert read((), call=False).data == {"inner": {"n": 1}, "words": []}
    assert not called


def test_only_functions_on_the_way_are_called() -> None:
    called: list[str] = []
    put(
        beside=lambda: called.append("beside"), way=lambda: {"to": {"it": 5}, "f": lambda: called.append("f")}
    )
    assert read(("way", "to")).data == {"way": {"to": {"it": 5}}}
    assert not called


def test_a_class_is_shown_and_not_made(caplog: pytest.LogCaptureFixture) -> None:
    made: list[int] = []

    class Made:
        def __init__(self) -> None:
            made.append(1)

    put(one=Made)
    assert "Made" in read().data["one"]
    assert not made


def test_a_function_that_hangs_costs_its_own_value_only(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(ask.Asker.__init__, "__defaults__", (0.05, 5.0))
    put(slow=lambda: released.wait(60), fast=lambda: 5)
    node, found = tree.read()
    released.set()
    assert node.data == {"slow": None, "fast": 5}
    assert found == [Problem(("slow",), "did not return within 0.05 s")]


def test_a_container_in_itself_is_cut_there() -> None:
    loop: dict[str, Any] = {"n": 1}
    loop["self"] = loop
    items: list[Any] = [1]
    items.append(items)
    group = scales.StatContainer()
    group["group"] = group
    put(loop=loop, items=items, group=group)
    assert read().data == {"loop": {"n": 1, "self": None}, "items": [1, None], "group": {"group": None}}
    assert set(problems()) == {("loop", "self"), ("items", "1"), ("group", "group")}
    assert "contains itself" in problems()["loop", "self"]


def test_the_same_container_twice_is_no_circle() -> None:
    shared = {"n": {"m": 1}}
    put(one=shared, two={"three": shared})
    assert read().data == {"one": {"n": {"m": 1}}, "two": {"three": {"n": {"m": 1}}}}
    assert not problems()


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"end": depth}
    for level in range(depth - 1, -1, -1):
        value = {"level": level, "k": value}
    return value


@pytest.mark.parametrize("depth", [150, 5000])
def test_deep_nesting_is_cut_and_each_level_can_be_opened(depth: int) -> None:
    put(deep=nested(depth))
    found = problems()
    assert len(found) == 1
    ((path, reason),) = found.items()
    assert "open its own address" in reason
    node = read(path)
    for key in path:
        node = node.children[key]
    assert node.data["level"] == len(path) - 1


def test_a_path_of_a_hundred_thousand_steps_ends_where_the_tree_does() -> None:
    put(deep=nested(5000))
    assert isinstance(read(("deep", *["k"] * 100_000)), Node)
    assert isinstance(read(("nosuch",) * 100_000), Node)


def test_more_containers_than_a_page_can_show_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_CONTAINERS", 10)
    put(**{f"k{number}": {"n": {"m": number}} for number in range(10)})
    found = problems()
    assert found
    assert all("more than 10 containers" in reason for reason in found.values())


class Live(UserDict):  # type: ignore[type-arg]
    """A container whose ``data`` is made anew at each look."""

    def __init__(self) -> None:
        self.reads = 0

    @property
    def data(self) -> Any:
        self.reads += 1
        return {"n": {"reads": self.reads}, "x": lambda: 1}


def test_a_live_container_is_read_once() -> None:
    live = Live()
    put(live=live)
    assert read().data == {"live": {"n": {"reads": 1}, "x": 1}}
    assert live.reads == 1


class Broken(UserDict):  # type: ignore[type-arg]
    def __init__(self, behind: Any) -> None:
        self._behind = behind

    @property
    def data(self) -> Any:
        return self._behind() if callable(self._behind) else self._behind


@pytest.mark.parametrize("behind", [None, 5, "text", fail(RuntimeError("gone")), [1, 2]], ids=repr)
def test_a_container_with_something_else_behind_it_breaks_nothing(behind: Any) -> None:
    put(broken=Broken(behind), n=1)
    assert read().data["n"] == 1


def test_a_root_with_something_else_behind_it_is_empty_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scales.getStats(), "data", 5)
    assert tree.read() == (Node({}, Kind.GROUP), [Problem((), "has no dictionary behind it")])


def test_a_container_without_its_flag_is_open() -> None:
    class Bare(scales.StatContainer):  # type: ignore[misc]
        def __init__(self) -> None:
            UserDict.__init__(self)

    class Raising(scales.StatContainer):  # type: ignore[misc]
        def isCollapsed(self) -> bool:  # noqa: N802
            raise RuntimeError("what?")

    put(bare=Bare(), raising=Raising())
    assert read().data == {"bare": {}, "raising": {}}


def test_a_collapsed_container_is_a_child_that_the_data_leave_out() -> None:
    scales.collection("/a/b", scales.IntStat("n", 1))
    scales.setCollapsed("/a/b")
    node = read()
    assert node.data == {"a": {}}
    assert node.children["a"].children["b"].collapsed
    assert node.children["a"].children["b"].data == {"n": 1}
    assert read(("a", "b")).children["a"].children["b"].data == {"n": 1}


def test_in_a_plain_dictionary_nothing_is_collapsed() -> None:
    hidden = scales.StatContainer()
    hidden.setCollapsed(True)
    hidden["n"] = 1
    put(plain={"inner": hidden, "items": [hidden]}, group=hidden)
    assert read().data == {"plain": {"inner": {"n": 1}, "items": [{"n": 1}]}}


def test_a_path_reads_nothing_beside_it() -> None:
    put(a={"b": {"c": 1}, "x": 2}, y=3, z=Silent())
    root, found = tree.read(("a", "b"))
    assert root.data == {"a": {"b": {"c": 1}}}
    assert not found


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (("codes", "200"), {"codes": {"200": 7}}),
        (("codes", "nosuch"), {"codes": {}}),
        (("codes", "200", "deeper"), {"codes": {"200": 7}}),
        (("nosuch", "x"), {}),
        (("words", "1"), {"words": {"1": {"n": 1}}}),
        (("words", "1", "n"), {"words": {"1": {"n": 1}}}),
        (("words", "9"), {"words": {}}),
        (("", ""), {"": {"": 5}}),
    ],
)
def test_a_path_leads_by_the_texts_of_keys(path: Path, data: dict[str, Any]) -> None:
    put(codes={200: 7, 404: 1}, words=["a", {"n": 1}])
    scales.getStats().data[""] = {"": 5}
    assert read(path).data == data


def test_ordered_and_counting_dictionaries_are_dictionaries() -> None:
    put(
        counter=collections.Counter("aab"),
        default=collections.defaultdict(list, {"x": [1]}),
        ordered=collections.OrderedDict(b=1, a=2),
    )
    assert read().data == {"counter": {"a": 2, "b": 1}, "default": {"x": [1]}, "ordered": {"b": 1, "a": 2}}


class Lying(dict):  # type: ignore[type-arg]
    """A dictionary whose methods do something else."""

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("asked")

    get = keys = items = values = copy = __iter__ = __contains__ = __len__ = __getitem__  # type: ignore[assignment]


def test_no_method_of_a_container_is_called() -> None:
    put(lying=Lying(n=1, inner=Lying(m=2)))
    assert read().data == {"lying": {"n": 1, "inner": {"m": 2}}}
    assert read(("lying", "inner", "m")).data == {"lying": {"inner": {"m": 2}}}
    assert read(("lying", "nosuch")).data == {"lying": {}}


def test_a_problem_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    put(**{"a unique name": Silent()})
    with caplog.at_level(logging.WARNING, "pyramid_scales.tree.tree"):
        for _ in range(5):
            tree.read()
    assert [record.getMessage() for record in caplog.records] == [
        "the statistic a unique name could not be read: RuntimeError: no comment"
    ]


def test_reading_imports_nothing_that_starts_a_thread() -> None:
    # In a process of its own: this one has imported the meter.
    import subprocess

    program = (
        "import warnings, sys, threading\n"
        "from pyramid_scales.tree import tree\n"
        "tree.read()\n"
        "bad = {'greplin.scales.meter', 'greplin.scales.formats', 'greplin.scales.util'} & set(sys.modules)\n"
        "assert not bad, bad\n"
        "assert threading.active_count() == 1\n"
    )
    path = [entry for entry in sys.path if entry]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import sys; sys.path[:0] = {path!r}\n{program}"], check=True
    )


def test_there_is_only_one_root_and_it_is_never_kept() -> None:
    before = tree.live_root()
    put(n=1)
    try:
        scales.reset()
        assert tree.live_root() is not before
        assert read().data == {}
    finally:
        scales._Stats.stats = before


@pytest.fixture(autouse=True)
def no_tickers() -> Iterator[None]:
    """Meters are kept for ever by scales; those of a test are not."""
    before = list(meter.TICKERS)
    yield
    meter.TICKERS[:] = before
