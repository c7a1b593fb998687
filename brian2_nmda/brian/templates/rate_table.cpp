{# Included by in_blocks.cpp. Rates as polynomials of what they depend on; see brian2_nmda/lowering/smooth.py. #}
#ifndef _BRIAN2_NMDA_RATE_TABLE
#define _BRIAN2_NMDA_RATE_TABLE
#include <math.h>
#include <vector>
#include <algorithm>

// As many synapses as are advanced side by side.
#if defined(__GNUC__)
typedef double _lanes __attribute__((vector_size(64)));
inline _lanes _larger(const _lanes a, const _lanes b) { return a > b ? a : b; }
#else
struct _lanes
{
    double x[8];
    double& operator[](int k) { return x[k]; }
    double operator[](int k) const { return x[k]; }
};
#define _LANES(op) \
    inline _lanes operator op(_lanes a, const _lanes& b) { for(int k=0; k<8; k++) a.x[k] = a.x[k] op b.x[k]; return a; } \
    inline _lanes operator op(const double a, _lanes b) { for(int k=0; k<8; k++) b.x[k] = a op b.x[k]; return b; } \
    inline _lanes operator op(_lanes a, const double b) { for(int k=0; k<8; k++) a.x[k] = a.x[k] op b; return a; } \
    inline _lanes& operator op##=(_lanes& a, const _lanes& b) { return a = a op b; } \
    inline _lanes& operator op##=(_lanes& a, const double b) { return a = a op b; }
_LANES(+)
_LANES(-)
_LANES(*)
#undef _LANES
inline _lanes _larger(_lanes a, const _lanes& b) { for(int k=0; k<8; k++) if (!(a.x[k] > b.x[k])) a.x[k] = b.x[k]; return a; }
#endif

// (1 - exp(-x))/x
inline double _relaxed_share(const double x)
{
    return fabs(x) <= 0.02 ? 1 - 0.5*x + x*x*(1./6 - x*(1./24) + x*x*(1./120)) : -expm1(-x)/x;
}

// The polynomial of a cell holds from -1 to 1, in units of the distance from one cell to the next, around its
// centre: so a course that begins in the cell may leave it by half of that distance.
template<int _n>
struct _rate_table
{
    int cells;
    double low, high, inverse, largest[_n];
    double lowest_seen, highest_seen;
    std::vector<double> rows;
    std::vector<char> usable;

    _rate_table() : cells(0), low(0), high(0), inverse(0), lowest_seen(HUGE_VAL), highest_seen(-HUGE_VAL)
    {
        std::fill(largest, largest + _n, 0.0);
    }

    bool covers_seen() const
    {
        return !(lowest_seen <= highest_seen) || (cells > 0 && low <= lowest_seen && high >= highest_seen);
    }

    void saw(const double x)
    {
        if (fabs(x) < 1e300)
        {
            lowest_seen = std::min(lowest_seen, x);
            highest_seen = std::max(highest_seen, x);
        }
    }

    // the cell of x; `centre` is in units of cells, as x*inverse is
    int cell(const double x, double& centre) const
    {
        const double at = (x - low)*inverse;
        const int k = at > 0 ? (at < cells ? (int)at : cells - 1) : 0;
        centre = low*inverse + (k + 0.5);
        return k;
    }

    // Polynomials for `rates(x, y)`, which writes _n values, over what has been seen and a little more. There
    // are more cells until all polynomials are good enough; one that is not, as at a kink, is not usable.
    template<class F>
    void build(const F& rates, const double tolerance, const double lowest)
    {
        const double most = std::max(fabs(lowest_seen), fabs(highest_seen));
        const double width = std::max(highest_seen - lowest_seen, 1e-3*most + 1e-12), margin = 0.25*width;
        low = cells > 0 && lowest_seen >= low ? low : lowest_seen - (cells > 0 ? margin : 0.01*width);
        high = cells > 0 && highest_seen <= high ? high : highest_seen + margin;
        for(cells=4; ; cells+=(cells + 3)/4)
            if (fill(rates, tolerance, lowest) == 0 || cells >= 2048)
                break;
    }

    template<class F>
    int fill(const F& rates, const double tolerance, const double lowest)
    {
        const double _pi = 3.14159265358979323846;
        inverse = cells/(high - low);
        rows.assign((size_t)cells*_n*6, 0.0);
        usable.assign(cells, 1);
        std::fill(largest, largest + _n, 0.0);
        std::vector<double> highest((size_t)cells*_n, 0.0);
        for(int i=0; i<cells; i++)
        {
            double y[6][_n], u[6];
            for(int k=0; k<6; k++)
            {
                u[k] = -cos((2*k + 1)*_pi/12);
                rates(low + (i + 0.5 + u[k])/inverse, y[k]);
            }
            for(int f=0; f<_n; f++)
            {
                double* const row = &rows[((size_t)i*_n + f)*6];
                double c[6];
                for(int k=0; k<6; k++)
                {
                    c[k] = y[k][f];
                    highest[(size_t)i*_n + f] = std::max(highest[(size_t)i*_n + f], fabs(c[k]));
                }
                for(int j=1; j<6; j++)
                    for(int k=5; k>=j; k--)
                        c[k] = (c[k] - c[k - 1])/(u[k] - u[k - j]);
                for(int k=5; k>=0; k--)  // row = row*(u - u[k]) + c[k]
                {
                    for(int d=5; d>0; d--)
                        row[d] = row[d - 1] - row[d]*u[k];
                    row[0] = c[k] - row[0]*u[k];
                }
                if (low + (i + 0.5)/inverse <= high)
                    largest[f] = std::max(largest[f], highest[(size_t)i*_n + f]);
            }
        }
        int bad = 0;
        for(int i=0; i<cells; i++)
        {
            for(int k=0; k<=6; k++)  // where the error of such a polynomial is largest
            {
                double y[_n];
                const double u = cos(k*_pi/6);
                rates(low + (i + 0.5 + u)/inverse, y);
                for(int f=0; f<_n; f++)
                {
                    const double* const r = &rows[((size_t)i*_n + f)*6];
                    const double error = fabs(r[0] + u*(r[1] + u*(r[2] + u*(r[3] + u*(r[4] + u*r[5])))) - y[f]);
                    const double scale = std::max(highest[(size_t)i*_n + f], lowest*largest[f]);
                    if (!(error <= tolerance*scale))
                        usable[i] = 0;
                }
            }
            bad += !usable[i];
        }
        return bad;
    }
};
#endif
