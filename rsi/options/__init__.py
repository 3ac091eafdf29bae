"""The options of the command line that several commands share."""
