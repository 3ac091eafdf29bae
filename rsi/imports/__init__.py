"""What is imported when it is first used, and what is said where it is not installed."""
