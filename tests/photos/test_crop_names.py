from rsi.data.listing import Listed
from rsi.photos.crop_names import CropNames
from rsi.photos.face_crop import FaceCrop
from rsi.photos.face_list import AlignedFace

CROP = FaceCrop((0, 0), (1, 0))


def _images(*names: str) -> list[Listed]:
    return [Listed(name, name.rpartition(".")[0]) for name in names]


def _faces(photo: str, sha256: str, *files: str) -> list[AlignedFace]:
    return [AlignedFace(file, photo, CROP, photo_sha256=sha256) for file in files]


def test_one_face_has_the_name_of_its_photograph_and_several_are_numbered() -> None:
    (image,) = images = _images("sub/a.jpg")
    names = CropNames(images, [])
    assert names.choose(image, "1", 1) == ["sub/a.png"]
    assert names.choose(image, "1", 2) == ["sub/a_1.png", "sub/a_2.png"]
    assert names.choose(image, "1", 0) == []


def test_no_name_is_that_of_another_photograph_whatever_its_case_or_composition() -> None:
    images = _images("IMG_7.png", "img_7_2.png", "IMG_7__1.png", "\u00e9.png", "e\u0301_1.png")
    names = CropNames(images, [])
    assert names.choose(images[0], "1", 2) == ["IMG_7___1.png", "IMG_7___2.png"]
    assert names.choose(images[1], "2", 1) == ["img_7_2.png"]
    assert names.choose(images[3], "3", 2) == ["\u00e9__1.png", "\u00e9__2.png"]


def test_no_name_is_that_of_a_folder() -> None:
    images = _images("a.jpg", "A.png/b.jpg")
    assert CropNames(images, []).choose(images[0], "1", 1) == ["a_1.png"]


def test_names_stay_when_photographs_are_added() -> None:
    images = _images("IMG_7.png", "IMG_7_1.png")
    names = CropNames(images, _faces("IMG_7.png", "1", "IMG_7_1.png", "IMG_7_2.png"))
    assert names.choose(images[0], "1", 2) == ["IMG_7_1.png", "IMG_7_2.png"]
    assert names.choose(images[1], "2", 1) == ["IMG_7_1_1.png"]


def test_a_photograph_that_changed_gets_new_names() -> None:
    (image,) = images = _images("a.jpg")
    names = CropNames(images, _faces("a.jpg", "before", "a.png"))
    assert names.choose(image, "now", 1) == ["a_1.png"]
    assert names.choose(image, "before", 1) == ["a.png"]
