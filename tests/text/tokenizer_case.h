#pragma once
/* tokenizer_case.h: what the tests of tokenizers share: the 10,000 strings of
 * tools/golden/tokenizer.py, and calls that must not fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/value.h"
#include "text/tokenizer.h"

#define FOLDER "tests/golden/tokenizers"
enum { STRINGS = 10000 };

static dio_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            char text_[2048];                                                                      \
            fail_msg("%s", dio_error_text(&err, text_, sizeof text_));                             \
        }                                                                                          \
    } while (0)

struct fixture {
    dio_arena *arena;
    dio_value *strings[STRINGS];
};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    size_t size, at = 0;
    f->arena = dio_arena_create();
    const char *text = dio_file_read(f->arena, FOLDER "/strings.jsonl", 1 << 24, &size, &err);
    OK(text != NULL);
    for (int i = 0; i < STRINGS; i++) {
        const char *end = memchr(text + at, '\n', size - at);
        assert_non_null(end);
        f->strings[i] =
            dio_json_parse(f->arena, "strings.jsonl", text + at, (size_t)(end - text) - at, &err);
        OK(f->strings[i] != NULL);
        at = (size_t)(end - text) + 1;
    }
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    dio_arena_destroy(f->arena);
    free(f);
    return 0;
}
