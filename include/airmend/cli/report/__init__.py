"""The commands of `airmend report`."""
