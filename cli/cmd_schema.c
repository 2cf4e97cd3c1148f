/* cmd_schema.c: the JSON Schema of pipeline files, for editors. */
#include <stdio.h>

#include "base/assets.h"
#include "cli/command.h"
#include "fusion/fusion.h"

static bool run(dio_cli *cli, void *options)
{
    (void)options;
    const char *assets = dio_assets_dir(cli->arena, &cli->error);
    const char *text = assets ? dio_pipeline_schema(cli->arena, assets, &cli->error) : NULL;
    if (text)
        puts(text);
    return text != NULL;
}

const dio_command dio_command_schema = {
    .name = "schema",
    .doc = "print the JSON Schema of pipeline files",
    .run = run,
};
