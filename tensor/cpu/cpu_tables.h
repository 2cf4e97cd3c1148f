#pragma once
/* cpu_tables.h: the tables that kernels_tmpl.c defines, one a build of it. */
#include "tensor/cpu/cpu.h"

extern const dio_cpu dio_cpu_generic;
/* Where the build is for x86: */
extern const dio_cpu dio_cpu_avx2;
extern const dio_cpu dio_cpu_avx512;
extern const dio_cpu dio_cpu_avx512vnni;
extern const dio_pairs dio_pairs_avx512;

double dio_cpu_peak_vnni(int64_t rounds, float *keep);
