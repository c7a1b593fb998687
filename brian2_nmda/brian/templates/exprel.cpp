    // Brian2's _exprel has branches, with which a loop is not vectorised. Within this function this one stands for it.
    const auto _exprel = [](double x) {
        const double z = fabs(x) < 1e-16 ? 1e-16 : x;
        return expm1(z)/z;
    };
