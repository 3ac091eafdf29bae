"""Faces in photographs: finding them, cutting them out as FFHQ was made, and putting restored ones back."""
