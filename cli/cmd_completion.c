/* cmd_completion.c: what a shell needs to complete command lines, and the manual page, from the
 * tables of the commands. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"

struct options {
    int form;
};

enum { BASH, ZSH, MAN };
static const char *const forms[] = {"bash", "zsh", "man", NULL};

static const dio_field fields[] = {
    DIO_FIELD_WORDS(struct options, form, NULL, forms,
                    "bash or zsh: a script to be sourced; man: the manual page"),
    {0},
};

static bool is_operand(const dio_command *c, const char *name)
{
    for (const char *const *o = c->operands; o && *o; o++)
        if (strcmp(*o, name) == 0)
            return true;
    return false;
}

/* --name, with dashes; `no` before the name of what a boolean turns off. */
static void put_option(dio_str *s, const char *no, const char *name)
{
    dio_str_printf(s, "--%s", no);
    for (const char *p = name; *p; p++)
        dio_str_putc(s, *p == '_' ? '-' : *p);
}

/* ---- shells ---- */

static void put_options(dio_str *s, const dio_command *c, const dio_field *list)
{
    for (const dio_field *f = list; f && f->name; f++) {
        if (is_operand(c, f->name))
            continue;
        put_option(s, "", f->name);
        dio_str_putc(s, ' ');
        if (f->kind == DIO_FIELD_BOOL) {
            put_option(s, "no-", f->name);
            dio_str_putc(s, ' ');
        }
    }
}

/* `command) words="...";;` for each command. */
static void put_commands(dio_str *s)
{
    for (int i = 0; i < dio_commands_count; i++) {
        const dio_command *c = dio_commands[i];
        dio_str_printf(s, "        %s) words=\"", c->name);
        put_options(s, c, c->options);
        for (const dio_args_repeat *r = c->repeats; r && r->name; r++)
            if (!is_operand(c, r->name))
                dio_str_printf(s, "--%s ", r->name);
        put_options(s, c, dio_common_fields);
        dio_str_puts(s, "--help\";;\n");
    }
}

/* `command:--option) values="...";;` where an option or an operand is one of a few words. */
static void put_values(dio_str *s)
{
    for (int i = 0; i < dio_commands_count; i++)
        for (const dio_field *f = dio_commands[i]->options; f && f->name; f++) {
            if (f->kind != DIO_FIELD_ENUM)
                continue;
            dio_str_printf(s, "        %s:", dio_commands[i]->name);
            if (is_operand(dio_commands[i], f->name))
                dio_str_printf(s, "%s", dio_commands[i]->name); /* what stands before it */
            else
                put_option(s, "", f->name);
            dio_str_puts(s, ") values=\"");
            for (const char *const *w = f->words; *w; w++)
                dio_str_printf(s, "%s%s", w == f->words ? "" : " ", *w);
            dio_str_puts(s, "\";;\n");
        }
}

static void put_shell(dio_str *s)
{
    dio_str_puts(s, "# Made by `diorama completion`.\n"
                    "_diorama() {\n"
                    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local words=\"\" values=\"\"\n"
                    "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                    "        COMPREPLY=($(compgen -W \"");
    for (int i = 0; i < dio_commands_count; i++)
        dio_str_printf(s, "%s ", dio_commands[i]->name);
    dio_str_puts(s, "--help --version\" -- \"$word\"))\n"
                    "        return\n"
                    "    fi\n"
                    "    case \"${COMP_WORDS[1]}:$before\" in\n"
                    "        *:--device) values=\"auto cpu cuda\";;\n");
    put_values(s);
    dio_str_puts(s, "    esac\n"
                    "    case \"${COMP_WORDS[1]}\" in\n");
    put_commands(s);
    dio_str_puts(s, "    esac\n"
                    "    if [ -n \"$values\" ]; then\n"
                    "        COMPREPLY=($(compgen -W \"$values\" -- \"$word\"))\n"
                    "    elif [ \"${word#-}\" != \"$word\" ]; then\n"
                    "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                    "    else\n"
                    "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
                    "    fi\n"
                    "}\n");
}

/* ---- the manual page ---- */

/* Text of a paragraph: roff takes a backslash, and a dot or a quote at a line's start, as its own.
 */
static void put_roff(dio_str *s, const char *text)
{
    if (*text == '.' || *text == '\'')
        dio_str_puts(s, "\\&");
    for (const char *p = text; *p; p++)
        dio_str_puts(s, *p == '\\' ? "\\e" : *p == '-' ? "\\-" : (char[]){*p, 0});
}

static void put_entry(dio_str *s, const char *no, const char *name, const char *argument,
                      const char *doc)
{
    dio_str_puts(s, ".TP\n\\fB\\-\\-");
    dio_str_puts(s, no);
    for (const char *p = name; *p; p++)
        dio_str_puts(s, *p == '_' || *p == '-' ? "\\-" : (char[]){*p, 0});
    dio_str_puts(s, "\\fR");
    if (*argument)
        dio_str_printf(s, " \\fI%s\\fR", argument);
    dio_str_putc(s, '\n');
    put_roff(s, doc);
    dio_str_putc(s, '\n');
}

static void put_manual_options(dio_str *s, const dio_command *c, const dio_field *list)
{
    for (const dio_field *f = list; f && f->name; f++)
        if (!c || !is_operand(c, f->name))
            put_entry(s, f->kind == DIO_FIELD_BOOL ? "[no\\-]" : "", f->name,
                      f->kind == DIO_FIELD_BOOL     ? ""
                      : f->kind == DIO_FIELD_STRING ? "TEXT"
                      : f->kind == DIO_FIELD_ENUM   ? "WORD"
                                                    : "N",
                      f->doc);
}

static void put_command(dio_str *s, const dio_command *c)
{
    dio_str_printf(s, ".SS diorama %s", c->name);
    for (const char *const *o = c->operands; o && *o; o++) {
        dio_str_putc(s, ' ');
        for (const char *p = *o; *p; p++)
            dio_str_putc(s, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
    }
    dio_str_putc(s, '\n');
    put_roff(s, c->doc);
    dio_str_puts(s, ".\n");
    put_manual_options(s, c, c->options);
    for (const dio_args_repeat *r = c->repeats; r && r->name; r++)
        if (!is_operand(c, r->name))
            put_entry(s, "", r->name, r->argument, r->doc);
}

static void put_manual(dio_str *s)
{
    dio_str_puts(s, ".\\\" Made by `diorama completion man`.\n"
                    ".TH DIORAMA 1 \"\" \"diorama " DIORAMA_VERSION "\"\n"
                    ".SH NAME\ndiorama \\- from a brief to finished ad assets\n"
                    ".SH SYNOPSIS\n.B diorama\n.I COMMAND\n[options]\n"
                    ".SH COMMANDS\n");
    for (int i = 0; i < dio_commands_count; i++)
        put_command(s, dio_commands[i]);
    dio_str_puts(s, ".SH OPTIONS OF ALL COMMANDS\n");
    put_manual_options(s, NULL, dio_common_fields);
    dio_str_puts(s,
                 ".SH EXIT STATUS\n"
                 "0 done; 1 not ready; 2 the input is wrong; 42 some rows failed; 75 try again; "
                 "130 interrupted.\n"
                 ".SH ENVIRONMENT\n"
                 ".TP\n.B DIORAMA_ASSETS\nFolder of fonts, presets and house models; else the one "
                 "installed with the program.\n"
                 ".TP\n.B DIORAMA_CACHE\nFolder of kept results, or off.\n"
                 ".TP\n.B OMP_NUM_THREADS\nThreads to use; results do not depend on it.\n");
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    dio_str s = {0};
    if (o->form == MAN) {
        put_manual(&s);
    } else {
        if (o->form == ZSH)
            dio_str_puts(&s, "#compdef diorama\nautoload -U +X bashcompinit && bashcompinit\n");
        put_shell(&s);
        dio_str_puts(&s, o->form == ZSH ? "complete -F _diorama diorama\n"
                                        : "complete -o filenames -F _diorama diorama\n");
    }
    bool ok = !s.failed || dio_fail_memory(&cli->error, "completion");
    if (ok)
        fputs(s.text, stdout);
    dio_str_deinit(&s);
    return ok;
}

const dio_command dio_command_completion = {
    .name = "completion",
    .doc = "print completion for a shell, or the manual page",
    .options = fields,
    .operands = (const char *const[]){"form", NULL},
    .size = sizeof(struct options),
    .run = run,
};
