"""Functions of the application are called without being held up by them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator

import pytest

from pyramid_scales.tree import ask
from pyramid_scales.tree.ask import Asker, Unanswered

HELPER = "pyramid_scales ask"
SHORT = 0.05
"""Seconds of patience with functions that never return by themselves."""
LONG = 60.0
"""Seconds that nothing here takes."""


class Hanging:
    """A function that returns when it is released, and not before."""

    def __init__(self) -> None:
        self.calls = 0
        self.released = threading.Event()

    def __call__(self) -> str:
        self.calls += 1
        self.released.wait(LONG)
        return "at last"


@pytest.fixture
def hanging() -> Iterator[Callable[[], Hanging]]:
    made: list[Hanging] = []

    def make() -> Hanging:
        made.append(Hanging())
        return made[-1]

    yield make
    for function in made:
        function.released.set()
    wait_for_helpers()


def wait_for_helpers() -> None:
    """Until the helper threads, all of them dismissed or released, have ended."""
    for thread in threading.enumerate():
        if thread.name == HELPER:
            thread.join(LONG)
            assert not thread.is_alive()


def answer(function: Callable[[], object], **how: float) -> object:
    with Asker(**how) as asker:
        return asker.ask(function)


@pytest.mark.parametrize("value", [5, None, "", {}, Exception("returned, not raised")])
def test_the_answer_is_what_the_function_returns(value: object) -> None:
    assert answer(lambda: value) is value


def test_what_the_function_raises_is_raised() -> None:
    error = KeyError("x")

    def fail() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        answer(fail)
    assert caught.value is error


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_function_ends_no_thread_and_no_process(error: type[BaseException]) -> None:
    def leave() -> None:
        raise error

    with Asker() as asker:
        with pytest.raises(Unanswered, match=f"raised {error.__name__}"):
            asker.ask(leave)
        assert asker.ask(lambda: "still here") == "still here"


def test_one_thread_makes_all_the_calls_and_ends_with_them() -> None:
    with Asker() as asker:
        threads = [asker.ask(threading.current_thread) for _ in range(5)]
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()
    wait_for_helpers()
    assert not threads[0].is_alive()  # type: ignore[attr-defined]


def test_without_a_function_there_is_no_thread() -> None:
    before = threading.enumerate()
    with Asker():
        assert threading.enumerate() == before


def test_the_function_sees_the_context_variables_of_the_request() -> None:
    variable = contextvars.ContextVar("variable", default="other")
    variable.set("mine")
    assert answer(variable.get) == "mine"


def test_a_function_that_hangs_is_left_behind_and_the_next_is_called(hanging: Callable[[], Hanging]) -> None:
    slow = hanging()
    with Asker(patience=SHORT, budget=LONG) as asker:
        with pytest.raises(Unanswered, match=r"did not return within 0\.05 s"):
            asker.ask(slow)
        assert asker.ask(lambda: "next") == "next"


def test_a_function_that_hangs_is_not_called_again_before_it_has_returned(
    hanging: Callable[[], Hanging],
) -> None:
    slow = hanging()
    with pytest.raises(Unanswered):
        answer(slow, patience=SHORT)
    for _ in range(3):
        with pytest.raises(Unanswered, match="not called again"):
            answer(slow)
    assert slow.calls == 1
    slow.released.set()
    wait_for_helpers()
    assert answer(slow) == "at last"
    assert slow.calls == 2


def test_functions_share_the_time_of_a_page(hanging: Callable[[], Hanging]) -> None:
    slow, called = hanging(), []
    with Asker(patience=LONG, budget=SHORT) as asker:
        with pytest.raises(Unanswered):
            asker.ask(slow)
        with pytest.raises(Unanswered, match="used up the time of this page"):
            asker.ask(lambda: called.append(1))
    assert not called
    answer(lambda: called.append(1))
    assert called


def test_new_functions_that_all_hang_do_not_collect_threads_for_ever(hanging: Callable[[], Hanging]) -> None:
    functions = [hanging() for _ in range(ask.MOST_LATE + 10)]
    for function in functions:
        with pytest.raises(Unanswered):
            answer(function, patience=0.001)
    assert sum(function.calls for function in functions) <= ask.MOST_LATE
    with pytest.raises(Unanswered, match="20 functions that were called have not returned"):
        answer(lambda: 1)
    for function in functions:
        function.released.set()
    wait_for_helpers()
    assert answer(lambda: 1) == 1


def test_nothing_is_remembered_of_calls_that_have_returned(hanging: Callable[[], Hanging]) -> None:
    slow = hanging()
    with pytest.raises(Unanswered):
        answer(slow, patience=SHORT)
    assert len(ask._late) == 1
    slow.released.set()
    wait_for_helpers()
    assert not ask._late


def test_two_readers_at_once_each_get_an_answer() -> None:
    meeting = threading.Barrier(2, timeout=LONG)
    answers: list[object] = []

    def read() -> None:
        answers.append(answer(meeting.wait, patience=LONG, budget=LONG))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(LONG)
    assert sorted(map(str, answers)) == ["0", "1"]
