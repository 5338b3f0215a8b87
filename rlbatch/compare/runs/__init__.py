"""From run folders to curves on one axis and one budget."""
