{# Linear states of synapses and what follows from them, advanced many time steps at once; see
   brian2_nmda/lowering/in_blocks.py. `mode` is "step" (notes the factors of the targets, and ends a block that is
   full), "events" (brings the synapses up to date whose sources have an event in `driver`), "recorded" (those of
   the sources of the synapses that are listed in the array `recorded`) or "flush" (brings all up to date). #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{% extends 'common_synapses.cpp' %}

{% macro _array(name) %}{{get_array_name(variables[name])}}{% endmacro %}
{% macro _number(name) %}{% if name in known %}(double){{get_array_name(variables[name])}}[0]{% else %}0.0{% endif %}{% endmacro %}
{% set _nl = blocks.linear|length %}
{% set _nd = blocks.drives|length %}
{% set _nf = blocks.followers|length %}
{% set _nr = rates|length %}
{% set _all = mode in ('step', 'flush') %}
{% set _ns = blocks.smooth|length %}
{# With smooth followers each step of the linear states is taken, so their sums over a block are not needed. #}
{% set _in_sums = _all and not _ns %}

{# One step of the linear states, of one synapse or of eight. #}
{% macro _step() %}
        {% for k in range(_nl) %}
        const auto _next_{{k}} = _of.shift[{{k}}]{% for i in range(k + 1) %} + _of.carry[{{k}}][{{i}}]*_z_{{i}}{% endfor %}{% for d in range(_nd) %} + _of.gain[{{k}}][{{d}}]*_u_{{d}}{% endfor %};
        {% endfor %}
        {% for k in range(_nl) %}
        _z_{{k}} = _next_{{k}};
        {% endfor %}
{% endmacro %}

{# What smooth followers need: `_renew_tables`, and `_advance_lanes`, which advances up to eight synapses. #}
{% macro _smooth() %}
        // -- smooth followers: rates, per step, by the state on which they depend
        {% for table in tables %}
        auto _rates_{{table.v}} = [&](const double _x_{{table.v}}, double* const _rate)
        {
            {% for rate in table.rates %}
            _rate[{{loop.index0}}] = _of.step*({{rate}});
            {% endfor %}
        };
        {% endfor %}
        static int _together = 1;  // steps that may be taken as one relaxation
        auto _renew_tables = [&]()
        {
            bool _covered = true;
            {% for table in tables %}
            _covered = _covered && _table_{{table.v}}.covers_seen();
            {% endfor %}
            if (_covered)
                return;
            {% for table in tables %}
            if (!_table_{{table.v}}.covers_seen())
                _table_{{table.v}}.build(_rates_{{table.v}}, {{table_limits[0]}}, {{table_limits[1]}});
            {% endfor %}
            double _fastest = 1e-300;
            {% for follower in blocks.smooth %}
            {% set f = loop.index0 %}
            {
                double _slope = 0;
                {% for table in tables if f in table.of %}
                _slope += _table_{{table.v}}.largest[{{table.of[f]}}];
                {% endfor %}
                _fastest = std::max(_fastest, _slope);
            }
            {% endfor %}
            _together = (int)std::max(1.0, std::min((double){{together}}, {{table_limits[2]}}/_fastest));
        };
        // one synapse step by step, from polynomials where there are some
        auto _repeat_smooth = [&](const int _from_step, const int _to_step, const size_t _place{% for k in range(_nl) %}, double _z_{{k}}{% endfor %}{% for f in range(_ns) %}, double& _y_{{f}}{% endfor %})
        {
            for(int _s=_from_step; _s<_to_step; _s++)
            {
                {% for table in tables %}
                {% set v = table.v %}
                double _rate_{{v}}[{{table.rates|length}}];
                {
                    double _centre = 0;
                    const int _cell = _table_{{v}}.cells == 0 ? 0 : _table_{{v}}.cell(_{{v}}, _centre);
                    const double _e = _{{v}}*_table_{{v}}.inverse - _centre;
                    if (_table_{{v}}.cells > 0 && fabs(_e) <= 1 && _table_{{v}}.usable[_cell])
                        for(int _k=0; _k<{{table.rates|length}}; _k++)
                        {
                            const double* const _t = &_table_{{v}}.rows[((size_t)_cell*{{table.rates|length}} + _k)*6];
                            _rate_{{v}}[_k] = _t[0] + _e*(_t[1] + _e*(_t[2] + _e*(_t[3] + _e*(_t[4] + _e*_t[5]))));
                        }
                    else
                    {
                        _rates_{{v}}(_{{v}}, _rate_{{v}});
                        _table_{{v}}.saw(_{{v}});
                    }
                }
                {% endfor %}
                {% for follower in blocks.smooth %}
                {% set f = loop.index0 %}
                {
                    double _slope = 0, _rest = 0;
                    {% for table in tables if f in table.of %}
                    _slope += _rate_{{table.v}}[{{table.of[f]}}];
                    _rest += _rate_{{table.v}}[{{table.of[f] + 1}}];
                    {% endfor %}
                    _y_{{f}} += (_rest - _slope*_y_{{f}})*_relaxed_share(_slope);
                }
                {% endfor %}
                {% for d in range(_nd) %}
                const double _u_{{d}} = _histories[{{d}}][_place + _s]*_open[{{receptor_of[d]}}][_s];
                {% endfor %}
                {{_step()}}
            }
        };
        // the same for steps together, from sums of powers; false where that is not accurate enough
        auto _relax_together = [&](const int _p, const double _per_step{% for table in tables if table.follower is none %}, const int _cell_{{table.v}}, const double* const _sums_{{table.v}}{% endfor %}{% for f in range(_ns) %}, double& _new_{{f}}{% endfor %}, double& _furthest) -> bool
        {
            {% for table in tables if table.follower is none %}
            const double* const _t_{{table.v}} = &_table_{{table.v}}.rows[(size_t)_cell_{{table.v}}*{{table.rates|length*6}}];
            {% endfor %}
            {% for follower in blocks.smooth %}
            {% set f = loop.index0 %}
            const double _y_{{f}} = _new_{{f}};
            {% set read = tables|selectattr('follower', 'equalto', f)|list %}
            {% if read %}
            double _bent_{{f}} = 0;
            {% endif %}
            {
                double _s = 0, _r = 0, _order = 0;
                {% for table in tables if f in table.of %}
                {
                    const double* const _t = _t_{{table.v}} + {{6*table.of[f]}};
                    const double* const _m = _sums_{{table.v}};
                    _s += _t[0]*_p + _t[1]*_m[1] + _t[2]*_m[2] + _t[3]*_m[3] + _t[4]*_m[4] + _t[5]*_m[5];
                    _r += _t[6]*_p + _t[7]*_m[1] + _t[8]*_m[2] + _t[9]*_m[3] + _t[10]*_m[4] + _t[11]*_m[5];
                }
                {% endfor %}
                {% for table in tables if f in table.of %}
                {
                    const double* const _t = _t_{{table.v}} + {{6*table.of[f]}};
                    const double _e = _sums_{{table.v}}[1]*_per_step, _e2 = _e*_e, _later = _sums_{{table.v}}[0];
                    const double _ds = _t[1] + 2*_e*_t[2] + _e2*(3*_t[3] + 4*_e*_t[4] + 5*_e2*_t[5]);
                    const double _dr = _t[7] + 2*_e*_t[8] + _e2*(3*_t[9] + 4*_e*_t[10] + 5*_e2*_t[11]);
                    _order += (_s*_dr - _r*_ds)*_later;
                    {% if read %}
                    _bent_{{f}} += (_dr - _ds*_y_{{f}})*_later;
                    {% endif %}
                }
                {% endfor %}
                _order *= 0.5*_per_step;
                if (!(fabs(_s*_order) <= {{table_limits[3]}}*(fabs(_r) + fabs(_s*_y_{{f}}))))
                    return false;
                _new_{{f}} += (_r + _order - _s*_y_{{f}})*_relaxed_share(_s);
            }
            {% for table in tables if table.follower == f %}
            {% set v = table.v %}
            // what others need to know of it: sums of powers around its mean, from how far it goes
            if (_table_{{v}}.cells == 0)
                return false;
            double _sums_{{v}}[6], _centre_{{v}};
            const double _way_{{v}} = _new_{{f}} - _y_{{f}}, _mean_{{v}} = _y_{{f}} + ((_p - 1)*_way_{{v}} - _bent_{{f}})/(2*_p);
            const int _cell_{{v}} = _table_{{v}}.cell(_mean_{{v}}, _centre_{{v}});
            const double* const _t_{{v}} = &_table_{{v}}.rows[(size_t)_cell_{{v}}*{{table.rates|length*6}}];
            {
                const double _e = _mean_{{v}}*_table_{{v}}.inverse - _centre_{{v}}, _far = _way_{{v}}*_table_{{v}}.inverse;
                if (!(fabs(_e) <= 0.95 && (_p == 1 || fabs(_far) <= {{table_limits[4]}}) && _table_{{v}}.usable[_cell_{{v}}]))
                    return false;
                const double _e2 = _e*_e, _spread = _far*_far*(_p*_p - 1)/(12*_p);
                _sums_{{v}}[0] = _far*(_p*_p - 1)/6;
                _sums_{{v}}[1] = _p*_e;
                _sums_{{v}}[2] = _p*_e2 + _spread;
                _sums_{{v}}[3] = _e*(_p*_e2 + 3*_spread);
                _sums_{{v}}[4] = _e2*(_p*_e2 + 6*_spread);
                _sums_{{v}}[5] = _e2*_e*(_p*_e2 + 10*_spread);
                _furthest = std::max(_furthest, fabs(_far)*{{'%g' % (0.4/table_limits[4]|float)}});
            }
            {% endfor %}
            {% endfor %}
            return true;
        };
        auto _advance_lanes = [&](const int _begin, const int _left, const int* const _index, const int* const _target, const double* const _old, double* const _new, const int _apart)
        {
            const int _n = std::min(8, _left);
            int _at[8];
            size_t _place[8];
            for(int _c=0; _c<8; _c++)  // lanes that are left over repeat the last synapse
            {
                _at[_c] = std::min(_c, _n - 1);
                _place[_c] = (size_t)_target[_at[_c]]*_stride;
            }
            {% for k in range(_nl) %}
            _lanes _z_{{k}};
            for(int _c=0; _c<8; _c++)
                _z_{{k}}[_c] = _old[{{k}}*_apart + _at[_c]];
            {% endfor %}
            {% for follower in blocks.smooth %}
            double _y_{{loop.index0}}[8];
            for(int _c=0; _c<_n; _c++)
                _y_{{loop.index0}}[_c] = {{_array(follower.state)}}[_index[_c]];
            {% endfor %}
            double _speed = 0.05;  // cells per step
            for(int _m=_begin; _m<_end; )
            {
                const int _wanted = (int)std::min(100.0, 0.4/(_speed + 1e-6));
                const int _p = std::min(std::min(_together, std::max(4, _wanted)), _end - _m);
                {% for k in range(_nl) %}
                const _lanes _start_{{k}} = _z_{{k}};
                {% endfor %}
                {% for table in tables if table.follower is none %}
                {% set v = table.v %}
                const double _inverse_{{v}} = _table_{{v}}.inverse;
                int _cell_{{v}}[8];
                _lanes _centre_{{v}};
                for(int _c=0; _c<8; _c++)
                {
                    double _centre = 0;
                    _cell_{{v}}[_c] = _table_{{v}}.cells == 0 ? 0 : _table_{{v}}.cell(_{{v}}[_c], _centre);
                    _centre_{{v}}[_c] = _centre;
                }
                _lanes _1_{{v}} = _{{v}}*0.0, _2_{{v}} = _1_{{v}}, _3_{{v}} = _1_{{v}}, _4_{{v}} = _1_{{v}}, _5_{{v}} = _1_{{v}}, _later_{{v}} = _1_{{v}}, _far_{{v}} = _1_{{v}};
                {% endfor %}
                for(int _s=_m; _s<_m + _p; _s++)
                {
                    {% for table in tables if table.follower is none %}
                    {% set v = table.v %}
                    {
                        const _lanes _e = _{{v}}*_inverse_{{v}} - _centre_{{v}}, _e2 = _e*_e, _e3 = _e2*_e;
                        _1_{{v}} += _e;
                        _2_{{v}} += _e2;
                        _3_{{v}} += _e3;
                        _4_{{v}} += _e2*_e2;
                        _5_{{v}} += _e2*_e3;
                        _far_{{v}} = _larger(_far_{{v}}, _e2);
                        _later_{{v}} += _e*(double)(2*(_s - _m) - _p + 1);
                    }
                    {% endfor %}
                    {% for d in range(_nd) %}
                    const double* const _h_{{d}} = _histories[{{d}}] + _s;
                    const _lanes _f_{{d}} = { {% for c in range(8) %}_h_{{d}}[_place[{{c}}]], {% endfor %} };
                    const _lanes _u_{{d}} = _f_{{d}}*_open[{{receptor_of[d]}}][_s];
                    {% endfor %}
                    {{_step()}}
                }
                const double _per_step = 1.0/_p;
                double _furthest = 0;
                {% for table in tables if table.follower is none %}
                {% set v = table.v %}
                {
                    const _lanes _way = (_{{v}} - _start_{{v[2:]}})*_inverse_{{v}};
                    for(int _c=0; _c<8; _c++)
                        _furthest = std::max(_furthest, fabs(_way[_c]));
                }
                {% endfor %}
                for(int _c=0; _c<_n; _c++)
                {
                    bool _inside = true;
                    {% for table in tables if table.follower is none %}
                    {% set v = table.v %}
                    _inside = _inside && _table_{{v}}.cells > 0 && _far_{{v}}[_c] <= 1 && _table_{{v}}.usable[_cell_{{v}}[_c]];
                    {% endfor %}
                    if (_inside)
                    {
                        {% for table in tables if table.follower is none %}
                        {% set v = table.v %}
                        const double _sums_{{v}}[] = {_later_{{v}}[_c], _1_{{v}}[_c], _2_{{v}}[_c], _3_{{v}}[_c], _4_{{v}}[_c], _5_{{v}}[_c]};
                        {% endfor %}
                        {% for f in range(_ns) %}
                        double _new_{{f}} = _y_{{f}}[_c];
                        {% endfor %}
                        if (_relax_together(_p, _per_step{% for table in tables if table.follower is none %}, _cell_{{table.v}}[_c], _sums_{{table.v}}{% endfor %}{% for f in range(_ns) %}, _new_{{f}}{% endfor %}, _furthest))
                        {
                            {% for f in range(_ns) %}
                            _y_{{f}}[_c] = _new_{{f}};
                            {% endfor %}
                            continue;
                        }
                    }
                    _repeat_smooth(_m, _m + _p, _place[_c]{% for k in range(_nl) %}, _start_{{k}}[_c]{% endfor %}{% for f in range(_ns) %}, _y_{{f}}[_c]{% endfor %});
                }
                _speed = _furthest/_p;
                _m += _p;
            }
            for(int _c=0; _c<_n; _c++)
            {
                {% for k in range(_nl) %}
                _new[{{k}}*_apart + _c] = _z_{{k}}[_c];
                {% endfor %}
                {% for follower in blocks.smooth %}
                {{_array(follower.state)}}[_index[_c]] = _y_{{loop.index0}}[_c];
                {% endfor %}
            }
        };
{% endmacro %}

{% block extra_headers %}
{{ super() }}
#include <string.h>
#include <vector>
#include <algorithm>
{% if _ns %}
{% include 'rate_table.cpp' %}
{% endif %}
{% endblock %}

{% block maincode %}
    {% set _pre = _array('_synaptic_pre') %}
    {% set _post = _array('_synaptic_post') %}
    const int _length = {{length}}, _stride = {{stride}}, _n_linear = {{_nl}}, _n_drives = {{_nd}};
    const int _n_targets = {{n_targets}}, _n_sources = {{n_sources}};
    const int _N = {{constant_or_scalar('N', variables['N'])}};

    {% if mode == 'step' %}
    {
        const int _m = {{_array('blocks_noted')}}[0];
        if (_m == 0)
            {{_array('blocks_first')}}[0] = {{constant_or_scalar('t_in_timesteps', variables['t_in_timesteps'])}};
        {% for drive in blocks.drives %}
        {
            const double* const _now = {{_array(drive.name)}};
            double* const _h = {{_array(history(drive.name))}} + _m;
            for(int _j=0; _j<_n_targets; _j++)
                _h[(size_t)_j*_stride] = _now[_j];
            {% if _nf %}
            double* const _low = {{_array(lowest(drive.name))}};
            double* const _high = {{_array(highest(drive.name))}};
            if (_m == 0)
                for(int _j=0; _j<_n_targets; _j++)
                    _low[_j] = _high[_j] = 0;
            for(int _j=0; _j<_n_targets; _j++)
            {
                _low[_j] = _now[_j] < _low[_j] ? _now[_j] : _low[_j];
                _high[_j] = _now[_j] > _high[_j] ? _now[_j] : _high[_j];
            }
            {% endif %}
        }
        {% endfor %}
        {{_array('blocks_noted')}}[0] = _m + 1;
    }
    {% endif %}
    const int _end = {{_array('blocks_noted')}}[0];
    {% if mode == 'step' %}
    const bool _to_do = _end == _length;
    {% elif mode == 'events' %}
    const std::vector<int>& _events = *{{driver.name}}.peek();
    const bool _to_do = _end > 0 && _events.size() > 0;
    {% else %}
    const bool _to_do = _end > 0;
    {% endif %}
    if (_to_do)
    {
        // The synapses of source k are at the places _from[k] to _from[k + 1] - 1 when sorted by source, as which
        // they have been made, or else in _order.
        static std::vector<int> _from, _order;
        static int _known = -1;
        if (_known != _N)
        {
            _known = _N;
            _order.clear();
            _from.assign(_n_sources + 1, 0);
            bool _sorted = true;
            for(int _idx=0; _idx<_N; _idx++)
            {
                _from[{{_pre}}[_idx] + 1]++;
                _sorted = _sorted && (_idx == 0 || {{_pre}}[_idx - 1] <= {{_pre}}[_idx]);
            }
            for(int _source=0; _source<_n_sources; _source++)
                _from[_source + 1] += _from[_source];
            if (!_sorted)
            {
                std::vector<int> _next(_from);
                _order.resize(_N);
                for(int _idx=0; _idx<_N; _idx++)
                    _order[_next[{{_pre}}[_idx]]++] = _idx;
            }
        }
        const bool _in_order = _order.empty();

        // -- what follows from the numbers, for each number of steps; it is computed anew where one has changed
        struct _given
        {
            double step, carry[_n_linear][_n_linear], gain[_n_linear][_n_drives + 1], shift[_n_linear];
            {% for follower in blocks.followers %}
            double slope_{{loop.index0}}[{{follower.cases|length}}], rest_{{loop.index0}}[{{follower.cases|length}}];
            double theta_{{loop.index0}}[{{follower.thresholds|length}}];
            {% endfor %}
            double given[{{blocks.given|length}} + 1];
        };
        const _given _of = {
            {{constant_or_scalar('dt', variables['dt'])}},
            { {% for k in range(_nl) %}{ {% for i in range(_nl) %}{{_number('blocks_carry_%d_%d' % (k, i))}}, {% endfor %}},
            {% endfor %} },
            { {% for k in range(_nl) %}{ {% for i in range(_nd) %}{{_number('blocks_gain_%d_%d' % (k, i))}}, {% endfor %}0.0 },
            {% endfor %} },
            { {% for k in range(_nl) %}{{_number('blocks_shift_%d' % k)}}, {% endfor %}},
            {% for follower in blocks.followers %}
            {% set f = loop.index0 %}
            { {% for c in follower.cases %}{{_number('blocks_slope_%d_%d' % (f, loop.index0))}}, {% endfor %}},
            { {% for c in follower.cases %}{{_number('blocks_rest_%d_%d' % (f, loop.index0))}}, {% endfor %}},
            { {% for t in follower.thresholds %}{{_number('blocks_theta_%d_%d' % (f, loop.index0))}}, {% endfor %}},
            {% endfor %}
            { {% for n in blocks.given %}{{_number('blocks_given_%d' % loop.index0)}}, {% endfor %}0.0 },
        };
        const double _rates[] = { {% for of in rates %}{% for rate in of %}{{rate}}, {% endfor %}{% endfor %}0.0 };
        {% set n_modes = rates|map('length')|sum %}
        const int _n_modes = {{n_modes}};
        static double _fall[_n_modes + 1][_length];  // of each exponential
        static double _power[_length + 1][_n_linear][_n_linear], _moved[_length + 1][_n_linear];  // of P, of shifts
        static double _weight[_n_drives + 1][_n_linear][_length];  // P to the power n times Q
        static bool _positive;  // whether what is not negative stays so
        // where linear states stay without input, and the least at which they count as not below it: a
        // difference between terms of this scale is rounding
        static double _fixed[_n_linear], _scale[_n_linear], _least[_n_linear];
        {% for follower in blocks.followers %}
        {% set f = loop.index0 %}
        const int _cases_{{f}} = {{follower.cases|length}}, _thresholds_{{f}} = {{follower.thresholds|length}};
        static double _kept_{{f}}[_length + 1][_cases_{{f}}], _added_{{f}}[_length + 1][_cases_{{f}}];
        static int _active_{{f}};  // bit k: whether it changes in case k
        // from where on no threshold can be passed in a number of steps: above at the start, below at the end
        static double _over_{{f}}[_length + 1][_thresholds_{{f}}], _under_{{f}}[_length + 1][_thresholds_{{f}}];
        {% endfor %}
        {% for table in tables %}
        static _rate_table<{{table.rates|length}}> _table_{{table.v}};
        {% endfor %}
        static _given _before;
        static bool _prepared = false;
        if (!_prepared || memcmp(&_of, &_before, sizeof(_given)) != 0)
        {
            _prepared = true;
            memcpy(&_before, &_of, sizeof(_given));
            {% for table in tables %}
            _table_{{table.v}}.cells = 0;
            {% endfor %}
            for(int _k=0; _k<_n_modes; _k++)
                for(int _m=0; _m<_length; _m++)
                    _fall[_k][_m] = exp(-_rates[_k]*(_m*_of.step));
            _positive = true;
            for(int _k=0; _k<_n_linear; _k++)
            {
                double _rest = _of.shift[_k], _size = fabs(_of.shift[_k]);
                for(int _i=0; _i<_n_linear; _i++)
                {
                    _power[0][_k][_i] = _k == _i;
                    _positive = _positive && _of.carry[_k][_i] >= 0;
                    if (_i < _k)
                    {
                        _rest += _of.carry[_k][_i]*_fixed[_i];
                        _size += _of.carry[_k][_i]*_scale[_i];
                    }
                }
                const double _own = _of.carry[_k][_k];
                _moved[0][_k] = 0;
                _positive = _positive && _own < 1 && _own > 0;
                _fixed[_k] = _own < 1 ? _rest/(1 - _own) : 0;
                _scale[_k] = _own < 1 ? _size/(1 - _own) : 0;
                _least[_k] = _fixed[_k] - 1e-12*_scale[_k];
            }
            for(int _m=0; _m<_length; _m++)
                for(int _k=0; _k<_n_linear; _k++)
                {
                    for(int _i=0; _i<_n_linear; _i++)
                    {
                        double _sum = 0;
                        for(int _l=0; _l<_n_linear; _l++)
                            _sum += _of.carry[_k][_l]*_power[_m][_l][_i];
                        _power[_m + 1][_k][_i] = _sum;
                    }
                    double _sum = _of.shift[_k];
                    for(int _l=0; _l<_n_linear; _l++)
                        _sum += _of.carry[_k][_l]*_moved[_m][_l];
                    _moved[_m + 1][_k] = _sum;
                    for(int _d=0; _d<_n_drives; _d++)
                    {
                        double _sum = 0;
                        for(int _l=0; _l<_n_linear; _l++)
                            _sum += _power[_m][_k][_l]*_of.gain[_l][_d];
                        _weight[_d][_k][_m] = _sum;
                    }
                }
            {% for follower in blocks.followers %}
            {% set f = loop.index0 %}
            _active_{{f}} = 0;
            for(int _c=0; _c<_cases_{{f}}; _c++)
            {
                const double _a = _of.slope_{{f}}[_c], _b = _of.rest_{{f}}[_c];
                _active_{{f}} |= (_a != 0 || _b != 0) << _c;
                for(int _m=0; _m<=_length; _m++)
                {
                    const double _t = _m*_of.step;
                    _kept_{{f}}[_m][_c] = exp(-_a*_t);
                    _added_{{f}}[_m][_c] = _a == 0 ? _b*_t : -_b*expm1(-_a*_t)/_a;
                }
            }
            {% for t in follower.thresholds %}
            for(int _m=0; _m<=_length; _m++)
            {
                const double _level = _of.theta_{{f}}[{{loop.index0}}] - _fixed[{{t.state}}];
                const double _left = _power[_m][{{t.state}}][{{t.state}}],
                    _margin = 1e-9*fabs(_level) + 1e-11*_scale[{{t.state}}];
                _over_{{f}}[_m][{{loop.index0}}] = _fixed[{{t.state}}] + (_level + _margin)/_left;
                _under_{{f}}[_m][{{loop.index0}}] = _fixed[{{t.state}}] + (_level - _margin)*_left;
            }
            {% endfor %}
            {% endfor %}
        }

        const double* const _histories[] = { {% for drive in blocks.drives %}{{_array(history(drive.name))}}, {% endfor %}0 };
        const int _receptor_of[] = { {% for r in receptor_of %}{{r}}, {% endfor %}0 };
        double* const _z[] = { {% for n in blocks.linear %}{{_array(n)}}, {% endfor %}0 };

        // -- one source: amplitudes of its exponentials, and what it has open at each step from _begin on
        const long _first = {{_array('blocks_first')}}[0];
        double _amplitude[_n_modes + 1];
        int _alive[_n_modes + 1], _n_alive = 0;
        static double _open[{{_nr}} + 1][_length];
        bool _opened = false;
        auto _open_up = [&](const int _begin)
        {
            if (_opened)
                return;
            _opened = true;
            {% for r in range(_nr) %}
            {% set first = rates[:r]|map('length')|sum %}
            std::fill(_open[{{r}}] + _begin, _open[{{r}}] + _end, 0.0);
            for(int _k=0; _k<_n_alive; _k++)
                if (_alive[_k] >= {{first}} && _alive[_k] < {{first + rates[r]|length}})
                    for(int _m=_begin; _m<_end; _m++)
                        _open[{{r}}][_m] += _amplitude[_alive[_k]]*_fall[_alive[_k]][_m - _begin];
            {% endfor %}
        };
        auto _look_at_source = [&](const int _source, const int _begin)
        {
            _opened = false;
            {% set ns = namespace(k=0) %}
            {% for r in range(_nr) %}
            {
                const long _gap_in_steps = _first + _begin - (long){{_array(when_sent[r])}}[_source];
                const double _gap = (_gap_in_steps > 0 ? _gap_in_steps : 0)*_of.step;
                {% set first = ns.k %}
                {% for name in sent[r] %}
                _amplitude[{{ns.k}}] = {{_array(name)}}[_source];
                {% set ns.k = ns.k + 1 %}
                {% endfor %}
                for(int _k={{first}}; _k<{{ns.k}}; _k++)
                    _amplitude[_k] *= exp(-_rates[_k]*_gap);
            }
            {% endfor %}
            _n_alive = 0;
            for(int _k=0; _k<_n_modes; _k++)
                if (fabs(_amplitude[_k]) > {{negligible}})
                    _alive[_n_alive++] = _k;
        };
        {% if _nf %}
        auto _never_negative = [&](const int _begin) -> bool
        {
            bool _all = true;
            for(int _k=0; _k<_n_alive; _k++)
                _all = _all && _amplitude[_alive[_k]] >= 0;
            if (_all)
                return true;
            _open_up(_begin);
            int _found = 0;
            for(int _r=0; _r<{{_nr}}; _r++)
                for(int _m=_begin; _m<_end; _m++)
                    _found |= !(_open[_r][_m] >= 0);
            return !_found;
        };
        {% for d in range(_nd) %}
        const double* const _low_{{d}} = {{_array(lowest(blocks.drives[d].name))}};
        const double* const _high_{{d}} = {{_array(highest(blocks.drives[d].name))}};
        bool _up_{{d}} = false, _down_{{d}} = false;  // the signs of gains
        for(int _k=0; _k<_n_linear; _k++)
        {
            _up_{{d}} = _up_{{d}} || _of.gain[_k][{{d}}] > 0;
            _down_{{d}} = _down_{{d}} || _of.gain[_k][{{d}}] < 0;
        }
        {% endfor %}

        // the followers of one synapse, step by step from its linear states before
        auto _repeat = [&](const int _idx, const int _begin, const double* _old)
        {
            _open_up(_begin);
            const int _j = {{_post}}[_idx];
            double _here[_n_linear], _next[_n_linear];
            for(int _k=0; _k<_n_linear; _k++)
                _here[_k] = _old[_k];
            {% for follower in blocks.followers %}
            int _since_{{loop.index0}} = _begin, _case_{{loop.index0}} = -1;
            double _y_{{loop.index0}} = {{_array(follower.state)}}[_idx];
            {% endfor %}
            for(int _m=_begin; _m<_end; _m++)
            {
                {% for follower in blocks.followers %}
                {% set f = loop.index0 %}
                {
                    int _case = 0;
                    {% for t in follower.thresholds %}
                    _case += (_here[{{t.state}}] {{ '>' if t.above else '<' }} _of.theta_{{f}}[{{loop.index0}}]) << {{loop.index0}};
                    {% endfor %}
                    if (_case != _case_{{f}})
                    {
                        if (_m > _since_{{f}})
                            _y_{{f}} = _y_{{f}}*_kept_{{f}}[_m - _since_{{f}}][_case_{{f}}] + _added_{{f}}[_m - _since_{{f}}][_case_{{f}}];
                        _since_{{f}} = _m;
                        _case_{{f}} = _case;
                    }
                }
                {% endfor %}
                for(int _k=0; _k<_n_linear; _k++)
                {
                    double _sum = _of.shift[_k];
                    for(int _i=0; _i<_n_linear; _i++)
                        _sum += _of.carry[_k][_i]*_here[_i];
                    for(int _d=0; _d<_n_drives; _d++)
                        _sum += _of.gain[_k][_d]*_open[_receptor_of[_d]][_m]*_histories[_d][(size_t)_j*_stride + _m];
                    _next[_k] = _sum;
                }
                for(int _k=0; _k<_n_linear; _k++)
                    _here[_k] = _next[_k];
            }
            {% for follower in blocks.followers %}
            {% set f = loop.index0 %}
            {{_array(follower.state)}}[_idx] = _y_{{f}}*_kept_{{f}}[_end - _since_{{f}}][_case_{{f}}] + _added_{{f}}[_end - _since_{{f}}][_case_{{f}}];
            {% endfor %}
        };
        {% endif %}

        {% if _ns %}
        {{_smooth()}}
        {% endif %}
        {% if _in_sums %}
        // -- sums of each exponential with the factors of a target, the same for all sources without an event
        {% set n_sums = namespace(k=0) %}
        {% for r in receptor_of %}{% set n_sums.k = n_sums.k + rates[r]|length %}{% endfor %}
        const int _n_sums = {{n_sums.k}};  // exponentials of each drive
        static double _in_sum[_length][_n_sums*_n_linear + 1];
        static std::vector<double> _sums;
        _sums.resize((size_t)_n_targets*_n_sums*_n_linear);
        {% set ns = namespace(k=0) %}
        {% for d in range(_nd) %}
        {% set first = rates[:receptor_of[d]]|map('length')|sum %}
        for(int _k=0; _k<{{rates[receptor_of[d]]|length}}; _k++)
            for(int _m=0; _m<_end; _m++)
                for(int _l=0; _l<_n_linear; _l++)
                    _in_sum[_m][({{ns.k}} + _k)*_n_linear + _l] = _weight[{{d}}][_l][_end - 1 - _m]*_fall[{{first}} + _k][_m];
        {% set ns.k = ns.k + rates[receptor_of[d]]|length %}
        {% endfor %}
        for(int _j=0; _j<_n_targets; _j++)
        {
            {% set ns.k = 0 %}
            {% for d in range(_nd) %}
            {
                const int _low = {{ns.k}}*_n_linear, _high = ({{ns.k}} + {{rates[receptor_of[d]]|length}})*_n_linear;
                double _local[_high - _low];
                for(int _c=0; _c<_high - _low; _c++)
                    _local[_c] = 0;
                for(int _m=0; _m<_end; _m++)
                {
                    const double _h = _histories[{{d}}][(size_t)_j*_stride + _m];
                    for(int _c=0; _c<_high - _low; _c++)
                        _local[_c] += _in_sum[_m][_low + _c]*_h;
                }
                for(int _c=0; _c<_high - _low; _c++)
                    _sums[(size_t)(_low + _c)*_n_targets + _j] = _local[_c];
            }
            {% set ns.k = ns.k + rates[receptor_of[d]]|length %}
            {% endfor %}
        }
        // which sums an exponential of a receptor has a part in
        const int _sum_of[] = { {% set ns.k = 0 %}{% for d in range(_nd) %}{{ns.k}}, {% set ns.k = ns.k + rates[receptor_of[d]]|length %}{% endfor %}0 };
        const int _mode_of[] = { {% for d in range(_nd) %}{{rates[:receptor_of[d]]|map('length')|sum}}, {% endfor %}0 };
        const int _modes_of[] = { {% for d in range(_nd) %}{{rates[receptor_of[d]]|length}}, {% endfor %}0 };
        double _factor[_n_sums + 1];
        int _at[_n_sums + 1];
        {% endif %}

        // -- the synapses of one source from step _begin to _end
        const int _chunk = 128;
        auto _advance = [&](const int _source, const int _begin)
        {
            if (_from[_source] == _from[_source + 1])
                return;
            const int _steps = _end - _begin;
            _look_at_source(_source, _begin);
            {% if _nf %}
            const bool _known_sign = _positive && _never_negative(_begin);
            {% endif %}
            {% if _ns %}
            _open_up(_begin);
            _renew_tables();
            {% else %}
            static double _row[_n_drives + 1][_n_linear][_length];
            {% if _in_sums %}
            // terms of a whole block: amplitude and place of the sums of each drive
            int _terms = 0;
            if (_begin == 0)
            {
                for(int _d=0; _d<_n_drives; _d++)
                    for(int _k=0; _k<_n_alive; _k++)
                    {
                        const int _mode = _alive[_k] - _mode_of[_d];
                        if (_mode < 0 || _mode >= _modes_of[_d])
                            continue;
                        _factor[_terms] = _amplitude[_alive[_k]];
                        _at[_terms++] = (_sum_of[_d] + _mode)*_n_linear;
                    }
            }
            else
            {% endif %}
            {
                // otherwise a product of what is open with each synapse's factors
                _open_up(_begin);
                for(int _d=0; _d<_n_drives; _d++)
                    for(int _k=0; _k<_n_linear; _k++)
                        for(int _m=_begin; _m<_end; _m++)
                            _row[_d][_k][_m] = _weight[_d][_k][_end - 1 - _m]*_open[_receptor_of[_d]][_m];
            }
            {% endif %}
            for(int _start=_from[_source]; _start<_from[_source + 1]; _start+=_chunk)
            {
                const int _size = std::min(_chunk, _from[_source + 1] - _start);
                int _index[_chunk], _target[_chunk];
                double _old[_n_linear][_chunk], _new[_n_linear][_chunk];
                for(int _c=0; _c<_size; _c++)
                {
                    _index[_c] = _in_order ? _start + _c : _order[_start + _c];
                    _target[_c] = {{_post}}[_index[_c]];
                }
                for(int _k=0; _k<_n_linear; _k++)
                    if (_in_order)
                        for(int _c=0; _c<_size; _c++)
                            _old[_k][_c] = _z[_k][_start + _c];
                    else
                        for(int _c=0; _c<_size; _c++)
                            _old[_k][_c] = _z[_k][_index[_c]];
                {% if _ns %}
                for(int _first_lane=0; _first_lane<_size; _first_lane+=8)
                    _advance_lanes(_begin, _size - _first_lane, _index + _first_lane, _target + _first_lane, &_old[0][_first_lane], &_new[0][_first_lane], _chunk);
                {% else %}
                for(int _k=0; _k<_n_linear; _k++)
                {
                    for(int _c=0; _c<_size; _c++)
                        _new[_k][_c] = _moved[_steps][_k];
                    for(int _i=0; _i<=_k; _i++)
                        for(int _c=0; _c<_size; _c++)
                            _new[_k][_c] += _power[_steps][_k][_i]*_old[_i][_c];
                }
                {% if _in_sums %}
                if (_begin == 0)
                {
                    for(int _k=0; _k<_n_linear; _k++)
                        for(int _t=0; _t<_terms; _t++)
                        {
                            const double* const _here = &_sums[(size_t)(_at[_t] + _k)*_n_targets];
                            for(int _c=0; _c<_size; _c++)
                                _new[_k][_c] += _factor[_t]*_here[_target[_c]];
                        }
                }
                else
                {% endif %}
                for(int _c=0; _c<_size; _c++)
                    for(int _d=0; _d<_n_drives; _d++)
                    {
                        const double* const _h = _histories[_d] + (size_t)_target[_c]*_stride;
                        {% for k in range(_nl) %}
                        double _sum_{{k}} = 0;
                        {% endfor %}
                        for(int _m=_begin; _m<_end; _m++)
                        {
                            {% for k in range(_nl) %}
                            _sum_{{k}} += _row[_d][{{k}}][_m]*_h[_m];
                            {% endfor %}
                        }
                        {% for k in range(_nl) %}
                        _new[{{k}}][_c] += _sum_{{k}};
                        {% endfor %}
                    }
                {% endif %}
                {% if _nf %}
                int _sure[_chunk];
                for(int _c=0; _c<_size; _c++)
                    _sure[_c] = _known_sign;
                {% for d in range(_nd) %}
                if (_up_{{d}})
                    for(int _c=0; _c<_size; _c++)
                        _sure[_c] &= _low_{{d}}[_target[_c]] >= 0;
                if (_down_{{d}})
                    for(int _c=0; _c<_size; _c++)
                        _sure[_c] &= _high_{{d}}[_target[_c]] <= 0;
                {% endfor %}
                for(int _k=0; _k<_n_linear; _k++)
                    for(int _c=0; _c<_size; _c++)
                        _sure[_c] &= _old[_k][_c] >= _least[_k];
                {% for follower in blocks.followers %}
                {% set f = loop.index0 %}
                int _case_{{f}}[_chunk];
                std::fill(_case_{{f}}, _case_{{f}} + _size, 0);
                {% for t in follower.thresholds %}
                for(int _c=0; _c<_size; _c++)
                {
                    const int _above = _old[{{t.state}}][_c] > _over_{{f}}[_steps][{{loop.index0}}];
                    const int _below = _new[{{t.state}}][_c] < _under_{{f}}[_steps][{{loop.index0}}];
                    _sure[_c] &= _above | _below;
                    _case_{{f}}[_c] |= {{'_above' if t.above else '_below'}} << {{loop.index0}};
                }
                {% endfor %}
                {% endfor %}
                int _work = 0;  // whether there is anything to do
                for(int _c=0; _c<_size; _c++)
                    _work |= (_sure[_c] ^ 1){% for follower in blocks.followers %} | ((_active_{{loop.index0}} >> _case_{{loop.index0}}[_c]) & 1){% endfor %};
                if (_work)
                for(int _c=0; _c<_size; _c++)
                {
                    if (!_sure[_c])
                    {
                        double _past[_n_linear];
                        for(int _k=0; _k<_n_linear; _k++)
                            _past[_k] = _old[_k][_c];
                        _repeat(_index[_c], _begin, _past);
                        continue;
                    }
                    {% for follower in blocks.followers %}
                    {% set f = loop.index0 %}
                    if ((_active_{{f}} >> _case_{{f}}[_c]) & 1)
                    {
                        double& _y = {{_array(follower.state)}}[_index[_c]];
                        _y = _y*_kept_{{f}}[_steps][_case_{{f}}[_c]] + _added_{{f}}[_steps][_case_{{f}}[_c]];
                    }
                    {% endfor %}
                }
                {% endif %}
                for(int _k=0; _k<_n_linear; _k++)
                    if (_in_order)
                        for(int _c=0; _c<_size; _c++)
                            _z[_k][_start + _c] = _new[_k][_c];
                    else
                        for(int _c=0; _c<_size; _c++)
                            _z[_k][_index[_c]] = _new[_k][_c];
            }
        };

        {% if _all %}
        for(int _source=0; _source<_n_sources; _source++)
        {
            if ({{_array('blocks_behind')}}[_source] < _end)
                _advance(_source, {{_array('blocks_behind')}}[_source]);
            {{_array('blocks_behind')}}[_source] = 0;
        }
        {{_array('blocks_noted')}}[0] = 0;
        {% else %}
        {% if mode == 'events' %}
        for(size_t _event=0; _event<_events.size(); _event++)
        {
            const int _source = {{driver.spikes_start}} + _events[_event];
        {% else %}
        for(int _place=0; _place<{{n_recorded}}; _place++)
        {
            const int _source = {{_pre}}[brian::{{recorded}}[_place]];
        {% endif %}
            if ({{_array('blocks_behind')}}[_source] < _end)
                _advance(_source, {{_array('blocks_behind')}}[_source]);
            {{_array('blocks_behind')}}[_source] = _end;
        }
        {% endif %}
    }
{% endblock %}
