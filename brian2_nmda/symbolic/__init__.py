"""Parts and models as SymPy, and what can be derived from them without a simulator."""
