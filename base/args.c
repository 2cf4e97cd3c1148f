/* args.c: walks a command line and hands each value to its field. */
#include "base/args.h"

#include <string.h>

#include "base/field_text.h"
#include "base/str.h"

enum { LABEL = 96 };

/* Where an option's value goes: a field or a repeat of some group; none when both are NULL. */
struct target {
    const dio_field *field;
    const dio_args_repeat *repeat;
    void *out;
};

struct walk {
    const dio_args *args;
    char *const *argv;
    int argc, at;
    int operand; /* how many operands were taken */
    dio_arena *a;
    dio_args_given *given;
    dio_error *err;
};

/* The member `name` (n bytes; dashes stand for underscores). */
static struct target find(const dio_args *args, const char *name, size_t n, bool operand)
{
    char word[LABEL];
    struct target none = {0};
    if (n >= sizeof word)
        return none;
    for (size_t i = 0; i < n; i++)
        word[i] = name[i] == '-' ? '_' : name[i];
    word[n] = '\0';
    for (const dio_args_group *g = args->groups; g->title; g++) {
        for (const dio_field *f = g->fields; f && f->name; f++)
            if (strcmp(f->name, word) == 0 && dio_args_is_operand(args, f->name) == operand)
                return (struct target){.field = f, .out = g->out};
        for (const dio_args_repeat *r = g->repeats; r && r->name; r++)
            if (strcmp(r->name, word) == 0 && dio_args_is_operand(args, r->name) == operand)
                return (struct target){.repeat = r, .out = g->out};
    }
    return none;
}

static bool is_known(const struct target *t)
{
    return t->field || t->repeat;
}

/* Adds " (see COMMAND --help)" to the failure. */
static bool fail_usage(struct walk *w, const char *message)
{
    return dio_fail(w->err, "%s (see %s --help)", message, w->args->command);
}

static bool unknown_option(struct walk *w, const char *name, size_t n)
{
    const char *names[256];
    int count = 0;
    for (const dio_args_group *g = w->args->groups; g->title; g++) {
        for (const dio_field *f = g->fields; f && f->name && count < 256; f++)
            if (!dio_args_is_operand(w->args, f->name))
                names[count++] = dio_field_option(f, w->a);
        for (const dio_args_repeat *r = g->repeats; r && r->name && count < 256; r++)
            if (!dio_args_is_operand(w->args, r->name))
                names[count++] = dio_field_option(&(dio_field){.name = r->name}, w->a);
    }
    const char *word = dio_arena_strndup(w->a, name, n > 80 ? 80 : n);
    const char *near = dio_nearest(word, names, count);
    if (near)
        return dio_fail(w->err, "unknown option --%s: did you mean --%s?", word, near);
    return fail_usage(w, dio_arena_printf(w->a, "unknown option --%s", word));
}

static bool note(struct walk *w, const char *name)
{
    dio_args_given *g = w->given;
    if (!dio_arena_grow(w->a, &g->names, g->count, &g->cap, sizeof *g->names))
        return dio_fail_memory(w->err, "the command line");
    g->names[g->count++] = name;
    return true;
}

/* `label` names the option in messages, as the user wrote it. */
static bool give(struct walk *w, const struct target *t, const char *label, const char *text)
{
    if (t->field) {
        dio_field shown = *t->field;
        shown.key = label;
        return dio_field_set(&shown, t->out, text, w->a, w->err) && note(w, t->field->name);
    }
    if (!dio_utf8_valid(text, strlen(text), NULL))
        return dio_fail(w->err, "%s: the text is not valid UTF-8", label);
    dio_args_list *list = (dio_args_list *)((char *)t->out + t->repeat->offset);
    if (!dio_arena_grow(w->a, &list->items, list->count, &list->cap, sizeof *list->items))
        return dio_fail_memory(w->err, "the command line");
    list->items[list->count++] = text;
    return note(w, t->repeat->name);
}

static bool is_switch(const struct target *t)
{
    return t->field && t->field->kind == DIO_FIELD_BOOL;
}

/* The value that stands in the next argument. */
static bool give_next(struct walk *w, const struct target *t, const char *label)
{
    if (w->at == w->argc)
        return fail_usage(w, dio_arena_printf(w->a, "%s needs a value", label));
    return give(w, t, label, w->argv[w->at++]);
}

/* --name, --no-name, --name=value, --name value. */
static bool take_long(struct walk *w, const char *name)
{
    size_t n = strcspn(name, "=");
    struct target t = find(w->args, name, n, false);
    const char *label = dio_arena_printf(w->a, "--%.*s", n > 80 ? 80 : (int)n, name);
    if (!is_known(&t) && strncmp(name, "no-", 3) == 0) {
        t = find(w->args, name + 3, n - 3, false);
        if (is_switch(&t) && name[n] == '=')
            return fail_usage(w, dio_arena_printf(w->a, "%s takes no value", label));
        if (is_switch(&t))
            return give(w, &t, label, "no");
        t = (struct target){0};
    }
    if (!is_known(&t) && n == 4 && strncmp(name, "help", 4) == 0) {
        w->given->help = true;
        return true;
    }
    if (!is_known(&t))
        return unknown_option(w, name, n);
    if (name[n] == '=')
        return give(w, &t, label, name + n + 1);
    return is_switch(&t) ? give(w, &t, label, "yes") : give_next(w, &t, label);
}

static struct target find_letter(const dio_args *args, char letter)
{
    for (const dio_args_alias *s = args->aliases; s && s->letter; s++)
        if (s->letter == letter)
            return find(args, s->option, strlen(s->option), false);
    return (struct target){0};
}

/* -x, -xvalue, -x value, -xyz. */
static bool take_letters(struct walk *w, const char *letters)
{
    for (const char *p = letters; *p; p++) {
        struct target t = find_letter(w->args, *p);
        const char *label = dio_arena_printf(w->a, "-%c", *p);
        if (!is_known(&t) && *p == 'h') {
            w->given->help = true;
            return true;
        }
        if (!is_known(&t))
            return fail_usage(w, dio_arena_printf(w->a, "unknown option -%.80s", p));
        if (!is_switch(&t))
            return p[1] ? give(w, &t, label, p + 1) : give_next(w, &t, label);
        if (!give(w, &t, label, "yes"))
            return false;
    }
    return true;
}

static bool take_operand(struct walk *w, const char *text)
{
    const char *const *names = w->args->operands;
    const char *name = names ? names[w->operand] : NULL;
    if (!name)
        return fail_usage(w, dio_arena_printf(w->a, "one argument too many: \"%.80s\"", text));
    struct target t = find(w->args, name, strlen(name), true);
    if (t.field)
        w->operand++; /* a repeat takes all that is left */
    return give(w, &t, dio_operand_label(name, w->a), text);
}

static bool set_defaults(struct walk *w)
{
    for (const dio_args_group *g = w->args->groups; g->title; g++) {
        if (g->fields && !dio_fields_default(g->fields, g->out, true, w->a, w->err))
            return false;
        for (const dio_args_repeat *r = g->repeats; r && r->name; r++)
            memset((char *)g->out + r->offset, 0, sizeof(dio_args_list));
    }
    return true;
}

static bool check_required(struct walk *w)
{
    for (const dio_args_group *g = w->args->groups; g->title; g++)
        for (const dio_field *f = g->fields; f && f->name; f++) {
            if (f->fallback || dio_args_has(w->given, f->name))
                continue;
            const char *label = dio_args_is_operand(w->args, f->name)
                                    ? dio_operand_label(f->name, w->a)
                                    : dio_arena_printf(w->a, "--%s", dio_field_option(f, w->a));
            return fail_usage(
                w, dio_arena_printf(w->a, "%s needs %s, %s", w->args->command, label, f->doc));
        }
    return true;
}

bool dio_args_parse(const dio_args *args, int argc, char *const *argv, dio_arena *a,
                    dio_args_given *given, dio_error *err)
{
    struct walk w = {.args = args, .argv = argv, .argc = argc, .a = a, .given = given, .err = err};
    memset(given, 0, sizeof *given);
    if (!set_defaults(&w))
        return false;
    bool options = true;
    while (w.at < argc && !given->help) {
        const char *arg = argv[w.at++];
        bool ok;
        if (options && strcmp(arg, "--") == 0) {
            options = false;
            continue;
        }
        if (options && strncmp(arg, "--", 2) == 0)
            ok = take_long(&w, arg + 2);
        else if (options && arg[0] == '-' && arg[1])
            ok = take_letters(&w, arg + 1);
        else
            ok = take_operand(&w, arg);
        if (!ok)
            return false;
    }
    if (dio_arena_failed(a))
        return dio_fail_memory(err, "the command line");
    return given->help || check_required(&w);
}

bool dio_args_has(const dio_args_given *given, const char *name)
{
    for (int i = 0; i < given->count; i++)
        if (strcmp(given->names[i], name) == 0)
            return true;
    return false;
}
