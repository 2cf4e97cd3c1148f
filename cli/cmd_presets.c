/* cmd_presets.c: the placements that films and posters are made for. */
#include <stdio.h>

#include "base/assets.h"
#include "cli/command.h"
#include "fusion/fusion.h"

static bool run(dio_cli *cli, void *options)
{
    (void)options;
    const char *assets = dio_assets_dir(cli->arena, &cli->error);
    const char *text =
        assets ? dio_presets_text(cli->arena, assets, cli->common.json, &cli->error) : NULL;
    if (text)
        fputs(text, stdout);
    return text != NULL;
}

const dio_command dio_command_presets = {
    .name = "presets",
    .doc = "list the placements there are presets for",
    .run = run,
};
