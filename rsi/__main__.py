"""``python -m rsi`` is the ``rsi`` command."""

import sys

from rsi.cli import main

sys.exit(main())
