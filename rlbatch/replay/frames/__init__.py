"""Frames stored once: rows keep their numbers."""
