"""The clean images that the benchmark starts from."""

import hashlib
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from torch import Tensor

from rsi.benchmark.output_folder import outputs_in, read_checksums
from rsi.data.listing import Listing
from rsi.data.orientation import upright
from rsi.data.reading import read_picture
from rsi.errors import InputError
from rsi.numerics.size import Size
from rsi.storage.atomic import atomic_path


class CleanImages:
    """A folder of clean images, as large as those of the generator.

    Args:
        folder: Where they are, in folders inside it too.
        resolution: The size of the generator's images.
        limit: How many are used, the first by name; ``None`` for all.
        leave_out: Folders inside it that hold something else; the output of benchmarks is passed over in any case.

    Attributes:
        stems: What their targets and results are called, without a suffix, in order.

    Raises:
        InputError: There is no image, or ``limit`` is less than 1.
    """

    def __init__(
        self, folder: Path, resolution: Size, limit: int | None = None, leave_out: Sequence[Path] = ()
    ) -> None:
        if limit is not None and limit < 1:
            raise InputError(f"limit is {limit}: it must be at least 1")
        listing = Listing(folder, [*leave_out, *outputs_in(folder)])
        listing.check()
        self.folder = folder
        self.resolution = resolution
        self._names = {image.output: image.name for image in islice(listing.listed(), limit)}
        self.stems = tuple(self._names)

    def read(self, stem: str) -> Tensor:
        """One image, ``[3, H, W]`` in [0, 1].

        Raises:
            InputError: The file cannot be read or has another size.
        """
        path = self.folder / self._names[stem]
        picture = read_picture(path)
        if picture.size != str(self.resolution):
            raise InputError(f"{str(path)!r} is {picture.size}, the generator makes {self.resolution}: resize it")
        return upright(picture.rgb, picture.orientation)

    def claim(self, record: Path) -> None:
        """Note the images' checksums in a file, so that targets made of them are not mixed with others' later.

        Raises:
            InputError: An image has another checksum than it had before, or the file is something else.
        """
        known = read_checksums(record)
        found = {
            stem: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for stem, name in self._names.items()
        }
        for stem, checksum in found.items():
            if known.get(stem, checksum) != checksum:
                raise InputError(
                    f"{str(self.folder / self._names[stem])!r} is not the image that {record.parent} was made from: "
                    "choose another --output_dir"
                )
        with atomic_path(record) as path:
            path.write_text(json.dumps(known | found, indent=1))
