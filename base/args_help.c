/* args_help.c: the text of --help, from the tables that parse the command line. */
#include <string.h>

#include "base/args.h"
#include "base/field_text.h"

char *dio_operand_label(const char *name, dio_arena *a)
{
    char *label = dio_arena_strdup(a, name);
    for (char *p = label; *p; p++)
        *p = *p == '_' ? '-' : *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    return label;
}

bool dio_args_is_operand(const dio_args *args, const char *name)
{
    for (const char *const *o = args->operands; o && *o; o++)
        if (strcmp(*o, name) == 0)
            return true;
    return false;
}

static const dio_field *field_of(const dio_args *args, const char *name)
{
    for (const dio_args_group *g = args->groups; g->title; g++)
        for (const dio_field *f = g->fields; f && f->name; f++)
            if (strcmp(f->name, name) == 0)
                return f;
    return NULL;
}

static const dio_args_repeat *repeat_of(const dio_args *args, const char *name)
{
    for (const dio_args_group *g = args->groups; g->title; g++)
        for (const dio_args_repeat *r = g->repeats; r && r->name; r++)
            if (strcmp(r->name, name) == 0)
                return r;
    return NULL;
}

/* "Usage: diorama render PIPELINE [options]". */
static void put_usage(dio_str *s, const dio_args *args, dio_arena *a)
{
    dio_str_printf(s, "Usage: %s", args->command);
    for (const char *const *o = args->operands; o && *o; o++) {
        const dio_field *f = field_of(args, *o);
        const char *label = dio_operand_label(*o, a);
        dio_str_printf(s, !f ? " [%s]..." : f->fallback ? " [%s]" : " %s", label);
    }
    dio_str_printf(s, " [options]\n\n%s\n", args->doc);
}

static void put_operands(dio_str *s, const dio_args *args, dio_arena *a)
{
    if (args->operands && *args->operands)
        dio_str_putc(s, '\n');
    for (const char *const *o = args->operands; o && *o; o++) {
        const dio_field *f = field_of(args, *o);
        const dio_args_repeat *r = repeat_of(args, *o);
        dio_help_line(s, dio_operand_label(*o, a), f ? f->doc : r ? r->doc : "");
    }
}

/* "-o, --output TEXT"; without a letter the option starts in the same column. */
static const char *label(const dio_args *args, const char *no, const char *option,
                         const char *argument, dio_arena *a)
{
    for (const dio_args_alias *s = args->aliases; s && s->letter; s++)
        if (strcmp(s->option, option) == 0)
            return dio_arena_printf(a, "-%c, --%s%s%s", s->letter, no, option, argument);
    return dio_arena_printf(a, "    --%s%s%s", no, option, argument);
}

static void put_group(dio_str *s, const dio_args *args, const dio_args_group *g, dio_arena *a)
{
    dio_str_printf(s, "\n%s:\n", g->title);
    for (const dio_field *f = g->fields; f && f->name; f++) {
        if (dio_args_is_operand(args, f->name))
            continue;
        const char *no = f->kind == DIO_FIELD_BOOL ? "[no-]" : "";
        dio_help_line(s, label(args, no, dio_field_option(f, a), dio_field_argument(f, a), a),
                      dio_arena_printf(a, "%s%s", f->doc, dio_field_remarks(f, a)));
    }
    for (const dio_args_repeat *r = g->repeats; r && r->name; r++) {
        if (dio_args_is_operand(args, r->name))
            continue;
        dio_field named = {.name = r->name};
        const char *argument = dio_arena_printf(a, " %s", r->argument);
        dio_help_line(s, label(args, "", dio_field_option(&named, a), argument, a),
                      dio_arena_printf(a, "%s (may be repeated)", r->doc));
    }
}

char *dio_args_help(const dio_args *args, dio_arena *a)
{
    dio_str s = {0};
    put_usage(&s, args, a);
    put_operands(&s, args, a);
    for (const dio_args_group *g = args->groups; g->title; g++)
        put_group(&s, args, g, a);
    dio_help_line(&s, "-h, --help", "show this text");
    char *text = s.failed ? NULL : dio_arena_strndup(a, s.text, s.length);
    dio_str_deinit(&s);
    return text;
}
