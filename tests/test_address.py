"""Addresses: each node that there is has one that works, whatever its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes, urlsplit

import awkward
import pytest
from greplin import scales
from hypothesis import HealthCheck, example, given, settings
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.wsgi import wsgiapp2
from webtest import TestApp

from pyramid_scales import renderers
from pyramid_scales.address import Address, clean, decode_segment, encode_key, parse
from pyramid_scales.snapshot import Node, Path
from pyramid_scales.tree import tree

SCALES = Address("/scales/")


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("errors", "errors"),
        ("", "~2"),
        (".", "~2."),
        ("..", "~2.."),
        ("...", "..."),
        ("a/b", "a~1b"),
        ("~", "~0"),
        ("~1", "~01"),
        ("~static", "~0static"),
        ("a\nb", "a~3b"),
        ("a b", "a%20b"),
        ("%2F", "%252F"),
        ("caf\xe9", "caf%C3%A9"),
        ("a?b#c", "a%3Fb%23c"),
        ("\ud83d", "~4d83d"),
        ("\U0001f512", "%F0%9F%94%92"),
    ],
)
def test_a_key_is_one_segment_of_a_path(key: str, segment: str) -> None:
    assert encode_key(key) == segment


@pytest.mark.parametrize(
    ("segment", "key"),
    [
        ("~", "~"),
        ("~x", "~x"),
        ("a~b", "a~b"),
        ("~4", "~4"),
        ("~4zzzz", "~4zzzz"),
        ("~4d7ff", "~4d7ff"),
        ("~00", "~0"),
    ],
)
def test_a_tilde_typed_by_hand_stands_for_itself(segment: str, key: str) -> None:
    assert decode_segment(segment) == key


@settings(max_examples=500)
@given(awkward.texts)
def test_every_key_survives_the_way_through_a_url(key: str) -> None:
    segment = encode_key(key)
    assert segment.isascii()
    assert not set(segment) & set("/?#%\\ \n") - {"%"}
    plain = unquote_to_bytes(segment).decode("utf-8")
    assert plain not in ("", ".", "..")
    assert not set(plain) & set("/\n")
    assert decode_segment(plain) == key


@given(awkward.texts)
def test_any_segment_names_a_key(segment: str) -> None:
    assert isinstance(decode_segment(segment), str)
    assert len(parse([segment, segment])) == 2


def test_half_a_surrogate_pair_is_shown_by_its_escape() -> None:
    assert clean("a\ud800\xe9") == "a\\ud800\xe9"


def test_parameters_without_a_value_are_left_out_of_an_address() -> None:
    assert SCALES.to(("a", "b"), format="json", query="") == "/scales/a/b/?format=json"
    assert SCALES.to((), query="") == "/scales/"


def test_parameters_are_encoded() -> None:
    assert SCALES.to((), query="n >= 1&x=\xe9\ud800") == "/scales/?query=n+%3E%3D+1%26x%3D%C3%A9%5Cud800"


def test_our_files_are_addressed_with_their_version() -> None:
    assert SCALES.static("page.css", "1f") == "/scales/~static/page.css?v=1f"


def nodes(node: Node, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every address below a node, with what it should show."""
    yield path, node.data
    for key in node.keys():  # noqa: SIM118 (a node is no mapping)
        if key in node.children:
            yield from nodes(node.children[key], (*path, key))
        else:
            yield (*path, key), node.leaf(key)


def everything(container: object) -> int:
    if isinstance(container, dict):
        return 1 + sum(map(everything, container.values()))
    return 1 + sum(map(everything, container)) if isinstance(container, list) else 1


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=awkward.containers)
@example(data={"": {"": {"": 1}}, "/": {"//": 2}})
@example(data={5: {"5": 1, 5: 2}, "5": {None: 3}, b"5": [1, [2, {"": 3}]]})
@example(data={"..": {".": {"\n": 1}}, "~2..": 2, "%2F": {"%": 3}})
@example(data={"\ud800": {"\udfff": {"\\ud800": 1}}, "~4d800": 4})
@example(data={key: {key: {key: 1}} for key in awkward.TEXTS})
def test_every_node_has_an_address_that_shows_it(app: TestApp, data: dict[object, object]) -> None:
    base = scales.getStats().data
    base.clear()
    base["tree"] = data
    found = list(nodes(tree.read(("tree",))[0].children["tree"], ("tree",)))
    assert len(found) == everything(data)
    for path, expected in found:
        answer = app.get(SCALES.to(path, format="json"), status="*")
        assert (answer.status_int, answer.text) == (200, renderers.to_json(expected)), path


@pytest.mark.parametrize("format", ["html", "prettyjson", "prometheus", "openmetrics"])
def test_awkward_keys_have_addresses_in_every_format(app: TestApp, format: str) -> None:
    data = {key: {key: 1} for key in awkward.TEXTS} | {None: {5: 1}, b"x": {(1,): [2]}}
    scales.getStats().data["tree"] = data
    for path, _ in nodes(tree.read(("tree",))[0].children["tree"], ("tree",)):
        assert app.get(SCALES.to(path, format=format), status="*").status_int == 200, path


def links(app: TestApp, url: str) -> set[str]:
    """The addresses below the page that a page links to, as a browser would ask for them."""
    found = {str(link["href"]) for link in app.get(url).html.find_all("a", href=True)}
    return {link for link in found if link.startswith("/") and not urlsplit(link).query}


def test_every_link_of_the_page_works_and_reaches_every_node(app: TestApp) -> None:
    scales.getStats().data["tree"] = {key: {key: 1} for key in awkward.TEXTS} | {None: {5: 1}, b"x": [[2]]}
    wanted = {SCALES.to(path) for path, _ in nodes(tree.read(("tree",))[0].children["tree"], ("tree",))}
    seen: set[str] = set()
    waiting = {"/scales/"}
    while waiting:
        url = waiting.pop()
        seen.add(url)
        waiting |= links(app, url) - seen
    assert wanted <= seen


def below(application: TestApp) -> TestApp:
    """The application below the prefix ``/mounted/caf%C3%A9`` of another."""
    config = Configurator()
    config.add_route("sub", "/mounted/caf\xe9/*subpath")
    config.add_view(wsgiapp2(application.app), route_name="sub")
    return TestApp(config.make_wsgi_app())


def test_below_another_application_addresses_hold_its_prefix(app: TestApp) -> None:
    scales.getStats().data["tree"] = {"a/b": {"c": 1}}
    found = links(below(app), "/mounted/caf%C3%A9/scales/tree/")
    assert "/mounted/caf%C3%A9/scales/tree/a~1b/" in found
    assert all(link.startswith("/mounted/caf%C3%A9/scales/") for link in found)


def test_a_script_name_of_the_server_is_part_of_addresses(app: TestApp) -> None:
    scales.getStats().data["tree"] = {"a": {"b": 1}}
    page = app.get("/scales/tree/", extra_environ={"SCRIPT_NAME": "/x y"})
    assert 'href="/x%20y/scales/tree/a/"' in page.text


def test_routes_of_ones_own_have_addresses_of_their_own(make_app: Callable[..., TestApp]) -> None:
    def setup(config: Configurator) -> None:
        config.add_route("star", "/own/{tenant}/numbers/*prefix")
        config.add_route("text", "/text/{prefix:.*}")
        for name in ("star", "text"):
            config.add_view("pyramid_scales.scales_stats", route_name=name)
        config.add_view("pyramid_scales.scales_stats", name="traversed")

    app = make_app(setup=setup)
    scales.getStats().data["tree"] = {"a/b": {"c": 1}}
    for base in ("/own/caf%C3%A9/numbers/", "/text/", "/traversed/"):
        assert base + "tree/a~1b/" in links(app, base + "tree/")
        assert app.get(base + "tree/a~1b/?format=json").json == {"c": 1}
        assert base in app.get(base + "nosuch?format=json", status=404).json["error"]


def test_the_root_of_a_traversed_tree_needs_no_name(make_app: Callable[..., TestApp]) -> None:
    class Root:
        """A root as many write it: without ``__name__`` and ``__parent__``."""

        def __init__(self, request: Request) -> None:
            pass

        def __getitem__(self, key: str) -> Root:
            if key != "deep down":
                raise KeyError(key)
            return self

    def setup(config: Configurator) -> None:
        config.set_root_factory(Root)
        config.add_view("pyramid_scales.scales_stats", name="stats")

    app = make_app(setup=setup)
    scales.getStats().data["tree"] = {"a": {"b": 1}}
    assert "/deep%20down/stats/tree/a/" in links(app, "/deep%20down/stats/tree/")
    assert "/stats/" in app.get("/stats/nosuch", status=404).text
    vhost = {"HTTP_X_VHM_ROOT": "/deep down"}
    assert 'href="/stats/tree/a/"' in app.get("/stats/tree/", extra_environ=vhost).text
