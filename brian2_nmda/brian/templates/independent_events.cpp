{# Statements of a pathway that change each synapse (variables `changed`) from its own values (and `read`), and
   add to its target (`added`). They act on copies, a chunk of synapses at a time, so that the compiler can
   vectorise them. A synapse that has a second event in a time step ends the chunk before it. #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{% extends 'common_synapses.cpp' %}

{% block maincode %}
    {% include 'exprel.cpp' %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    const int _chunk = 256;
    std::vector<int> *_spiking_synapses = {{pathway.name}}.peek();
    const int _num_spiking_synapses = _spiking_synapses->size();
    const int* _list = _spiking_synapses->data();
    {% set _used = variables.values() | list %}
    {% set own = changed + read %}
    {% for _variable in own if _variable in _used %}
    {{c_data_type(_variable.dtype)}} _own_{{loop.index0}}[_chunk];
    {% endfor %}
    {% for _variable in added if _variable in _used %}
    {{c_data_type(_variable.dtype)}} _added_{{loop.index0}}[_chunk];
    {% endfor %}
    // A synapse to which two spikes arrive in one step has to be in two chunks. The table is small enough for
    // the cache; two synapses that share a place in it are taken for the same one, which only costs a chunk.
    static unsigned int _chunk_of[16384];
    static unsigned int _number = 0;
    int _size;
    for(int _start=0; _start<_num_spiking_synapses; _start+=_size)
    {
        _number++;
        const int _left = std::min(_chunk, _num_spiking_synapses - _start);
        for(_size=0; _size<_left; _size++)
        {
            unsigned int& _last_chunk = _chunk_of[_list[_start + _size] & 16383];
            if (_size > 0 && _last_chunk == _number)
                break;
            _last_chunk = _number;
        }
        for(int _place=0; _place<_size; _place++)  // apart from the search: gathering is vectorised
        {
            const int _idx = _list[_start + _place];
            {% for _variable in own if _variable in _used %}
            _own_{{loop.index0}}[_place] = {{get_array_name(_variable)}}[_idx];
            {% endfor %}
            {% for _variable in added if _variable in _used %}
            _added_{{loop.index0}}[_place] = 0;
            {% endfor %}
        }
        {
            // within this block the names of the arrays stand for the copies
            {% for _variable in own if _variable in _used %}
            {{c_data_type(_variable.dtype)}}* __restrict {{get_array_name(_variable)}} = _own_{{loop.index0}};
            {% endfor %}
            {% for _variable in added if _variable in _used %}
            {{c_data_type(_variable.dtype)}}* __restrict {{get_array_name(_variable)}} = _added_{{loop.index0}};
            {% endfor %}
            #if defined(__GNUC__) && !defined(__clang__)
            #pragma GCC ivdep
            #endif
            for(int _idx=0; _idx<_size; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector_code|join("\n")|replace("[_postsynaptic_idx]", "[_idx]")|autoindent}}
            }
        }
        for(int _place=0; _place<_size; _place++)
        {
            const int _idx = _list[_start + _place];
            const int _target = {{get_array_name(variables['_synaptic_post'])}}[_idx];
            {% for _variable in changed if _variable in _used %}
            {{get_array_name(_variable)}}[_idx] = _own_{{loop.index0}}[_place];
            {% endfor %}
            {% for _variable in added if _variable in _used %}
            {{get_array_name(_variable)}}[_target] += _added_{{loop.index0}}[_place];
            {% endfor %}
        }
    }
{% endblock %}
