/* cmd_scores.c: the scores that candidates are ranked by, from their own words. */
#include <stdio.h>

#include "cli/command.h"
#include "fusion/fusion.h"

struct options {
    const char *score;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, score, "", 0, 0, "a score's name, for its definition and parameters"),
    {0},
};

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *text =
        dio_scores_text(cli->arena, o->score[0] ? o->score : NULL, cli->common.json, &cli->error);
    if (text)
        fputs(text, stdout);
    return text != NULL;
}

const dio_command dio_command_scores = {
    .name = "scores",
    .doc = "list the scores that candidates are ranked by, or explain one",
    .options = fields,
    .operands = (const char *const[]){"score", NULL},
    .size = sizeof(struct options),
    .run = run,
};
