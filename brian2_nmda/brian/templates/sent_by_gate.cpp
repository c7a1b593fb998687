{# Statements of a pathway that only add to the target what its synapse or its source has, for the sources
   that have an event in the pathway `driver`, whose synapse k belongs to source k. No queue of its own is
   needed, and where synapses that follow each other lead to targets that follow each other, as connect()
   makes them, the compiler can vectorise over the targets. #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{% extends 'common_synapses.cpp' %}

{% set _post = get_array_name(variables['_synaptic_post']) %}
{% set _pre = get_array_name(variables['_synaptic_pre']) %}
{% set _first = pathway.spikes_start %}
{% set _sources = pathway.spikes_stop - pathway.spikes_start %}
{% set _target = pathway.target %}

{% block extra_headers %}
{{ super() }}
namespace {
    // stand for the arrays of indices where these are known
    struct _following
    {
        int shift;
        int operator[](int idx) const { return idx + shift; }
    };
    struct _same
    {
        int value;
        int operator[](int) const { return value; }
    };
}
{% endblock %}

{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    // The synapses of source k are at the places _from[k] to _from[k + 1] - 1 when sorted by source, as which
    // they have been made, or else in _order.
    static std::vector<int> _from, _order;
    static int _known = -1;
    const int _N = {{constant_or_scalar('N', variables['N'])}};
    if (_known != _N)
    {
        _known = _N;
        _order.clear();
        _from.assign({{_sources}} + 1, 0);
        bool _sorted = true;
        for(int _idx=0; _idx<_N; _idx++)
        {
            _from[{{_pre}}[_idx] - {{_first}} + 1]++;
            _sorted = _sorted && (_idx == 0 || {{_pre}}[_idx - 1] <= {{_pre}}[_idx]);
        }
        for(int _source=0; _source<{{_sources}}; _source++)
            _from[_source + 1] += _from[_source];
        if (!_sorted)
        {
            std::vector<int> _next(_from);
            _order.resize(_N);
            for(int _idx=0; _idx<_N; _idx++)
                _order[_next[{{_pre}}[_idx] - {{_first}}]++] = _idx;
        }
    }

    const int _chunk = 64;
    {{openmp_pragma('parallel')}}
    {
    // each thread has targets of its own
    const int _threads = {{openmp_pragma('get_num_threads')}}, _thread = {{openmp_pragma('get_thread_num')}};
    const int _low = {{_target.start}} + (int)((long){{_target.stop - _target.start}} * _thread / _threads);
    const int _high = {{_target.start}} + (int)((long){{_target.stop - _target.start}} * (_thread + 1) / _threads);
    const std::vector<int>& _events = *{{driver.name}}.peek();
    for(size_t _event=0; _event<_events.size(); _event++)
    {
        const int _end = _from[_events[_event] + 1];
        for(int _start=_from[_events[_event]]; _start<_end; _start+=_chunk)
        {
            const int _stop = std::min(_start + _chunk, _end);
            bool _in_order = _order.empty()
                && {{_post}}[_stop - 1] - {{_post}}[_start] == _stop - 1 - _start;
            if (_in_order)
            {
                int _others = 0;
                for(int _idx=_start; _idx<_stop; _idx++)
                    _others |= ({{_post}}[_idx] - {{_post}}[_start]) ^ (_idx - _start);
                _in_order = _others == 0;
            }
            if (_in_order)
            {
                const _following _targets = { {{_post}}[_start] - _start };
                const _same _sources = { {{_pre}}[_start] };
                const int _begin = std::max(_start, _low - _targets.shift);
                const int _close = std::min(_stop, _high - _targets.shift);
                const _following {{_post}} = _targets;
                const _same {{_pre}} = _sources;
                #if defined(__GNUC__) && !defined(__clang__)
                #pragma GCC ivdep
                #endif
                for(int _idx=_begin; _idx<_close; _idx++)
                {
                    const size_t _vectorisation_idx = _idx;
                    {{vector_code|autoindent}}
                }
            }
            else
            {
                for(int _place=_start; _place<_stop; _place++)
                {
                    const int _idx = _order.empty() ? _place : _order[_place];
                    const size_t _vectorisation_idx = _idx;
                    if (_threads > 1 && ({{_post}}[_idx] < _low || {{_post}}[_idx] >= _high))
                        continue;
                    {{vector_code|autoindent}}
                }
            }
        }
    }
    }
{% endblock %}
