/* cmd_models.c: the families that can be loaded, and the house models that are here. */
#include <stdio.h>

#include "audio/models.h"
#include "base/assets.h"
#include "base/file.h"
#include "cli/command.h"
#include "text/encoder.h"
#include "text/lm.h"
#include "vision/models.h"

static void print_family(dio_cli *cli, const dio_model *m)
{
    if (cli->common.json) {
        dio_value *v = dio_value_map(cli->arena), *types = dio_value_list(cli->arena);
        dio_map_set(cli->arena, v, "family", dio_value_string(cli->arena, m->name));
        dio_map_set(cli->arena, v, "kind", dio_value_string(cli->arena, m->kind));
        dio_map_set(cli->arena, v, "doc", dio_value_string(cli->arena, m->doc));
        for (const char *const *t = m->types; *t; t++)
            dio_list_add(cli->arena, types, dio_value_string(cli->arena, *t));
        dio_map_set(cli->arena, v, "model_types", types);
        dio_cli_event(cli, v);
        return;
    }
    printf("%-19s %-12s %s; model_type", m->name, m->kind, m->doc);
    for (const char *const *t = m->types; *t; t++)
        printf("%s %s", t == m->types ? "" : ",", *t);
    putchar('\n');
}

static void print_house(dio_cli *cli, const char *name)
{
    dio_error none = {0};
    const char *dir = dio_assets_model(cli->arena, name, &none);
    const dio_value *card =
        dir ? dio_value_read(cli->arena, dio_path_join(cli->arena, dir, "training.json"), 1 << 20,
                             &none)
            : NULL;
    const dio_value *doc = card ? dio_map_get(card, "doc") : NULL;
    const dio_value *licence = card ? dio_map_get(card, "licence") : NULL;
    const char *words = doc && doc->kind == DIO_STRING ? doc->string.text : "";
    const char *terms = licence && licence->kind == DIO_STRING ? licence->string.text : "unknown";
    if (cli->common.json) {
        dio_value *v = dio_value_map(cli->arena);
        dio_map_set(cli->arena, v, "model", dio_value_string(cli->arena, name));
        dio_map_set(cli->arena, v, "licence", dio_value_string(cli->arena, terms));
        dio_map_set(cli->arena, v, "doc", dio_value_string(cli->arena, words));
        dio_cli_event(cli, v);
        return;
    }
    printf("%-20s %-12s %s\n", name, terms, words);
}

static bool run(dio_cli *cli, void *options)
{
    (void)options;
    int n;
    for (int i = 0; i < dio_text_models.count; i++)
        print_family(cli, dio_text_models.items[i]);
    for (int i = 0; i < dio_text_encoders.count; i++)
        print_family(cli, dio_text_encoders.items[i]);
    for (int i = 0; i < dio_vision_models.count; i++)
        print_family(cli, dio_vision_models.items[i]);
    for (int i = 0; i < dio_audio_models.count; i++)
        print_family(cli, dio_audio_models.items[i]);
    const char *const *names = dio_assets_models(cli->arena, &n, &cli->error);
    if (!names)
        return false;
    for (int i = 0; i < n; i++)
        print_house(cli, names[i]);
    return true;
}

const dio_command dio_command_models = {
    .name = "models",
    .doc = "list model families and house models",
    .run = run,
};
