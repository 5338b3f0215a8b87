"""Is every batch a whole number of groups, for networks that normalise by groups of rows?"""

from __future__ import annotations

from rlbatch.errors import require
from rlbatch.train.settings import TrainSettings


def require_whole_groups(settings: TrainSettings, group: int) -> None:
    """Refuses sizes of batches that would cut through a group, as far as they are known.

    Others are refused at the update that meets them.

    Args:
        settings: of the run.
        group: rows that the network normalises together; 1 where rows do not see each other.

    Raises:
        ConfigError: it names the size.
    """
    if group == 1:
        return
    advice = "Let the smallest size, and so all of them, be a multiple, or choose agent.norm_group."
    for rows in settings.batch.known_sizes():
        wanted = f"multiples of {group} rows, which the network normalises together"
        require(rows % group == 0, "batch.schedule", wanted, f"{rows} rows", advice)
