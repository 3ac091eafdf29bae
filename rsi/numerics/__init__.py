"""Arithmetic that does not depend on the batch: random numbers, precision, images one by one, memory."""
