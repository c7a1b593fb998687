# Read after the makefile that Brian2 writes, to spend less time in the compiler.

# The headers of C++ are parsed once for each user, machine, compiler and set of flags, and kept in the user's
# cache. Where that cannot be written, they are parsed once in this project, and removed in the end.
OURS := $(dir $(lastword $(MAKEFILE_LIST)))
QUOTE := '
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/brian2_nmda
KEY := $(shell { uname -nm; $(CXX) --version; cat '$(OURS)standard.h'; \
	echo '$(subst $(QUOTE),,$(CXXFLAGS))'; } 2>/dev/null | cksum | cut -d ' ' -f 1)
HEADERS := $(CACHE)/$(KEY)
ifneq ($(words $(HEADERS)) $(shell mkdir -p '$(HEADERS)/plain' 2>/dev/null && test -w '$(HEADERS)/plain' && echo yes),1 yes)
HEADERS := headers
.INTERMEDIATE : headers/standard.h.gch headers/plain/standard.h.gch
endif

# Two builds may do this at the same time: each moves a whole file to its place.
PRECOMPILE = mkdir -p $(@D) && cp '$(OURS)standard.h' $(@D)/ && \
	$(CXX) $(CXXFLAGS) $(1) -x c++-header $(@D)/standard.h -o $@.$$$$ && mv -f $@.$$$$ $@

$(HEADERS)/standard.h.gch :
	$(call PRECOMPILE,)

$(HEADERS)/plain/standard.h.gch :
	$(call PRECOMPILE,-O0)

# Few files instead of many (units.py). Without Python, or where that fails, each file is compiled by itself.
ifneq ($(BRIAN2_NMDA_PYTHON),)
$(shell rm -f units/units.mk; $(BRIAN2_NMDA_PYTHON) -I -S '$(OURS)units.py' '$(OURS)standard.h' $(SRCS))
-include units/units.mk
endif

$(filter-out objects.o,$(OBJS)) $(UNITS) : | $(HEADERS)/standard.h.gch
objects.o : | $(HEADERS)/plain/standard.h.gch

# Files without loops over time or over what a step visits: they set out, and prepare queues once for a run.
main.o network.o run.o units/cold.o $(filter code_objects/before_run_%,$(OBJS)) : LEVEL = $(if $(filter -O2 -O3 -Ofast,$(CXXFLAGS)),-O1)

%.o : %.cpp makefile
	$(CXX) $(CXXFLAGS) $(LEVEL) -include $(HEADERS)/standard.h $(DEPENDENCIES) $< -o $@

# This file only allocates, reads and writes arrays. It grows with their number, and what optimising it takes
# grows faster.
objects.o : objects.cpp makefile
	$(CXX) $(CXXFLAGS) -O0 -include $(HEADERS)/plain/standard.h $(DEPENDENCIES) $< -o $@

ifneq ($(UNITS),)
$(MEMBERS) : ;
$(PROGRAM) : $(UNITS)
	$(CXX) $(UNITS) $(filter-out $(MEMBERS),$(OBJS)) -o $(PROGRAM) $(LFLAGS)
endif

# Brian2's recipe reads all files once more for this, and writes targets that do not exist for those in
# code_objects; the compiler notes on the way what the others include.
$(filter-out code_objects/%,$(OBJS)) $(UNITS) : DEPENDENCIES = -MMD -MP -MF $@.d
make.deps :
	touch make.deps
-include $(wildcard *.o.d units/*.o.d)
