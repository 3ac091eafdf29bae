"""What tells the results of one run from those of another, whatever the clock says."""

import os
import secrets

RUN = "RSI_RUN"


def run_id() -> str:
    """A name for a run: the one that this process was handed by the process that started it, or a new one."""
    return os.environ.get(RUN) or secrets.token_hex(8)
