{# Occupancies of synapses whose propagator is the same for all synapses of a target; see
   brian2_nmda/lowering/tables.py. `mode` is "step", "finish" (gives the variables of the synapses their values, at
   the end of a run) or "recorded" (those of the synapses that are listed in the array `recorded`). Between the
   steps of a run the states are kept sorted by target, in packs of synapses of one target: first the first state
   of all of them, then the second. #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{% extends 'common_synapses.cpp' %}

{% macro _array(name) %}{{get_array_name(variables[name])}}{% endmacro %}
{% set _ns = states|length %}
{% set _kept = "_kept_" ~ key %}
{% set _entries = columns|map('length')|sum %}

{% block extra_headers %}
{{ super() }}
#include <vector>
#include <algorithm>
#include <utility>
#include <stdint.h>

#ifndef _NMDA_PACK
#define _NMDA_PACK
#if defined(__GNUC__)
typedef double _nmda_pack __attribute__((vector_size(64), aligned(8), may_alias));
#else
typedef double _nmda_pack;
#endif
#endif

// What is kept between the steps of a run; a template, so that all code of these synapses shares it.
template<int _unused> struct {{_kept}}
{
    static bool ready;
    static std::vector<size_t> place, first;  // of the first state of each synapse; of each target, and the end
    static std::vector<double> values;
    static double* at_a_line()
    {
        return values.data() + (64 - (uintptr_t)values.data() % 64) % 64 / sizeof(double);
    }
};
template<int _unused> bool {{_kept}}<_unused>::ready = false;
template<int _unused> std::vector<size_t> {{_kept}}<_unused>::place;
template<int _unused> std::vector<size_t> {{_kept}}<_unused>::first;
template<int _unused> std::vector<double> {{_kept}}<_unused>::values;
{% endblock %}

{% block maincode %}
    typedef {{_kept}}<0> _kept;
    const int _n_states = {{_ns}}, _wide = sizeof(_nmda_pack)/sizeof(double);
    double* _y = _kept::at_a_line();
    const int _N = {{constant_or_scalar('N', variables['N'])}};
    {% if mode == 'recorded' %}
    if (_kept::ready)
        for(int _n=0; _n<{{n_recorded}}; _n++)
        {
            const int _idx = {{recorded}}[_n];
            if (_idx >= (int)_kept::place.size())
                continue;
            {% for name in states %}
            {{_array(name)}}[_idx] = _y[_kept::place[_idx] + {{loop.index0}}*_wide];
            {% endfor %}
        }
    {% elif mode == 'finish' %}
    {% if not exchange %}
    if (_kept::ready)
        for(int _idx=0; _idx<_N; _idx++)
        {
            const double* const _of = _y + _kept::place[_idx];
            {% for name in states %}
            {{_array(name)}}[_idx] = _of[{{loop.index0}}*_wide];
            {% endfor %}
        }
    {% endif %}
    _kept::ready = false;
    {% else %}
    const int _n_targets = {{n_targets}}, _points = {{points}}, _before = _points/2 - 1;
    const int _entries = {{(_entries + 7)//8*8}};  // of a propagator, {{_entries}} of them used
    const double _low = {{low}}, _high = {{high}};
    const int* const _pre = {{_array('_synaptic_pre')}};
    const int* const _post = {{_array('_synaptic_post')}};
    const double* const _v = {{_array(voltage)}};

    // -- the exact series, for consecutive synapses or for what stands for them in arrays of the same names
    {% set seen = namespace(names=[]) %}
    {% for variable in variables.values() if variable.array is defined and variable.array and not variable.scalar %}
    {% set name = get_array_name(variable) %}
    {% if name not in seen.names %}{% set seen.names = seen.names + [name] %}
    typedef {{c_data_type(variable.dtype)}} _type_{{seen.names|length - 1}};
    {% endif %}
    {% endfor %}
    auto _series = [&](const int _begin, const int _end{% for name in seen.names %}, _type_{{loop.index0}}* __restrict {{name}}{% endfor %})
    #if defined(__GNUC__)
        __attribute__((noinline))
    #endif
    {
        const size_t _vectorisation_idx = -1;
        {{scalar_code|autoindent}}
        #if defined(__GNUC__) && !defined(__clang__)
        #pragma GCC ivdep
        #endif
        for(int _idx=_begin; _idx<_end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    };

    // -- at the start of a run
    static std::vector<double> _table;
    static double _step;  // between nodes
    static bool _bounded;  // whether the table has its bound
    static bool _sorted;  // whether the synapses are sorted by source
    static std::vector<int> _from;  // the first synapse of each source, if they are
    const bool _load = {{ 'true' if exchange else '!_kept::ready' }};
    if (!_kept::ready)
    {
        _kept::first.assign(_n_targets + 1, 0);
        std::vector<int> _count(_n_targets, 0);
        _from.assign({{n_sources}} + 1, 0);
        _sorted = true;
        for(int _idx=0; _idx<_N; _idx++)
        {
            _count[_post[_idx]]++;
            _from[_pre[_idx] + 1]++;
            _sorted = _sorted && (_idx == 0 || _pre[_idx - 1] <= _pre[_idx]);
        }
        for(int _i=0; _i<{{n_sources}}; _i++)
            _from[_i + 1] += _from[_i];
        for(int _j=0; _j<_n_targets; _j++)
            _kept::first[_j + 1] = _kept::first[_j] + (size_t)((_count[_j] + _wide - 1)/_wide)*_wide*_n_states;
        _kept::values.assign(_kept::first[_n_targets] + 8, 0.0);
        _y = _kept::at_a_line();
        _kept::place.resize(_N);
        std::fill(_count.begin(), _count.end(), 0);
        for(int _idx=0; _idx<_N; _idx++)
        {
            const int _before_it = _count[_post[_idx]]++;
            _kept::place[_idx] = _kept::first[_post[_idx]] + (size_t)(_before_it/_wide)*_wide*_n_states + _before_it%_wide;
        }

        // the table: nodes nearer to each other, until its error is within the bound
        {% for name in seen.names %}
        std::vector<_type_{{loop.index0}}> _own_{{loop.index0}}(_n_states + 1, 0);
        {% endfor %}
        double _column[_n_states][_n_states + 1];
        auto _propagator = [&](const double _at)
        {
            {% for name in seen.names %}
            {% if name == get_array_name(variables['_synaptic_post']) or name == get_array_name(variables['_synaptic_pre']) %}
            for(int _c=0; _c<=_n_states; _c++)
                _own_{{loop.index0}}[_c] = _c;
            {% elif name == get_array_name(variables[voltage]) %}
            for(int _c=0; _c<=_n_states; _c++)
                _own_{{loop.index0}}[_c] = _at;
            {% endif %}
            {% set outer = loop.index0 %}
            {% for state in states if get_array_name(variables[state]) == name %}
            for(int _c=0; _c<=_n_states; _c++)
                _own_{{outer}}[_c] = _c == {{states.index(state)}};
            {% endfor %}
            {% endfor %}
            _series(0, _n_states + 1{% for name in seen.names %}, _own_{{loop.index0}}.data(){% endfor %});
            {% for name in seen.names %}
            {% set outer = loop.index0 %}
            {% for state in states if get_array_name(variables[state]) == name %}
            for(int _c=0; _c<=_n_states; _c++)
                _column[{{states.index(state)}}][_c] = _own_{{outer}}[_c];
            {% endfor %}
            {% endfor %}
        };
        const int _row_of[] = { {% for row in columns %}{% set k = loop.index0 %}{% for c in row %}{{k}}, {% endfor %}{% endfor %} };
        const int _column_of[] = { {% for row in columns %}{% for c in row %}{{c}}, {% endfor %}{% endfor %} };
        _step = 2*{{widest}};
        _bounded = false;
        double _error = 0;
        for(int _try=0; _try<={{halvings}} && !_bounded; _try++)
        {
            _step /= 2;
            const int _nodes = (int)ceil((_high - _low)/_step - 1e-9) + _points;
            _table.assign((size_t)_nodes*_entries, 0.0);
            for(int _k=0; _k<_nodes; _k++)
            {
                _propagator(_low + (_k - _before)*_step);
                for(int _e=0; _e<{{_entries}}; _e++)
                    _table[(size_t)_k*_entries + _e] = _column[_row_of[_e]][_column_of[_e]];
            }
            double _weight[_points];
            for(int _q=0; _q<_points; _q++)
            {
                const double _of[] = { {{weights|join(', ')}} };
                _weight[_q] = _of[_q];
                for(int _p=0; _p<_points; _p++)
                    _weight[_q] *= _p == _q ? 1 : _before + 0.5 - _p;
            }
            _error = 0;
            bool _finite = true;
            for(int _k=0; _k + _points<=_nodes; _k++)
            {
                _propagator(_low + (_k + 0.5)*_step);
                for(int _e=0; _e<{{_entries}}; _e++)
                    for(int _q=0; _q<_points; _q++)
                        _column[_row_of[_e]][_column_of[_e]] -= _weight[_q]*_table[(size_t)(_k + _q)*_entries + _e];
                for(int _c=0; _c<=_n_states; _c++)  // also of the entries that should vanish
                {
                    double _moved = 0, _lost = 0;
                    for(int _r=0; _r<_n_states; _r++)
                    {
                        _moved += fabs(_column[_r][_c]);
                        _lost += _column[_r][_c];
                    }
                    _moved += fabs(_lost);
                    _finite = _finite && _moved < 1e300;
                    _error = _moved > _error ? _moved : _error;
                }
            }
            _bounded = _finite && _error <= {{error}};
        }
        if (!_bounded)
            std::cerr << "{{key}}: no table of propagators has an error of at most {{error}} (found "
                      << _error << "); the exact series is taken for all synapses, which takes longer." << std::endl;
    }
    auto _take = [&](const int _begin, const int _end)  // from the variables of the synapses
    {
        for(int _idx=_begin; _idx<_end; _idx++)
        {
            double* const _of = _y + _kept::place[_idx];
            {% for name in states %}
            _of[{{loop.index0}}*_wide] = {{_array(name)}}[_idx];
            {% endfor %}
        }
    };
    if (_load)
        _take(0, _N);
    _kept::ready = true;

    // -- synapses that take the series: with transmitter, or with a voltage outside of the table
    static std::vector<std::pair<int, int> > _runs;
    static std::vector<char> _outside, _on;
    _runs.clear();
    _outside.assign(_n_targets, 0);
    _on.assign({{n_sources}}, 0);
    bool _search = !_bounded;
    for(int _j=0; _j<_n_targets; _j++)
        if (_kept::first[_j] < _kept::first[_j + 1])
        {
            _outside[_j] = !(_bounded && _v[_j] >= _low && _v[_j] <= _high);
            _search = _search || _outside[_j];
        }
    const int64_t _now = {{constant_or_scalar('t_in_timesteps', variables['t_in_timesteps'])}};
    bool _any = false;
    {% for name, of_source in counters %}
    {% if of_source %}
    for(int _i=0; _i<{{n_sources}}; _i++)
    {
        _on[_i] |= _now < {{_array(name)}}[_i];
        _any = _any || _on[_i];
    }
    {% else %}
    _search = true;
    {% endif %}
    {% endfor %}
    if (_search || (_any && !_sorted))
    {
        for(int _idx=0; _idx<_N; _idx++)
        {
            bool _found = _on[_pre[_idx]] || _outside[_post[_idx]];
            {% for name, of_source in counters if not of_source %}
            _found = _found || _now < {{_array(name)}}[_idx];
            {% endfor %}
            if (_found && !_runs.empty() && _runs.back().second == _idx)
                _runs.back().second++;
            else if (_found)
                _runs.push_back(std::make_pair(_idx, _idx + 1));
        }
    }
    else if (_any)
    {
        for(int _i=0; _i<{{n_sources}}; _i++)
            if (_on[_i] && _from[_i] < _from[_i + 1])
                _runs.push_back(std::make_pair(_from[_i], _from[_i + 1]));
    }
    for(size_t _r=0; _r<_runs.size(); _r++)
    {
        const int _begin = _runs[_r].first, _end = _runs[_r].second;
        for(int _idx=_begin; _idx<_end; _idx++)
        {
            const double* const _of = _y + _kept::place[_idx];
            {% for name in states %}
            {{_array(name)}}[_idx] = _of[{{loop.index0}}*_wide];
            {% endfor %}
        }
        _series(_begin, _end{% for name in seen.names %}, {{name}}{% endfor %});
    }

    // -- all others; what this gives for those above is overwritten
    for(int _j=0; _j<_n_targets; _j++)
    {
        const size_t _begin = _kept::first[_j], _end = _kept::first[_j + 1];
        if (_begin == _end || _outside[_j])
            continue;
        const double _at = (_v[_j] - _low)/_step;
        int _node = (int)_at;
        const double _part = _at - _node;
        double _weight[_points];
        {
            const double _of[] = { {{weights|join(', ')}} };
            double _left = 1, _right[_points + 1];
            _right[_points] = 1;
            for(int _q=_points - 1; _q>=0; _q--)
                _right[_q] = _right[_q + 1]*(_before + _part - _q);
            for(int _q=0; _q<_points; _q++)
            {
                _weight[_q] = _of[_q]*_left*_right[_q + 1];
                _left *= _before + _part - _q;
            }
        }
        const double* const __restrict _nodes = &_table[(size_t)_node*_entries];
        double _p[_entries];
        for(int _e=0; _e<_entries; _e++)
        {
            double _sum = 0;
            for(int _q=0; _q<_points; _q++)
                _sum += _weight[_q]*_nodes[_q*_entries + _e];
            _p[_e] = _sum;
        }
        for(size_t _k=_begin; _k<_end; _k+=_wide*_n_states)
        {
            _nmda_pack* const _pack = (_nmda_pack*)(_y + _k);
            {% for name in states %}
            const _nmda_pack _y_{{loop.index0}} = _pack[{{loop.index0}}];
            {% endfor %}
            const _nmda_pack _y_{{_ns}} = 1.0{% for name in states %} - _y_{{loop.index0}}{% endfor %};
            {% set at = namespace(e=0) %}
            {% for row in columns %}
            {% set k = loop.index0 %}
            _pack[{{k}}] = {% for c in row %}{% if not loop.first %} + {% endif %}_p[{{at.e}}]*_y_{{c}}{% set at.e = at.e + 1 %}{% endfor %};
            {% endfor %}
        }
    }
    for(size_t _r=0; _r<_runs.size(); _r++)
        _take(_runs[_r].first, _runs[_r].second);

    // -- what others read
    {% for name in shown %}
    {
        const double* const _of = _y + {{states.index(name)}}*_wide;
        const size_t* const _place = _kept::place.data();
        double* __restrict _shown = {{_array(name)}};
        for(int _idx=0; _idx<_N; _idx++)
            _shown[_idx] = _of[_place[_idx]];
    }
    {% endfor %}
    {% endif %}
{% endblock %}
