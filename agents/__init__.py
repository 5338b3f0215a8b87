"""Reference agents, one file a paper."""
