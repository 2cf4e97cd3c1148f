/* cmd_docs.c: the generated pages of docs/, from the registries: operators, models, recipes,
 * commands. What needs media libraries (steps, the schema) is written by builds that have them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "audio/models.h"
#include "base/assets.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/docs_media.h"
#include "cli/recipes.h"
#include "tensor/op.h"
#include "text/encoder.h"
#include "text/lm.h"
#include "vision/gallery.h"
#include "vision/models.h"

struct options {
    const char *folder;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, folder, "docs", 0, 0, "where the pages go"),
    {0},
};

static const char made[] = "<!-- Made by `./dev docs`: change the source, not this page. -->\n\n";

static void ops_page(dio_str *s)
{
    dio_str_printf(s, "# Operators\n\n%s", made);
    dio_str_printf(s,
                   "%d operators. Each is held to its reference, to central differences and to "
                   "the same bits for any threads by the op sweep.\n\n",
                   dio_ops_count);
    dio_str_puts(s,
                 "| name | what it computes | gradient | fast CPU kernel |\n|---|---|---|---|\n");
    for (int i = 0; i < dio_ops_count; i++) {
        const dio_op *op = dio_ops[i];
        const char *grad = op->grad ? "yes" : op->flags & DIO_OP_WRITES ? "writes in place" : "no";
        dio_str_printf(s, "| `%s` | ", op->name);
        for (const char *c = op->doc; *c; c++) /* a bar would end the cell */
            dio_str_puts(s, *c == '|' ? "\\|" : (char[]){*c, 0});
        dio_str_printf(s, " | %s | %s |\n", grad,
                       op->flags & DIO_OP_VIEW ? "a view"
                       : op->cpu               ? "yes"
                                               : "reference");
    }
}

static void families(dio_arena *a, dio_str *s, dio_model_set set)
{
    for (int i = 0; i < set.count; i++) {
        const dio_model *m = set.items[i];
        dio_str_printf(s, "## %s\n\n%s. `model_type`:", m->name, m->doc);
        for (const char *const *t = m->types; *t; t++)
            dio_str_printf(s, "%s `%s`", t == m->types ? "" : ",", *t);
        dio_str_printf(s, ".\n\n%s\n", dio_fields_markdown(m->config, a));
    }
}

static void models_page(dio_arena *a, dio_str *s)
{
    dio_str_printf(s, "# Model families\n\n%s", made);
    families(a, s, dio_text_models);
    families(a, s, dio_text_encoders);
    families(a, s, dio_vision_models);
    families(a, s, dio_audio_models);
}

static void commands_page(dio_arena *a, dio_str *s)
{
    dio_str_printf(s, "# Commands\n\n%s", made);
    for (int i = 0; i < dio_commands_count; i++) {
        const dio_command *c = dio_commands[i];
        dio_str_printf(s, "## diorama %s\n\n%s.\n\n", c->name, c->doc);
        if (c->options)
            dio_str_printf(s, "%s\n", dio_fields_markdown(c->options, a));
        for (const dio_args_repeat *r = c->repeats; r && r->name; r++)
            dio_str_printf(s, "- `--%s %s` (again and again): %s\n", r->name, r->argument, r->doc);
        if (c->repeats)
            dio_str_putc(s, '\n');
    }
    dio_str_printf(s, "## All commands\n\n%s", dio_fields_markdown(dio_common_fields, a));
}

static void recipes_page(dio_arena *a, dio_str *s)
{
    dio_str_printf(s,
                   "# Recipes\n\n%s`diorama train RECIPE.yaml` makes a model; the recipe's `kind` "
                   "says which of these reads it.\n\n",
                   made);
    for (int i = 0; i < dio_recipes.count; i++) {
        const dio_recipe_kind *k = dio_recipes.items[i];
        dio_str_printf(s, "## kind: %s\n\n%c%s.\n\n%s\n", k->name, toupper(k->doc[0]), k->doc + 1,
                       dio_fields_markdown(k->fields, a));
        for (const dio_recipe_part *p = k->parts; p && p->key; p++)
            dio_str_printf(s, "### %s\n\n%s\n", p->key, dio_fields_markdown(p->fields, a));
    }
    dio_str_puts(s, "## data: training pictures\n\nWhat `data:` of recipes about pictures may say, "
                    "beside `kind`.\n\n");
    for (int i = 0; i < dio_gallery_count(); i++) {
        const dio_gallery_kind *k = dio_gallery_at(i);
        dio_str_printf(s, "### %s\n\n%c%s.\n\n%s\n", k->name, toupper(k->doc[0]), k->doc + 1,
                       dio_fields_markdown(k->params, a));
    }
}

static bool write_page(dio_cli *cli, const char *folder, const char *name, dio_str *s)
{
    bool ok = s->failed ? dio_fail_memory(&cli->error, name)
                        : dio_file_write(dio_path_join(cli->arena, folder, name), s->text,
                                         s->length, &cli->error);
    dio_str_deinit(s);
    *s = (dio_str){0};
    return ok;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    dio_str s = {0};
    if (!dio_dir_make(o->folder, &cli->error))
        return false;
    ops_page(&s);
    if (!write_page(cli, o->folder, "ops.md", &s))
        return false;
    models_page(cli->arena, &s);
    if (!write_page(cli, o->folder, "models.md", &s))
        return false;
    recipes_page(cli->arena, &s);
    if (!write_page(cli, o->folder, "recipes.md", &s))
        return false;
    commands_page(cli->arena, &s);
    return write_page(cli, o->folder, "commands.md", &s) &&
           dio_docs_media(cli, o->folder, &cli->error);
}

const dio_command dio_command_docs = {
    .name = "docs",
    .doc = "write the generated pages of the documentation",
    .options = fields,
    .operands = (const char *const[]){"folder", NULL},
    .size = sizeof(struct options),
    .run = run,
};
