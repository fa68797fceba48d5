/* The seed program as a plain C loop: single precision, running powers for the bias correction. */
#include <math.h>

double run(long steps, int amsgrad, float lr, float beta1, float beta2, float eps, float *x_out)
{
    float x = 0, m = 0, v = 0, vmax = 0, power1 = 1, power2 = 1;
    double total = 0;
    for (long t = 0; t < steps; t++) {
        float g = t % 101 == 1 ? 1010.0f : -10.0f;
        total += g * x - g * -1.0f;
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        vmax = v > vmax ? v : vmax;
        power1 *= beta1;
        power2 *= beta2;
        x -= lr * sqrtf(1 - power2) / (1 - power1) * m / (sqrtf(amsgrad ? vmax : v) + eps);
        x = x < -1 ? -1 : x > 1 ? 1 : x;
    }
    *x_out = x;
    return total / steps;
}
