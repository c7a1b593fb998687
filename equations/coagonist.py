"""The co-agonist sites of the NMDA receptor: ``BioNMDA(coagonist=GlycineSite(glycine=1*uM))``."""

from typing import ClassVar

from brian2 import msecond, umolar

from brian2_nmda.equations.sources import CHLOROKYNURENATE, GLYCINE_2B, GLYCINE_TAU
from brian2_nmda.symbolic.kinds import CoAgonist
from brian2_nmda.symbolic.part import Parameter, define, states

_DSERINE = "taken equal to glycine's: no value for whole receptors could be opened"


class GlycineSite(CoAgonist):
    r"""Two equal sites on GluN1 that glycine or D-serine must both occupy, at equilibrium.

    .. math:: q = \left(\frac{G/K_G + S/K_S}{1 + G/K_G + S/K_S}\right)^2

    ``q`` multiplies the open fraction: 1/4 at ``G = K_G``, .826 at ten times that. ``K`` is the constant
    of one site; the EC50 of the pair is ``(1 + sqrt(2)) K``. For a co-agonist that changes within
    seconds use `SlowGlycineSite`. Without ``coagonist=`` the sites are saturated.
    """

    glycine = Parameter(1 * umolar, "concentration of glycine", status="assumed", sign="nonnegative",
                        source="order of magnitude in the cleft")  # fmt: skip
    dserine = Parameter(0 * umolar, "concentration of D-serine", status="assumed", sign="nonnegative",
                        source="none unless set")  # fmt: skip
    K_G = Parameter(0.23 / (1 + 2**0.5) * umolar, "dissociation constant of glycine, GluN2B",
                    status="converted", source=GLYCINE_2B)  # fmt: skip
    K_S = Parameter(0.23 / (1 + 2**0.5) * umolar, "dissociation constant of D-serine",
                    status="assumed", source=_DSERINE)  # fmt: skip

    bound = define(glycine / K_G + dserine / K_S, meaning="ligands in units of their constants")
    occupancy = (bound / (1 + bound)) ** 2

    default_label = "site"
    summary = "glycine and D-serine at two sites, at equilibrium"


class SlowGlycineSite(GlycineSite):
    r"""The sites of `GlycineSite` with their slow kinetics.

    .. math:: \dot o = \left(\frac{G/K_G + S/K_S}{1 + G/K_G + S/K_S} - o\right)/\tau \qquad q = o^2

    One relaxation time for binding and unbinding, that of deactivation. Starts in equilibrium.
    """

    tau = Parameter(820 * msecond, "relaxation of a site", status="assumed", source=GLYCINE_TAU)

    o = states("o", within=(0, 1), meaning="occupied fraction of one kind of site",
               initial=GlycineSite.bound / (1 + GlycineSite.bound))  # fmt: skip
    do = (GlycineSite.bound / (1 + GlycineSite.bound) - o) / tau
    occupancy = o**2

    summary = "glycine and D-serine at two sites, slow"


class ChlorokynurenateSite(GlycineSite):
    r"""The sites of `GlycineSite` with 7-chlorokynurenate, a competitive antagonist, at equilibrium.

    .. math:: q = \left(\frac{G/K_G + S/K_S}{1 + G/K_G + S/K_S + [A]/K_A}\right)^2

    More glycine overcomes it: ``[A]`` shifts the curve of the co-agonist by ``1 + [A]/K_A`` (Gaddum). At
    ``conc=0*uM`` it changes nothing. Set the concentration between runs or give a `TimedArray`; the
    drug is taken to bind faster than that.
    """

    conc = Parameter(10 * umolar, "concentration of 7-chlorokynurenate", status="assumed",
                     sign="nonnegative", source="a usual dose in slices")  # fmt: skip
    K_A = Parameter(0.56 * umolar, "dissociation constant", status="assumed", source=CHLOROKYNURENATE)

    occupancy = (GlycineSite.bound / (1 + GlycineSite.bound + conc / K_A)) ** 2

    competing: ClassVar[tuple[str, ...]] = ("conc",)
    summary = "two co-agonist sites with 7-chlorokynurenate"
