"""``python -m rsi`` is the ``rsi`` command."""

import sys

from rsi.commands.main import main

sys.exit(main())
