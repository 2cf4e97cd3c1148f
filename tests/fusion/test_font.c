/* test_font.c: fonts that are damaged, huge or none: refused by name before anything is drawn, and
 * nothing else put in their place. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fusion/font.h"
#include "step_case.h"

static char dir[64] = "/tmp/diorama-font-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return step_clear(dir);
}

static void put(const char *name, const char *text, size_t n)
{
    char path[128];
    dio_error err = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (!dio_file_write(path, text, n, &err))
        fail_msg("%s", err.message);
}

static void refused(const char *settings, const char *message)
{
    dio_error err = {0};
    put("fonts.yaml", settings, strlen(settings));
    dio_fonts *f = dio_fonts_open(dir, &err);
    if (f)
        fail_msg("opened, not: %s", message);
    assert_string_equal(err.message, message);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

static void what_is_no_font_is_no_font(void **state)
{
    /* A TrueType head of 4 tables, of which there are none; an OpenType one; text. */
    static const struct {
        const char *bytes;
        size_t n;
    } files[] = {
        {"", 0},
        {"this is no font", 15},
        {"\0\1\0\0\0\4\0\x40\0\2\0\0", 12},
        {"\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xffglyf\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
         28},
        {"OTTO\0\1\0\x10\0\0\0\0CFF \0\0\0\0\x7f\xff\xff\xff\x7f\xff\xff\xff", 28},
        {"wOFFOTTO\xff\xff\xff\xff", 12},
    };
    (void)state;
    char settings[512];
    snprintf(settings, sizeof settings,
             "display: Inter\ntext: Inter\npackages: fonts-inter\nfolders: [%s]\n"
             "files: [Inter.ttf]\n",
             dir);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        put("Inter.ttf", files[i].bytes, files[i].n);
        refused(settings, "font \"Inter\" is not installed; install fonts-inter");
    }
    char path[128];
    snprintf(path, sizeof path, "%s/Inter.ttf", dir);
    assert_int_equal(truncate(path, 1 << 30), 0); /* sparse: its size is all there is of it */
    refused(settings, "font \"Inter\" is not installed; install fonts-inter");
}

static void lists_that_are_wrong(void **state)
{
    (void)state;
    refused("display: Inter\ntext: Inter\npackages: p\nfolders: [[/a]]\nfiles: [b]\n",
            "folders: expected a name, found a list");
    refused("display: Inter\ntext: Inter\npackages: p\nfolders: [/a]\nfiles: []\n",
            "files: expected a list of names");
    refused("display: Inter\ntext: Inter\npackages: p\nfolders: ['</dir><include>/etc</include>']\n"
            "files: ['*']\n",
            "font \"Inter\" is not installed; install p");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_font_is_no_font),
        cmocka_unit_test(lists_that_are_wrong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
