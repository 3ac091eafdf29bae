"""What finds faces, by name."""

from collections.abc import Callable, Mapping
from typing import Protocol

from PIL import Image

from rsi.photos.dlib_finder import DlibFinder
from rsi.photos.face import Face
from rsi.photos.mesh_finder import MeshFinder


class FaceFinder(Protocol):
    """Finds faces."""

    def find(self, photo: Image.Image) -> list[Face]:
        """The faces of an RGB photograph, from left to right.

        Raises:
            InputError: It cannot be searched.
        """


DETECTORS: Mapping[str, Callable[[], FaceFinder]] = {"blazeface": MeshFinder, "dlib": DlibFinder}
DEFAULT = "blazeface"


def make_finder(name: str = DEFAULT) -> FaceFinder:
    """The face finder of a name in ``DETECTORS``.

    Raises:
        InputError: What it needs is not installed.
    """
    return DETECTORS[name]()
