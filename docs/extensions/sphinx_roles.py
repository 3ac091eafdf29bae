"""Shows the Sphinx roles of docstrings, as in ``:class:`rsi.Phase```, as code that links to what it names."""

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:class|func|meth|mod|attr|data):`~?([\w.]+)`")


class SphinxRoles(Extension):
    """Rewrites every docstring when it is loaded."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:  # noqa: ANN401, ARG002 - the signature of the hook
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(_link, obj.docstring.value)


def _link(role: re.Match[str]) -> str:
    return f'<autoref identifier="{role[1]}" optional>`{role[1]}`</autoref>'
