/* step_case.c: check, then run, on the CPU. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "fusion/fusion.h"
#include "step_case.h"

bool step_run(dio_arena *a, const char *dir, const char *text, const char *out, dio_error *err)
{
    dio_pipeline *p =
        dio_pipeline_parse(dio_path_join(a, dir, "t.yaml"), text, strlen(text), "assets", err);
    if (!p)
        return false;
    const char *to = dio_path_join(a, dir, out);
    bool ok = dio_pipeline_check(p, &(dio_check_options){.out = to});
    if (!ok)
        dio_fail(err, "%s", dio_pipeline_problems(p, NULL));
    ok = ok && dio_pipeline_run(p, &(dio_run_options){.out = to, .device = "cpu"}, err);
    dio_pipeline_close(p);
    return ok;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

int step_clear(const char *dir)
{
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
