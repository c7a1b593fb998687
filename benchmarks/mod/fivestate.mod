TITLE five-state NMDA receptor C0 - C1 - C2 - O with C2 - D, square transmitter pulse

COMMENT
Written from the rates that `brian2-nmda show FiveStateNMDA` prints (set Destexhe 1996, in /ms and mM).
ENDCOMMENT

NEURON {
  THREADSAFE
  POINT_PROCESS FiveState
  RANGE Rb, Ru, Rd, Rr, Ro, Rc, peak, dur, gmax, e, mg
  NONSPECIFIC_CURRENT i
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) (mM) = (milli/liter) }
PARAMETER {
  Rb = 5 (/ms/mM)
  Ru = 0.0129 (/ms)
  Rd = 0.0084 (/ms)
  Rr = 0.0068 (/ms)
  Ro = 0.0465 (/ms)
  Rc = 0.0738 (/ms)
  peak = 1 (mM)
  dur = 0.5 (ms)
  gmax = 0 (uS)
  e = 0 (mV)
  mg = 1 (mM)
}
ASSIGNED { v (mV) i (nA) T (mM) last (ms) bind (/ms) }
STATE { C0 C1 C2 D O }
INITIAL { C0 = 1 C1 = 0 C2 = 0 D = 0 O = 0 T = 0 last = -1e9 }
BREAKPOINT {
  SOLVE scheme METHOD sparse
  i = gmax*O*(v - e)/(1 + mg/3.57(mM)*exp(-0.062(/mV)*v))
}
KINETIC scheme {
  bind = Rb*T
  ~ C0 <-> C1 (bind, Ru)
  ~ C1 <-> C2 (bind, Ru)
  ~ C2 <-> D (Rd, Rr)
  ~ C2 <-> O (Ro, Rc)
  CONSERVE C0 + C1 + C2 + D + O = 1
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
