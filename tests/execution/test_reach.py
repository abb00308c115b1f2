import importlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apparel_eye.execution import reach
from apparel_eye.execution.reach import checksum_of, libraries_of, reached_by

Files = dict[str, str]
FILES: Files = {
    "shop/__init__.py": "",
    "shop/nodes.py": (
        '"""Nodes."""\n'
        "from shop import tools\n"
        "from shop.room import passed_on\n"
        "from shop.parameters import Wishes\n"
        "FACTOR = 2\n\n"
        "def sell(price, wishes: Wishes):\n"
        '    """Sell."""\n'
        "    from shop.lazy import late\n"
        "    return tools.add(late(price), passed_on()) * FACTOR + wishes.total()\n\n"
        "def other():\n    return tools.unused()\n\n"
        "def make(kind):\n    def made():\n        return kind()\n    return made\n"
    ),
    "shop/tools.py": (
        "import logging\nimport math\n\nlogger = logging.getLogger(__name__)\n\n"
        "def add(a, b):\n    logger.info('adding %s', a)\n    return Sum(a).plus(b)\n\n"
        "class Sum:\n    def __init__(self, a):\n        self.a = a\n"
        "    def plus(self, b):\n        return _both(self.a, b)\n\n"
        "def _both(a, b):\n    return math.fsum([a, b])\n\n"
        "def unused():\n    return TABLE['one']()\n\n"
        "def one():\n    return 1\n\n"
        "TABLE = {'one': one}\n"
    ),
    "shop/lazy.py": "def late(price):\n    return price\n\ndef later():\n    return 0\n",
    "shop/room/__init__.py": "from .inner import passed_on, stays\n",
    "shop/room/inner.py": "print('imported')\n\ndef passed_on():\n    return 3\n\ndef stays():\n    return 4\n",
    "shop/parameters/__init__.py": "from shop.parameters.wishes import Wishes\n",
    "shop/parameters/wishes.py": (
        "from typing import Annotated\n"
        "from pydantic import BaseModel, Field, field_validator\n"
        "Share = Annotated[float, Field(ge=0)]\n"
        "class Part(BaseModel):\n    share: Share\n    def twice(self):\n        return 2 * self.share\n"
        "class Wishes(BaseModel):\n    part: Part\n"
        "    @field_validator('part')\n    def _check(cls, part):\n        return part\n"
        "    def total(self):\n        return self.part.twice()\n"
    ),
}
Shop = Callable[[dict[str, tuple[str, str]]], Any]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A project with changes, as ``{file: (text, text instead)}``; its module of nodes."""
    versions = iter(range(100))

    def made(changes: dict[str, tuple[str, str]]) -> Any:
        root = tmp_path / str(next(versions))
        for name, content in FILES.items():
            old, new = changes.get(name, ("", ""))
            assert old in content
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content.replace(old, new, 1) if old else content + new)
        for module in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
            del sys.modules[module]
        with monkeypatch.context() as path:
            path.syspath_prepend(root)
            return importlib.import_module("shop.nodes")

    yield made
    for module in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[module]


def test_what_is_named_is_reached_and_nothing_else(shop: Shop) -> None:
    nodes = shop({})
    assert {f"{place.module}:{place.name}" for place in reached_by(nodes.sell)} == {
        "shop.nodes:FACTOR", "shop.nodes:sell", "shop.lazy:late", "shop.room.inner:", "shop.room.inner:passed_on",
        "shop.tools:Sum", "shop.tools:_both", "shop.tools:add", "shop.parameters.wishes:Part",
        "shop.parameters.wishes:Wishes",
    }  # fmt: skip
    assert {place.name for place in reached_by(nodes.other)} == {"other", "unused", "TABLE", "one"}


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("shop/nodes.py", ("FACTOR = 2", "FACTOR = 3")),
        ("shop/nodes.py", ("* FACTOR", "+ FACTOR")),
        ("shop/lazy.py", ("return price", "return -price")),
        ("shop/tools.py", ("fsum", "prod")),
        ("shop/tools.py", ("self.a = a", "self.a = -a")),
        ("shop/room/inner.py", ("return 3", "return 5")),
        ("shop/room/inner.py", ("print('imported')", "print('read')")),
        ("shop/parameters/wishes.py", ("2 * self.share", "3 * self.share")),
    ],
)
def test_a_change_that_matters_changes_the_checksum(shop: Shop, file: str, change: tuple[str, str]) -> None:
    before = checksum_of(shop({}).sell)
    assert checksum_of(shop({file: change}).sell) != before


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("shop/nodes.py", ('"""Sell."""', '"""Sell it."""')),
        ("shop/nodes.py", ("tools.unused()", "tools.one()")),
        ("shop/nodes.py", ("", "# said once more\n\ndef third():\n    return 3\n")),
        ("shop/tools.py", ("adding %s", "add %s")),
        ("shop/tools.py", ("return 1", "return 2")),
        ("shop/tools.py", ("fsum([a, b])", "fsum(\n        [a, b]\n    )")),
        ("shop/lazy.py", ("return 0", "return 1")),
        ("shop/room/inner.py", ("return 4", "return 5")),
        (
            "shop/parameters/wishes.py",
            ("share: Share", "share: Share = Field(description='of all')\n    more: int = 1"),
        ),
        ("shop/parameters/wishes.py", ("ge=0", "ge=-1")),
        ("shop/parameters/wishes.py", ("        return part", "        return part or 1")),
    ],
)
def test_a_change_that_does_not_matter_changes_nothing(shop: Shop, file: str, change: tuple[str, str]) -> None:
    before = checksum_of(shop({}).sell)
    assert checksum_of(shop({file: change}).sell) == before


def test_a_module_that_is_handed_on_counts_as_a_whole(shop: Shop) -> None:
    nodes = shop({"shop/nodes.py": ("tools.unused()", "print(tools)")})
    assert {place.name for place in reached_by(nodes.other)} >= {"add", "one", "Sum", "TABLE"}


def test_what_a_function_holds_is_reached(shop: Shop) -> None:
    nodes = shop({})
    late = importlib.import_module("shop.lazy").late
    assert {place.name for place in reached_by(nodes.make(late))} == {"make", "late"}
    assert {place.name for place in reached_by(partial(nodes.sell, late))} > {"sell", "late"}


def test_libraries_are_named_and_their_code_does_not_count(shop: Shop) -> None:
    assert libraries_of(shop({}).sell) == {"math", "pydantic"}
    assert libraries_of(shop({}).other) == set()
    assert {place.module.partition(".")[0] for place in reached_by(shop({}).sell)} == {"shop"}


def test_the_library_counts_for_nodes_of_another_project(shop: Shop) -> None:
    nodes = shop(
        {
            "shop/nodes.py": (
                "return tools.unused()",
                "from apparel_eye.metrics import official\n    return official.scores",
            )
        }
    )
    assert ("apparel_eye.metrics.official", "scores") in reached_by(nodes.other)
    assert reach._OWN[1] == Path(reach.__file__).parents[2]
