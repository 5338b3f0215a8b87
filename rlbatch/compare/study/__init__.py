"""From a plan to trained run folders."""
