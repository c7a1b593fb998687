{# Linear states of synapses and what follows from them, advanced many time steps at once; see
   brian2_nmda/lowering/in_blocks.py. `mode` is "step" (notes the factors of the targets, and ends a block that is
   full), "events" (brings the synapses up to date whose sources have an event in `driver`) or "flush" (brings
   all up to date). #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{% extends 'common_synapses.cpp' %}

{% macro _array(name) %}{{get_array_name(variables[name])}}{% endmacro %}
{% macro _number(name) %}{% if name in known %}(double){{get_array_name(variables[name])}}[0]{% else %}0.0{% endif %}{% endmacro %}
{% set _nl = blocks.linear|length %}
{% set _nd = blocks.drives|length %}
{% set _nf = blocks.followers|length %}
{% set _nr = rates|length %}

{% block extra_headers %}
{{ super() }}
#include <math.h>
#include <vector>
#include <algorithm>
{% endblock %}

{% block maincode %}
    {% set _pre = _array('_synaptic_pre') %}
    {% set _post = _array('_synaptic_post') %}
    const int _length = {{length}}, _n_linear = {{_nl}}, _n_drives = {{_nd}};
    const int _n_targets = {{n_targets}}, _n_sources = {{n_sources}};
    const int _N = {{constant_or_scalar('N', variables['N'])}};
    const double _step = {{constant_or_scalar('dt', variables['dt'])}};

    {% if mode == 'step' %}
    {
        const int _m = {{_array('blocks_noted')}}[0];
        if (_m == 0)
            {{_array('blocks_first')}}[0] = {{constant_or_scalar('t_in_timesteps', variables['t_in_timesteps'])}};
        {% for drive in blocks.drives %}
        for(int _j=0; _j<_n_targets; _j++)
            {{_array(history(drive.name))}}[_j*_length + _m] = {{_array(drive.name)}}[_j];
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

        // -- numbers: powers of P, sums of shifts, and P to the power n times Q
        const double _carry[_n_linear][_n_linear] = {
            {% for k in range(_nl) %}{ {% for i in range(_nl) %}{{_number('blocks_carry_%d_%d' % (k, i))}}, {% endfor %}},
            {% endfor %} };
        const double _gain[_n_linear][_n_drives + 1] = {
            {% for k in range(_nl) %}{ {% for i in range(_nd) %}{{_number('blocks_gain_%d_%d' % (k, i))}}, {% endfor %}0.0 },
            {% endfor %} };
        const double _shift[_n_linear] = { {% for k in range(_nl) %}{{_number('blocks_shift_%d' % k)}}, {% endfor %}};
        static double _power[_length + 1][_n_linear][_n_linear], _moved[_length + 1][_n_linear];
        static double _weight[_length][_n_linear][_n_drives + 1];
        bool _positive = true;  // whether what is not negative stays so
        // where linear states stay without input, and the least at which they count as not below it: a
        // difference between terms of this scale is rounding
        double _fixed[_n_linear], _scale[_n_linear], _least[_n_linear];
        for(int _k=0; _k<_n_linear; _k++)
        {
            double _rest = _shift[_k], _size = fabs(_shift[_k]);
            for(int _i=0; _i<_n_linear; _i++)
            {
                _power[0][_k][_i] = _k == _i;
                _positive = _positive && _carry[_k][_i] >= 0;
                if (_i < _k)
                {
                    _rest += _carry[_k][_i]*_fixed[_i];
                    _size += _carry[_k][_i]*_scale[_i];
                }
            }
            _moved[0][_k] = 0;
            _positive = _positive && _carry[_k][_k] < 1 && _carry[_k][_k] > 0;
            _fixed[_k] = _carry[_k][_k] < 1 ? _rest/(1 - _carry[_k][_k]) : 0;
            _scale[_k] = _carry[_k][_k] < 1 ? _size/(1 - _carry[_k][_k]) : 0;
            _least[_k] = _fixed[_k] - 1e-12*_scale[_k];
        }
        for(int _m=0; _m<_end; _m++)
            for(int _k=0; _k<_n_linear; _k++)
            {
                for(int _i=0; _i<_n_linear; _i++)
                {
                    double _sum = 0;
                    for(int _l=0; _l<_n_linear; _l++)
                        _sum += _carry[_k][_l]*_power[_m][_l][_i];
                    _power[_m + 1][_k][_i] = _sum;
                }
                double _sum = _shift[_k];
                for(int _l=0; _l<_n_linear; _l++)
                    _sum += _carry[_k][_l]*_moved[_m][_l];
                _moved[_m + 1][_k] = _sum;
                for(int _d=0; _d<_n_drives; _d++)
                {
                    double _sum = 0;
                    for(int _l=0; _l<_n_linear; _l++)
                        _sum += _power[_m][_k][_l]*_gain[_l][_d];
                    _weight[_m][_k][_d] = _sum;
                }
            }

        // -- exponentials of all receptors
        const double _rates[] = { {% for of in rates %}{% for rate in of %}{{rate}}, {% endfor %}{% endfor %}0.0 };
        {% set n_modes = rates|map('length')|sum %}
        const int _n_modes = {{n_modes}};
        static double _left[_n_modes + 1];
        for(int _k=0; _k<_n_modes; _k++)
            _left[_k] = exp(-_rates[_k]*_step);
        const long _first = {{_array('blocks_first')}}[0];
        double _amplitude[_n_modes + 1];
        int _alive[_n_modes + 1], _n_alive = 0;
        double _open[{{_nr}} + 1][_length];

        // what a source has open at each step from _begin on; whether that is never negative
        auto _look_at_source = [&](const int _source, const int _begin) -> bool
        {
            _n_alive = 0;
            bool _never_negative = true;
            {% set ns = namespace(k=0) %}
            {% for r in range(_nr) %}
            {
                const double _gap = (double)(_first + _begin - (long){{_array(when_sent[r])}}[_source])*_step;
                double* const _g = _open[{{r}}];
                std::fill(_g + _begin, _g + _end, 0.0);
                {% for name in sent[r] %}
                {
                    double _a = {{_array(name)}}[_source];
                    if (_a != 0)
                        _a *= exp(-_rates[{{ns.k}}]*_gap);
                    _amplitude[{{ns.k}}] = _a;
                    if (fabs(_a) > {{negligible}})
                    {
                        _alive[_n_alive++] = {{ns.k}};
                        for(int _m=_begin; _m<_end; _m++, _a*=_left[{{ns.k}}])
                            _g[_m] += _a;
                    }
                }
                {% set ns.k = ns.k + 1 %}
                {% endfor %}
                for(int _m=_begin; _m<_end; _m++)
                    _never_negative = _never_negative && _g[_m] >= 0;
            }
            {% endfor %}
            return _never_negative;
        };

        const double* const _histories[] = { {% for drive in blocks.drives %}{{_array(history(drive.name))}}, {% endfor %}0 };
        const int _receptor_of[] = { {% for r in receptor_of %}{{r}}, {% endfor %}0 };
        double* const _z[] = { {% for n in blocks.linear %}{{_array(n)}}, {% endfor %}0 };

        {% if _nf %}
        // whether the input of a target is never negative
        static std::vector<char> _target_positive;
        _target_positive.assign(_n_targets, 0);
        {% if mode == 'events' %}
        std::fill(_target_positive.begin(), _target_positive.end(), 2);  // not known
        {% endif %}
        auto _look_at_target = [&](const int _j) -> bool
        {
            bool _found = true;
            for(int _d=0; _d<_n_drives; _d++)
            {
                const double* const _h = _histories[_d] + (size_t)_j*_length;
                double _low = 0, _high = 0;
                for(int _m=0; _m<_end; _m++)
                {
                    _low = std::min(_low, _h[_m]);
                    _high = std::max(_high, _h[_m]);
                }
                for(int _k=0; _k<_n_linear; _k++)
                    _found = _found && _gain[_k][_d]*_low >= 0 && _gain[_k][_d]*_high >= 0;
            }
            return _found;
        };
        {% endif %}

        {% for follower in blocks.followers %}
        {% set f = loop.index0 %}
        const double _slope_{{f}}[] = { {% for c in follower.cases %}{{_number('blocks_slope_%d_%d' % (f, loop.index0))}}, {% endfor %}};
        const double _rest_{{f}}[] = { {% for c in follower.cases %}{{_number('blocks_rest_%d_%d' % (f, loop.index0))}}, {% endfor %}};
        const double _theta_{{f}}[] = { {% for t in follower.thresholds %}{{_number('blocks_theta_%d_%d' % (f, loop.index0))}}, {% endfor %}0.0 };
        auto _relax_{{f}} = [&](double& _y, const int _case, const int _steps)
        {
            const double _a = _slope_{{f}}[_case], _b = _rest_{{f}}[_case], _t = _steps*_step;
            if (_a == 0)
            {
                if (_b != 0)
                    _y += _b*_t;
            }
            else
            {
                const double _lost = expm1(-_a*_t);
                _y += _y*_lost - _b*_lost/_a;
            }
        };
        {% endfor %}

        {% if _nf %}
        // the followers of one synapse, step by step from its linear states before
        auto _repeat = [&](const int _idx, const int _begin, const double* _old)
        {
            const int _j = {{_post}}[_idx];
            double _here[_n_linear], _next[_n_linear];
            for(int _k=0; _k<_n_linear; _k++)
                _here[_k] = _old[_k];
            {% for follower in blocks.followers %}
            int _since_{{loop.index0}} = _begin, _before_{{loop.index0}} = -1;
            {% endfor %}
            for(int _m=_begin; _m<_end; _m++)
            {
                {% for follower in blocks.followers %}
                {% set f = loop.index0 %}
                {
                    int _case = 0;
                    {% for t in follower.thresholds %}
                    _case += (_here[{{t.state}}] {{ '>' if t.above else '<' }} _theta_{{f}}[{{loop.index0}}]) << {{loop.index0}};
                    {% endfor %}
                    if (_case != _before_{{f}})
                    {
                        if (_m > _since_{{f}})
                            _relax_{{f}}({{_array(follower.state)}}[_idx], _before_{{f}}, _m - _since_{{f}});
                        _since_{{f}} = _m;
                        _before_{{f}} = _case;
                    }
                }
                {% endfor %}
                for(int _k=0; _k<_n_linear; _k++)
                {
                    double _sum = _shift[_k];
                    for(int _i=0; _i<_n_linear; _i++)
                        _sum += _carry[_k][_i]*_here[_i];
                    for(int _d=0; _d<_n_drives; _d++)
                        _sum += _gain[_k][_d]*_open[_receptor_of[_d]][_m]*_histories[_d][_j*_length + _m];
                    _next[_k] = _sum;
                }
                for(int _k=0; _k<_n_linear; _k++)
                    _here[_k] = _next[_k];
            }
            {% for follower in blocks.followers %}
            {% set f = loop.index0 %}
            _relax_{{f}}({{_array(follower.state)}}[_idx], _before_{{f}}, _end - _since_{{f}});
            {% endfor %}
        };

        // from where on no threshold can be passed in a number of steps: above at the start, below at the end
        {% for follower in blocks.followers %}
        double _over_{{loop.index0}}[{{follower.thresholds|length}}], _under_{{loop.index0}}[{{follower.thresholds|length}}];
        {% endfor %}
        auto _look_at_thresholds = [&](const int _steps)
        {
            {% for follower in blocks.followers %}
            {% set f = loop.index0 %}
            {% for t in follower.thresholds %}
            {
                const double _level = _theta_{{f}}[{{loop.index0}}] - _fixed[{{t.state}}];
                const double _kept = _power[_steps][{{t.state}}][{{t.state}}],
                    _margin = 1e-9*fabs(_level) + 1e-11*_scale[{{t.state}}];
                _over_{{f}}[{{loop.index0}}] = _fixed[{{t.state}}] + (_level + _margin)/_kept;
                _under_{{f}}[{{loop.index0}}] = _fixed[{{t.state}}] + (_level - _margin)*_kept;
            }
            {% endfor %}
            {% endfor %}
        };
        {% endif %}

        // a source with an event in the block: a product of what is open with each synapse's factors
        auto _advance = [&](const int _source, const int _begin)
        {
            if (_from[_source] == _from[_source + 1])
                return;
            {% if _nf %}
            const bool _known_sign = _look_at_source(_source, _begin) && _positive;
            _look_at_thresholds(_end - _begin);
            {% else %}
            _look_at_source(_source, _begin);
            {% endif %}
            static double _row[_n_drives + 1][_n_linear][_length];
            for(int _d=0; _d<_n_drives; _d++)
                for(int _k=0; _k<_n_linear; _k++)
                    for(int _m=_begin; _m<_end; _m++)
                        _row[_d][_k][_m] = _weight[_end - 1 - _m][_k][_d]*_open[_receptor_of[_d]][_m];
            for(int _place=_from[_source]; _place<_from[_source + 1]; _place++)
            {
                const int _idx = _order.empty() ? _place : _order[_place];
                const int _j = {{_post}}[_idx];
                double _old[_n_linear], _new[_n_linear];
                for(int _k=0; _k<_n_linear; _k++)
                    _old[_k] = _z[_k][_idx];
                for(int _k=0; _k<_n_linear; _k++)
                {
                    double _sum = _moved[_end - _begin][_k];
                    for(int _i=0; _i<_n_linear; _i++)
                        _sum += _power[_end - _begin][_k][_i]*_old[_i];
                    for(int _d=0; _d<_n_drives; _d++)
                        for(int _m=_begin; _m<_end; _m++)
                            _sum += _row[_d][_k][_m]*_histories[_d][_j*_length + _m];
                    _new[_k] = _sum;
                }
                {% if _nf %}
                bool _sure = _known_sign;
                for(int _k=0; _k<_n_linear; _k++)
                    _sure = _sure && _old[_k] >= _least[_k];
                {% for follower in blocks.followers %}
                {% set f = loop.index0 %}
                int _case_{{f}} = 0;
                {% for t in follower.thresholds %}
                {
                    const bool _above = _old[{{t.state}}] > _over_{{f}}[{{loop.index0}}];
                    const bool _below = _new[{{t.state}}] < _under_{{f}}[{{loop.index0}}];
                    _sure = _sure && (_above || _below);
                    _case_{{f}} += {{'_above' if t.above else '_below'}} << {{loop.index0}};
                }
                {% endfor %}
                {% endfor %}
                if (_sure && _target_positive[_j] == 2)
                    _target_positive[_j] = _look_at_target(_j);
                if (_sure && _target_positive[_j])
                {
                    {% for follower in blocks.followers %}
                    _relax_{{loop.index0}}({{_array(follower.state)}}[_idx], _case_{{loop.index0}}, _end - _begin);
                    {% endfor %}
                }
                else
                    _repeat(_idx, _begin, _old);
                {% endif %}
                for(int _k=0; _k<_n_linear; _k++)
                    _z[_k][_idx] = _new[_k];
            }
        };

        {% if mode == 'events' %}
        for(size_t _event=0; _event<_events.size(); _event++)
        {
            const int _source = {{driver.spikes_start}} + _events[_event];
            if ({{_array('blocks_behind')}}[_source] < _end)
                _advance(_source, {{_array('blocks_behind')}}[_source]);
            {{_array('blocks_behind')}}[_source] = _end;
        }
        {% else %}
        // -- sums of each exponential with the factors of a target, the same for all sources without an event
        {% set n_sums = namespace(k=0) %}
        {% for r in receptor_of %}{% set n_sums.k = n_sums.k + rates[r]|length %}{% endfor %}
        const int _n_sums = {{n_sums.k}};  // exponentials of each drive
        static double _in_sum[_length][_n_sums*_n_linear + 1];
        static std::vector<double> _sums;
        _sums.assign((size_t)_n_targets*_n_sums*_n_linear, 0.0);
        {% set ns = namespace(k=0) %}
        {% for d in range(_nd) %}
        {% set first = rates[:receptor_of[d]]|map('length')|sum %}
        for(int _k=0; _k<{{rates[receptor_of[d]]|length}}; _k++)
        {
            double _a = 1;
            for(int _m=0; _m<_end; _m++, _a*=_left[{{first}} + _k])
                for(int _l=0; _l<_n_linear; _l++)
                    _in_sum[_m][({{ns.k}} + _k)*_n_linear + _l] = _weight[_end - 1 - _m][_l][{{d}}]*_a;
        }
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
                    const double _h = {{_array(history(blocks.drives[d].name))}}[_j*_length + _m];
                    for(int _c=0; _c<_high - _low; _c++)
                        _local[_c] += _in_sum[_m][_low + _c]*_h;
                }
                for(int _c=0; _c<_high - _low; _c++)
                    _sums[(size_t)(_low + _c)*_n_targets + _j] = _local[_c];
            }
            {% set ns.k = ns.k + rates[receptor_of[d]]|length %}
            {% endfor %}
            {% if _nf %}
            _target_positive[_j] = _look_at_target(_j);
            {% endif %}
        }
        // which sums an exponential of a receptor has a part in
        const int _sum_of[] = { {% set ns.k = 0 %}{% for d in range(_nd) %}{{ns.k}}, {% set ns.k = ns.k + rates[receptor_of[d]]|length %}{% endfor %}0 };
        const int _mode_of[] = { {% for d in range(_nd) %}{{rates[:receptor_of[d]]|map('length')|sum}}, {% endfor %}0 };
        const int _modes_of[] = { {% for d in range(_nd) %}{{rates[receptor_of[d]]|length}}, {% endfor %}0 };

        {% if _nf %}
        // of a whole block, for the synapses in which no threshold is passed
        _look_at_thresholds(_end);
        {% for follower in blocks.followers %}
        {% set f = loop.index0 %}
        const int _cases_{{f}} = {{follower.cases|length}};
        double _kept_{{f}}[_cases_{{f}}], _added_{{f}}[_cases_{{f}}];
        for(int _c=0; _c<_cases_{{f}}; _c++)
        {
            double _y = 0;
            _relax_{{f}}(_y, _c, _end);
            _added_{{f}}[_c] = _y;
            _kept_{{f}}[_c] = exp(-_slope_{{f}}[_c]*_end*_step);
        }
        {% endfor %}
        {% endif %}

        const int _chunk = 128;
        for(int _source=0; _source<_n_sources; _source++)
        {
            const int _begin = {{_array('blocks_behind')}}[_source];
            {{_array('blocks_behind')}}[_source] = 0;
            if (_begin > 0)
            {
                if (_begin < _end)
                {
                    _advance(_source, _begin);
                    {% if _nf %}
                    _look_at_thresholds(_end);
                    {% endif %}
                }
                continue;
            }
            if (_from[_source] == _from[_source + 1])
                continue;
            const bool _known_sign = _look_at_source(_source, 0) && _positive;
            // terms: amplitude and place of the sums of each drive
            double _factor[_n_sums + 1];
            int _at[_n_sums + 1], _terms = 0;
            for(int _d=0; _d<_n_drives; _d++)
                for(int _k=0; _k<_n_alive; _k++)
                {
                    const int _mode = _alive[_k] - _mode_of[_d];
                    if (_mode < 0 || _mode >= _modes_of[_d])
                        continue;
                    _factor[_terms] = _amplitude[_alive[_k]];
                    _at[_terms++] = (_sum_of[_d] + _mode)*_n_linear;
                }
            for(int _start=_from[_source]; _start<_from[_source + 1]; _start+=_chunk)
            {
                const int _size = std::min(_chunk, _from[_source + 1] - _start);
                int _index[_chunk], _target[_chunk];
                double _old[_n_linear][_chunk], _new[_n_linear][_chunk];
                for(int _c=0; _c<_size; _c++)
                {
                    _index[_c] = _order.empty() ? _start + _c : _order[_start + _c];
                    _target[_c] = {{_post}}[_index[_c]];
                }
                const bool _in_order = _order.empty();
                for(int _k=0; _k<_n_linear; _k++)
                    if (_in_order)
                        for(int _c=0; _c<_size; _c++)
                            _old[_k][_c] = _z[_k][_start + _c];
                    else
                        for(int _c=0; _c<_size; _c++)
                            _old[_k][_c] = _z[_k][_index[_c]];
                for(int _k=0; _k<_n_linear; _k++)
                {
                    for(int _c=0; _c<_size; _c++)
                        _new[_k][_c] = _moved[_end][_k];
                    for(int _i=0; _i<=_k; _i++)
                        for(int _c=0; _c<_size; _c++)
                            _new[_k][_c] += _power[_end][_k][_i]*_old[_i][_c];
                    for(int _t=0; _t<_terms; _t++)
                    {
                        const double* const _of = &_sums[(size_t)(_at[_t] + _k)*_n_targets];
                        for(int _c=0; _c<_size; _c++)
                            _new[_k][_c] += _factor[_t]*_of[_target[_c]];
                    }
                }
                {% if _nf %}
                int _sure[_chunk];
                for(int _c=0; _c<_size; _c++)
                    _sure[_c] = _known_sign & (_target_positive[_target[_c]] != 0);
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
                    const int _above = _old[{{t.state}}][_c] > _over_{{f}}[{{loop.index0}}];
                    const int _below = _new[{{t.state}}][_c] < _under_{{f}}[{{loop.index0}}];
                    _sure[_c] &= _above | _below;
                    _case_{{f}}[_c] |= {{'_above' if t.above else '_below'}} << {{loop.index0}};
                }
                {% endfor %}
                {% endfor %}
                for(int _c=0; _c<_size; _c++)
                {
                    if (!_sure[_c])
                    {
                        double _before[_n_linear];
                        for(int _k=0; _k<_n_linear; _k++)
                            _before[_k] = _old[_k][_c];
                        _repeat(_index[_c], 0, _before);
                        continue;
                    }
                    {% for follower in blocks.followers %}
                    {% set f = loop.index0 %}
                    if (_slope_{{f}}[_case_{{f}}[_c]] != 0 || _rest_{{f}}[_case_{{f}}[_c]] != 0)
                    {
                        double& _y = {{_array(follower.state)}}[_index[_c]];
                        _y = _y*_kept_{{f}}[_case_{{f}}[_c]] + _added_{{f}}[_case_{{f}}[_c]];
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
        }
        {{_array('blocks_noted')}}[0] = 0;
        {% endif %}
    }
{% endblock %}
