from pathlib import Path

import pytest

from rsi.errors import InputError
from rsi.storage.atomic import check_inside


def test_links_may_not_lead_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "out").symlink_to(outside)
    (inside / "within").symlink_to(inside / "sub")
    check_inside(inside, inside)
    check_inside(inside / "new" / "file", inside)
    check_inside(inside / "within" / "file", inside)
    for path in (inside / "out", inside / "out" / "file", inside / ".." / "outside"):
        with pytest.raises(InputError, match=r"leads out of .*inside by a link: remove the link"):
            check_inside(path, inside)


def test_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    check_inside(tmp_path / "link" / "file", tmp_path / "link")
