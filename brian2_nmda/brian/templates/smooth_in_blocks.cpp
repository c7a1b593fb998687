{# Included by in_blocks.cpp where there are smooth followers; see brian2_nmda/lowering/smooth.py. It defines
   `_renew_tables` and `_advance_lanes`, which advances up to eight synapses. #}
{% macro _array(name) %}{{get_array_name(variables[name])}}{% endmacro %}
{% set _nl = blocks.linear|length %}
{% set _nd = blocks.drives|length %}
{% set _ns = blocks.smooth|length %}
{# One step of the linear states, of one synapse or of eight. #}
{% macro _step() %}
        {% for k in range(_nl) %}
        const auto _next_{{k}} = _of.shift[{{k}}]{% for i in range(k + 1) %} + _of.carry[{{k}}][{{i}}]*_z_{{i}}{% endfor %}{% for d in range(_nd) %} + _of.gain[{{k}}][{{d}}]*_u_{{d}}{% endfor %};
        {% endfor %}
        {% for k in range(_nl) %}
        _z_{{k}} = _next_{{k}};
        {% endfor %}
{% endmacro %}
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
            double _bent_{{f}} = 0, _slope_{{f}};  // the slope per step; how the change of a step grows within the steps
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
                {% if read %}
                _slope_{{f}} = _s*_per_step;
                {% endif %}
                _new_{{f}} += (_r + _order - _s*_y_{{f}})*_relaxed_share(_s);
            }
            {% for table in tables if table.follower == f %}
            {% set v = table.v %}
            // what others need to know of it: sums of powers around its mean, from how far it goes
            if (_table_{{v}}.cells == 0)
                return false;
            double _sums_{{v}}[6], _centre_{{v}};
            const double _way_{{v}} = _new_{{f}} - _y_{{f}};
            _bent_{{f}} -= _slope_{{f}}*_way_{{v}}*(_p*_p - 1)/6;
            const double _mean_{{v}} = _y_{{f}} + ((_p - 1)*_way_{{v}} - _bent_{{f}})/(2*_p);
            const int _cell_{{v}} = _table_{{v}}.cell(_mean_{{v}}, _centre_{{v}});
            const double* const _t_{{v}} = &_table_{{v}}.rows[(size_t)_cell_{{v}}*{{table.rates|length*6}}];
            {
                const double _e = _mean_{{v}}*_table_{{v}}.inverse - _centre_{{v}}, _far = _way_{{v}}*_table_{{v}}.inverse;
                if (!(fabs(_e) <= 0.5))
                    _table_{{v}}.saw(_mean_{{v}});
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
