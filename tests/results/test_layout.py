from pathlib import Path

import pytest

from rsi.data.listing import Listed, Listing
from rsi.errors import InputError
from rsi.results.layout import check_name, record_of
from rsi.storage.folding import folded


def check_output(image: Listed) -> None:
    check_name(image.file, image.output, hides_folder=image.hides_folder)


def listed(name: str) -> Listed:
    return Listed(name, name.rpartition(".")[0])


@pytest.mark.parametrize("folder", ["comparisons", "latents", "logs", "Records"])
def test_folders_of_the_run_itself_are_taken(folder: str) -> None:
    with pytest.raises(InputError, match=rf"has a folder '{folder}' of its own: rename that of '{folder}/a.png'"):
        check_output(listed(f"{folder}/a.png"))
    check_output(listed(f"{folder}.png"))
    check_output(listed(f"sub/{folder}/a.png"))


def test_name_that_leaves_no_room_for_a_suffix() -> None:
    check_output(listed("a" * 239 + ".png"))
    with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
        check_output(listed("a" * 240 + ".png"))
    with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
        check_output(listed("é" * 125 + "/b.png"))


def test_checksum_of_a_name_counts_towards_its_length(tmp_path: Path) -> None:
    for name in ("a" * 235 + ".png", "A" * 235 + ".png", "b" * 230 + ".png", "B" * 230 + ".png"):
        (tmp_path / name).touch()
    long_upper, upper, long_lower, lower = Listing(tmp_path).listed()
    for image in (upper, lower):
        check_output(image)
    for image in (long_upper, long_lower):
        with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
            check_output(image)


def test_no_two_records_are_one_file_where_case_and_accents_do_not_count() -> None:
    names = ["a.jpg", "A.jpg", "a.JPG", "a.jpg~2", "A.jpg~2", "é.png", "e\u0301.png", "sub/a.jpg", "Sub/a.jpg"]
    names += ["x" * 242, "X" * 242, "a.json/b.png", "a.JSON/b.png", "a"]
    records = [record_of(name) for name in names]
    assert len({folded(record) for record in records}) == len(names)
    assert max(len(Path(record).name) for record in records) <= 255
    assert [record_of(name) for name in ("a.jpg", "sub/a.jpg")] == ["records/a.jpg.json", "records/sub/a.jpg.json"]
    assert record_of("A.jpg") < record_of("A.jpg~2") < record_of("B.jpg")
    assert not {folded(record) for record in records} & {folded(str(Path(record).parent)) for record in records}


@pytest.mark.parametrize("folder", ["a.png", "A.png", "a.safetensors", "a.webp"])
def test_result_in_place_of_a_folder(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    for name in ("a.jpg", f"{folder}/b.jpg"):
        (tmp_path / name).touch()
    hidden, other = sorted(Listing(tmp_path).listed(), key=lambda image: len(image.name))
    check_output(other)
    with pytest.raises(InputError, match=r"the result of 'a.jpg' would take the place of a folder: rename the folder"):
        check_output(hidden)
