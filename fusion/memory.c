/* memory.c: how much memory a step takes: the process's peak beyond what it held before. What a
 * step leaves behind for others, an open model, counts for the step that opened it. */
#include <stdio.h>

#include "fusion/record.h"

static double read_mb(const char *line_form)
{
    double kib = -1;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && kib < 0 && fgets(line, sizeof line, f))
        if (sscanf(line, line_form, &kib) != 1)
            kib = -1;
    if (f)
        fclose(f);
    return kib < 0 ? -1 : kib * 1024 / 1e6;
}

double dio_memory_mark(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w"); /* 5: the peak starts anew from what is held */
    bool ok = f && fputs("5", f) >= 0;
    if (f)
        ok = fclose(f) == 0 && ok;
    return ok ? read_mb("VmRSS: %lf kB") : -1;
}

double dio_memory_growth(double mark)
{
    double peak = mark < 0 ? -1 : read_mb("VmHWM: %lf kB");
    return peak < 0 ? -1 : peak > mark ? peak - mark : 0;
}
