{# State update in which no element reads what another one writes. Brian2's "stateupdate" leaves it to the
   compiler to prove that, which it cannot where values of the pre- or postsynaptic neuron are read, or where
   there are many arrays. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% include 'exprel.cpp' %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    const int _N = {{constant_or_scalar('N', variables['N'])}};
    {% if prefs.devices.cpp_standalone.openmp_threads == 0 %}
    #if defined(__GNUC__) && !defined(__clang__)
    #pragma GCC ivdep
    #endif
    {% else %}
    {{openmp_pragma('parallel-static')}}
    {% endif %}
    for(int _idx=0; _idx<_N; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
{% endblock %}
