/* media_none.c: what a build without Pango, Cairo and FFmpeg answers. */
#include "cli/docs_media.h"
#include "fusion/chart.h"

bool dio_chart_loss(const char *csv, const char *png, dio_error *err)
{
    (void)csv;
    return dio_fail(err, "%s: this build has no media libraries, so there is no picture", png);
}

bool dio_docs_media(dio_cli *cli, const char *folder, dio_error *err)
{
    (void)cli;
    (void)folder;
    (void)err;
    return true;
}
