"""Reading, checking and writing the files that generators are in."""
