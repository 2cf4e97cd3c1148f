#pragma once
/* yaml_case.h: what the tests of the YAML reader share: a text that must be read, or refused with
 * exactly these words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/value.h"

static inline int setup(void **state)
{
    *state = dio_arena_create();
    return *state ? 0 : -1;
}

static inline int teardown(void **state)
{
    dio_arena_destroy(*state);
    return 0;
}

static inline dio_value *parse(dio_arena *a, const char *text)
{
    dio_error err = {0};
    dio_value *v = dio_yaml_parse(a, "t.yaml", text, strlen(text), &err);
    if (!v) {
        char shown[1600];
        fail_msg("%s\n%s", dio_error_text(&err, shown, sizeof shown), text);
    }
    return v;
}

static inline void refused(dio_arena *a, const char *text, size_t length, const char *want)
{
    dio_error err = {0};
    char got[1600];
    if (dio_yaml_parse(a, "t.yaml", text, length, &err))
        fail_msg("accepted, wanted: %s", want);
    assert_string_equal(dio_error_text(&err, got, sizeof got), want);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

#define REFUSED(text, want) refused(*state, text, sizeof(text) - 1, want)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
