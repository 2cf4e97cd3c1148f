/* cmd_ops.c: the operators that the runtime has, from their own words. */
#include <stdio.h>

#include "cli/command.h"
#include "tensor/op.h"

static void event(dio_cli *cli, const dio_op *op)
{
    dio_value *v = dio_value_map(cli->arena);
    dio_map_set(cli->arena, v, "name", dio_value_string(cli->arena, op->name));
    dio_map_set(cli->arena, v, "doc", dio_value_string(cli->arena, op->doc));
    dio_map_set(cli->arena, v, "gradient", dio_value_bool(cli->arena, op->grad != NULL));
    dio_map_set(cli->arena, v, "fast", dio_value_bool(cli->arena, op->cpu != NULL));
    dio_cli_event(cli, v);
}

static bool run(dio_cli *cli, void *options)
{
    (void)options;
    for (int i = 0; i < dio_ops_count; i++) {
        const dio_op *op = dio_ops[i];
        if (cli->common.json)
            event(cli, op);
        else
            printf("%-22s %s%s\n", op->name, op->doc, op->grad ? "" : "  [no gradient]");
    }
    return true;
}

const dio_command dio_command_ops = {
    .name = "ops",
    .doc = "list the tensor runtime's operators",
    .run = run,
};
