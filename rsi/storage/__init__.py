"""Files by path or URL, whole or not at all."""
