# Read after the makefile that Brian2 writes: the header that every file of a standalone project includes is
# parsed once, and the longest file is compiled first. Without the precompiled header at hand, compilers
# include the header itself.

.DEFAULT_GOAL := with_precompiled_header
.PHONY : with_precompiled_header
with_precompiled_header : objects.o $(PROGRAM)

%.o : %.cpp makefile
	$(CXX) $(CXXFLAGS) $(if $(filter objects.o,$@),,-include objects.h) $< -o $@

$(filter-out objects.o,$(OBJS)) : | objects.h.gch

objects.h.gch : objects.h
	$(CXX) $(CXXFLAGS) -x c++-header $< -o $@

# removed in the end
.INTERMEDIATE : objects.h.gch
