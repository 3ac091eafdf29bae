"""What happened to an image, found from the image alone."""
