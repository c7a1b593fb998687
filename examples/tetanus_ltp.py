"""Long-term potentiation: a tetanus on one pathway, and an experiment of one's own beside it.

The tetanus is blocked by D-AP5. How does the potentiation depend on the number of fibres?
"""

from dataclasses import replace

from brian2 import *

from brian2_nmda.plotting import plot_ltp
from brian2_nmda.protocols.ltp import CONDITIONS, run_ltp

tetanus = CONDITIONS[0]
mine = [replace(tetanus, name=f"{n} fibres", fibres=(n, 28), bars={}) for n in (10, 20, 40)]

result = run_ltp(
    baseline=3*60*second, follow_up=5*60*second, conditions=[*CONDITIONS, *mine], report="text"
)  # fmt: skip
print(result.table())
for condition in mine:
    row = result.row(condition.name, "A")
    print(f"{condition.name}: AMPA receptors {row.receptor_change:+.0f} %")
plot_ltp(result).savefig("tetanus_ltp.png", dpi=120)
