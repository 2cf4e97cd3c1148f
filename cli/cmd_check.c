/* cmd_check.c: `diorama check FILE --preset P`: is this file ready for that placement? */
#include <stdio.h>

#include "base/assets.h"
#include "cli/command.h"
#include "fusion/check.h"

enum { NOT_READY = 1 };

struct options {
    const char *file, *preset, *captions;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, file, NULL, 0, 0, "the film, picture or sound"),
    DIO_FIELD(struct options, preset, NULL, 0, 0,
              "the placement: one of `diorama presets`, or a file of your own, NAME.yaml"),
    DIO_FIELD(struct options, captions, "", 0, 0, "SRT or WebVTT that goes with it"),
    {0},
};

/* Exit codes: 0 ready, 1 not ready, 2 cannot be read. */
static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *assets = dio_assets_dir(cli->arena, &cli->error);
    dio_check_job job = {assets, o->file, o->preset, *o->captions ? o->captions : NULL};
    dio_verdict verdict;
    if (!assets || !dio_asset_check(cli->arena, &job, &verdict, &cli->error))
        return false;
    const char *text = dio_verdict_text(cli->arena, &verdict, cli->common.json);
    if (!text)
        return dio_fail_memory(&cli->error, "the verdict");
    if (cli->common.json)
        puts(text);
    else if (!cli->common.quiet || !verdict.ready)
        fputs(text, stdout);
    cli->verdict = verdict.ready ? 0 : NOT_READY;
    return true;
}

const dio_command dio_command_check = {
    .name = "check",
    .doc = "is this file ready for that placement: 0 ready, 1 not ready, 2 cannot be read",
    .options = fields,
    .operands = (const char *const[]){"file", NULL},
    .size = sizeof(struct options),
    .run = run,
};
