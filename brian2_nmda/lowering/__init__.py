"""From a symbolic model to a plan: where each variable lives and how it is integrated."""
