"""The one kind of error that a user can mend."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    Its message is one line that names the file or the value and says what to do.
    """
