/* cmd_formats.c: the formats that media are written in, from their own words. */
#include <stdio.h>

#include "cli/command.h"
#include "fusion/format.h"

static const dio_field fields[] = {{0}};

static const char *const kinds[] = {"film", "frames", "sound", "picture"};

static dio_value *describe(dio_arena *a, const dio_format *f, bool here)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "format", dio_value_string(a, f->name));
    dio_map_set(a, v, "kind", dio_value_string(a, kinds[f->kind]));
    dio_map_set(a, v, "suffix", dio_value_string(a, f->suffix));
    dio_map_set(a, v, "doc", dio_value_string(a, f->doc));
    dio_map_set(a, v, "alpha", dio_value_bool(a, dio_format_alpha(f)));
    dio_map_set(a, v, "available", dio_value_bool(a, here));
    if (f->quality.option) {
        dio_map_set(a, v, "quality", dio_value_string(a, f->quality.doc));
        dio_map_set(a, v, "best", dio_value_real(a, f->quality.best));
        dio_map_set(a, v, "worst", dio_value_real(a, f->quality.worst));
        dio_map_set(a, v, "usual", dio_value_real(a, f->quality.usual));
    }
    return v;
}

static void print(const dio_format *f, const dio_error *missing)
{
    printf("%-14s %-8s %-6s %s\n", f->name, kinds[f->kind], f->suffix, f->doc);
    if (f->quality.option)
        printf("%30s quality: %s, %g (best) to %g, usually %g\n", "", f->quality.doc,
               f->quality.best, f->quality.worst, f->quality.usual);
    if (missing->kind != DIO_ERROR_NONE)
        printf("%30s not here: %s\n", "", missing->message);
}

static bool run(dio_cli *cli, void *options)
{
    (void)options;
    for (int i = 0; dio_formats[i]; i++) {
        dio_error missing = {0};
        bool here = dio_format_here(dio_formats[i], &missing);
        if (cli->common.json)
            dio_cli_event(cli, describe(cli->arena, dio_formats[i], here));
        else
            print(dio_formats[i], &missing);
    }
    return true;
}

const dio_command dio_command_formats = {
    .name = "formats",
    .doc = "list the formats that films, sounds and pictures are written in",
    .options = fields,
    .size = 1,
    .run = run,
};
