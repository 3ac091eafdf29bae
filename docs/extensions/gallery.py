"""Pictures of the gallery: mkdocs-gallery gives each a second address, which is wrong where pages are no folders."""

import os
import re
from typing import Any

os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")  # Lightning's, for those who write such programs


def on_page_content(html: str, **others: Any) -> str:  # noqa: ANN401, ARG001 - mkdocs's own
    """Leave the first address alone."""
    return re.sub(r' srcset="\.\./images/[^"]*"', "", html)
