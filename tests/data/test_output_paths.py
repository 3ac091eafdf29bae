import pytest

from rsi.data.output_paths import check_output
from rsi.errors import InputError


@pytest.mark.parametrize("folder", ["comparisons", "latents", "logs", "Records"])
def test_folders_of_the_run_itself_are_taken(folder: str) -> None:
    with pytest.raises(InputError, match=rf"has a folder '{folder}' of its own: rename that of '{folder}/a.png'"):
        check_output(f"{folder}/a.png", [f"{folder}/a.png"])
    check_output(f"{folder}.png", [f"{folder}.png"])
    check_output(f"sub/{folder}/a.png", [f"sub/{folder}/a.png"])


def test_name_that_leaves_no_room_for_a_suffix() -> None:
    check_output("a" * 239 + ".png", [])
    with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
        check_output("a" * 240 + ".png", [])
    with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
        check_output("é" * 125 + "/b.png", [])


def test_result_in_place_of_a_folder() -> None:
    names = ["a.jpg", "a.png/b.jpg"]
    check_output("a.png/b.jpg", names)
    with pytest.raises(InputError, match=r"the result of 'a.jpg' would take the place of a folder"):
        check_output("a.jpg", names)
