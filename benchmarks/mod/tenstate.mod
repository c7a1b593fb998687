TITLE ten-state NMDA receptor with magnesium in every state, square transmitter pulse

COMMENT
Written from the rates that `brian2-nmda show KampaNMDA` prints (in /ms and mM). U - C - O, C - D1 - D2, the same
with magnesium (M), and magnesium binding in each. It starts in equilibrium at the potential vstart.
ENDCOMMENT

NEURON {
  THREADSAFE
  POINT_PROCESS TenState
  RANGE peak, dur, gmax, e, mg, vstart
  NONSPECIFIC_CURRENT i
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) (mM) = (milli/liter) }
PARAMETER {
  Rb = 10 (/ms/mM)
  Ru = 0.0056 (/ms)
  Ro = 0.010 (/ms)
  Rc = 0.273 (/ms)
  Rd1 = 0.0022 (/ms)
  Rr1 = 0.0016 (/ms)
  Rd2 = 0.00043 (/ms)
  Rr2 = 0.0005 (/ms)
  RuM = 0.0171 (/ms)
  RoM = 0.010 (/ms)
  RcM = 0.548 (/ms)
  Rd1M = 0.0021 (/ms)
  Rr1M = 0.00087 (/ms)
  Rd2M = 0.00026 (/ms)
  Rr2M = 0.00042 (/ms)
  kO = 0.05 (/ms/mM)
  k = 0.00005 (/ms/mM)
  uO = 12.8 (/ms)
  uU = 0.002438312 (/ms)
  uC = 0.005041915 (/ms)
  uD1 = 0.00298874 (/ms)
  uD2 = 0.002953408 (/ms)
  peak = 1 (mM)
  dur = 0.5 (ms)
  gmax = 0 (uS)
  e = 5 (mV)
  mg = 1 (mM)
  vstart = -70 (mV)
}
ASSIGNED { v (mV) i (nA) T (mM) last (ms) bind (/ms) on (/ms) onO (/ms) off }
STATE { U C D1 D2 O UM CM D1M D2M OM }
INITIAL {
  C = 0 D1 = 0 D2 = 0 O = 0 CM = 0 D1M = 0 D2M = 0 OM = 0 T = 0 last = -1e9
  magnesium(vstart)
  U = uU*off/(uU*off + on)
  UM = 1 - U
}
BREAKPOINT {
  SOLVE scheme METHOD sparse
  i = gmax*O*(v - e)
}
PROCEDURE magnesium(at (mV)) {
  on = mg*k*exp(-0.064(/mV)*(at - 40))
  onO = mg*kO*exp(-0.064(/mV)*(at - 40))
  off = exp(0.016(/mV)*(at - 40))
}
KINETIC scheme {
  magnesium(v)
  bind = Rb*T
  ~ U <-> C (bind, Ru)
  ~ C <-> O (Ro, Rc)
  ~ C <-> D1 (Rd1, Rr1)
  ~ D1 <-> D2 (Rd2, Rr2)
  ~ UM <-> CM (bind, RuM)
  ~ CM <-> OM (RoM, RcM)
  ~ CM <-> D1M (Rd1M, Rr1M)
  ~ D1M <-> D2M (Rd2M, Rr2M)
  ~ U <-> UM (on, uU*off)
  ~ C <-> CM (on, uC*off)
  ~ D1 <-> D1M (on, uD1*off)
  ~ D2 <-> D2M (on, uD2*off)
  ~ O <-> OM (onO, uO*off)
  CONSERVE U + C + D1 + D2 + O + UM + CM + D1M + D2M + OM = 1
}
NET_RECEIVE (w) {
  if (flag == 0) {
    T = peak
    last = t
    net_send(dur, 1)
  } else {
    if (t - last > dur - 1e-6) { T = 0 }
  }
}
