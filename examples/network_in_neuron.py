"""A network of Wang (2002) that leaves Brian2: written for NEURON, run by one and by two MPI ranks.

160 pyramidal cells and 40 interneurons, each with 32 and 8 presynaptic partners drawn once; conductances are
50 times those of the paper, whose neurons have 1600 and 400. The table of connections and the external spikes
are arrays in one file, which NEURON and Brian2 read. Takes about half a minute. NEURON:
``pip install brian2_nmda[neuron]``; ranks: ``pip install brian2_nmda[mpi]``, or any Open MPI.

On a cluster the line that the scheduler starts is the one that is started here::

    mpirun -n 128 python network_in_neuron.py --ranks FOLDER --mpi

With ``--coreneuron`` the same files run in CoreNEURON as well, by one process, and its spikes are compared.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from brian2 import *

from brian2_nmda import GlutamateSynapse, WangNMDA, post_equations
from brian2_nmda.equations import ExponentialAMPA, ExponentialGABA
from brian2_nmda.export import neuron_run, nmodl
from brian2_nmda.export.nmodl_text import in_neuron

N_E, N_I, K_E, K_I = 160, 40, 32, 8
N = N_E + N_I
MORE = 1600/K_E                                  # of each conductance: as many as in the paper
SECONDS, DT, DELAY = 0.5, 0.1*ms, 0.5*ms
KINDS = ('pyramidal cells', 'interneurons')
CELLS = {'pyramidal cells': (0.5*nF, 25*nS, 2*ms), 'interneurons': (0.2*nF, 20*nS, 1*ms)}

# The threshold is no synapse, so it is written here: it holds the voltage at reset while refractory.
FIRING = """NEURON { THREADSAFE POINT_PROCESS Firing NONSPECIFIC_CURRENT i
  RANGE v_th, v_reset, t_ref, held }
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) }
PARAMETER { v_th = -50 (mV) v_reset = -55 (mV) t_ref = 2 (ms) g_hold = 100 (uS) }
ASSIGNED { v (mV) i (nA) held (1) }
INITIAL { held = 0 net_send(0, 1) }
BREAKPOINT { i = held*g_hold*(v - v_reset) }
NET_RECEIVE (w) {
  if (flag == 1) { WATCH (v > v_th) 2 }
  if (flag == 2) { net_event(t) held = 1 net_send(t_ref, 3) }
  if (flag == 3) { held = 0 WATCH (v > v_th) 2 }
}
"""


def models(onto):
    """Excitatory, inhibitory and external synapses onto one kind of neuron, each a point process."""
    def scaled(part, label=None):
        return type(part)(gmax=MORE*part.gmax, label=label or part.label)
    receptors = (ExponentialAMPA, WangNMDA, ExponentialGABA)
    ampa, nmda, gaba = (c.preset(f'Wang 2002, onto {onto}') for c in receptors)
    external = ExponentialAMPA.preset(f'Wang 2002, external onto {onto}')
    outside = ExponentialAMPA(gmax=external.gmax, label='outside')
    return {'Exciting': GlutamateSynapse([scaled(ampa), scaled(nmda)]),
            'Inhibiting': GlutamateSynapse(scaled(gaba)), 'Outside': GlutamateSynapse(outside)}


def table(seed=3):
    """Who projects to whom, and the external spikes: 2400 per second on 8 axons of each neuron."""
    rng = np.random.default_rng(seed)
    pre, post = [], []
    for j in range(N):
        for first, n, k in ((0, N_E, K_E), (N_E, N_I, K_I)):
            others = np.setdiff1d(np.arange(first, first + n), [j])
            pre.append(np.sort(rng.choice(others, k, replace=False)))
            post.append(np.full(k, j))
    axon, step = np.nonzero(rng.random((8*N, round(SECONDS/(DT/second)))) < 300*Hz*DT)
    return dict(pre=np.concatenate(pre), post=np.concatenate(post), axon=axon, step=step)


# -- NEURON: rank k of n makes the neurons k, k + n, ... -----------------------------------------------------

def run_ranks(folder):
    neuron_run.load(next(folder.glob('*/libnrnmech.*')))
    h = neuron_run.simulator()
    if '--mpi' in sys.argv:
        h.nrnmpi_init()
    pc = h.ParallelContext()
    network, kept = np.load(folder/'table.npz'), []
    order = np.argsort(network['axon'], kind='stable')
    axon, step = network['axon'][order]//8, network['step'][order]
    sent, cells = [], {}
    for j in range(int(pc.id()), N, int(pc.nhost())):   # all that fires is there before it is connected
        capacitance, leak, refractory = CELLS[KINDS[j >= N_E]]
        cell = cells[j] = h.Section(name=f'cell{j}')
        cell.L = cell.diam = 100/np.pi**0.5      # um: 1e-4 cm2
        cell.cm, cell.Ra = float(capacitance/uF)/1e-4, 100
        cell.insert('pas')
        cell.e_pas, cell.g_pas = -70, float(leak/siemens)/1e-4
        firing = neuron_run.insert('Firing', cell, t_ref=float(refractory/ms))
        pc.set_gid2node(j, pc.id())
        pc.cell(j, h.NetCon(firing, None))
        kept.append(firing)
    values = {kind: {n: {p: in_neuron(x.base(), x.dim) for p, x in m.system.parameters.items() if 'gmax' in p}
                     for n, m in models(kind).items()} for kind in KINDS}
    for j, cell in cells.items():
        gmax = values[KINDS[j >= N_E]]
        outside = neuron_run.insert('Outside', cell, **gmax['Outside'])
        source = h.NetCon(None, outside)
        source.weight[0], source.delay = 1, DELAY/ms     # event() does not wait for it
        sent.append((source, step[axon == j]*(DT/ms)))
        for i in network['pre'][network['post'] == j]:
            name = 'Exciting' if i < N_E else 'Inhibiting'
            synapse = neuron_run.insert(name, cell, **gmax[name])
            connection = pc.gid_connect(int(i), synapse)
            connection.weight[0], connection.delay = 1, DELAY/ms
            kept += [synapse, connection]
        kept.append(outside)

    def send():
        for source, times in sent:
            for t in times:
                source.event(t)

    handler = h.FInitializeHandler(send)         # must not be dropped before the run
    t, i = h.Vector(), h.Vector()
    pc.spike_record(-1, t, i)
    h.dt = DT/ms
    core = '--core' in sys.argv
    if core:
        from neuron import coreneuron
        coreneuron.enable, coreneuron.verbose = True, 0
    pc.set_maxstep(10)
    h.finitialize(-55)
    started = time.perf_counter()
    pc.psolve(SECONDS*1e3)
    seconds = time.perf_counter() - started
    print(f'rank {int(pc.id())} of {int(pc.nhost())}: {len(sent)} neurons, {seconds:.1f} s'
          + ' in CoreNEURON'*core)
    np.savez(folder/f'spikes_{int(pc.nhost())}_{int(pc.id())}.npz', t=np.array(t), i=np.array(i))
    pc.barrier()
    del handler
    h.quit()


def mpirun():
    """The program that starts ranks and the library that NEURON has to load; None where there is none."""
    beside = Path(sys.executable).parent/'mpirun'
    found = str(beside) if beside.exists() else shutil.which('mpirun')
    if found is None:
        return None
    library = Path(found).parents[1]/'lib'/'libmpi.so.40'
    return found, {'MPI_LIB_NRN_PATH': str(library)} if library.exists() else {}


def in_neuron_by(ranks, folder, core=False):
    """Neurons and times in ms of all spikes, in order."""
    command, more = [sys.executable, __file__, '--ranks', str(folder)], {}
    if core:
        command.append('--core')
        more = {'CORENEURONLIB': str(next(folder.glob('*/libcorenrnmech.*')))}
    if ranks > 1:
        program, more = mpirun()
        options = ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '-n', str(ranks)]
        command = [program, *options, *command, '--mpi']
    done = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    print(done.stdout.strip())
    parts = [np.load(folder/f'spikes_{ranks}_{k}.npz') for k in range(ranks)]
    t, i = (np.concatenate([p[n] for p in parts]) for n in 'ti')
    order = np.lexsort((i, t))
    return i[order].astype(int), t[order]


# -- Brian2: the same arrays ---------------------------------------------------------------------------------

def in_brian(network):
    start_scope()
    prefs.codegen.target = 'numpy'
    defaultclock.dt = DT
    outside = SpikeGeneratorGroup(8*N, network['axon'], network['step']*DT)
    groups, objects, first = [], [], 0
    for kind, n in zip(KINDS, (N_E, N_I), strict=True):
        capacitance, leak, refractory = CELLS[kind]
        of = models(kind)
        group = NeuronGroup(
            n, 'dv/dt = (g_leak*(-70*mV - v) - I_syn)/C_m : volt (unless refractory)'
            + post_equations(*of.values()),
            threshold='v > -50*mV', reset='v = -55*mV', refractory=refractory, method='exponential_euler',
            namespace={'g_leak': leak, 'C_m': capacitance})
        group.v = -55*mV
        groups.append((group, of, first))
        first += n
    for group, of, first in groups:
        here = (network['post'] >= first) & (network['post'] < first + len(group))
        for (source, _, start), name in zip(groups, ('Exciting', 'Inhibiting'), strict=True):
            some = here & (network['pre'] >= start) & (network['pre'] < start + len(source))
            synapses = of[name].synapses(source, group, delay=DELAY, w=1)
            synapses.connect(i=network['pre'][some] - start, j=network['post'][some] - first)
            objects.append(synapses)
        synapses = of['Outside'].synapses(outside, group, w=1)
        synapses.connect(i=np.arange(8*first, 8*(first + len(group))), j=np.arange(8*len(group))//8)
        objects.append(synapses)
    monitors = [SpikeMonitor(group) for group, _, _ in groups]
    net = Network(outside, *(g for g, _, _ in groups), *objects, *monitors)
    net.run(SECONDS*second)
    i = np.concatenate([np.array(m.i) + first for m, (_, _, first) in zip(monitors, groups, strict=True)])
    return i, np.concatenate([np.array(m.t/ms) for m in monitors])


def first_spikes(one, other, until=25):
    """Whether each neuron fires as often in both up to a time in ms; the largest difference in time."""
    trains = [[np.sort(t[(i == k) & (t < until)]) for k in range(N)] for i, t in (one, other)]
    alike = all(len(a) == len(b) for a, b in zip(*trains, strict=True))
    far = np.max(np.abs(np.concatenate(trains[0]) - np.concatenate(trains[1]))) if alike else np.inf
    counts = [np.concatenate(x).size for x in trains]
    print(f'spikes of the first {until} ms: {counts[0]} in NEURON, {counts[1]} in Brian2, '
          f'at most {far:.1f} ms apart')
    return alike, far


def main():
    folder = Path(tempfile.mkdtemp(prefix='network_'))
    network = table()
    np.savez(folder/'table.npz', **network)
    for name, model in models(KINDS[0]).items():
        nmodl.write(model, folder, name)
    (folder/'Firing.mod').write_text(FIRING)
    neuron_run.compile_folder(folder, coreneuron='--coreneuron' in sys.argv)
    one = in_neuron_by(1, folder)
    if '--coreneuron' in sys.argv:
        core = in_neuron_by(1, folder, core=True)
        print(f'spikes of NEURON and of CoreNEURON: {len(one[0])} and {len(core[0])}, '
              f'identical: {all(np.array_equal(a, b) for a, b in zip(one, core, strict=True))}')
    same = None
    if mpirun() is None:
        print('mpirun is not installed (pip install brian2_nmda[mpi]): one rank alone')
    else:
        two = in_neuron_by(2, folder)
        same = all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        print(f'spikes of 1 and of 2 ranks: {len(one[0])} and {len(two[0])}, identical: {same}')
    brian = in_brian(network)
    # The network is chaotic: after 50 ms each program goes its own way, see docs/howto/neuron.md.
    near, rates = first_spikes(one, brian), {}
    for k, (kind, n) in enumerate(zip(KINDS, (N_E, N_I), strict=True)):
        counts = [np.sum((i >= N_E) == k) for i, _ in (one, brian)]
        rates[kind] = [c/n/SECONDS for c in counts]
        print(f'{kind}: NEURON {rates[kind][0]:.2f} Hz, Brian2 {rates[kind][1]:.2f} Hz '
              f'({counts[0]} and {counts[1]} spikes)')

    figure, axes = plt.subplots(2, 1, figsize=(7, 5), sharex=True, layout='constrained')
    axes[0].plot(one[1], one[0], '.k', markersize=2)
    axes[0].axhline(N_E - 0.5, color='tab:blue', linewidth=1)
    axes[0].set(ylabel='neuron', title='NEURON: pyramidal cells below, interneurons above the line')
    edges = np.arange(0, SECONDS*1e3 + 1, 20)
    for (i, t), label, line in ((one, 'NEURON', '-'), (brian, 'Brian2', '--')):
        for k, (kind, n) in enumerate(zip(KINDS, (N_E, N_I), strict=True)):
            rate = np.histogram(t[(i >= N_E) == k], edges)[0]/n/0.02
            color = ('tab:red', 'tab:blue')[k]
            axes[1].plot(edges[:-1] + 10, rate, line, color=color, label=f'{label}, {kind}')
    axes[1].set(xlabel='time (ms)', ylabel='rate (Hz, bins of 20 ms)')
    figure.legend(*axes[1].get_legend_handles_labels(), loc='outside lower center', ncol=2, fontsize='small')
    figure.savefig('network_in_neuron.png', dpi=100)
    shutil.rmtree(folder)
    return same, near, rates, (one, brian)


if __name__ == '__main__':
    if '--ranks' in sys.argv:
        run_ranks(Path(sys.argv[sys.argv.index('--ranks') + 1]))
    else:
        same, near, rates, spikes = main()
