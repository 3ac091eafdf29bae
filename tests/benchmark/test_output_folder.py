from pathlib import Path

import pytest

from rsi.benchmark.output_folder import outputs_in, read_checksums
from rsi.errors import InputError

SUM = "0" * 64


@pytest.mark.parametrize("damaged", [b"", b"\0\0\0", b"{", f'{{\n "a": "{SUM[:9]}'.encode(), b'{"a": "\xff'])
def test_damaged_record_is_said_and_counts_as_none(
    tmp_path: Path, damaged: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "clean.json"
    assert read_checksums(record) == {}
    assert capsys.readouterr().err == ""
    record.write_bytes(damaged)
    assert read_checksums(record) == {}
    assert f"{record} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["[1, 2]", '{"a": 1}', '{"name": "my clean room"}', "null", "1", "clean: yes"])
def test_another_file_of_that_name_is_not_replaced(tmp_path: Path, other: str) -> None:
    record = tmp_path / "clean.json"
    record.write_text(other)
    with pytest.raises(InputError, match=r"clean\.json was not written by rsi benchmark: choose another --output_dir"):
        read_checksums(record)


def test_outputs_are_found_below_a_folder(tmp_path: Path) -> None:
    for folder in (".", "a", "b/c"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "clean.json").write_text(f'{{"a": "{SUM}"}}')
    assert sorted(outputs_in(tmp_path)) == [tmp_path / "a", tmp_path / "b" / "c"]
