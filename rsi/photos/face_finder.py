"""What finds faces, by name."""

from collections.abc import Callable, Mapping

from rsi.photos.dlib_finder import DlibFinder
from rsi.photos.face import FaceFinder
from rsi.photos.mesh_finder import MeshFinder

DETECTORS: Mapping[str, Callable[[], FaceFinder]] = {"blazeface": MeshFinder, "dlib": DlibFinder}
DEFAULT = "blazeface"


def make_finder(name: str = DEFAULT) -> FaceFinder:
    """The face finder of a name in ``DETECTORS``.

    Raises:
        InputError: What it needs is not installed.
    """
    return DETECTORS[name]()
