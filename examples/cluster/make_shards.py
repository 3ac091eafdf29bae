"""Name the folders of images in a folder or bucket, one a line: ``python make_shards.py s3://in/faces > shards.txt``.

A shard is a folder that holds images itself; at most 20,000 of them are best, see docs/scale.md.
"""

import sys

from upath import UPath

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".heic")


def shards(folder: UPath) -> list[str]:
    """The folders in it, and itself, that hold images."""
    entries = sorted(folder.iterdir(), key=str)
    found = [str(folder)] if any(entry.name.lower().endswith(SUFFIXES) for entry in entries) else []
    return found + [shard for entry in entries if entry.is_dir() for shard in shards(entry)]


if __name__ == "__main__":
    print("\n".join(shards(UPath(sys.argv[1]))))
