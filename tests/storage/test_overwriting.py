from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rsi.storage.atomic import atomic_path
from rsi.storage.overwriting import write_listed

FullDisk = Callable[[int], AbstractContextManager[None]]


@pytest.mark.parametrize("sizes", [(2000, 10), (10, 2000)], ids=["picture", "list"])
def test_full_disk_leaves_a_file_and_its_list_as_they_were(
    tmp_path: Path, full_disk: FullDisk, sizes: tuple[int, int]
) -> None:
    def write(content: str, listed: str) -> None:
        def write_list() -> None:
            with atomic_path(tmp_path / "list.json") as path:
                path.write_text(listed)

        write_listed(tmp_path / "a.png", content.encode(), write_list)

    write("old", "old")
    with full_disk(1000), pytest.raises(OSError, match="File too large"):
        write(*("n" * size for size in sizes))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.png": "old", "list.json": "old"}
    write("new", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.png": "new", "list.json": "new"}
