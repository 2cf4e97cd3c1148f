#pragma once
/* lab.h: CIELAB (D65), and how different two colours look in it.
 *
 * For measuring: OKLab (srgb.h) is what the program itself decides by.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* CIE 15:2004 of linear sRGB light, 0..1; white is (100, 0, 0). */
void dio_lab_from_linear(const double rgb[3], double lab[3]);

/* CIEDE2000 with all weights 1 (Sharma, Wu, Dalal: "The CIEDE2000 color-difference formula", Color
 * Research and Application 30, 2005). Below 1 nobody sees it; 2 to 3 is seen side by side. */
double dio_lab_difference(const double x[3], const double y[3]);

#ifdef __cplusplus
}
#endif
