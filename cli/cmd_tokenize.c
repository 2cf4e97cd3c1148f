/* cmd_tokenize.c: lines in, one JSON array of ids a line out. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/assets.h"
#include "cli/command.h"
#include "text/tokenizer.h"

struct options {
    const char *model;
    bool special, parse;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, model, "house/copywriter", 0, 0, "model folder or tokenizer.json"),
    DIO_FIELD(struct options, special, "false", 0, 0, "add the model's begin and end tokens"),
    DIO_FIELD(struct options, parse, "false", 0, 0, "text that spells a special token becomes it"),
    {0},
};

static void print_ids(const dio_ids *ids)
{
    putchar('[');
    for (size_t i = 0; i < ids->count; i++)
        printf("%s%d", i ? "," : "", ids->ids[i]);
    puts("]");
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *path = dio_assets_model(cli->arena, o->model, &cli->error);
    dio_tokenizer *t = path ? dio_tokenizer_load(path, &cli->error) : NULL;
    if (!t)
        return false;
    char *line = NULL;
    size_t cap = 0;
    dio_ids ids = {0};
    bool ok = true;
    int number = 0;
    for (ssize_t n; ok && (n = getline(&line, &cap, stdin)) >= 0;) {
        number++;
        if (n && line[n - 1] == '\n')
            n--;
        dio_ids_clear(&ids);
        ok = dio_tokenizer_encode(t, line, (size_t)n,
                                  (dio_encode_options){o->special, o->parse}, &ids, &cli->error);
        if (ok)
            print_ids(&ids);
        else
            dio_error_at(&cli->error, "standard input", number, 1);
    }
    free(line);
    dio_ids_deinit(&ids);
    dio_tokenizer_destroy(t);
    return ok;
}

const dio_command dio_command_tokenize = {
    .name = "tokenize",
    .doc = "token ids of the lines on standard input",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'m', "model"}, {0}},
    .size = sizeof(struct options),
    .run = run,
};
