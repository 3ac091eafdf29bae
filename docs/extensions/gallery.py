"""Pages of the gallery as mkdocs-gallery would make them for this site, whose pages are files and no folders."""

import os
import re
from typing import Any

os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")  # Lightning's, for those who write such programs
SECOND_ADDRESS = re.compile(r' srcset="\.\./images/[^"]*"')  # wrong where pages are no folders
PROGRAM = re.compile(r'(<a class="reference internal" href="plot_\w+)"')
NOTE = re.compile(r'<div class="admonition note">(?:(?!</div>).)*href="#download_links".*?</div>', re.DOTALL)


def on_page_content(html: str, **others: Any) -> str:  # noqa: ANN401, ARG001 - mkdocs's own
    """Leave the first address of pictures alone, lead to files, and do not say above the heading what is at the end."""
    return NOTE.sub("", PROGRAM.sub(r'\1.html"', SECOND_ADDRESS.sub("", html)))
