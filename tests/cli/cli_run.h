#pragma once
/* cli_run.h: runs the built command as a user does, without a shell, and looks at what it says,
 * how it ends and what it leaves behind.
 *
 * A test group works in an empty folder of its own (cli_begin, cli_end), so that names in messages
 * are short and whatever appears is the command's doing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

enum { CLI_ARGS = 24, CLI_TEXT = 1 << 16 };

/* One command line. In `err`, what standard error says in all, "~" stands for any text. */
struct cli_case {
    const char *args[CLI_ARGS]; /* without the program's name; ends with NULL */
    int code;
    const char *err;    /* without the last line's end; NULL: not looked at */
    const char *absent; /* a path that must not be there afterwards; NULL: none */
};

struct cli_result {
    int code;                          /* exit status, or -1 - the signal that ended it */
    double seconds, processor;         /* on the clock; of all cores */
    long peak_kib;                     /* most memory held at a time */
    char out[CLI_TEXT], err[CLI_TEXT]; /* what fits of it */
};

int cli_begin(void **state);
int cli_end(void **state);

/* Runs it with these bytes as standard input. */
void cli_run(const char *const *args, const char *input, size_t n, struct cli_result *r);
/* Runs it and holds it to the case: code, sentence, time, nothing half-written left. */
void cli_check(const struct cli_case *c);
void cli_check_input(const struct cli_case *c, const char *input, size_t n);
void cli_check_all(const struct cli_case *cases, size_t n);
/* What the process may take from now on: address space, bytes a file; 0: any amount. */
void cli_limit(size_t memory, size_t file);
/* What cli_check lets a run cost from now on; 0: any amount. Sanitizers' own costs are not held
 * against it: with them nothing is. */
void cli_bound(long peak_kib, double processor);
/* Where standard output goes from now on, and standard input comes from; NULL: as each run says. */
void cli_output_to(const char *path);
void cli_input_from(const char *path);

/* Whether the text is the pattern, where "~" stands for any text. */
bool cli_matches(const char *pattern, const char *text);

/* Files in the group's folder. */
void cli_put(const char *path, const char *text);
void cli_put_bytes(const char *path, const void *bytes, size_t n);
void cli_copy(const char *from, const char *to);
char *cli_read(const char *path, size_t *n); /* the caller frees */
bool cli_exists(const char *path);
void cli_remove(const char *path); /* a folder with all that is in it */

/* A model that the command itself trained for two steps: m/ with config.json, model.safetensors
 * and tokenizer.json, and the recipe r.yaml and texts.txt that it came from. */
extern const char cli_recipe[];
extern const char cli_config[];
int cli_begin_with_model(void **state);
/* A copy of m/ in b/, with config.json holding `config` unless it is NULL. */
void cli_model(const char *config);
