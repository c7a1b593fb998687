TITLE second-order saturating NMDA receptor, square transmitter pulse

COMMENT
x' = alpha2*T*(1 - x) - beta2*x, g' = alpha1*x*(1 - g) - beta1*g.
T is on for dur after the latest event: a later one prolongs, pulses never add.
ENDCOMMENT

NEURON {
  THREADSAFE
  POINT_PROCESS BioNMDA
  RANGE alpha1, beta1, alpha2, beta2, peak, dur, gmax, e, mg
  NONSPECIFIC_CURRENT i
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) (mM) = (milli/liter) }
PARAMETER {
  alpha1 = 2 (/ms)
  beta1 = 0.01 (/ms)
  alpha2 = 1 (/ms/mM)
  beta2 = 0.5 (/ms)
  peak = 1 (mM)
  dur = 0.5 (ms)
  gmax = 0 (uS)
  e = 0 (mV)
  mg = 1 (mM)
}
ASSIGNED { v (mV) i (nA) T (mM) last (ms) }
STATE { x g }
INITIAL { x = 0 g = 0 T = 0 last = -1e9 }
BREAKPOINT {
  SOLVE gates METHOD cnexp
  i = gmax*g*(v - e)/(1 + mg/3.57(mM)*exp(-0.062(/mV)*v))
}
DERIVATIVE gates {
  x' = alpha2*T*(1 - x) - beta2*x
  g' = alpha1*x*(1 - g) - beta1*g
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
