{# Several summed variables in one pass over the synapses. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% set _index_array = get_array_name(_index_var) %}
    const int _target_size = {{constant_or_scalar(_target_size_name, variables[_target_size_name])}};
    for(int _target_idx=0; _target_idx<_target_size; _target_idx++)
    {
        {% for _variable in _target_vars %}
        {{get_array_name(_variable)}}[_target_idx] = 0;
        {% endfor %}
    }
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    for(int _idx=0; _idx<{{N}}; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
        {% for _variable in _target_vars %}
        {{get_array_name(_variable)}}[{{_index_array}}[_idx]] += _summand_{{loop.index0}};
        {% endfor %}
    }
{% endblock %}
