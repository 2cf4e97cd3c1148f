/* cmd_steps.c: the steps that pipelines may use, from their own words. */
#include <stdio.h>

#include "cli/command.h"
#include "fusion/fusion.h"

struct options {
    const char *step;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, step, "", 0, 0, "a step's name, for its parameters and outputs"),
    {0},
};

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *text =
        dio_steps_text(cli->arena, o->step[0] ? o->step : NULL, cli->common.json, &cli->error);
    if (text)
        fputs(text, stdout);
    return text != NULL;
}

const dio_command dio_command_steps = {
    .name = "steps",
    .doc = "list the steps of pipelines, or explain one",
    .options = fields,
    .operands = (const char *const[]){"step", NULL},
    .size = sizeof(struct options),
    .run = run,
};
