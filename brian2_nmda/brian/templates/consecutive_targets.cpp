{# Statements of a pathway that only add to the target what its synapse or its source has. Where synapses that
   follow each other lead from one source to targets that follow each other, as connect() makes them, the
   compiler can vectorise over the targets. #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post } #}
{% extends 'common_synapses.cpp' %}

{% set _pre = get_array_name(variables['_synaptic_pre']) %}
{% set _post = get_array_name(variables['_synaptic_post']) %}

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

    const int _chunk = 64;
    std::vector<int> *_spiking_synapses = {{pathway.name}}.peek();
    const int _num_spiking_synapses = _spiking_synapses->size();
    const int* _list = _spiking_synapses->data();
    for(int _start=0; _start<_num_spiking_synapses; )
    {
        const int _size = std::min(_chunk, _num_spiking_synapses - _start);
        const int _first = _list[_start];
        const int _last = _first + _size - 1;
        bool _in_order = _list[_start + _size - 1] == _last
            && {{_post}}[_last] == {{_post}}[_first] + _size - 1 && {{_pre}}[_last] == {{_pre}}[_first];
        if (_in_order)
        {
            int _others = 0;
            for(int _place=0; _place<_size; _place++)
                _others |= (_list[_start + _place] ^ (_first + _place))
                    | ({{_post}}[_first + _place] ^ ({{_post}}[_first] + _place))
                    | ({{_pre}}[_first + _place] ^ {{_pre}}[_first]);
            _in_order = _others == 0;
        }
        if (_in_order)
        {
            const _following _targets = { {{_post}}[_first] - _first };
            const _same _sources = { {{_pre}}[_first] };
            const _following {{_post}} = _targets;
            const _same {{_pre}} = _sources;
            #if defined(__GNUC__) && !defined(__clang__)
            #pragma GCC ivdep
            #endif
            for(int _idx=_first; _idx<=_last; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
            }
        }
        else
        {
            for(int _place=0; _place<_size; _place++)
            {
                const size_t _idx = _list[_start + _place];
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
            }
        }
        _start += _size;
    }
{% endblock %}
