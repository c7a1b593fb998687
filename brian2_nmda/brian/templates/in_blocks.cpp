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
        {% include 'smooth_in_blocks.cpp' %}
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
