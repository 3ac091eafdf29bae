"""The commands of ``rsi``, one file each with a ``main(argv)`` that returns the exit status."""
