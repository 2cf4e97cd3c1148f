#pragma once
/* args.h: a command line from tables of fields.
 *
 * GNU habits: --name VALUE and --name=VALUE, --name and --no-name for booleans, -x, -xVALUE and
 * bundles of letters, operands anywhere, "--" before operands that begin with a dash. A member's
 * underscores are dashes in its option. An option given twice counts the second time.
 *
 *     static const dio_args_alias letters[] = {{'o', "output"}, {'n', "dry-run"}, {0}};
 *     static const char *const operands[] = {"pipeline", NULL};
 *     dio_args_group groups[] = {{"Options", fields, sets, &params}, {0}};
 *     dio_args args = {.command = "diorama render", .doc = "...", .groups = groups,
 *                      .aliases = letters, .operands = operands};
 *     dio_args_given given;
 *     if (!dio_args_parse(&args, argc - 2, argv + 2, a, &given, err)) ...
 *     if (given.help) puts(dio_args_help(&args, a));
 */
#include "base/field.h"

/* What a repeatable option or the last operand collects; zero-initialised by the parser. */
typedef struct dio_args_list {
    const char **items;
    int count, cap;
} dio_args_list;

/* An option that may be given again and again: its member is a dio_args_list. */
typedef struct dio_args_repeat {
    const char *name; /* the member's; NULL ends the table */
    size_t offset;
    const char *argument; /* for help: "KEY=VALUE" */
    const char *doc;
} dio_args_repeat;

typedef struct dio_args_alias {
    char letter; /* 0 ends the table */
    const char *option;
} dio_args_alias;

typedef struct dio_args_group {
    const char *title; /* over its options in the help; NULL ends the table */
    const dio_field *fields;
    const dio_args_repeat *repeats; /* or NULL */
    void *out;                      /* the struct that both tables describe */
} dio_args_group;

typedef struct dio_args {
    const char *command; /* "diorama render" */
    const char *doc;
    const dio_args_group *groups;
    const dio_args_alias *aliases; /* or NULL */
    /* Fields taken by position, in order, NULL-terminated or NULL. The last may be a repeat, which
     * takes all that is left. */
    const char *const *operands;
} dio_args;

typedef struct dio_args_given {
    bool help;          /* --help or -h was there: nothing was checked, print dio_args_help */
    const char **names; /* of the fields that the user gave, in order */
    int count, cap;
} dio_args_given;

/* Reads argv[0..argc-1] (without the program's and the command's names): every group's struct gets
 * its defaults, then what was given. Strings live in the arena or in argv. */
bool dio_args_parse(const dio_args *args, int argc, char *const *argv, dio_arena *a,
                    dio_args_given *given, dio_error *err);

/* True when the user gave the field, by its member's name. */
bool dio_args_has(const dio_args_given *given, const char *name);

/* True when the field is taken by position. */
bool dio_args_is_operand(const dio_args *args, const char *name);

/* The text of --help. */
char *dio_args_help(const dio_args *args, dio_arena *a);
