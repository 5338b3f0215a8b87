"""The sampler that settings ask for, made for the place where the rows lie."""

from __future__ import annotations

from rlbatch.replay.sampling.laber import LaberSampler
from rlbatch.replay.sampling.prioritised import Prioritised, PrioritisedSampler
from rlbatch.replay.sampling.prioritised_device import PrioritisedOnDevice
from rlbatch.replay.sampling.recent import Recent
from rlbatch.replay.sampling.sampler import Sampler, SamplerSettings
from rlbatch.replay.sampling.sequential import Sequential
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.sampling.without_replacement import WithoutReplacementSampler
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.place import AnyRing

Drawer = Sampler | PrioritisedOnDevice
OWN = (  # whose rows need not be looked at before they are copied
    Uniform,
    Recent,
    Sequential,
    WithoutReplacementSampler,
    PrioritisedSampler,
    PrioritisedOnDevice,
    LaberSampler,
)


def started(settings: SamplerSettings, ring: AnyRing) -> Drawer:
    """A sampler for a ring that is still empty.

    Numbers are drawn on the host wherever the rows lie, which is quicker than the many small
    kernels of a draw on a device; but priorities lie with the rows, as their TD errors do.
    """
    if isinstance(ring, DeviceRing) and isinstance(settings, Prioritised):
        return PrioritisedOnDevice(settings, len(ring.head), ring.capacity, ring.device)
    return settings.start(len(ring.head), ring.capacity)
