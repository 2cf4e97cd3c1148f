#pragma once
/* kaiser.h: private to audio/: Kaiser's window, by which sincs are cut. */

/* At x in -1..1 (0 outside); 1 in the middle. A larger beta leaks less and falls more slowly. */
double dio_kaiser(double beta, double x);
