"""Snapshots of several workers as one, as the answering worker shows it."""

from __future__ import annotations

from greplin import scales
from recorded import filled
from sharing import BUCKETS, App

from pyramid_scales.application import of
from pyramid_scales.figures.request_tree import as_node
from pyramid_scales.merge.merge import WorkerSnapshot, merge
from pyramid_scales.snapshot import (
    NO_SLICES,
    Kind,
    Labels,
    Node,
    Problem,
    Requests,
    Series,
    Snapshot,
    Worker,
)

HOME = Labels("home", "/", "GET", 200, "")


def requests(count, bounds=(1000,)):
    buckets = filled(0, count)
    found = Series(HOME, buckets, count, buckets, NO_SLICES, count)
    return Requests(bounds, (1000,), (found,), 0, 100, 9)


def tree(**data):
    node = Node(data)
    return Node({"app": data}, children={"app": node})


def mounted(root, count):
    """``root`` with what the package puts into the tree of a process."""
    shown = {"requests": as_node(requests(count)), "process": Node({"pid": 1}, Kind.GAUGES)}
    ours = Node({key: node.data for key, node in shown.items()}, children=shown)
    root.children["pyramid"], root.data["pyramid"] = ours, ours.data
    return root


def worker(pid=2, live=True, **fields):
    return WorkerSnapshot(Worker(pid, live, 0.5), **fields)


def mine(**fields):
    return WorkerSnapshot(Worker(1, True, 0.0), mine=True, **fields)


def test_without_others_a_snapshot_is_as_it_was():
    own = Snapshot(tree(n=1))
    assert merge(own, ()) is own


def test_requests_and_statistics_of_all_workers_are_one():
    own = Snapshot(mounted(tree(n=1), 5), (Problem(("x",), "y"),), requests(5), notes=("own",))
    merged = merge(own, [mine(), worker(requests=requests(7), root=tree(n=2), notes=("its",))])
    assert merged.root.data["app"] == {"n": 3}
    assert sum(one.amount for one in merged.requests.series) == 12
    assert merged.root.data["pyramid"]["requests"]["responses"] == {"200": 12}
    assert merged.root.data["pyramid"]["process"] == {"pid": 1}
    assert merged.root.data["pyramid"] is merged.root.children["pyramid"].data
    assert merged.problems == own.problems
    assert list(merged.notes) == ["own", "its"]
    assert merged.approximate == {("app",)}


def test_the_snapshot_of_the_answering_worker_is_not_changed():
    own = Snapshot(mounted(tree(n=1), 5), requests=requests(5))
    merge(own, [mine(), worker(requests=requests(7))])
    assert own.root.data["pyramid"]["requests"]["responses"] == {"200": 5}


def test_workers_are_listed_with_their_requests():
    own = Snapshot(tree(), requests=requests(5))
    merged = merge(own, [mine(), WorkerSnapshot(Worker(2, False, 9.0, requests(7)), requests(7))])
    assert [(one.pid, one.live, one.requests.series[0].amount) for one in merged.workers] == [
        (1, True, 5),
        (2, False, 7),
    ]


def test_requests_in_other_buckets_can_not_be_added():
    own = Snapshot(tree(), requests=requests(5))
    merged = merge(own, [mine(), worker(requests=requests(7, (1000, 2000)))])
    assert sum(one.amount for one in merged.requests.series) == 5


def test_where_nothing_times_requests_only_the_statistics_are_merged():
    merged = merge(Snapshot(tree(n=1)), [mine(), worker(requests=requests(7), root=tree(n=2))])
    assert merged.requests is None
    assert merged.root.data == {"app": {"n": 3}}


def test_totals_of_earlier_workers_count_and_a_dead_worker_counts():
    others = [mine(carried=tree(n=10)), worker(live=False, root=tree(n=100), carried=tree(n=1000))]
    assert merge(Snapshot(tree(n=1)), others).root.data == {"app": {"n": 1111}}


def test_the_answering_worker_shows_of_its_counters_what_the_others_can_see():
    live = mounted(tree(n=5, new=1, now="computed"), 5)
    live.children["app"].computed = frozenset({"now"})
    live.children["late"] = Node({"n": 1})
    live.data["late"] = live.children["late"].data
    merged = merge(Snapshot(live, requests=requests(5)), [mine(root=tree(n=4)), worker(root=tree(n=10))])
    assert merged.root.data["app"] == {"n": 14, "now": "computed"}
    assert "late" not in merged.root.data
    assert merged.root.data["pyramid"]["requests"]["responses"] == {"200": 5}


def test_a_container_that_a_function_returned_is_that_of_the_answering_worker():
    live, others = tree(n=5), tree(n=10)
    for root, value in ((live, 1), (others, 2)):
        app = root.children["app"]
        app.children["made"] = Node({"x": value})
        app.data["made"] = app.children["made"].data
    live.children["app"].computed = frozenset({"made"})
    merged = merge(Snapshot(live), [mine(root=tree(n=5)), worker(root=others)])
    assert merged.root.data == {"app": {"n": 15, "made": {"x": 1}}}


def test_what_is_collapsed_in_the_answering_worker_stays_so():
    live = tree(n=5)
    live.children["shut"] = Node({"n": 5}, collapsed=True)
    published = tree(n=4)
    published.children["shut"] = Node({"n": 4}, collapsed=True)
    root = merge(Snapshot(live), [mine(root=published), worker(root=tree(n=10))]).root
    assert root.data == {"app": {"n": 14}}
    assert root.children["shut"] == Node({"n": 4}, collapsed=True)


def test_figures_of_requests_that_the_application_collapsed_stay_so():
    live = mounted(tree(n=1), 5)
    live.children["pyramid"].collapsed = True
    del live.data["pyramid"]
    root = merge(Snapshot(live, requests=requests(5)), [mine(), worker(requests=requests(7))]).root
    assert root.children["pyramid"].data["requests"]["responses"] == {"200": 12}
    assert "pyramid" not in root.data


def test_an_integer_that_one_worker_saw_falling_is_a_gauge_for_all():
    others = [
        mine(),
        worker(root=tree(n=2), fell=frozenset({("app", "n")})),
        worker(3, False, root=tree(n=4)),
    ]
    assert merge(Snapshot(tree(n=1)), others).root.data == {"app": {"n": 3}}


def test_only_what_lies_on_the_way_is_merged():
    other = tree(n=2)
    other.children["big"], other.data["big"] = Node({"m": 1}), {"m": 1}
    merged = merge(Snapshot(tree(n=1)), [mine(), worker(root=other)], (), ("app",))
    assert merged.root.data == {"app": {"n": 3}}
    absent = merge(Snapshot(Node({})), [mine(), worker(root=other)], (), ("big", "m"))
    assert absent.root.data == {"big": {"m": 1}}


def test_a_statistic_that_failed_is_shown_as_such_by_an_application_of_many_workers_too(make_app, tmp_path):
    def fail():
        raise ConnectionError("no answer")

    scales.getStats().data["shop"] = {"n": 5, "stock": fail}
    app = make_app({"scales.shared_dir": str(tmp_path), "scales.buckets": BUCKETS})
    another = App(tmp_path, of(app.app.registry).shared._name)
    another.record()
    page = app.get("/scales/")
    assert page.headers["X-Scales-Workers"] == "2"
    assert page.html.find("span", "error").text == "could not be read"
    assert "no answer" in page.click("shop/stock").text
    assert app.get("/scales/shop/?format=json").json == {"n": 10, "stock": None}
    another.close()
