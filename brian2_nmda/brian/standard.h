// Headers of C++ and C that Brian2's files include, in one file that is parsed once (standalone.mk).
#include <algorithm>
#include <cassert>
#include <chrono>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iosfwd>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <queue>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 22)
// glibc has vector forms of these, exact to 4 units in the last place. It says so under -ffinite-math-only alone, which
// Brian2 switches off. With this, loops over neurons with a magnesium block are vectorised as well.
#define VECTOR extern "C" __attribute__((const, nothrow, simd("notinbranch")))
VECTOR double exp(double);
VECTOR float expf(float);
VECTOR double log(double);
VECTOR double pow(double, double);
#if __GLIBC_PREREQ(2, 35)
VECTOR double expm1(double);
VECTOR double tanh(double);
#endif
#undef VECTOR
#endif
#endif
