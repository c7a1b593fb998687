"""From a symbolic model to documents, and to other simulators.

`sheet` writes Markdown, `nmodl` a mechanism of NEURON and `nestml` a neuron of NEST. `neuron_run` and
`nest_run` compile and run such files where these simulators are installed.
"""

__all__ = ["nest_run", "nestml", "neuron_run", "nmodl", "sheet"]
