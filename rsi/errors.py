"""What ends a run early."""

import errno

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)  # numbers of an OSError


class InputError(ValueError):
    """Something the user gave cannot be used.

    Its message is one line that names the file or the value and says what to do.
    """


class Interrupted(SystemExit):
    """A signal ended the run between two steps; the exit status is 128 plus its number, as shells have it."""
