"""Options of commands that stay whole where a line ends, instead of going on in the next one after their hyphens."""

import re
from typing import Any

CODE = re.compile(r"<code>.*?</code>", re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w.-]*")


def on_page_content(html: str, **others: Any) -> str:  # noqa: ANN401, ARG001 - mkdocs's own
    """Mark the options in code for the style sheet."""
    return CODE.sub(lambda code: OPTION.sub(r'<span class="option">\g<0></span>', code[0]), html)
