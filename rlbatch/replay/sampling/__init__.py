"""Which rows are drawn, and what they weigh: one sampler a file."""
