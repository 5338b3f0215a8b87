"""Environments: the Gymnasium adapter, batched tensor ones, and probes with known Q values."""
