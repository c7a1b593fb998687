"""From a symbolic model to documents."""
