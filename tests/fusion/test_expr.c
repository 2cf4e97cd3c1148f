/* test_expr.c: expressions: what they yield, and every way they are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "fusion/expr.h"

static const char scope_text[] =
    "inputs: {product: 'Lumo Lamp', price: 12, share: 0.5, on: true, off: false, none: null,\n"
    "         tags: [a, b, c], trap: '${{ inputs.product }}', empty: '', odd: 'Ärger & Öl', 'a b': "
    "3}\n"
    "steps: {copy: {outputs: {headline: 'Light, late'}}}\n"
    "matrix: {format: square-1x1}\n";

static int setup(void **state)
{
    *state = dio_arena_create();
    return 0;
}

static int teardown(void **state)
{
    dio_arena_destroy(*state);
    return 0;
}

static dio_value *scope_of(dio_arena *a)
{
    dio_error err = {0};
    dio_value *v = dio_yaml_parse(a, "scope", scope_text, strlen(scope_text), &err);
    if (!v)
        fail_msg("%s", err.message);
    return v;
}

/* The result as JSON, or the error as "line:column: message". */
static const char *result(dio_arena *a, const char *scalar)
{
    dio_error err = {0};
    dio_value *v = dio_value_string(a, scalar);
    v->file = "p.yaml";
    v->line = 1;
    v->column = 1;
    const dio_template *t = dio_template_parse(a, v, scalar, &err);
    const dio_value *out = t ? dio_template_eval(t, scope_of(a), a, &err) : NULL;
    if (!out)
        return dio_arena_printf(a, "%d:%d: %s", err.line, err.column, err.message);
    return dio_json_write(a, out, 0);
}

static void expressions_yield(void **state)
{
    static const char *const rows[][2] = {
        {"plain", "\"plain\""},
        {"${{ inputs.product }}", "\"Lumo Lamp\""},
        {"${{ inputs.price }}", "12"},
        {"${{inputs.share}}", "0.5"},
        {"${{ inputs.tags }}", "[\"a\",\"b\",\"c\"]"},
        {"${{ inputs.tags[1] }}", "\"b\""},
        {"${{ inputs['a b'] }}", "3"},
        {"a ${{ inputs.price }} b ${{ inputs.on }} c${{ inputs.none }}.", "\"a 12 b true c.\""},
        {"$${{ inputs.product }}", "\"${{ inputs.product }}\""},
        {"x $${{ y ${{ inputs.price }}", "\"x ${{ y 12\""},
        {"${{ inputs.trap }}", "\"${{ inputs.product }}\""},
        {"=${{ inputs.trap }}=", "\"=${{ inputs.product }}=\""},
        {"${{ 'it''s }} fine' }}", "\"it's }} fine\""},
        {"${{ 1 == 1.0 }}", "true"},
        {"${{ '1' == 1 }}", "false"},
        {"${{ 2 < 10 && 'a' < 'b' }}", "true"},
        {"${{ inputs.price >= 12 }}", "true"},
        {"${{ !inputs.empty }}", "true"},
        {"${{ !!inputs.product }}", "true"},
        {"${{ inputs.off || 'else' }}", "\"else\""},
        {"${{ inputs.on && 'yes' || 'no' }}", "\"yes\""},
        {"${{ inputs.off && 'yes' || 'no' }}", "\"no\""},
        {"${{ (1 < 2) == true }}", "true"},
        {"${{ inputs.product | upper }}", "\"LUMO LAMP\""},
        {"${{ inputs.odd | lower }}", "\"ärger & öl\""},
        {"${{ 'on the road' | title }}", "\"On The Road\""},
        {"${{ '  x  ' | trim }}", "\"x\""},
        {"${{ inputs.odd | slug }}", "\"arger-ol\""},
        {"${{ '\"; rm -rf ~ #../<script>' | slug }}", "\"rm-rf-script\""},
        {"${{ 'Père Noël''s Café' | slug }}", "\"pere-noels-cafe\""},
        {"${{ inputs.none | default('x') }}", "\"x\""},
        {"${{ inputs.empty | default(inputs.price) }}", "12"},
        {"${{ inputs.price | default(3) }}", "12"},
        {"${{ inputs.tags | join('-') }}", "\"a-b-c\""},
        {"${{ inputs.tags | join }}", "\"a, b, c\""},
        {"${{ inputs.tags | json }}", "\"[\\\"a\\\",\\\"b\\\",\\\"c\\\"]\""},
        {"${{ inputs.product | trunc(6) }}", "\"Lumo…\""},
        {"${{ inputs.product | trunc(9) }}", "\"Lumo Lamp\""},
        {"${{ inputs.product | slug | upper }}", "\"LUMO-LAMP\""},
        {"${{ steps.copy.outputs.headline }}", "\"Light, late\""},
        {"${{ -3 < 0 }}", "true"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = result(*state, rows[i][0]);
        if (strcmp(got, rows[i][1]) != 0)
            fail_msg("%s\n got %s\nwant %s", rows[i][0], got, rows[i][1]);
    }
}

static void a_slug_without_latin_letters_keeps_identity(void **state)
{
    const char *a = result(*state, "${{ '世界' | slug }}"),
               *b = result(*state, "${{ '你好' | slug }}");
    assert_int_equal(strlen(a), strlen("\"x12345678\""));
    assert_string_not_equal(a, b);
}

static void mistakes_point_at_their_place(void **state)
{
    static const char *const rows[][2] = {
        {"a ${{ inputs.product", "1:3: this ${{ has no }}"},
        {"${{ }}", "1:5: the expression ends where a value should be"},
        {"${{ inputs.prodct }}", "1:5: \"prodct\" is not in inputs: did you mean \"product\"?"},
        {"${{ env.SECRET }}", "1:5: \"env\" is not in an expression: it has inputs, steps, matrix"},
        {"${{ inputs.price.x }}", "1:5: inputs: price is an integer and has no \"x\""},
        {"${{ inputs.tags[7] }}", "1:5: inputs: tags is a list and has no \"7\""},
        {"${{ 1 < 'a' }}", "1:7: an integer and a string have no order"},
        {"${{ inputs.product | uper }}",
         "1:22: there is no filter \"uper\": did you mean \"upper\"?"},
        {"${{ inputs.product | default }}", "1:22: default takes 1 argument, found 0"},
        {"${{ inputs.product | trunc('x') }}",
         "1:22: trunc: expected a number of characters, 1 or more"},
        {"${{ inputs.product product }}", "1:20: \"product \" is left over after the expression"},
        {"${{ (1 }}", "1:5: this ( has no )"},
        {"${{ 'open }}", "1:1: this ${{ has no }}"},
        {"${{ 1.2.3 }}", "1:5: \"1.2.3\" is no number"},
        {"${{ a. }}", "1:8: a name must follow the dot"},
        {"${{ ; }}", "1:5: \";\" cannot stand here; a value is a path, a number or a 'text'"},
        {"ä ${{ x }}", "1:7: \"x\" is not in an expression: it has inputs, steps, matrix"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = result(*state, rows[i][0]);
        if (strcmp(got, rows[i][1]) != 0)
            fail_msg("%s\n got %s\nwant %s", rows[i][0], got, rows[i][1]);
    }
}

/* `unit` n times, between `${{ ` and ` }}`. */
static const char *repeated(dio_arena *a, const char *unit, int n, const char *end)
{
    dio_str s = {0};
    dio_str_puts(&s, "${{ ");
    for (int i = 0; i < n; i++)
        dio_str_puts(&s, unit);
    dio_str_puts(&s, end);
    dio_str_puts(&s, " }}");
    char *text = dio_arena_strndup(a, s.text, s.length);
    dio_str_deinit(&s);
    return text;
}

static void depth_and_size_have_limits(void **state)
{
    dio_arena *a = *state;
    assert_non_null(strstr(result(a, repeated(a, "(", 10000, "1")), "nested deeper than 64"));
    assert_non_null(strstr(result(a, repeated(a, "!", 10000, "1")), "nested deeper than 64"));
    assert_non_null(strstr(result(a, repeated(a, "1 && ", 3000, "1")), "more than 1000 parts"));
    assert_non_null(strstr(result(a, repeated(a, "inputs.", 50, "x")), "more than 8 names"));
    assert_string_equal(result(a, repeated(a, "!", 60, "1")), "true");
    /* Each join doubles: 2^24 bytes would come of this. */
    const char *doubled =
        "${{ inputs.tags | json | json | json | json | json | json | json | json | "
        "json | json | json | json | json | json | json | json | json | json | "
        "json | json | json | json }}";
    assert_non_null(strstr(result(a, doubled), "a result of more than 1048576 bytes"));
}

static void unknown_spreads(void **state)
{
    dio_arena *a = *state;
    dio_error err = {0};
    dio_value *scope = dio_value_map(a), *inputs = dio_value_map(a);
    dio_map_set(a, inputs, "late", (dio_value *)(uintptr_t)&dio_unknown);
    dio_map_set(a, scope, "inputs", inputs);
    static const char *const unknown[] = {"${{ inputs.late }}", "x ${{ inputs.late.deeper }}",
                                          "${{ inputs.late | upper }}",
                                          "${{ 'x' | default(inputs.late) }}"};
    for (size_t i = 0; i < 4; i++) {
        const dio_template *t = dio_template_parse(a, dio_value_string(a, unknown[i]), NULL, &err);
        assert_ptr_equal(dio_template_eval(t, scope, a, &err), &dio_unknown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(expressions_yield, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slug_without_latin_letters_keeps_identity, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(mistakes_point_at_their_place, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_and_size_have_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_spreads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
