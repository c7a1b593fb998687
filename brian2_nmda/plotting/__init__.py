"""Figures. Functions take a result or a model and return a Matplotlib figure, or axes that they draw into.

Nothing is simulated here, and no window is opened. Colours are those of Okabe & Ito, which the colour-blind
tell apart.
"""

from brian2_nmda.plotting.graphs import plot_parts, plot_plan, plot_scheme
from brian2_nmda.plotting.ltp import check_figure_file, plot_ltp
from brian2_nmda.plotting.models import plot_block, plot_iv, plot_rule
from brian2_nmda.plotting.protocols import (
    plot_epsps,
    plot_frequency_curve,
    plot_over_time,
    plot_result,
    plot_stdp_window,
    plot_summary,
)

__all__ = [
    "check_figure_file",
    "plot_block",
    "plot_epsps",
    "plot_frequency_curve",
    "plot_iv",
    "plot_ltp",
    "plot_over_time",
    "plot_parts",
    "plot_plan",
    "plot_result",
    "plot_rule",
    "plot_scheme",
    "plot_stdp_window",
    "plot_summary",
]
