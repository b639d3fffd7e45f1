"""Settings: every row, good and bad, as ini text and as Python values."""

from __future__ import annotations

import ipaddress
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from webtest import TestApp

from pyramid_scales.settings import TABLE, Secret, Settings, parse, parse_path

NAMES = [row.name for row in TABLE]


def field(name: str, value: Any) -> Any:
    return getattr(parse({f"scales.{name}": value}), name)


def networks(*texts: str) -> tuple[Any, ...]:
    return tuple(map(ipaddress.ip_network, texts))


def test_without_any_setting_the_page_is_closed_to_strangers_and_requests_are_timed() -> None:
    chosen = parse({})
    assert chosen.path == "/scales"
    assert chosen.hosts == networks("127.0.0.1", "::1")
    assert (chosen.permission, chosen.token, chosen.shared_dir) == (None, None, None)
    assert (chosen.timing, chosen.prometheus_registry) == (True, False)
    assert (chosen.exclude, chosen.gauges) == ((), ())
    assert chosen.buckets == (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    assert (chosen.max_series, chosen.shared_keep) == (500, 300.0)


def test_settings_of_others_are_nobodys_business() -> None:
    assert parse(
        {"scale.path": "x", "pyramid.debug_all": "true", "scales": "y", "sqlalchemy.url": "z"}
    ) == parse({})


GOOD: list[tuple[str, Any, Any]] = [
    ("path", "/internal/numbers", "/internal/numbers"),
    ("path", " /scales/ ", "/scales"),
    ("path", "/a.b/c-d/e_f", "/a.b/c-d/e_f"),
    ("hosts", "", ()),
    ("hosts", "10.0.0.0/8", networks("10.0.0.0/8")),
    ("hosts", "127.0.0.1, 10.1.2.3\n fd00::/8", networks("127.0.0.1", "10.1.2.3", "fd00::/8")),
    ("hosts", ["127.0.0.1", "::1"], networks("127.0.0.1", "::1")),
    ("hosts", (ipaddress.ip_network("10.0.0.0/8"),), networks("10.0.0.0/8")),
    ("hosts", ipaddress.ip_address("10.0.0.1"), networks("10.0.0.1")),
    ("permission", "view stats", "view stats"),
    ("permission", "  ", None),
    ("token", " s3cret! ", Secret("s3cret!")),
    ("token", "", None),
    ("timing", "false", False),
    ("timing", "No", False),
    ("timing", "off", False),
    ("timing", 0, False),
    ("timing", False, False),
    ("timing", " TRUE ", True),
    ("timing", "on", True),
    ("timing", 1, True),
    ("exclude", "health ping*", ("health", "ping*")),
    ("exclude", "health,\n  api/*", ("health", "api/*")),
    ("exclude", ["a name with spaces"], ("a name with spaces",)),
    ("buckets", ".1 .5 1 5", (0.1, 0.5, 1.0, 5.0)),
    ("buckets", [0.1, 1], (0.1, 1.0)),
    ("buckets", 0.25, (0.25,)),
    ("buckets", "0.000001,4000", (1e-6, 4000.0)),
    ("max_series", "10", 10),
    ("max_series", " 2000 ", 2000),
    ("max_series", 100_000, 100_000),
    ("shared_dir", "/run/myapp/scales", "/run/myapp/scales"),
    ("shared_dir", pathlib.Path("/run/myapp"), "/run/myapp"),
    ("shared_dir", "", None),
    ("shared_keep", "60", 60.0),
    ("shared_keep", 1.5, 1.5),
    ("gauges", "pool/size=sum cache/age=max", (("pool/size", "sum"), ("cache/age", "max"))),
    ("gauges", ["a=b=mean", "my pool=min"], (("a=b", "mean"), ("my pool", "min"))),
    ("prometheus_registry", "yes", True),
    ("prometheus_registry", False, False),
]


@pytest.mark.parametrize(("name", "value", "expected"), GOOD, ids=lambda value: repr(value)[:40])
def test_a_good_value_is_taken(name: str, value: Any, expected: Any) -> None:
    found = field(name, value)
    assert found == expected
    assert type(found) is type(expected)


def test_every_setting_has_a_good_and_a_bad_example_here() -> None:
    assert {name for name, _, _ in GOOD} == set(NAMES)
    assert {name for name, _, _ in BAD} >= set(NAMES) - {"permission", "exclude"}  # these take any text


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_none_means_the_default(row: Any) -> None:
    assert field(row.name, None) == getattr(parse({}), row.name)


BAD: list[tuple[str, Any, str]] = [
    ("path", "scales", "/scales"),
    ("path", "/", "not the root"),
    ("path", "", "not the root"),
    ("path", "/a/../b", "/scales"),
    ("path", "/a//b", "/scales"),
    ("path", "/{user}", "/scales"),
    ("path", "/*all", "/scales"),
    ("path", "/caf\xe9", "letters"),
    ("path", "/a\nb", "/scales"),
    ("path", 5, "/scales"),
    ("hosts", "localhost", "127.0.0.1"),
    ("hosts", "10.0.0.1/8", "host bits set"),
    ("hosts", "127.0.0.1 300.1.1.1", "300.1.1.1"),
    ("hosts", "*", "10.0.0.0/8"),
    ("hosts", {"a": 1}, "10.0.0.0/8"),
    ("token", "two words", "without spaces"),
    ("token", "caf\xe9", "ASCII"),
    ("token", "a\x00b", "visible"),
    ("timing", "maybe", "true or false"),
    ("timing", "", "true or false"),
    ("timing", 2, "true or false"),
    ("buckets", "", "rising"),
    ("buckets", "1 .5", "rising"),
    ("buckets", "1 1", "rising"),
    ("buckets", "0 1", "0.000001"),
    ("buckets", "-1 1", "0.000001"),
    ("buckets", "nan", "rising"),
    ("buckets", "1 inf", "4000"),
    ("buckets", "1 5000", "4000"),
    ("buckets", "fast slow", ".1 .5 1 5"),
    ("buckets", [str(n / 10) for n in range(1, 102)], "1 to 100"),
    ("max_series", "0", "10 to 100000"),
    ("max_series", "9", "10 to 100000"),
    ("max_series", "-5", "whole number"),
    ("max_series", "1e3", "whole number"),
    ("max_series", "100001", "100000"),
    ("max_series", True, "whole number"),
    ("shared_dir", "relative/dir", "absolute"),
    ("shared_dir", "/run/a\0b", "absolute"),
    ("shared_keep", "soon", "seconds"),
    ("shared_keep", "0", "1 or more"),
    ("shared_keep", "inf", "number of seconds"),
    ("shared_keep", "nan", "number of seconds"),
    ("shared_keep", 10**400, "number of seconds"),
    ("shared_keep", [60], "number of seconds"),
    ("gauges", "pool/size", "GLOB=MERGE"),
    ("gauges", "pool/size=average", "sum, mean, max, min"),
    ("gauges", "=sum", "GLOB=MERGE"),
    ("gauges", {"pool/size": "sum"}, "GLOB=MERGE"),
    ("prometheus_registry", "perhaps", "true or false"),
]


@pytest.mark.parametrize(("name", "value", "right"), BAD, ids=lambda value: repr(value)[:40])
def test_a_bad_value_is_refused_with_key_value_and_what_would_be_right(
    name: str, value: Any, right: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({f"scales.{name}": value})
    message = str(caught.value)
    assert message.startswith(f"scales.{name}")
    assert right in message
    shown = repr(value)[:50].rstrip("'")
    assert (shown in message) is (name != "token")


def test_the_value_in_a_message_is_not_longer_than_people_read() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({"scales.path": "x" * 1_000_000})
    assert len(str(caught.value)) < 500


def test_a_value_that_has_no_text_is_refused_all_the_same() -> None:
    for name in ("timing", "max_series"):
        with pytest.raises(ConfigurationError, match=f"scales.{name} = <int>"):
            parse({f"scales.{name}": 10**5000})


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("scales.pth", "did you mean scales.path?"),
        ("scales.host", "did you mean scales.hosts?"),
        ("scales.bucket", "did you mean scales.buckets?"),
        ("scales.max-series", "did you mean scales.max_series?"),
        ("scales.Timing", "did you mean scales.timing?"),
        ("scales.", "the settings are scales.path, scales.hosts"),
        ("scales.zzzzzz_qqqqq", "the settings are scales.path, scales.hosts"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(key: str, advice: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({key: "1"})
    assert str(caught.value).startswith(f"{key}: there is no such setting; ")
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "key", ["scales.tokn", "scales.secret", "scales.tokens", "scales.bearer", "scales.x"]
)
def test_a_misspelt_token_is_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({key: "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_bad_token_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse({"scales.token": "hunter2 and more"})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_settings_can_be_logged_without_the_token() -> None:
    chosen = parse({"scales.token": "hunter2"})
    assert "hunter2" not in repr(chosen) + str(chosen) + f"{chosen}"
    assert chosen.token == "hunter2"
    assert "max_series=500" in repr(chosen)


def test_introspection_says_that_there_is_a_token_and_not_which(make_app: Callable[..., TestApp]) -> None:
    app = make_app({"scales.token": "hunter2", "scales.path": "/numbers"})
    entries = app.app.registry.introspector.get_category("pyramid_scales")
    shown = dict(entries[0]["introspectable"])
    assert shown["token"] == "(hidden)"
    assert shown["path"] == "/numbers"
    assert "hunter2" not in repr(entries)


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        parse({}).path = "/elsewhere"  # type: ignore[misc]


@pytest.mark.parametrize("way", ["token", "permission"])
def test_a_token_or_a_permission_empties_the_default_of_hosts(way: str) -> None:
    assert parse({f"scales.{way}": "view"}).hosts == ()


@pytest.mark.parametrize("way", ["token", "permission"])
def test_hosts_that_are_set_stay_beside_a_token_or_a_permission(way: str) -> None:
    assert parse({f"scales.{way}": "view", "scales.hosts": "10.0.0.0/8"}).hosts == networks("10.0.0.0/8")
    assert parse({f"scales.{way}": "", "scales.hosts": "127.0.0.1"}).hosts == networks("127.0.0.1")


def test_the_path_is_read_alone_at_the_include() -> None:
    assert parse_path({"scales.path": "/numbers", "scales.nosuch": "1", "scales.hosts": "bad"}) == "/numbers"
    assert parse_path({}) == "/scales"


def test_a_bad_setting_stops_the_application_and_names_the_line_of_the_include() -> None:
    config = Configurator(settings={"scales.max_series": "many"})
    config.include("pyramid_scales")
    with pytest.raises(ConfigurationError) as caught:
        config.make_wsgi_app()
    assert "scales.max_series = 'many': use a whole number" in str(caught.value)
    assert 'config.include("pyramid_scales")' in str(caught.value)


def test_a_bad_path_stops_the_include() -> None:
    with pytest.raises(ConfigurationError, match=r"scales\.path = 'scales': use a path such as /scales"):
        Configurator(settings={"scales.path": "scales"}).include("pyramid_scales")


def refusal(given_settings: dict[str, Any]) -> str | None:
    """The words of the refusal, ``None`` where there is none."""
    try:
        assert isinstance(parse(given_settings), Settings)
    except ConfigurationError as error:
        return str(error)
    return None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.ip_addresses(),
    lambda inner: (
        st.lists(inner, max_size=5) | st.tuples(inner) | st.dictionaries(st.text(), inner, max_size=3)
    ),
)
AWKWARD = "/scales / .. 127.0.0.1 ::1 10.0.0.0/8 fe80::1%eth0 1 0 1e999 nan a=sum = * true no ,"
WORDS = st.lists(st.sampled_from([*AWKWARD.split(), "\n", "\0", "\ud800", "9" * 5000, "\u0663"])).map(
    " ".join
)


@how(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([f"scales.{name}" for name in NAMES]), VALUES | WORDS, max_size=4))
@example({"scales.shared_keep": 10**400})
@example({"scales.buckets": [10**400]})
@example({"scales.token": 10**5000})
def test_whatever_the_value_there_are_settings_or_a_configuration_error(
    given_settings: dict[str, Any],
) -> None:
    refused = refusal(given_settings)
    assert refused is None or any(refused.startswith(key) for key in given_settings)


@how(max_examples=200, deadline=None)
@given(st.text(), VALUES)
def test_whatever_the_key_it_is_known_or_refused(name: str, value: Any) -> None:
    refused = refusal({f"scales.{name}": value})
    assert name in NAMES if refused is None else refused.startswith(f"scales.{name}")
