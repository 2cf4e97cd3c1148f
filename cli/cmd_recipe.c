/* cmd_recipe.c: `diorama recipe FILE`: how a finished file was made. */
#include <stdio.h>

#include "base/file.h"
#include "cli/command.h"
#include "fusion/ledger.h"

enum { UP = 8 }; /* folders above the file in which a ledger is looked for */

struct options {
    const char *file;
    bool pipeline;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, file, NULL, 0, 0, "a file that a run has made"),
    DIO_FIELD(struct options, pipeline, "false", 0, 0,
              "print the pipeline file that made it, as it was"),
    {0},
};

/* The ledger of the nearest folder above that has one; *within is the file's path from there. */
static dio_ledger *find_ledger(dio_cli *cli, const char *file, const char **within)
{
    dio_arena *a = cli->arena;
    const char *dir = dio_path_dir(a, file);
    *within = dio_path_base(file);
    for (int i = 0; i < UP; i++) {
        if (dio_file_exists(dio_path_join(a, dir, ".diorama/ledger.db")))
            return dio_ledger_open_existing(dir, &cli->error);
        const char *name = dio_path_base(dir);
        *within = *name && *name != '.' ? dio_arena_printf(a, "%s/%s", name, *within) : *within;
        dir = *name && *name != '.' ? dio_path_dir(a, dir) : dio_path_join(a, dir, "..");
    }
    dio_fail(&cli->error,
             "%s: no ledger lies beside it or above: it was not made by diorama, or was "
             "moved away from its run",
             file);
    return NULL;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    char hash[DIO_HASH_TEXT];
    const char *within;
    if (!dio_hash_file(o->file, hash, &cli->error))
        return false;
    dio_ledger *l = find_ledger(cli, o->file, &within);
    dio_value *v = l ? dio_ledger_recipe(l, cli->arena, within, hash, &cli->error) : NULL;
    const dio_value *source = dio_map_get(v, "pipeline");
    if (v && o->pipeline)
        fputs(source ? source->string.text : "", stdout);
    else if (v)
        puts(dio_json_write(cli->arena, v, cli->common.json ? 0 : 2));
    dio_ledger_close(l);
    return v != NULL;
}

const dio_command dio_command_recipe = {
    .name = "recipe",
    .doc = "how a finished file was made: pipeline, inputs, seed, steps",
    .options = fields,
    .operands = (const char *const[]){"file", NULL},
    .size = sizeof(struct options),
    .run = run,
};
