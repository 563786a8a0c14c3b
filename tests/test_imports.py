"""Which part of the package may import which: read off the sources, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hitvideo"

GROUND = {"errors", "files", "frames", "devices", "metrics", "rates"}
GROUND |= {"cores", "faults", "processes", "signals", "streams", "temporary"}  # the machine

# What each part may import beside the ground and itself; `commands` and `cli` take what they need.
MAY = {
    "video": "",
    "tokenizer": "",
    "autoencoder": "tokenizer",
    "bitstream": "tokenizer",
    "plan": "tokenizer",
    "toon": "plan",
    "generator": "plan tokenizer",
    "painter": "generator plan tokenizer",
    "judge": "tokenizer toon",
    "pipeline": "bitstream generator painter plan tokenizer",
    "data": "plan tokenizer toon video",
    "training": "autoencoder bitstream data generator judge painter pipeline plan tokenizer toon",
    "evaluation": "bitstream data generator judge pipeline plan tokenizer toon video",
    "ui": "bitstream evaluation generator pipeline plan tokenizer toon video",
    "benchmarks": "bitstream evaluation generator pipeline tokenizer toon ui video",
}
FLOW = {part: {part, *GROUND, *others.split()} for part, others in MAY.items()}
FLOW |= dict.fromkeys(GROUND, GROUND)

# Packages that only some parts may name, and only they.
ONLY = {
    "av": {"video"},
    "moviepy": {"video"},
    "gradio": {"ui"},
    "bitsandbytes": {"generator", "benchmarks"},
}


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


def _imports(node: ast.AST, *, lazy: bool = True, typing: bool = True) -> Iterator[str]:
    """The modules that a module imports; lazy: within functions; typing: for annotations only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            assert not child.level, "imports are written in full"
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                yield inner if inner in MODULES else child.module or ""
        elif isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            if typing:
                yield from _imports(child, lazy=lazy)
        elif lazy or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imports(child, lazy=lazy, typing=typing)


def _part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _reached(part: str) -> set[str]:
    """All modules, ours or not, that importing a part imports, what their packages do included."""
    waiting = {name for name in MODULES if _part(name) == part}
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        reached.add(module)
        if module in MODULES:
            parents = {module.rsplit(".", n)[0] for n in range(1, module.count(".") + 1)}
            found = {*_imports(MODULES[module], lazy=False, typing=False), *parents}
            waiting |= found - reached
    return reached


def test_no_module_imports_itself_by_any_way_round() -> None:
    graph = {
        name: {found for found in _imports(tree, typing=False) if found in MODULES}
        for name, tree in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_data_flows_one_way() -> None:
    wrong = [
        f"{name} imports {found}"
        for name, tree in MODULES.items()
        if (part := _part(name)) not in {"", "__main__", "cli", "commands"}
        for found in _imports(tree)
        if found in MODULES and _part(found) not in FLOW[part]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_ground_stands_on_nothing_but_itself() -> None:
    for part in GROUND:
        parts = {_part(found) for found in _reached(part) if found in MODULES}
        assert parts <= GROUND | {""}, part


def test_heavy_packages_stay_in_their_parts() -> None:
    wrong = [
        f"{name} imports {found}"
        for name, tree in MODULES.items()
        for found in set(_imports(tree))
        if _part(name) not in ONLY.get(found.split(".")[0], {_part(name)})
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", ["bitstream", "pipeline", "judge", "data", "training"])
def test_parts_that_work_without_codecs_and_browser(part: str) -> None:
    heavy = {found.split(".")[0] for found in _reached(part)} & {*ONLY}
    assert not heavy, f"{part} imports {', '.join(heavy)}"


def test_nothing_reaches_the_command_line() -> None:
    named = set(chain.from_iterable(_imports(t) for n, t in MODULES.items() if _part(n) in FLOW))
    assert not {name for name in named if _part(name) in {"cli", "commands"}}
