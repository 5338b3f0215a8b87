"""How noisy a gradient is, measured on the way: no backward pass of its own."""

from rlbatch.learner.noise.meter import NoiseMeter, noise_settings

__all__ = ["NoiseMeter", "noise_settings"]
