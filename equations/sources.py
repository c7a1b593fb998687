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
NEST_BW = "github:nest/nest-simulator models/iaf_bw_2001.cpp"
FUHRMANN = "doi:10.1152/jn.00258.2001; values as in github:BlueBrain/neurodamus-models GluSynapse.mod"
DESTEXHE_NMDA = "github:ModelDBRepository/18500 nmda.mod"
FIVE_STATE_MOD = "github:icgenealogy/icg-channels-Other 135839_nmda5.mod"
DAINAUSKAS = "github:ModelDBRepository/267680 synapse_nmda.py"
DAINAUSKAS_RULE = (
    "doi:10.3389/fnsyn.2023.1113957; values as in github:ModelDBRepository/267680 plasticity_model.py"
)
KAMPA = "github:ModelDBRepository/50207 NMDA_Mg.mod"
BRANCO = "github:ModelDBRepository/140828 NMDA_Mg_T.mod (near physiological temperature)"
VARGAS_CABALLERO = "github:ModelDBRepository/145836 SynNMDA10_2.mod"
VARGAS_CABALLERO_CA1 = "github:ModelDBRepository/145836 SynNMDA10_2_2.mod"
GRAUPNER_BRUNEL = (
    "doi:10.1073/pnas.1109359109; values as in github:mgraupe/CalciumBasedPlasticityModel synapticChange.py"
)
GRAUPNER_2016 = (
    "github:mgraupe/CalciumBasedPlasticityModel (cortical slices, linear calcium); no noise and b = 5 assumed"
)
GRAUPNER_BRUNEL_2007 = (
    "doi:10.1371/journal.pcbi.0030221; values as in github:ModelDBRepository/114452 "
    "six_sub_protein_cascade_graupner2007_upper_branch.ode"
)
CASTELLANI = "github:wheatless/NeuronProject GLuR1_dynamics.m, after Castellani et al. (2001)"
CLOPATH = "doi:10.1038/nn.2479; values as in github:ModelDBRepository/144566 VoTri.m"
TRIPLET = "doi:10.1523/JNEUROSCI.1425-06.2006 Tables 3 and 4, read in a transcription"
VAN_ROSSUM = "doi:10.1523/JNEUROSCI.20-23-08812.2000; values as in VanRossumHPWA mod comments"
YEUNG = "doi:10.1073/pnas.0405555101; values as in Gabbiani & Cox (2010), bcmsim.m"
GILLING = "doi:10.1016/j.neuropharm.2009.01.012, abstract"
BLANPIED = "Blanpied et al. (1997), J Neurophysiol 77:309, abstract"
SPRUSTON = "doi:10.1113/jphysiol.1995.sp020521; values as in github:ModelDBRepository/145836 (35 degC)"
WOODHULL = "doi:10.1085/jgp.61.6.687"
VARGAS_CABALLERO_2005 = "github:ModelDBRepository/150538 NMDAr.mod (Vargas Caballero, Robinson & Roth, 2005)"
ANTAGONIST_KI = "order of magnitude; 0.28 to 3.7 uM are quoted for GluN2A to GluN2D"
GLYCINE_2B = "doi:10.7554/eLife.67555 (EC50 of glycine at GluN1/GluN2B 0.23 uM)"
GLYCINE_TAU = "glycine deactivates in 0.66 to 0.82 s (Mol Pharmacol, AICP study, Table 2; year not recorded)"
LUBOEINSKI = (
    "doi:10.1038/s42003-021-01778-y; values as in github:jlubo/brian_synaptic_plasticity_stc "
    "config_basic_late.json"
)
TRIESCH = "doi:10.7554/eLife.37836; values as in github:triesch/synaptic-competition"
CHINDEMI = (
    "doi:10.1038/s41467-022-30214-w; values as in github:BlueBrain/neurodamus-models "
    "common/mod/GluSynapse.mod"
)
CHINDEMI_FIT = (
    "doi:10.1038/s41467-022-30214-w; values as in github:BlueBrain/plastyfire configs/Zenodo_O1.yaml"
)
TAGTRIC = "doi:10.1371/journal.pcbi.1000248; values as in github:ModelDBRepository/118199 tagtric.py"
COSTA = "doi:10.7554/eLife.09457; values as in github:ModelDBRepository/184487 prepostSTDP_savings.py"
STIMBERG_2 = (
    "doi:10.1101/198366; values as in github:brian-team/brian2 "
    "examples/frompapers/Stimberg_et_al_2018/example_2_gchi_astrocyte.py"
)
STIMBERG_3 = (
    "doi:10.1101/198366; values as in github:brian-team/brian2 "
    "examples/frompapers/Stimberg_et_al_2018/example_3_io_synapse.py"
)
STIMBERG_4 = (
    "doi:10.1101/198366; values as in github:brian-team/brian2 "
    "examples/frompapers/Stimberg_et_al_2018/example_4_synrel.py"
)
_SYNAPSE_ELIFE = "github:rveltz/SynapseElife src/"
RODRIGUES_PARAMETERS = f"doi:10.7554/eLife.80152; values as in {_SYNAPSE_ELIFE}ParamsSynapse.jl"
RODRIGUES = f"{RODRIGUES_PARAMETERS} and src/UtilsDynamics.jl"
RODRIGUES_START = (
    f"doi:10.7554/eLife.80152; {_SYNAPSE_ELIFE}UtilsData.jl (initial_conditions_continuous_temp, six digits)"
)
DEGER = (
    "arXiv:1609.05730; values as in github:flinz/nest-module-STDPStructplast "
    "src/stdp_structpl_connection_hom.cpp"
)
DESTEXHE_GABA = "github:ModelDBRepository/18500 gabaa.mod"
DESTEXHE_GABA5 = "github:ModelDBRepository/18198 gabaa5.mod"
DESTEXHE_AMPA5 = "github:ModelDBRepository/18198 ampa5.mod"
BLUE_BRAIN_GABA = "github:BlueBrain/neurodamus-models common/mod/ProbGABAAB_EMS.mod"
HT_NEURON = "github:nest/nest-simulator models/ht_neuron.cpp, default parameters"
BRUNEL_WANG = (
    "doi:10.1023/A:1011204814320; values as in github:brian-team/brian2 "
    "examples/frompapers/Brunel_Wang_2001.py"
)
WANG_BRIAN = (
    "doi:10.1016/S0896-6273(02)01092-9; values as in github:brian-team/brian2 "
    "examples/frompapers/Wang_2002.py"
)
CLARKE_JOHNSON = (
    "doi:10.1113/jphysiol.2008.160622; values as in github:ModelDBRepository/145836 SynNMDA16.mod"
)
CLARKE_JOHNSON_CA1 = "github:ModelDBRepository/145836 SynNMDA16_2.mod (CA1)"
BANKE_KD2 = (
    "not checked against a source; gives a peak open probability of 0.116 in 1 s of 1 mM, of which 0.12 was "
    "measured (PMC1665591)"
)
BANKE_2A = (
    "not checked against a source; gives a peak open probability of 0.454 in 1 s of 1 mM, of which 0.50 was "
    "measured (PMC1665591)"
)
MORADI = "github:ModelDBRepository/145836 SynExp4NMDA.mod"
RAMAN_TRUSSELL = "github:cnmodel/cnmodel cnmodel/mechanisms/ampa_trussell.mod (22 degC)"
SYNAPSE_ELIFE = f"{_SYNAPSE_ELIFE}ParamsSynapse.jl, ratio r of GluN2B to GluN2A by age"
HANSEN = "PMC6858497 Table 1 (GluN1-1a, oocytes, 3 to 5 ms of 1 mM glutamate)"
DRAVID_2C = "PMC2614009, abstract (GluN2C, HEK cells, 5 to 8 ms)"
CHLOROKYNURENATE = (
    "IC50 against [3H]glycine as quoted by a supplier (amyjet.com, ALO-C-286); an upper limit of the "
    "dissociation constant, as which it is taken"
)
ACKER = "PMC4874537, abstract (fits to voltage-sensitive dye, and photobleaching)"
HERMAN_JAHR = "doi:10.1523/JNEUROSCI.3009-07.2007, abstract: near 25 nM in slices of CA1"
