"""What replaces parts of Lightning."""
