# Read after the makefile that Brian2 writes, to spend less time in the compiler.

# The header that every file includes is parsed once; without the result at hand, it is included itself.
%.o : %.cpp makefile
	$(CXX) $(CXXFLAGS) -include objects.h $< -o $@

$(filter-out objects.o,$(OBJS)) : | objects.h.gch

objects.h.gch : objects.h
	$(CXX) $(CXXFLAGS) -x c++-header $< -o $@

# removed in the end
.INTERMEDIATE : objects.h.gch

# This file only allocates, reads and writes arrays. It grows with their number, and what optimising it takes
# grows faster.
objects.o : objects.cpp makefile
	$(CXX) $(CXXFLAGS) -O0 $< -o $@

# Brian2's recipe goes through code_objects as well, for which it then writes targets that do not exist.
make.deps : $(SRCS) $(H_SRCS)
	$(CXX) $(CXXFLAGS) -MM $(filter-out code_objects/%,$(SRCS)) > make.deps
