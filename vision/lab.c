/* lab.c: light -> XYZ -> CIELAB, and CIEDE2000. */
#include "vision/lab.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

void dio_lab_from_linear(const double rgb[3], double lab[3])
{
    static const double to_xyz[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                        {0.2126729, 0.7151522, 0.0721750},
                                        {0.0193339, 0.1191920, 0.9503041}};
    double f[3];
    for (int i = 0; i < 3; i++) {
        const double *m = to_xyz[i];
        double white = m[0] + m[1] + m[2];
        double v = (m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2]) / white;
        f[i] = v > 216.0 / 24389 ? cbrt(v) : (24389.0 / 27 * v + 16) / 116;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

static double hue_of(double b, double a)
{
    double h = a == 0 && b == 0 ? 0 : atan2(b, a);
    return h < 0 ? h + 2 * pi : h;
}

/* How much of a's length is to be added before chroma is taken; near grey it counts for more. */
static double grey_gain(double chroma)
{
    double c7 = pow(chroma, 7);
    return 0.5 * (1 - sqrt(c7 / (c7 + 6103515625.0)));
}

double dio_lab_difference(const double x[3], const double y[3])
{
    double g = 1 + grey_gain((hypot(x[1], x[2]) + hypot(y[1], y[2])) / 2);
    double cx = hypot(g * x[1], x[2]), cy = hypot(g * y[1], y[2]);
    double hx = hue_of(x[2], g * x[1]), hy = hue_of(y[2], g * y[1]);
    double turn = hy - hx, hue = hx + hy; /* a colour without hue takes the other's */
    if (cx * cy == 0)
        turn = 0;
    else if (fabs(hy - hx) <= pi)
        hue /= 2;
    else {
        turn += hy <= hx ? 2 * pi : -2 * pi;
        hue = hue < 2 * pi ? hue / 2 + pi : hue / 2 - pi;
    }
    double l = (x[0] + y[0]) / 2 - 50, c = (cx + cy) / 2, c7 = pow(c, 7);
    double t = 1 - 0.17 * cos(hue - pi / 6) + 0.24 * cos(2 * hue) + 0.32 * cos(3 * hue + pi / 30) -
               0.20 * cos(4 * hue - 63 * pi / 180);
    double blue = (hue * 180 / pi - 275) / 25;
    double rotation = -2 * sqrt(c7 / (c7 + 6103515625.0)) * sin(pi / 3 * exp(-blue * blue));
    double dl = (y[0] - x[0]) / (1 + 0.015 * l * l / sqrt(20 + l * l));
    double dc = (cy - cx) / (1 + 0.045 * c);
    double dh = 2 * sqrt(cx * cy) * sin(turn / 2) / (1 + 0.015 * c * t);
    return sqrt(dl * dl + dc * dc + dh * dh + rotation * dc * dh);
}
