"""Textbook stimulation protocols and the experiments made of them.

Each experiment is a module with a function that runs it and a frozen result with the recorded
arrays and a ``table()``; figures are in `brian2_nmda.plotting`.

ltp
    Long-term potentiation by a tetanus, and its controls.
"""
