/* cmd_tokenize.c: lines in, one JSON array of ids a line out. */
#include <stdio.h>

#include "base/assets.h"
#include "base/str.h"
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

/* The next line, without its end; *end instead when there is none. */
static bool read_line(dio_str *line, bool *end, dio_error *err)
{
    int c;
    dio_str_clear(line);
    while ((c = getc_unlocked(stdin)) != EOF && c != '\n') {
        if (line->length == DIO_TOKENIZER_TEXT)
            return dio_fail(err, "the line is longer than %d bytes", DIO_TOKENIZER_TEXT);
        dio_str_putc(line, (char)c);
    }
    *end = c == EOF && !line->length;
    if (line->failed)
        return dio_fail_memory(err, "a line");
    return !ferror(stdin) || dio_fail_retry(err, "cannot be read");
}

static bool encode_lines(const dio_tokenizer *t, const struct options *o, dio_error *err)
{
    dio_str line = {0};
    dio_ids ids = {0};
    dio_encode_options how = {o->special, o->parse};
    bool ok = true, end = false;
    for (int number = 1; ok && !end; number++) {
        dio_ids_clear(&ids);
        ok = read_line(&line, &end, err) &&
             (end ||
              dio_tokenizer_encode(t, line.text ? line.text : "", line.length, how, &ids, err));
        if (!ok)
            dio_error_at(err, "standard input", number, 1);
        else if (!end)
            print_ids(&ids);
    }
    dio_str_deinit(&line);
    dio_ids_deinit(&ids);
    return ok;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *path = dio_assets_model(cli->arena, o->model, &cli->error);
    dio_tokenizer *t = path ? dio_tokenizer_load(path, &cli->error) : NULL;
    bool ok = t && encode_lines(t, o, &cli->error);
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
