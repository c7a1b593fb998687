TITLE passes each event on to its targets

NEURON {
  THREADSAFE
  ARTIFICIAL_CELL Relay
}
NET_RECEIVE (w) {
  if (flag == 0) { net_event(t) }
}
