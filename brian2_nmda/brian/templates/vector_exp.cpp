{# Tells the compiler of the vector form of exp. #}
#include <math.h>
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 22)
// glibc has vector forms of exp, and says so under -ffinite-math-only alone, which Brian2 switches off.
extern "C" __attribute__((const, nothrow, simd("notinbranch"))) double exp(double);
#endif
#endif
