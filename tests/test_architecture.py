"""The rooms of the house: what may import what, and how large they may grow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest

SPEC = find_spec("pyramid_scales")
PLACE = Path(SPEC.origin).parent


def _name(path: Path) -> str:
    """``recording.recorder``; a package goes by its own name, and the whole by ``pyramid_scales``."""
    parts = path.relative_to(PLACE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "pyramid_scales"


FILES = {_name(path): path for path in sorted(PLACE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
PACKAGES = {name for name, path in FILES.items() if path.stem == "__init__"} - {"pyramid_scales"}


def words(text: str) -> set[str]:
    return set(text.split())


PYRAMID = words("""
    pyramid_scales access application configure demo errors naming prometheus reading renderers settings
    timing tween undecodable views
""")
"""They know Pyramid."""

EDGES = words("""
    recording.cells recording.forks recording.recorder recording.store
    sharing.claim sharing.descriptor sharing.directory sharing.home sharing.publish sharing.shared
    sharing.slotfile sharing.slots sharing.workers
    tree.ask tree.mount tree.process tree.tree
""")
"""They know a clock, a lock, a file, a process or greplin.scales, but not Pyramid."""

PURE = set(TREES) - PYRAMID - EDGES
"""All others: a function of what they are given."""

IMPURE = words("""
    asyncio fcntl gc http io logging mmap multiprocessing os pathlib random resource select signal socket
    subprocess tempfile threading time
""")
"""What a pure module has no business with."""


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes, without what stands below ``if TYPE_CHECKING``."""
    if isinstance(tree, ast.If) and "TYPE_CHECKING" in ast.unparse(tree.test):
        return
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _statements(child)


def _imported(name: str) -> Iterator[str]:
    """Dotted names of all that a module imports; a relative one counts as ``pyramid_scales.…``."""
    package = ["pyramid_scales", *name.split(".")] if name != "pyramid_scales" else ["pyramid_scales"]
    if FILES[name].stem != "__init__":
        package.pop()
    for node in _statements(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _ours(name: str) -> set[str]:
    """The modules of the package that a module imports."""
    found = {imported.removeprefix("pyramid_scales.") for imported in _imported(name)}
    return (found & set(TREES)) - {name} - PACKAGES - {"pyramid_scales"}


def _foreign(name: str) -> set[str]:
    """The top-level names of all else that it imports (a function of os.path works on text alone)."""
    names = set(_imported(name)) - {"os.path", "os.path.commonprefix"}
    return {imported.split(".")[0] for imported in names} - {"pyramid_scales"}


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _public(tree: ast.Module) -> Iterator[ast.AST]:
    """Public functions and classes of a module, and public methods of those classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            members = node.body if isinstance(node, ast.ClassDef) else []
            yield from (
                member
                for member in members
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_")
            )


def test_the_layers_are_named_after_modules_that_exist():
    assert not (PYRAMID | EDGES) - set(TREES)


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_knows_no_pyramid_no_clock_no_lock_and_no_file(name):
    assert not _foreign(name) & (IMPURE | {"pyramid", "webob", "zope", "greplin", "waitress"})


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_only_pure_modules(name):
    assert not _ours(name) - PURE


@pytest.mark.parametrize("name", sorted(EDGES & set(TREES)))
def test_an_edge_imports_edges_and_pure_modules_but_no_pyramid(name):
    assert not _ours(name) - PURE - EDGES
    assert not _foreign(name) & {"pyramid", "webob", "zope"}


def test_imports_never_go_round():
    TopologicalSorter({name: _ours(name) for name in TREES}).prepare()  # raises CycleError


def test_imports_of_packages_never_go_round_either():
    def room(name: str) -> str:
        return name.partition(".")[0]

    doors: dict[str, set[str]] = {}
    for name in TREES:
        if "." in name:
            doors.setdefault(room(name), set()).update(room(other) for other in _ours(name) if "." in other)
    TopologicalSorter({name: others - {name} for name, others in doors.items()}).prepare()


def test_a_package_does_nothing_by_itself():
    assert not [name for name in PACKAGES if len(TREES[name].body) > 1], "a docstring, and no more"


def test_a_package_imports_nothing_that_stands_above_the_snapshot():
    ground = words("address keys lookup packed snapshot")
    for name in TREES:
        if "." in name:
            assert {other for other in _ours(name) if "." not in other} <= ground, name


def test_only_the_tree_module_knows_scales():
    knowing = {name for name in TREES if "greplin" in _foreign(name)}
    assert knowing - {"demo"} == {"tree.tree"}, "the demo is an application: it may"


def test_no_assert_judges_input():
    found = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert not found


@pytest.mark.parametrize("name", sorted(TREES))
def test_a_module_has_at_most_250_lines(name):
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("name", sorted(TREES))
def test_a_function_has_at_most_40_lines(name):
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1}"
        for node in _functions(TREES[name])
        if (node.end_lineno or 0) - node.lineno + 1 > 40
    ]
    assert not long


@pytest.mark.parametrize("name", sorted(TREES))
def test_everything_public_has_a_docstring(name):
    assert ast.get_docstring(TREES[name])
    assert not [node.name for node in _public(TREES[name]) if not ast.get_docstring(node)]
