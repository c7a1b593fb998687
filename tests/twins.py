"""The equations of the library stated a second time, in plain Python, for ``check_model(reference=)``.

Each function takes states, inputs and parameters as floats in SI units and returns rates (by state), what
the part provides, and jumps (``'x at a spike'``). Nothing here imports the package; the rate matrices of the
ten-state schemes are those of ``library_reference.py``.
"""

import math
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("library_reference.py"))))

FARADAY, GAS = 96485.33212, 8.314462618


def step(x):
    return 1.0 if x > 0 else 0.0


def receptor(i, p):
    """What all receptors provide."""
    return {
        "conductance": p["gmax"] * i["activation"],
        "current": i["conductance"] * i["block"] * (i["v"] - p["E"]),
    }


def ampa(s, i, p):
    free = 1 - s["g"]
    rate = p["alpha"] * i["T"] * free - p["beta"] * s["g"]
    return {"g": rate, "activation": s["g"], **receptor(i, p)}


def first_order(s, i, p):
    rate = p["alpha"] * i["T"] * (1 - s["r"]) - p["beta"] * s["r"]
    return {"r": rate, "activation": s["r"], **receptor(i, p)}


def bionmda(s, i, p):
    x, g = s["x"], s["g"]
    return {
        "x": p["alpha2"] * i["T"] * (1 - x) - p["beta2"] * x,
        "g": p["alpha1"] * x * (1 - g) - p["beta1"] * g,
        "activation": g,
        **receptor(i, p),
    }


def wang(s, i, p):
    return {
        "x": -s["x"] / p["tau_x"],
        "s": p["alpha"] * s["x"] * (1 - s["s"]) - s["s"] / p["tau_s"],
        "x at a spike": s["x"] + i["released"],
        "activation": s["s"],
        **receptor(i, p),
    }


def wang_jump(s, i, p):
    k0, k1 = ref.jump_constants(p["alpha"] * p["tau_x"], p["tau_x"] / p["tau_s"])
    return {
        "s": -s["s"] / p["tau_s"],
        "s at a spike": s["s"] + i["released"] * (k0 + k1 * s["s"]),
        "activation": s["s"],
        **receptor(i, p),
    }


def one_exponential(s, i, p):
    return {
        "g": -s["g"] / p["tau"],
        "g at a spike": s["g"] + i["released"],
        "activation": s["g"],
        **receptor(i, p),
    }


def two_exponential(s, i, p):
    rise, decay = p["tau_rise"], p["tau_decay"]
    peak = rise * decay / (decay - rise) * math.log(decay / rise)
    f = 1 / (math.exp(-peak / decay) - math.exp(-peak / rise))
    # the cascade s -> g peaks at 1 if one spike gives f (exp(-t/decay) - exp(-t/rise))
    gain = f * (decay - rise) / decay
    return {
        "s": -s["s"] / rise,
        "g": -s["g"] / decay + gain * s["s"] / rise,
        "s at a spike": s["s"] + i["released"],
        "activation": s["g"],
        **receptor(i, p),
    }


def shouval_nmda(s, i, p):
    closed = 1 - s["N_f"] - s["N_s"]
    return {
        "opened": 0.0,
        "N_f": -s["N_f"] / p["tau_f"],
        "N_s": -s["N_s"] / p["tau_s"],
        "opened at a spike": p["P_0"] * closed * i["released"],
        "N_f at a spike": s["N_f"] + p["I_f"] * s["opened"],
        "N_s at a spike": s["N_s"] + (1 - p["I_f"]) * s["opened"],
        "activation": s["N_f"] + s["N_s"],
        **receptor(i, p),
    }


def yeung_nmda(s, i, p):
    r = i["released"]
    return {
        "A_f": -s["A_f"] / p["tau_f"],
        "A_s": -s["A_s"] / p["tau_s"],
        "A_f at a spike": (1 - r) * s["A_f"] + r * p["I_f"],
        "A_s at a spike": (1 - r) * s["A_s"] + r * (1 - p["I_f"]),
        "activation": s["A_f"] + s["A_s"],
        **receptor(i, p),
    }


def scheme(names, Q, open_states, s, i, p, rename):
    """Rates of a scheme from a rate matrix per ms."""
    order = [rename.get(n, n) for n in names]
    rates = {order[j]: sum(s[order[k]] * Q[k, j] for k in range(len(order))) * 1e3 for j in range(len(order))}
    del rates[order[0]]
    return {**rates, "activation": sum(s[order[k]] for k in open_states), **receptor(i, p)}


def five_state(s, i, p):
    per_ms = {n: p[n] * 1e-3 for n in ("Rb", "Ru", "Rd", "Rr", "Ro", "Rc")}
    parts = ref.five_state(T=i["T"], sites=p["sites"], **per_ms)
    return scheme(*parts, s, i, p, {})


def kampa(s, i, p):
    """Own rate matrix: the one of the reference has its voltage constants built in."""
    v = i["v"] - p["v_0"]
    on, off = p["Mg"] * math.exp(-p["k_on"] * v), math.exp(p["k_off"] * v)
    flow = dict.fromkeys(("U", "Cl", "D1", "D2", "O", "UM", "ClM", "D1M", "D2M", "OM"), 0.0)

    def move(a, b, there, back):
        net = there * s[a] - back * s[b]
        flow[a] -= net
        flow[b] += net

    for m in ("", "M"):
        move("U" + m, "Cl" + m, p["Rb" + m] * i["T"], p["Ru" + m])
        move("Cl" + m, "O" + m, p["Ro" + m], p["Rc" + m])
        move("Cl" + m, "D1" + m, p["Rd1" + m], p["Rr1" + m])
        move("D1" + m, "D2" + m, p["Rd2" + m], p["Rr2" + m])
    for state in ("U", "Cl", "D1", "D2"):
        move(state, state + "M", p["mb"] * on, p["mu_" + state] * off)
    move("O", "OM", p["mb_O"] * on, p["mu_O"] * off)
    del flow["U"]
    return {**flow, "activation": s["O"], **receptor(i, p)}


def vargas_caballero(s, i, p):
    flow = dict.fromkeys(("C0", "C1", "C2", "D", "O", "OB", "B2", "B1", "B0", "DB"), 0.0)

    def move(a, b, there, back):
        net = there * s[a] - back * s[b]
        flow[a] -= net
        flow[b] += net

    bind = p["Rb"] * i["T"]
    move("C0", "C1", 2 * bind, p["Ru"])
    move("C1", "C2", bind, 2 * p["Ru"])
    move("B0", "B1", 2 * bind, p["Ru"])
    move("B1", "B2", bind, 2 * p["Ru"])
    move("C2", "D", p["Rd"], p["Rr"])
    move("B2", "DB", p["Rd"], p["Rr"])
    move("C2", "O", p["Ro"], p["Rc"])
    move("B2", "OB", p["opening"] * p["Ro"], p["closing"] * p["Rc"])
    block, unblock = p["mb"] * math.exp(-i["v"] / p["v_b"]), p["mu"] * math.exp(i["v"] / p["v_u"])
    move("O", "OB", p["Mg"] * block, unblock)
    del flow["C0"]
    return {**flow, "activation": s["O"], **receptor(i, p)}


def popescu(s, i, p):
    chain = ("A0", "A1", "A2", "A3", "A4", "O1", "O2")
    flow = dict.fromkeys(chain, 0.0)
    for a, b, letter in zip(chain, chain[1:], "abcdef", strict=False):
        bound = i["T"] if letter in "ab" else 1.0
        net = p["forward"] * p["k" + letter] * bound * s[a] - p["backward"] * p["r" + letter] * s[b]
        flow[a] -= net
        flow[b] += net
    del flow["A0"]
    return {**flow, "activation": s["O1"] + s["O2"], **receptor(i, p)}


def flows(names, moves):
    """Rates of all occupancies but the first; each move is from, to, the rate there and the rate back."""
    found = dict.fromkeys(names.split(), 0.0)
    for a, b, there, back, at in moves:
        net = there * at[a] - back * at[b]
        found[a] -= net
        found[b] += net
    del found[names.split()[0]]
    return found


def first_order_gaba(s, i, p):
    return {"g": p["alpha"] * i["T"] - (p["alpha"] * i["T"] + p["beta"]) * s["g"], "activation": s["g"],
            **receptor(i, p)}  # fmt: skip


def five_state_gaba(s, i, p):
    first, second = (p[f"kf{n}"] * i["T"] for n in (1, 2))
    flow = flows(
        "C0 C1 C2 O1 O2",
        [
            ("C0", "C1", first, p["kb1"], s),
            ("C1", "C2", second, p["kb2"], s),
            ("C1", "O1", p["a1"], p["b1"], s),
            ("C2", "O2", p["a2"], p["b2"], s),
        ],
    )
    return {**flow, "activation": s["O1"] + s["O2"], **receptor(i, p)}


def desensitising_ampa(s, i, p):
    bind = p["Rb"] * i["T"]
    flow = flows(
        "C0 C1 C2 D1 D2 O",
        [
            ("C0", "C1", bind, p["Ru1"], s),
            ("C1", "C2", bind, p["Ru2"], s),
            *((f"C{n}", f"D{n}", p["Rd"], p["Rr"], s) for n in (1, 2)),
            ("C2", "O", p["Ro"], p["Rc"], s),
        ],
    )
    return {**flow, "activation": s["O"], **receptor(i, p)}


def two_gates(s, i, p, opens=1.0, closes=1.0, mirror=""):
    """Moves of the two gates and their desensitised states, of free channels or of blocked ones."""
    m, site = mirror, p["kon"] * i["T"]
    yield from (("R" + m, "RA" + m, 2 * site, p["koff"], s), ("RA" + m, "RA2" + m, site, 2 * p["koff"], s))
    for n in "12":
        yield "RA2" + m, f"D{n}{m}", p[f"kd{n}{m}"], p[f"rd{n}{m}"], s
    for gate, other in (("f", "S"), ("s", "F")):
        there, back = p["k" + gate] * opens, p["r" + gate] * closes
        yield "RA2" + m, "R" + gate.upper() + m, there, back, s
        yield "R" + other + m, "O" + m, there, back, s


def banke_traynelis(s, i, p):
    flow = flows("R RA RA2 D1 D2 RF RS O", two_gates(s, i, p))
    return {**flow, "activation": s["O"], **receptor(i, p)}


def clarke_johnson(s, i, p):
    v, away = i["v"], i["v"] - p["v_0"]
    opens = math.exp(away / p["v_g"])
    outside = 1 + p["Na"] / p["K_Na"]
    inside = p["Cs"] / (p["K_Cs"] * math.exp(-v / p["v_Cs"]))
    enter = p["k_P"] * math.exp(-v / p["v_P"]) / (outside * (outside + inside))
    leave = p["k_No"] * math.exp(v / p["v_No"]) / outside**2 + p["k_Ni"] / math.exp(v / p["v_Ni"])
    names = "R RA RA2 D1 D2 RF RS O"
    mirrored = " ".join(n + "M" for n in names.split())
    moves = [*two_gates(s, i, p, opens, 1 / opens), *two_gates(s, i, p, opens, 1 / opens, "M")]
    flow = flows(f"{names} {mirrored}", [*moves, ("O", "OM", p["Mg"] * enter, leave, s)])
    return {**flow, "activation": s["O"], **receptor(i, p)}


def warmer(p, Q):
    """How much faster than at the temperature of the rates."""
    return math.exp(math.log(Q) * (p["temperature"] - p["reference"]) * p["tenth"])


def subunit(s, i, p):
    binding = p["alpha"] * i["T"] * warmer(p, p["Q_on"])
    rate = binding * (1 - s["r"]) - s["r"] * p["beta"] * warmer(p, p["Q_off"])
    return {"r": rate, "activation": s["r"], **receptor(i, p)}


def mixed(s, i, p):
    rates = {}
    for n in "AB":
        one = {**p, "alpha": p[f"alpha_{n}"], "beta": p[f"beta_{n}"]}
        rates[f"r_{n}"] = subunit({"r": s[f"r_{n}"]}, i, one)["r"]
    share = p["f"]
    return {**rates, "activation": s["r_A"] + share * (s["r_B"] - s["r_A"]), **receptor(i, p)}


def raman_trussell(s, i, p):
    q = {n: p[n] * warmer(p, p["Q"]) for n in ("Rb", "Ru1", "Ru2", "Rd", "Rr", "Ro1", "Rc1", "Ro2", "Rc2")}
    bind = q["Rb"] * i["T"]
    flow = flows(
        "C0 C1 C2 D O1 O2",
        [
            ("C0", "C1", bind, q["Ru1"], s),
            ("C1", "C2", bind, q["Ru2"], s),
            ("C2", "D", q["Rd"], q["Rr"], s),
            *(("C2", f"O{n}", q[f"Ro{n}"], q[f"Rc{n}"], s) for n in (1, 2)),
        ],
    )
    return {**flow, "activation": s["O1"] + s["O2"], **receptor(i, p)}


def ambient(s, i, p):
    return {"concentration": p["ambient"] + (p["peak"] if i["pulse_on"] else 0.0), "amount": 1.0}


def chlorokynurenate(s, i, p):
    bound = p["glycine"] / p["K_G"] + p["dserine"] / p["K_S"]
    return {"occupancy": (bound / (bound + 1 + p["conc"] / p["K_A"])) ** 2}


def hill_tononi(s, i, p):
    def at(v):
        return 1 / (1 + math.exp(-p["S"] * (v - p["V_act"])))

    found = {}
    for n in "fs":
        lack = at(i["v"]) - s[f"m_{n}"]
        found[f"m_{n}"] = lack / (p[f"tau_{n}"] if lack > 0 else p["tau_block"])
    fast, slow = (min(at(i["v"]), s[f"m_{n}"]) for n in "fs")
    return {**found, "block": slow + (p["a_0"] - p["a_1"] * i["v"]) * (fast - slow)}


def magnesium(s, i, p):
    """In terms of the potential of half block."""
    if p["Mg"] == 0:
        return {"block": 1.0}
    half = math.log(p["Mg"] / p["K"]) / p["k"]
    return {"block": 1 / (1 + math.exp(-p["k"] * (i["v"] - half)))}


def woodhull(s, i, p):
    energy = p["z"] * p["delta"] * p["F"] * i["v"] / (p["R"] * p["temperature"])
    return {"block": p["K0"] / (p["K0"] + p["Mg"] * math.exp(-energy))}


def no_block(s, i, p):
    return {"block": 1.0}


def pool(s, i, p, current):
    charge = 2 * p["F"] * p["V"] * (1 + p["kappa"])
    return {
        "Ca": -i["I_Ca"] / charge + (p["rest"] - s["Ca"]) / p["tau"],
        "current": current,
        "resting": p["rest"],
    }


def spine_calcium(s, i, p):
    whole = p["fraction"] * (p["v_cal"] - i["E_open"])  # current per conductance at the calibration
    return pool(s, i, p, whole / (p["v_cal"] - p["E"]) * i["G_open"] * (i["v"] - p["E"]))


def fraction_of_current(s, i, p):
    return pool(s, i, p, p["fraction"] * i["G_open"] * (i["v"] - i["E_open"]))


def calcium_above_rest(s, i, p):
    return {
        "Ca": -(p["influx"] * i["I_Ca"] + s["Ca"] / p["tau"]),
        "current": i["G_open"] * (i["v"] - p["E"]),
        "resting": 0.0,
    }


def ported_pool(s, i, p, current):
    """A pool whose buffers and volume others change."""
    out = pool(s, {"I_Ca": 0.0}, p, current)
    ions = i["I_Ca"] / (-2 * p["F"] * p["V"] * i["size"]) - i["uptake"]
    return {**out, "Ca": out["Ca"] + ions / (1 + p["kappa"]), "calcium_uptake": 0.0, "spine_size": 1.0}


def buffered_calcium(s, i, p):
    share = p["fraction"] * (p["v_cal"] - i["E_open"]) / (p["v_cal"] - p["E"])
    drive = i["v"] - p["E"]
    return {**ported_pool(s, i, p, share * i["G_open"] * drive), "calcium_drive": drive}


def ghk(v, inside, outside, p):
    """``x (inside - outside e^-x)/(1 - e^-x)`` with the half of ``x`` in hyperbolic functions."""
    x = 2 * p["F"] * v / (p["R"] * p["temperature"])
    if x == 0:
        return inside - outside
    return x * (inside * math.exp(x / 2) - outside * math.exp(-x / 2)) / (2 * math.sinh(x / 2))


def ghk_calcium(s, i, p):
    unit = p["R"] * p["temperature"] / (2 * p["F"] * p["Ca_o"])
    drive = unit * ghk(i["v"], s["Ca"], p["Ca_o"], p)
    whole = p["fraction"] * (p["v_cal"] - i["E_open"])
    share = whole / (unit * ghk(p["v_cal"], p["rest"], p["Ca_o"], p))
    return {**ported_pool(s, i, p, share * i["G_open"] * drive), "calcium_drive": drive}


def rodrigues_calcium(s, i, p):
    drive = 2 * p["F"] * p["permeability"] * ghk(i["v"], s["Ca"], p["Ca_o"], p)
    out = ported_pool(s, i, p, p["fraction"] * i["G_open"] * drive)
    dendrite = max(p["rest"], s["Ca"] * p["share"])
    return {**out, "Ca": out["Ca"] + (dendrite - s["Ca"]) / p["tau_D"], "calcium_drive": drive}


def calcium_buffer(s, i, p):
    free = p["total"] - s["B"]
    taken = p["k_on"] * free * i["Ca"] - p["k_off"] * s["B"]
    return {"B": taken, "calcium_uptake": i["before"] + taken}


def two_lobes(s, i, p):
    Ca, c, n, both = i["Ca"], s["C2"], s["N2"], s["CN4"]

    def lobe(name):
        one, one_m, two, two_m = (p[f"k{name}{k}"] for k in ("1", "1m", "2", "2m"))
        return one * two * Ca * Ca / 2 / (one_m + two * Ca), one_m * two_m / (one_m + two * Ca)

    (bC, uC), (bN, uN) = lobe("C"), lobe("N")
    apo = p["total"] - c - n - both
    flows = bC * apo - uC * c, bN * apo - uN * n, bC * n - uC * both, bN * c - uN * both
    return {
        "C2": flows[0] - flows[3],
        "N2": flows[1] - flows[2],
        "CN4": flows[2] + flows[3],
        "calcium_uptake": i["before"] + 2 * sum(flows),
        "calmodulin": both,
    }


def logistic(x, a, b, c, d):
    return d + c / (1 + math.exp(a * (x - b)))


def channel_factors(p):
    return [logistic(p["temperature"], *(p[f"{k}_{x}"] for x in "abcd")) for k in "fb"]


def gated_channels(s, i, p):
    """In terms of rates for opening and closing."""
    forward, backward = channel_factors(p)
    m = 1 / (1 + math.exp((p["v_m"] - i["v"]) / p["k_m"]))
    h = 1 / (1 + math.exp((i["v"] - p["v_h"]) / p["k_h"]))
    rates = {}
    for name, open_, tau in (("m", m, p["tau_m"]), ("h", h, p["tau_h"])):
        on, off = forward * open_ / tau, backward * (1 - open_) / tau
        rates[name] = on - (on + off) * s[name]
    return {**rates, "calcium_current": p["n"] * p["gamma"] * s["m"] * s["h"] * i["drive"]}


def counted_channels(s, i, p):
    """Four states of a channel; the mean of their numbers."""
    forward, backward = channel_factors(p)
    m = 1 / (1 + math.exp((p["v_m"] - i["v"]) / p["k_m"]))
    h = 1 / (1 + math.exp((i["v"] - p["v_h"]) / p["k_h"]))
    m_on, m_off = forward * m / p["tau_m"], backward * (1 - m) / p["tau_m"]
    h_on, h_off = forward * h / p["tau_h"], backward * (1 - h) / p["tau_h"]
    opened = {k: m_on * s[f"m0{k}"] - m_off * s[f"m1{k}"] for k in ("h0", "h1")}
    freed = {k: h_on * s[f"{k}h0"] - h_off * s[f"{k}h1"] for k in ("m0", "m1")}
    return {
        "m0h0": -opened["h0"] - freed["m0"],
        "m1h0": opened["h0"] - freed["m1"],
        "m0h1": freed["m0"] - opened["h1"],
        "m1h1": freed["m1"] + opened["h1"],
        "calcium_current": p["gamma"] * s["m1h1"] * i["drive"],
    }


def counted_l_type(s, i, p):
    forward, backward = channel_factors(p)
    on = forward * p["alpha_0"] / (1 + math.exp((p["v_a"] - i["v"]) / p["k_a"]))
    net = {}
    for k in "12":
        off = backward * p[f"beta_{k}"] / (1 + math.exp((i["v"] - p[f"v_{k}"]) / p[f"k_{k}"]))
        net[f"O{k}"] = on * s["C"] - off * s[f"O{k}"]
    current = p["gamma"] * (s["O1"] + s["O2"]) * i["drive"]
    return {**net, "C": -net["O1"] - net["O2"], "calcium_current": current}


def l_type(s, i, p):
    forward, backward = channel_factors(p)
    closed, rates = 1 - s["O1"] - s["O2"], {}
    on = forward * p["alpha_0"] / (1 + math.exp((p["v_a"] - i["v"]) / p["k_a"]))
    for k in "12":
        off = backward * p[f"beta_{k}"] / (1 + math.exp((i["v"] - p[f"v_{k}"]) / p[f"k_{k}"]))
        rates[f"O{k}"] = on * closed - off * s[f"O{k}"]
    return {**rates, "calcium_current": p["n"] * p["gamma"] * (1 - closed) * i["drive"]}


def calcium_integrator(s, i, p):
    return {"Ca_eff": (i["Ca"] - i["Ca_rest"] - s["Ca_eff"]) / p["tau"]}


def insertion(s, i, p):
    n, Ca = s["n"], i["Ca_eff"]
    rate = p["k_ins"] * (p["n_max"] - n) if Ca > p["theta_p"] else 0.0
    if Ca > p["theta_d"]:
        rate += p["k_rem"] * (p["n_min"] - n)
    return {"n": rate, "conductance": n * p["gamma"] * i["activation"]}


def coincidence(s, i, p):
    return {
        "n": 0.0,
        "armed": 0.0,
        "condition of event 1": s["armed"] if i["Ca_eff"] > p["theta_p"] else 0.0,
        "condition of event 2": 1.0 if i["Ca_eff"] < p["theta_d"] else 0.0,
        "n at event 1": min(s["n"] + p["step"], p["n_max"]),
        "armed at event 1": 0.0,
        "armed at event 2": 1.0,
        "conductance": s["n"] * p["gamma"] * i["activation"],
    }


def calcium_control(s, i, p, eta):
    rise = 1 / (1 + math.exp(p["b_p"] * (p["a_p"] - i["Ca"])))
    fall = 1 / (1 + math.exp(p["b_d"] * (p["a_d"] - i["Ca"])))
    omega = p["base"] + rise - p["depth"] * fall
    W = s["W"]
    return {"W": eta * (omega - p["decay"] * W), "conductance": i["conductance"] * max(W, 0.0) / p["W_0"]}


def shouval_plasticity(s, i, p):
    tau = p["P_1"] / (p["P_2"] + i["Ca"] ** 3) + p["P_4"]
    return calcium_control(s, i, p, 1 / tau)


def yeung_plasticity(s, i, p):
    return calcium_control(s, i, p, p["rate"] * i["Ca"])


def sliding(s, i, p):
    squared = (i["v"] - p["v_rest"]) ** 2
    rate = p["k_up"] * p["m_max"] - (p["k_up"] + p["k_down"] * squared) * s["m"]
    return {"m": rate, "conductance": s["m"] * i["conductance"]}


def graupner_brunel(s, i, p):
    """Without noise: the inputs of a check have xi = 0."""
    rho, c = s["rho"], s["c"]
    drift = -p["well"] * rho * (1 - rho) * (p["rho_star"] - rho)
    drift += p["gamma_p"] * (1 - rho) * step(c - p["theta_p"]) - p["gamma_d"] * rho * step(c - p["theta_d"])
    noise = p["sigma"] * math.sqrt(p["tau"] * (step(c - p["theta_d"]) + step(c - p["theta_p"]))) * i["xi"]
    return {
        "rho": (drift + noise) / p["tau"],
        "c": -c / p["tau_Ca"],
        "c at a late spike": c + p["Cpre"],
        "c at a postsynaptic spike": c + p["Cpost"],
        "conductance": i["conductance"] * (1 + (p["b"] - 1) * min(max(rho, 0.0), 1.0)),
    }


def early_phase(s, i, p):
    c, h = s["c"], s["h"]
    up, down = step(c - p["theta_p"]), step(c - p["theta_d"])
    drift = p["k"] * (p["h_0"] - h) + p["gamma_p"] * (p["h_max"] - h) * up - p["gamma_d"] * h * down
    noise = math.sqrt(p["tau_h"] * (up + down)) * p["sigma"] * i["xi"]
    return {
        "h": (drift + noise) / p["tau_h"],
        "c": -c / p["tau_Ca"],
        "c at a late spike": c + p["Cpre"],
        "c at a postsynaptic spike": c + p["Cpost"],
        "conductance": i["conductance"] * h / p["h_0"],
    }


def late_phase(s, i, p):
    change, tag = s["h"] - p["h_0"], p["theta_tag"]
    rate = (1 - s["z"]) * (change > tag) - (s["z"] + 0.5) * (-change > tag)
    return {
        **early_phase(s, i, p),
        "z": p["capture"] * i["protein"] * rate / p["tau_z"],
        "early_change": abs(change),
        "conductance": i["conductance"] * (s["h"] / p["h_0"] + s["z"]),
    }


def protein_synthesis(s, i, p):
    made = p["synthesis"] * step(i["early_change"] - p["theta_pro"])
    return {"p": (made - s["p"]) / p["tau_p"], "protein": s["p"]}


def receptor_pool(s, i, p):
    made = p["delta"] * p["F"] * p["slots"] * p["phi"]
    return {
        "p": made - p["delta"] * s["p"] - i["entering"],
        "pool": s["p"],
        "affinity": 1 / (p["phi"] * p["slots"] * (1 - p["F"])),
    }


def slot_insertion(s, i, p):
    n = s["n"]
    entering = p["k_off"] * (p["a"] * i["affinity"] * i["pool"] * (p["slots"] - n) - n)
    return {"n": entering, "entering": entering, "conductance": i["conductance"] * n / p["n_ref"]}


def spine_volume(s, i, p):
    goal = i["receptors"] / p["n_ref"]
    rate = (goal if goal > p["s_min"] else p["s_min"]) - s["s"]
    return {"s": rate / p["tau"], "spine_size": s["s"] * i["before"]}


def spine_neck(s, i, p):
    return {"resistance": p["R"]}


def contact_turnover(s, i, p):
    lost = p["k_loss"] * s["present"] if i["receptors"] < p["n_weak"] else 0.0
    back = p["creation"] * s["absent"]
    present = s["present"] * i["conductance"]
    return {"present": back - lost, "absent": lost - back, "conductance": present}


def triplet(s, i, p, nearest=False):
    def grown(name):
        return 1.0 if nearest else s[name] + 1

    return {
        "r1": -s["r1"] / p["tau_plus"],
        "r2": -s["r2"] / p["tau_x"],
        "o1": -s["o1"] / p["tau_minus"],
        "o2": -s["o2"] / p["tau_y"],
        "W": 0.0,
        "W at a spike": s["W"] - p["A2m"] * s["o1"] - p["A3m"] * s["o1"] * s["r2"],
        "W at a postsynaptic spike": s["W"] + p["A2p"] * s["r1"] + p["A3p"] * s["r1"] * s["o2"],
        **{f"{n} at a spike": grown(n) for n in ("r1", "r2")},
        **{f"{n} at a postsynaptic spike": grown(n) for n in ("o1", "o2")},
        "conductance": i["conductance"] * max(s["W"], 0.0),
    }


def nearest_triplet(s, i, p):
    return triplet(s, i, p, nearest=True)


def clopath(s, i, p):
    above = max(i["v"] - p["theta_p"], 0.0) * max(s["u_p"] - p["theta_m"], 0.0)
    return {
        "u_m": (i["v"] - s["u_m"]) / p["tau_m"],
        "u_p": (i["v"] - s["u_p"]) / p["tau_p"],
        "x": -s["x"] / p["tau_x"],
        "W": p["A_LTP"] * s["x"] / p["tau_x"] * above,
        "W at a spike": s["W"] - p["A_LTD"] * max(s["u_m"] - p["theta_m"], 0.0),
        "x at a spike": s["x"] + 1,
        "conductance": i["conductance"] * max(s["W"], 0.0) / p["W_0"],
    }


def bcm(s, i, p):
    x, y = s["x"], s["y"]
    return {
        "x": -x / p["tau_rate"],
        "y": -y / p["tau_rate"],
        "theta": (y * y / p["y_0"] - s["theta"]) / p["tau_theta"],
        "W": p["eta"] * x * (y * y - y * s["theta"]),
        "x at a spike": x + 1 / p["tau_rate"],
        "y at a postsynaptic spike": y + 1 / p["tau_rate"],
        "conductance": i["conductance"] * max(s["W"], 0.0),
    }


def scaling(s, i, p):
    lack = p["a_goal"] - s["a"]
    return {
        "a": -s["a"] / p["tau_a"],
        "missing": lack,
        "k": s["k"] * p["p_gain"] * lack + s["k"] * p["q_gain"] * s["missing"],
        "a at a postsynaptic spike": s["a"] + 1 / p["tau_a"],
        "conductance": s["k"] * i["conductance"],
    }


def hill(x, half, exponent):
    return 1 / (1 + (half / x) ** exponent)


#: The ring of Graupner & Brunel (2007): from, to, how many subunits can be the next in a row, how many the
#: first of one, and how many phosphates lead back.
RING = """0 1 0 6 1  1 2 1 1 2  1 3 0 2 2  1 4 0 1 2  2 5 1 1 2  2 6 0 1 1  2 7 0 1 1  3 5 1 0 1  3 6 0 1 1
3 7 1 0 1  3 8 0 1 3  4 6 2 0 1  4 7 0 2 1  5 9 1 1 2  5 10 0 1 1  6 9 1 0 1  6 10 0 1 1  6 11 1 0 2
7 9 1 0 1  7 10 1 0 1  7 11 0 1 2  8 10 3 0 1  9 12 1 1 2  10 12 2 0 2  11 12 2 0 1  12 13 1 0 6"""
PHOSPHATES = (0, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6)


def graupner_brunel_2007(s, i, p):
    Ca = i["Ca"]
    bound = 1.0
    for n in (1, 2, 3, 4):  # from the first calcium to the fourth
        bound = 1 + p[f"L_{n}"] / Ca * bound
    C = p["CaM_total"] / bound
    gamma = C / (C + p["K_5"])
    rings = [s[f"B{k}"] for k in range(1, 14)]
    rings = [p["B_total"] - sum(rings), *rings]
    sites = sum(n * x for n, x in zip(PHOSPHATES, rings, strict=True))
    off = p["k_12"] * p["PP1_total"] * s["PP1"] / (p["K_M"] + sites)
    flow = [0.0] * 14
    table = [int(x) for x in RING.split()]
    for a, b, later, first, back in zip(*(table[k::5] for k in range(5)), strict=True):
        net = (later * p["k_7"] * gamma + first * p["k_6"] * gamma**2) * rings[a] - back * off * rings[b]
        flow[a] -= net
        flow[b] += net
    bind = p["k_11"] * s["I1P"] * s["PP1"] - p["k_m11"] * (1 - s["PP1"])
    on = p["PKA_0"] + p["PKA_1"] * hill(C, p["K_PKA"], 8)
    away = p["CaN_0"] + p["CaN_1"] * hill(C, p["K_CaN"], 3)
    return {
        **{f"B{k}": flow[k] for k in range(1, 14)},
        "PP1": -bind,
        "I1P": p["I1_total"] * on - away * s["I1P"] - p["PP1_total"] * bind,
        "kinase": sites / (6 * p["B_total"]),
        "phosphatase": s["PP1"],
        "calcineurin": hill(C, p["K_CaN"], 3),
        "calmodulin": C,
    }


def castellani_enzymes(s, i, p):
    return {"kinase": hill(i["Ca"], p["K_K"], 2), "phosphatase": hill(i["Ca"], p["K_P"], 2)}


def castellani_phosphorylation(s, i, p):
    found, receptor = {}, []
    for k in (1, 2):
        add = p[f"K_{k}"] * (p["K_basal"] + p["K_max"] * i["kinase"])
        remove = p[f"P_{k}"] * (p["P_basal"] + p["P_max"] * i["phosphatase"])
        x = s[f"p{k}"]
        receptor.append((1 - x, x))
        found[f"p{k}"] = p["rate"] * (add - (add + remove) * x)
    one, two = receptor
    enlarged = one[0] * two[0] + p["g_both"] * one[1] * two[1]
    enlarged += p["g_one"] * (one[0] * two[1] + one[1] * two[0])
    return {**found, "g_rest": 0.0, "conductance": i["conductance"] / s["g_rest"] * enlarged}


def kinase_driven_insertion(s, i, p):
    n = s["n"]
    into = p["k_ins"] * i["kinase"] * (p["n_max"] - n)
    out = p["k_rem"] * i["phosphatase"] * (n - p["n_min"])
    return {"n": into - out, "conductance": p["gamma"] * n * i["activation"]}


def graded_enzymes(s, i, p):
    four, slow = (i["Ca"] / p["K_K"]) ** 4, (i["Ca_eff"] / p["K_P"]) ** 2
    return {
        "K": (four / (1 + four) - s["K"]) / p["tau_K"],
        "kinase": s["K"] ** 2,
        "phosphatase": 1 - 1 / (1 + slow),
    }


def unsaturated_enzymes(s, i, p):
    return {
        "K": (1 - 1 / (1 + (i["Ca"] / p["K_K"]) ** 2) - s["K"]) / p["tau_K"],
        "kinase": s["K"] ** 2,
        "phosphatase": 1 - 1 / (1 + (i["Ca_eff"] / p["K_P"]) ** 2),
    }


def autonomous_enzymes(s, i, p):
    pair = (1 - 1 / (1 + (i["Ca"] / p["K_K"]) ** 4)) ** 2
    return {
        "K": p["k_act"] * pair * (1 - s["K"]) - s["K"] / p["tau_K"],
        "kinase": s["K"],
        "phosphatase": 1 - 1 / (1 + (i["Ca_eff"] / p["K_P"]) ** 4),
    }


def relative_insertion(s, i, p):
    number = s["r"] * s["n_0"]
    into = p["k_ins"] * i["kinase"] * (1 + p["gain"] - s["r"])
    out = p["k_rem"] * i["phosphatase"] * (s["r"] - 1 + p["loss"])
    return {
        "r": into - out,
        "n_0": 0.0,
        "conductance": p["gamma"] * number * i["activation"],
        "receptors": number,
    }


def scaffolded_insertion(s, i, p):
    driven = kinase_driven_insertion(s, i, p)
    fading = (i["scaffold"] - s["n"]) / p["tau_n"]
    return {**driven, "n": driven["n"] + fading + i["growth"], "receptors": s["n"]}


def scaffold(s, i, p):
    early = i["n"] - s["s"]
    growth = early * i["protein"] / p["tau_s"] if abs(early) > p["theta_tag"] else 0.0
    relative = abs(early) / p["n_rest"]
    return {"s": growth, "scaffold": s["s"], "scaffold_growth": growth, "early_change": p["h_0"] * relative}


def pulse(s, i, p):
    return {"concentration": p["peak"] if i["pulse_on"] else 0.0, "amount": 1.0}


def tsodyks_markram(s, i, p):
    height = p["peak"] * s["emitted"]
    return {
        "u": -s["u"] / p["tau_f"],
        "R": (1 - s["R"]) / p["tau_d"],
        "u at a spike": p["U"] + s["u"] * (1 - p["U"]),
        "emitted at a spike": s["u"] * s["R"],
        "R at a spike": s["R"] - s["emitted"],
        "concentration": height if i["pulse_on"] else 0.0,
        "amount": s["emitted"],
    }


def stochastic_release(s, i, p):
    u, e, q = s["u"], s["emitted"], s["p"]
    return {
        "u": -u / p["tau_f"],
        "p": (1 - q) / p["tau_d"],
        "u at a spike": p["U"] + u * (1 - p["U"]),
        "emitted at a spike": 1.0 if i["random_draw"] < u * q else 0.0,
        "p at a spike": (1 - e) * q * (1 - u) / (1 - u * q + e),
        "concentration": p["peak"] if i["pulse_on"] else 0.0,
        "amount": e,
    }


def dap5(s, i, p):
    free = p["Ki"] / (p["Ki"] + p["conc"])
    return {"transmitter": i["T"] * free, "available": free * free}


def open_blocker(s, i, p):
    b, a = s["b"], i["activation"]
    field = p["z"] * p["delta"] * p["F"] / (p["R"] * p["temperature"])
    leave = p["koff"] * math.exp(field * (i["v"] - p["v_0"]))
    leave *= p["untrapped"] + (1 - p["untrapped"]) * a / p["P"]
    return {"b": p["kon"] * p["conc"] * a / p["P"] * i["block"] * (1 - b) - leave * b, "unblocked": 1 - b}


def glycine_site(s, i, p):
    bound = p["glycine"] / p["K_G"] + p["dserine"] / p["K_S"]
    return {"occupancy": 1 / (1 + 1 / bound) ** 2 if bound else 0.0}


def slow_glycine_site(s, i, p):
    bound = p["glycine"] / p["K_G"] + p["dserine"] / p["K_S"]
    return {"o": (bound / (1 + bound) - s["o"]) / p["tau"], "occupancy": s["o"] * s["o"]}


def back_propagating_spike(s, i, p):
    return {
        "A_fast": -s["A_fast"] / p["tau_fast"],
        "A_slow": -s["A_slow"] / p["tau_slow"],
        "A_fast at a spike": p["fast"] * p["height"],
        "A_slow at a spike": p["height"] - p["fast"] * p["height"],
        "voltage": i["v"] + s["A_fast"] + s["A_slow"],
    }


def costa_release(s, i, p):
    U, u, R = s["U"], s["u"], s["R"]
    return {
        "U": 0.0,
        "u": (U - u) / p["tau_u"],
        "R": (1 - R) / p["tau_r"],
        "emitted at a spike": u * R,
        "U at a spike": min(max(U + p["eta_U"] * i["retrograde"], p["U_min"]), p["U_max"]),
        "R at a spike": R - s["emitted"],
        "u at a spike": U + u * (1 - U),
        "concentration": p["peak"] * s["emitted"] if i["pulse_on"] else 0.0,
        "amount": s["emitted"],
    }


def costa_plasticity(s, i, p):
    x, slow, fast = s["x_p"], s["y_p"], s["y_m"]
    new = s["A"] + p["eta_A"] * p["c_p"] * x * fast
    return {
        "x_p": -x / p["tau_xp"],
        "y_p": -slow / p["tau_yp"],
        "y_m": -fast / p["tau_ym"],
        "A": 0.0,
        "x_p at a spike": 1 + x,
        "y_p at a postsynaptic spike": 1 + slow,
        "y_m at a postsynaptic spike": 1 + fast,
        "A at a postsynaptic spike": min(max(new, p["A_min"]), p["A_max"]),
        "retrograde": slow * (p["d_p"] * x - p["d_m"] * fast),
        "conductance": s["A"] * i["conductance"],
    }


def gchi(s, i, p):
    """In terms of fluxes and time constants, as in the published program."""
    C, I, h = s["C"], s["I"], s["h"]
    store = p["C_T"] - (1 + p["rho_A"]) * C
    open_ = (I / (I + p["d_1"]) * C / (C + p["d_5"]) * h) ** 3
    Q = p["d_2"] * (I + p["d_1"]) / (I + p["d_3"])
    bias = I - p["I_bias"]
    external = p["F_ex"] / 2 * (1 + math.tanh((abs(bias) - p["I_Theta"]) / p["omega_I"]))
    h_inf, tau_h = Q / (Q + C), 1 / (p["O_2"] * (Q + C))
    made = p["O_beta"] * s["Gamma"]
    made += p["O_delta"] / (1 + I / p["kappa_delta"]) / (1 + (p["K_delta"] / C) ** 2)
    lost = p["O_3K"] / (1 + (p["K_D"] / C) ** 4) * I / (I + p["K_3K"]) + p["Omega_5P"] * I
    active = 1 + p["zeta"] * C / (C + p["K_KC"])
    return {
        "Y": -p["Omega_c"] * s["Y"],
        "Gamma": p["O_N"] * s["Y"] * (1 - s["Gamma"]) - p["Omega_N"] * active * s["Gamma"],
        "I": made - lost - math.copysign(external, bias),
        "C": (p["Omega_C"] * open_ + p["Omega_L"]) * store - p["O_P"] / (1 + (p["K_P"] / C) ** 2),
        "h": (h_inf - h) / tau_h,
        "Y at a spike": s["Y"] + p["rho_c"] * p["Y_T"] * i["released"],
        "astrocyte_calcium": C,
    }


def exocytosis(s, i, p):
    above = i["calcium"] > p["C_Theta"]
    outside = p["rho_e"] * p["G_T"] * p["U_A"] * s["x"]
    return {
        "x": p["Omega_A"] - p["Omega_A"] * s["x"],
        "G": -p["Omega_e"] * s["G"],
        "armed": 0.0,
        "condition of event 1": s["armed"] if above else 0.0,
        "condition of event 2": 1.0 if i["calcium"] < p["C_Theta"] else 0.0,
        "G at event 1": s["G"] + outside,
        "x at event 1": s["x"] - p["U_A"] * s["x"],
        "armed at event 1": 0.0,
        "armed at event 2": 1.0,
    }


def gliotransmission(s, i, p):
    free = 1 - s["Gamma"]
    return {
        **exocytosis(s, i, p),
        "Gamma": p["O_G"] * s["G"] * free - p["Omega_G"] * s["Gamma"],
        "release_probability": free * i["before"] + p["alpha"] * s["Gamma"],
    }


def adenosine(s, i, p):
    bound = 1 / (1 + p["K_Ad"] / s["A"]) if s["A"] else 0.0
    return {
        **exocytosis(s, i, p),
        "A": p["Omega_e"] * s["G"] - p["Omega_Ad"] * s["A"],
        "release_probability": i["before"] - i["before"] * p["delta"] * bound,
    }


def dserine(s, i, p):
    return {**exocytosis(s, i, p), "dserine": s["G"]}


def dserine_site(s, i, p):
    bound = p["glycine"] / p["K_G"] + (p["dserine"] + i["of_astrocyte"]) / p["K_S"]
    return {"occupancy": 1 / (1 + 1 / bound) ** 2 if bound else 0.0}


def modulated_release(s, i, p):
    u, R, e = s["u"], s["R"], s["emitted"]
    return {
        "u": -p["Omega_f"] * u,
        "R": p["Omega_d"] - p["Omega_d"] * R,
        "u at a spike": i["U"] + u * (1 - i["U"]),
        "emitted at a spike": u * R,
        "R at a spike": R - e,
        "concentration": p["peak"] * e if i["pulse_on"] else 0.0,
        "amount": e,
        "release_probability": p["U_0"],
    }


def falling(x, low, high, half, slope):
    """What is left of a logistic curve that has fallen from ``high``, seen from above."""
    return high - (high - low) / (1 + math.exp(slope * (x - half)))


def moved(names, moves):
    """Rates of states from (from, to, flow) of each net flow."""
    rates = dict.fromkeys(names, 0.0)
    for a, b, flow in moves:
        for n in a:
            rates[n] -= flow
        for n in b:
            rates[n] += flow
    return rates


def rodrigues_enzymes(s, i, p):
    """Reactions one by one, with what they make and use up; calcium ions are counted per flow."""
    at = p["temperature"]
    of_K, of_f, of_b = (
        falling(at, *(p[f"{k}_{n}"] for n in ("low", "high", "half", "slope"))) for k in "Kfb"
    )
    Ca, moves, ions = i["Ca"], [], 0.0
    for lobe, pairs in {
        "C": (("CaM0", "CaM2C"), ("CaM2N", "CaM4")),
        "N": (("CaM0", "CaM2N"), ("CaM2C", "CaM4")),
        "KC": (("K0", "K2C"), ("K2N", "K4")),
        "KN": (("K0", "K2N"), ("K2C", "K4")),
    }.items():
        on1, off1, on2, off2 = (p[f"{n}_{lobe}"] for n in ("on1", "off1", "on2", "off2"))
        stays = on2 * Ca / (off1 + on2 * Ca)  # the second ion binds before the first one leaves
        for a, b in pairs:
            flow = 0.5 * on1 * Ca * stays * s[a] - off2 * (1 - stays) * s[b]
            moves.append(((a,), (b,), flow))
            ions += 2 * flow
    bound = sum(s[n] for n in ("K0", "K2C", "K2N", "K4", "P0", "P2C", "P2N", "P4", "P", "P2"))
    for j in ("0", "2C", "2N", "4"):
        flow = p[f"on_{j}"] * s[f"CaM{j}"] * s["K"] - p[f"off_{j}"] * s[f"K{j}"]
        moves.append(((f"CaM{j}", "K"), (f"K{j}",), flow))
        moves.append(((f"K{j}",), (f"P{j}",), p["k_1"] * s[f"K{j}"] * bound / p["K_total"]))
        moves.append(((f"P{j}",), (f"CaM{j}", "P"), p["k_2"] * of_K * s[f"P{j}"]))
    moves.append((("P",), ("K",), p["k_3"] * of_K * s["P"]))
    moves.append((("P",), ("P2",), p["k_4"] * s["P"] - p["k_5"] * of_K * s["P2"]))
    free = p["CaN_total"] - s["CaN4"]
    on, off = p["on_CaN"] * of_f, p["off_CaN"] * of_b
    moves.append((("CaM4",), ("CaN4",), on * s["CaM4"] * free - off * s["CaN4"]))
    names = [n for n in s if n in ("CaM0", "CaN4", "K", "P", "P2") or n[:-1] in ("K", "P", "CaM")]
    names += [n for n in s if n[-2:] in ("2C", "2N") and n[:-2] in ("K", "P", "CaM")]
    return {
        **moved(dict.fromkeys(names), moves),
        "CaMKII": bound,
        "CaN": s["CaN4"],
        "kinase": bound / p["K_total"],
        "phosphatase": 1 - free / p["CaN_total"],
        "calcium_binding": ions,
    }


def binding_enzymes(s, i, p):
    found = rodrigues_enzymes(s, i, p)
    return {**found, "calcium_uptake": i["before"] + found["calcium_binding"]}


def rodrigues_readout(s, i, p):
    """The regions by the sides of their corners; agents by their moves."""
    x, y = i["CaN"], i["CaMKII"]
    a, b, c, d, e = (p[f"CaN_{k}"] for k in range(1, 6))
    k, low, high, top = (p[f"CaMKII_{n}"] for n in range(1, 5))
    D = ((b, k), (d, k), (d, top), (c, top), (a, high), (a, low))
    P = ((d, k), (e, k), (e, top), (d, top))
    rates, drive = {}, {}
    for which, corners in (("D", D), ("P", P)):
        sides = zip(corners, corners[1:] + corners[:1], strict=True)
        inside = all((x2 - x1) * (y - y1) >= (y2 - y1) * (x - x1) for (x1, y1), (x2, y2) in sides)
        act = s[f"act_{which}"]
        rates[f"act_{which}"] = p[f"a_{which}"] if inside else -p[f"b_{which}"] * act
        drive[which] = 1 / (1 + (p[f"K_{which}"] / act) ** 2) / p[f"t_{which}"] if act else 0.0
    to_D, to_P = (drive["D"] * s[a] - drive["P"] * s[b] for a, b in (("NC", "LTD"), ("LTP", "NC")))
    change = (s["LTP"] - s["LTD"]) / p["agents"]
    return {
        **rates,
        "NC": to_P - to_D,
        "LTD": to_D,
        "LTP": -to_P,
        "conductance": i["conductance"] * (1 + change),
    }


def rodrigues_ampa(s, i, p):
    rise = {k: falling(p["temperature"], 0, p[f"{k}_high"], p[f"{k}_half"], p[f"{k}_slope"]) for k in "fb"}
    bind, leave, last = (rise["f"] * p["k_1"] * i["T"], rise["b"] * p["m_1"], rise["b"] * p["m_2"])
    moves = []

    def move(a, b, there, back):
        moves.append(((a,), (b,), there * s[a] - back * s[b]))

    for k in range(4):
        move(f"C{k}", f"C{k + 1}", (4 - k) * bind, (k + 1) * leave)
        move(f"D{k}", f"D{k + 1}", min(3, 4 - k) * bind, k * leave if k else last)
    for k in range(2):
        move(f"D2{k + 2}", f"D2{k + 3}", (2 - k) * bind, (k + 1) * leave)
    move("C0", "D0", 4 * p["delta_0"], p["gamma_0"])
    for k in range(1, 5):
        move(f"C{k}", f"D{k}", k * p["delta_1"], p["gamma_1"])
    for k in range(2, 5):
        move(f"D{k}", f"D2{k}", (k - 1) * p["delta_2"], p["gamma_2"])
        move(f"C{k}", f"O{k}", (4 if k == 4 else 2) * p["beta"], p["alpha"])
    names = [n for n in s if n[0] in "CDO" and n[1:].isdigit()]
    rates = moved(names, moves)
    del rates["C0"]
    activation = sum(p[f"g_{k}"] * s[f"O{k}"] for k in (2, 3, 4)) / p["g_4"]
    return {**rates, "activation": activation, **receptor(i, p)}


def rodrigues_nmda(s, i, p, other=False):
    warm = p["temperature"] - p["reference"]
    forward = p["f_high"] - p["f_span"] / (1 + math.exp(p["f_offset"] + p["f_slope"] * warm))
    forward = p["forward"] * max(p["f_least"], forward)
    back = p["b_low"] + p["b_span"] - p["b_span"] / (1 + math.exp(p["b_slope"] * warm - p["b_offset"]))
    chain = ("A0", "A1", "A2", "A3", "A4", "O1", "O2")
    moves = []
    for a, b, letter in zip(chain, chain[1:], "abcdef", strict=False):
        bound = i["T"] if letter in "ab" else 1.0
        there = forward * p[f"k_{letter}"] * bound * s[a]
        moves.append(((a,), (b,), there - p["backward"] * back * p[f"r_{letter}"] * s[b]))
    rates = moved(chain, moves)
    del rates["A0"]
    young = p["r_1"] / (1 + math.exp(p["r_slope"] * (p["age"] - p["r_age"])))
    r = p["r_0"] + young + p["deviation"]
    share = 1 - 1 / (1 + r) if other else 1 / (1 + r)
    n = math.floor(p["number"] * share + 0.5)
    g = p["g_low"] + p["g_span"] - p["g_span"] / (1 + math.exp(p["g_slope"] * (p["g_Ca"] - p["Ca_o"])))
    found = {**rates, "activation": s["O1"] + s["O2"], **receptor(i, p)}
    found["conductance"] *= n / p["number"] * g / (p["g_low"] + p["g_span"])
    return found


def rodrigues_glun2b(s, i, p):
    return rodrigues_nmda(s, i, p, other=True)


def rodrigues_gaba(s, i, p):
    closing = falling(p["temperature"], p["c_low"], p["c_high"], p["c_half"], p["c_slope"])
    moves = [
        (("C0",), ("C1",), p["b_1"] * i["T"] * s["C0"] - p["u_1"] * s["C1"]),
        (("C1",), ("C2",), p["b_2"] * i["T"] * s["C1"] - p["u_2"] * s["C2"]),
        (("C1",), ("O1",), p["o_1"] * s["C1"] - closing * p["c_1"] * s["O1"]),
        (("C2",), ("O2",), p["o_2"] * s["C2"] - closing * p["c_2"] * s["O2"]),
    ]
    rates = moved(("C0", "C1", "C2", "O1", "O2"), moves)
    del rates["C0"]
    return {**rates, "activation": s["O1"] + s["O2"], **receptor(i, p)}


def rodrigues_release(s, i, p):
    C, J, D, R, e = (s[n] for n in ("C", "J", "D", "R", "emitted"))
    h = falling(p["Ca_o"], p["h_high"], p["h_low"], p["h_Ca"], p["h_slope"])
    chance = 1 / (1 + (h / C) ** 2) if C else 0.0
    docked = max(p["D_0"] - D, 0.0) * R / p["tau_D"] - max(p["R_0"] - R, 0.0) * D / p["tau_R"]
    draw = i["random_draw"]
    gamma = -sum(math.log(s[f"u_{k}"]) for k in range(1, 5)) / 4
    return {
        "C": -C / p["tau_C"],
        "J": (1 - J) / p["tau_J"] - p["delta"] * J * C,
        "D": docked,
        "R": max(p["R_0"] - R, 0.0) / p["tau_ref"] - docked,
        "C at a spike": C + J,
        "emitted at a spike": 1.0 if draw < chance and D >= 1 else 0.0,
        **{f"u_{k} at a spike": 1 - draw for k in range(1, 5)},
        "height at a spike": s["height"] + e * (min(gamma, p["A_max"]) - s["height"]),
        "D at a spike": D - e,
        "concentration": p["peak"] * s["height"] if i["pulse_on"] else 0.0,
        "amount": e,
    }


def subunit_detector(s, i, p):
    A = i["g_A"] * i["B_A"] / p["g_ref"]
    B = i["g_B"] * i["B_B"] / p["g_ref"]
    above = {}
    for k, n in (("LTP", 4), ("LTD", 2)):
        q = s[f"q_{k}"]
        above[k] = max((1 / (1 + (p[f"K_{k}"] / q) ** n) if q > 0 else 0.0) - s[f"theta_{k}"], 0.0)
    found = {}
    for k, other in (("LTP", "LTD"), ("LTD", "LTP")):
        mix = B + p[f"share_{k}"] * (A - B)
        found[f"q_{k}"] = (mix - s[f"q_{k}"]) / p[f"tau_{k}"]
        found[f"theta_{k}"] = (p[f"b_{k}"] * above[other] - s[f"theta_{k}"]) / p["tau_theta"]
    drives = {"potentiation_drive": p["A_LTP"] * above["LTP"], "depression_drive": p["A_LTD"] * above["LTD"]}
    return {**found, **drives}


def subunit_stdp(s, i, p):
    up = i["D_LTP"] * s["u_LTP"]
    down = i["D_LTD"] * s["u_LTD"] * s["x"]
    return {
        "u_LTP": (max(i["v"] - p["v_LTP"], 0) - s["u_LTP"]) / p["tau_u"],
        "u_LTD": (max(i["v"] - p["v_LTD"], 0) - s["u_LTD"]) / p["tau_u"],
        "x": -s["x"] / p["tau_x"],
        "W": up * p["W_max"] + down * p["W_min"] - (up + down) * s["W"],
        "x at a spike": s["x"] + p["width"] / p["tau_x"],
        "conductance": s["W"] * i["conductance"],
    }


def chindemi_calcium(s, i, p):
    outside = p["z_squared"] * p["Ca_o"]
    P = p["f"] / (1 + p["M"] / outside)
    into = -i["I_Ca"] / (2 * p["F"] * p["V"]) / (1 + p["kappa"])
    return {
        "Ca": into - (s["Ca"] - p["rest"]) / p["tau"],
        "current": P * i["G_open"] * (i["v"] - p["E"]),
        "resting": p["rest"],
    }


def chindemi_plasticity(s, i, p):
    rho = s["rho"]
    up = step(i["Ca_eff"] - p["a10"] * p["Cpre"] - p["a11"] * p["Cpost"])
    down = step(i["Ca_eff"] - p["a00"] * p["Cpre"] - p["a01"] * p["Cpost"])
    well = rho * (rho - 1) * (p["rho_star"] - rho)
    return {
        "rho": (well + up * p["gamma_p"] * (1 - rho) - down * p["gamma_d"] * rho) / p["tau_ind"],
        "m": ((1 - rho) + rho * p["m_p"] - s["m"]) / p["tau_exp"],
        "efficacy": rho,
        "conductance": s["m"] * i["conductance"],
    }


def chindemi_release(s, i, p):
    U, u, R = s["U"], s["u"], s["R"]
    goal = (1 - i["rho"]) * p["U_d"] + i["rho"] * p["U_p"]
    return {
        "U": (goal - U) / p["tau_exp"],
        "u": -u / p["tau_f"],
        "R": (1 - R) / p["tau_d"],
        "u at a spike": U + u * (1 - U),
        "emitted at a spike": u * R,
        "R at a spike": R - s["emitted"],
        "concentration": p["peak"] * s["emitted"] if i["pulse_on"] else 0.0,
        "amount": s["emitted"],
    }


def tagtric(s, i, p):
    over, above = max(i["v"] - p["theta"], 0.0), max(s["u_2"] - p["E_L"], 0.0)
    up = p["A_LTP"] * over * above * s["r"] * s["free"] - p["k_h"] * s["high"]
    fade = p["k_l"] * s["low"]
    well = -s["z"] * (s["z"] - 1) * (s["z"] - p["kappa"])
    effect = p["g_h"] * s["high"] - p["g_l"] * s["low"] + p["g_z"] * s["z"]
    set_low = s["free"] if i["random_draw"] < p["A_LTD"] * (s["u_1"] - p["E_L"]) else 0.0
    return {
        "free": fade - up,
        "high": up,
        "low": -fade,
        "u_1": (i["v"] - s["u_1"]) / p["tau_1"],
        "u_2": (i["v"] - s["u_2"]) / p["tau_2"],
        "r": -s["r"] / p["tau_r"],
        "z": (well + p["capture"] * i["protein"] * (s["high"] - s["low"])) / p["tau_z"],
        "set_low at a spike": set_low,
        "free at a spike": s["free"] - s["set_low"],
        "low at a spike": s["low"] + s["set_low"],
        "r at a spike": s["r"] + p["width"] / p["tau_r"],
        "tagged": s["high"] + s["low"],
        "conductance": i["conductance"] * (1 + effect) / p["W_0"],
    }


def triggered_protein(s, i, p):
    made = step(i["tagged"] - p["theta_p"]) * p["synthesis"] / p["tau_m"]
    return {"p": made - (made + 1 / p["tau_d"]) * s["p"], "protein": s["p"]}


def counted_slots(s, i, p):
    pairs = s["pool"] * s["free"]
    enter = p["k_off"] * (p["a"] * pairs / (p["phi"] * p["all_slots"] * (1 - p["F"])) - s["n"])
    made = p["delta"] * (p["F"] * p["all_slots"] * p["phi"] - s["pool"])
    conductance = i["conductance"] * s["n"] / p["n_ref"]
    return {"n": enter, "free": -enter, "pool": made - enter, "conductance": conductance}


TWINS = {
    "AMPA": ampa,
    "AdenosineDepression": adenosine,
    "AmbientTransmitter": ambient,
    "BCM": bcm,
    "BackPropagatingSpike": back_propagating_spike,
    "BankeTraynelisNMDA": banke_traynelis,
    "BindingEnzymes": binding_enzymes,
    "BioNMDA": bionmda,
    "BufferedCalcium": buffered_calcium,
    "CalciumBuffer": calcium_buffer,
    "CalciumIntegrator": calcium_integrator,
    "Calmodulin": two_lobes,
    "CastellaniEnzymes": castellani_enzymes,
    "CastellaniPhosphorylation": castellani_phosphorylation,
    "ChindemiCalcium": chindemi_calcium,
    "ChindemiIntegrator": calcium_integrator,
    "ChindemiPlasticity": chindemi_plasticity,
    "ChindemiRelease": chindemi_release,
    "ChlorokynurenateSite": chlorokynurenate,
    "ClarkeJohnsonNMDA": clarke_johnson,
    "ClopathSTDP": clopath,
    "CoincidenceInsertion": coincidence,
    "ContactTurnover": contact_turnover,
    "CostaPlasticity": costa_plasticity,
    "CostaRelease": costa_release,
    "CountedLTypeChannels": counted_l_type,
    "CountedRTypeChannels": counted_channels,
    "CountedTTypeChannels": counted_channels,
    "CountedSlots": counted_slots,
    "DAP5": dap5,
    "DSerineRelease": dserine,
    "DSerineSite": dserine_site,
    "DesensitisingAMPA": desensitising_ampa,
    "EarlyPhase": early_phase,
    "ExponentialAMPA": one_exponential,
    "ExponentialGABA": one_exponential,
    "FirstOrderGABA": first_order_gaba,
    "FirstOrderNMDA": first_order,
    "FiveStateGABA": five_state_gaba,
    "FiveStateNMDA": five_state,
    "FractionOfCurrent": fraction_of_current,
    "GChIAstrocyte": gchi,
    "Gliotransmission": gliotransmission,
    "GHKCalcium": ghk_calcium,
    "GlycineSite": glycine_site,
    "GradedEnzymes": graded_enzymes,
    "GraupnerBrunel": graupner_brunel,
    "GraupnerBrunel2007": graupner_brunel_2007,
    "HillTononiBlock": hill_tononi,
    "JahrStevens": magnesium,
    "KampaNMDA": kampa,
    "Ketamine": open_blocker,
    "LTypeChannels": l_type,
    "KinaseDrivenInsertion": kinase_driven_insertion,
    "RelativeInsertion": relative_insertion,
    "AutonomousEnzymes": autonomous_enzymes,
    "UnsaturatedEnzymes": unsaturated_enzymes,
    "LatePhase": late_phase,
    "MagnesiumBlock": magnesium,
    "Memantine": open_blocker,
    "MixedNMDA": mixed,
    "ModulatedRelease": modulated_release,
    "NearestTripletSTDP": nearest_triplet,
    "NoBlock": no_block,
    "PopescuNMDA": popescu,
    "ProteinSynthesis": protein_synthesis,
    "RTypeChannels": gated_channels,
    "RamanTrussellAMPA": raman_trussell,
    "ReceptorInsertion": insertion,
    "ReceptorPool": receptor_pool,
    "Scaffold": scaffold,
    "ScaffoldedInsertion": scaffolded_insertion,
    "RodriguesAMPA": rodrigues_ampa,
    "RodriguesEnzymes": rodrigues_enzymes,
    "RodriguesGABA": rodrigues_gaba,
    "RodriguesGluN2A": rodrigues_nmda,
    "RodriguesGluN2B": rodrigues_glun2b,
    "RodriguesReadout": rodrigues_readout,
    "RodriguesRelease": rodrigues_release,
    "RodriguesCalcium": rodrigues_calcium,
    "ShouvalCalcium": calcium_above_rest,
    "ShouvalNMDA": shouval_nmda,
    "ShouvalPlasticity": shouval_plasticity,
    "SlidingConductance": sliding,
    "SlotInsertion": slot_insertion,
    "SlowGlycineSite": slow_glycine_site,
    "SpineCalcium": spine_calcium,
    "SpineNeck": spine_neck,
    "SpineVolume": spine_volume,
    "StochasticRelease": stochastic_release,
    "SubunitDetector": subunit_detector,
    "SubunitSTDP": subunit_stdp,
    "SubunitNMDA": subunit,
    "SynapticScaling": scaling,
    "TagTriC": tagtric,
    "TTypeChannels": gated_channels,
    "TransmitterPulse": pulse,
    "TriggeredProtein": triggered_protein,
    "TripletSTDP": triplet,
    "TsodyksMarkram": tsodyks_markram,
    "TwoExponentialAMPA": two_exponential,
    "TwoExponentialGABA": two_exponential,
    "TwoExponentialNMDA": two_exponential,
    "VargasCaballeroNMDA": vargas_caballero,
    "WangJumpNMDA": wang_jump,
    "WangNMDA": wang,
    "Woodhull": woodhull,
    "YeungCalcium": calcium_above_rest,
    "YeungNMDA": yeung_nmda,
    "YeungPlasticity": yeung_plasticity,
}
