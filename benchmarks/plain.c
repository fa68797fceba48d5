/* The seed program as a plain C loop: single precision, running powers for the bias correction.

   A power stops, as 0, once it is 2^-26 or less: from there on 1 - power rounds to 1. If it ran on,
   it would become subnormal and stay so (the smallest number times 0.9 rounds to itself), and
   processors are slow with subnormal numbers.

   With KEEP_STEP the corrected step size stops, too, once both powers have. */
#include <math.h>

double run(long steps, int amsgrad, float lr, float beta1, float beta2, float eps, float *x_out)
{
    float x = 0, m = 0, v = 0, vmax = 0, power1 = 1, power2 = 1, step = lr;
    double total = 0;
    for (long t = 0; t < steps; t++) {
        float g = t % 101 == 1 ? 1010.0f : -10.0f;
        total += g * x - g * -1.0f;
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        vmax = v > vmax ? v : vmax;
        power1 = power1 > 0x1p-26f ? power1 * beta1 : 0;
        power2 = power2 > 0x1p-26f ? power2 * beta2 : 0;
#ifdef KEEP_STEP
        if (power1 > 0 || power2 > 0)
#endif
            step = lr * sqrtf(1 - power2) / (1 - power1);
        x -= step * m / (sqrtf(amsgrad ? vmax : v) + eps);
        x = x < -1 ? -1 : x > 1 ? 1 : x;
    }
    *x_out = x;
    return total / steps;
}
