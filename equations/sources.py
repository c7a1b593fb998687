"""Where numbers come from, each reference once."""

BRAINPY = "github:brainpy/BrainPy brainpy/dyn/synapses/bio_models.py"
JAHR_STEVENS = "doi:10.1523/JNEUROSCI.10-09-03178.1990"
SABATINI = "doi:10.1016/S0896-6273(02)00573-1"
SHOUVAL = "doi:10.1073/pnas.152343099"
SHOUVAL_CODE = "github:folmez/CaDP-MatLab"
BLUE_BRAIN_EMS = "github:BlueBrain/neurodamus-models ProbAMPANMDA_EMS.mod"
WOLF = "github:ModelDBRepository/112834"
CODATA = "doi:10.1103/RevModPhys.93.025010"
DESTEXHE_AMPA = (
    "Destexhe, Mainen & Sejnowski (1998), Methods in Neuronal Modeling, MIT Press, pp. 1-25; values as in "
    "A. Destexhe's AMPA.mod (Alpha 1.1, Beta 0.19)"
)
WANG_2002 = (
    "doi:10.1016/S0896-6273(02)01092-9; values as in github:nest/nest-simulator "
    "pynest/examples/wang_decision_making.py"
)
