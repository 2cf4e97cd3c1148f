/* cmd_bench.c: figures of this machine and of diorama on it. */
#include <stdio.h>

#include "bench/bench.h"
#include "cli/command.h"

struct options {
    const char *group;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, group, "", 0, 0,
              "a group of figures (ops, text, ..), or the start of a figure's name"),
    {0},
};

static const char *const operands[] = {"group", NULL};

static void print(void *user, const dio_value *line)
{
    dio_cli *cli = user;
    if (cli->common.json) {
        dio_cli_event(cli, line);
        return;
    }
    const dio_value *share = dio_map_get(line, "share"), *of = dio_map_get(line, "of");
    printf("%-28s %9.4g %-8s", dio_map_get(line, "bench")->string.text,
           dio_map_get(line, "value")->real, dio_map_get(line, "unit")->string.text);
    if (share)
        printf(" %4.0f %% of %s", 100 * share->real, of->string.text);
    printf("\n");
    fflush(stdout);
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    dio_device *d = dio_cli_device(cli);
    if (!d)
        return false;
    const bool ok = dio_bench_group(o->group[0] ? o->group : NULL, false, d, print, cli,
                                    cli->cancel, &cli->error);
    dio_device_close(d);
    return ok;
}

const dio_command dio_command_bench = {
    .name = "bench",
    .doc = "measure this machine, and diorama on it",
    .options = fields,
    .operands = operands,
    .size = sizeof(struct options),
    .run = run,
};
