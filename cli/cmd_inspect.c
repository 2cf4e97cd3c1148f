/* cmd_inspect.c: what is in a file of weights or a model's folder. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assets.h"
#include "base/str.h"
#include "cli/command.h"
#include "tensor/weights.h"
#include "text/lm.h"

struct options {
    const char *target;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, target, NULL, 0, 0, "a weights file, a model's folder or house/NAME"),
    {0},
};

/* What a file says, as a terminal may see it. */
static const char *shown(dio_cli *cli, const char *text)
{
    char *copy = dio_arena_strdup(cli->arena, text);
    if (copy)
        dio_str_show(copy);
    return copy ? copy : "";
}

static void print_tensor(dio_cli *cli, const dio_tensor *t)
{
    char text[DIO_TYPE_TEXT];
    if (cli->common.json) {
        dio_value *v = dio_value_map(cli->arena), *shape = dio_value_list(cli->arena);
        for (int i = 0; i < t->type.nd; i++)
            dio_list_add(cli->arena, shape, dio_value_int(cli->arena, t->type.dim[i]));
        dio_map_set(cli->arena, v, "tensor", dio_value_string(cli->arena, t->name));
        dio_map_set(cli->arena, v, "dtype",
                    dio_value_string(cli->arena, dio_dtype_name(t->type.dtype)));
        dio_map_set(cli->arena, v, "shape", shape);
        dio_cli_event(cli, v);
    } else {
        printf("  %-56s %s\n", shown(cli, t->name), dio_type_text(&t->type, text));
    }
}

static bool print_weights(dio_cli *cli, const char *path)
{
    dio_weights *w = dio_weights_open(path, &cli->error);
    if (!w)
        return false;
    double bytes = 0, count = 0;
    for (int i = 0; i < dio_weights_count(w); i++) {
        const dio_tensor *t = dio_weights_at(w, i);
        bytes += (double)dio_type_bytes(&t->type);
        count += (double)dio_type_count(&t->type);
        print_tensor(cli, t);
    }
    for (int i = 0; i < dio_weights_meta_count(w) && !cli->common.json; i++) {
        const char *key, *value = dio_weights_meta_at(w, i, &key);
        printf("  %s: %s\n", shown(cli, key), shown(cli, value));
    }
    if (!cli->common.json)
        printf("%s: %d tensors, %.2f M numbers, %.2f MB, %s\n", path, dio_weights_count(w),
               count / 1e6, bytes / 1e6, dio_weights_format(w));
    dio_weights_close(w);
    return true;
}

static bool print_model(dio_cli *cli, const char *path)
{
    dio_error err = {0};
    dio_lm *lm = dio_lm_open(path, &(dio_lm_options){.dtype = DIO_DTYPES}, &err);
    if (!lm) {
        cli->error = err;
        return false;
    }
    if (!cli->common.json)
        printf("%s: family %s, %d layers of width %d, %d tokens, %lld positions\n", path,
               lm->net.family->name, lm->shape.layers, lm->shape.width, lm->shape.vocab,
               (long long)lm->shape.positions);
    dio_lm_close(lm);
    return true;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    struct stat s;
    const char *path = dio_assets_model(cli->arena, o->target, &cli->error);
    if (!path)
        return false;
    if (stat(path, &s) == 0 && S_ISDIR(s.st_mode) && !print_model(cli, path))
        return false;
    return print_weights(cli, path);
}

const dio_command dio_command_inspect = {
    .name = "inspect",
    .doc = "show what is in a weights file or a model",
    .options = fields,
    .operands = (const char *const[]){"target", NULL},
    .size = sizeof(struct options),
    .run = run,
};
