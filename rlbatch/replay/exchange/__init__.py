"""Plain NumPy episodes, out of a buffer and into one."""
