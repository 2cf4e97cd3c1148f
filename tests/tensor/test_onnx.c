/* test_onnx.c: ONNX files put together by hand: what the walk finds in a good one, and what it says
 * of each way in which the protobuf can lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/onnx.h"

/* A literal with its length: pieces hold zeros. */
#define PIECE(literal) literal, sizeof(literal) - 1

/* A field of wire type 2, `number` below 16, around `n` bytes; returns how many were put. */
static size_t put(char *out, int number, const void *bytes, size_t n)
{
    char head[12] = {(char)(number << 3 | 2)};
    size_t at = 1, left = n;
    for (; left >= 0x80; left >>= 7)
        head[at++] = (char)(left | 0x80);
    head[at++] = (char)left;
    memmove(out + at, bytes, n); /* they may lie where it goes */
    memcpy(out, head, at);
    return at + n;
}

static bool walk(const void *bytes, size_t n, dio_arena *a, dio_onnx *out, dio_error *err)
{
    char *exact = dio_arena_try(a, n ? n : 1);
    memcpy(exact, bytes, n);
    return dio_onnx_walk(exact, n, a, out, err);
}

static void a_good_file_is_walked(void **state)
{
    (void)state;
    static const char node[] = "\x0a\x01x\x0a\x00\x1a\x03/op\x22\x04"
                               "Conv*\x0d\x0a\x07strides@\x02@\x03";
    static const char tensor[] = "\x08\x02\x10\x01\x42\x01x\x4a\x08\x00\x00\x80?\x00\x00\x00@";
    char graph[128], model[160];
    size_t n = put(graph, 1, PIECE(node));
    n += put(graph + n, 5, PIECE(tensor));
    n = put(model, 7, graph, n);
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_onnx o;
    if (!walk(model, n, a, &o, &err))
        fail_msg("%s", err.message);
    assert_int_equal(o.n_nodes, 1);
    assert_string_equal(o.nodes[0].op, "Conv");
    assert_string_equal(o.nodes[0].name, "/op");
    assert_int_equal(o.nodes[0].n_inputs, 2);
    assert_string_equal(o.nodes[0].inputs[1], "");
    const dio_onnx_attribute *strides = dio_onnx_attribute_of(&o.nodes[0], "strides");
    assert_non_null(strides);
    assert_int_equal(strides->n_ints, 2);
    assert_int_equal(strides->ints[1], 3);
    assert_int_equal(o.n_tensors, 1);
    assert_int_equal(o.tensors[0].type.dtype, DIO_F32);
    assert_int_equal(o.tensors[0].type.dim[0], 2);
    assert_int_equal(o.tensors[0].bytes, 8);
    dio_arena_destroy(a);
}

static void refused(const void *bytes, size_t n, const char *want)
{
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_onnx o;
    assert_false(walk(bytes, n, a, &o, &err));
    assert_string_equal(err.message, want);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_arena_destroy(a);
}

static void protobufs_that_lie(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *message;
    } cases[] = {
        {PIECE(""), "there is no graph in it: this is no ONNX file"},
        {PIECE("hello"), "byte 3: a field of an unknown kind: this is no whole ONNX file"},
        {PIECE("\x08\x07"), "there is no graph in it: this is no ONNX file"},
        {PIECE("\x3a\x00\x3a\x00"), "byte 4: a second graph: this is no whole ONNX file"},
        /* varints: cut off, endless */
        {PIECE("\x3a"), "byte 1: a number is cut off: this is no whole ONNX file"},
        {PIECE("\x08\xff\xff"), "byte 3: a number is cut off: this is no whole ONNX file"},
        {PIECE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
         "byte 11: a number of more than 10 bytes: this is no whole ONNX file"},
        {PIECE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
         "byte 10: a number of more than 10 bytes: this is no whole ONNX file"},
        {PIECE("\x00\x01"), "byte 1: a field without a number: this is no whole ONNX file"},
        {PIECE("\x0b"), "byte 1: a field of an unknown kind: this is no whole ONNX file"},
        {PIECE("\x0d\x01\x02"), "byte 1: a number is cut off: this is no whole ONNX file"},
        {PIECE("\x09\x01\x02\x03"), "byte 1: a number is cut off: this is no whole ONNX file"},
        /* lengths beyond what holds them: of the file, of the graph, 2^63 and more */
        {PIECE("\x3a\x05\x00"),
         "byte 2: a piece reaches beyond what holds it: this is no whole ONNX file"},
        {PIECE("\x3a\x03\x0a\x09\x00"),
         "byte 4: a piece reaches beyond what holds it: this is no whole ONNX file"},
        {PIECE("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
         "byte 11: a piece reaches beyond what holds it: this is no whole ONNX file"},
        /* fields of another wire type than theirs */
        {PIECE("\x3a\x04\x0a\x02\x18\x01"),
         "byte 5: a name that is none, or too long: this is no whole ONNX file"},
        {PIECE("\x3a\x04\x0a\x02\x08\x01"),
         "byte 6: a node that cannot be read: this is no whole ONNX file"},
        {PIECE("\x3a\x04\x2a\x02\x48\x01"),
         "byte 5: a tensor whose numbers are not bytes: this is no whole ONNX file"},
        {PIECE("\x3a\x07\x2a\x05\x0d\x01\x02\x03\x04"),
         "byte 5: a list of numbers that is none: this is no whole ONNX file"},
        {PIECE("\x3a\x06\x0a\x04\x1a\x02"
               "a\0"),
         "byte 6: a name with a NUL in it: this is no whole ONNX file"},
        /* tensors: bytes that are not their shape's, shapes that wrap, other files, dimensions */
        {PIECE("\x3a\x0f\x2a\x0d\x08\x03\x10\x01\x42\x01w\x4a\x04\x00\x00\x00\x00"),
         "tensor \"w\" has 4 bytes where its shape takes 12"},
        {PIECE("\x3a\x0b\x2a\x09\x10\x01\x42\x01w\x4a\x02\x00\x00"),
         "tensor \"w\" has 2 bytes where its shape takes 4"},
        {PIECE("\x3a\x07\x2a\x05\x42\x01w\x70\x01"),
         "tensor \"w\" lies in another file, which is not supported"},
        {PIECE("\x3a\x0e\x2a\x0c\x0a\x07\x01\x01\x01\x01\x01\x01\x01\x42\x01w"),
         "tensor \"w\" has 7 dimensions, more than 6"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].bytes, cases[i].n, cases[i].message);
}

/* Shapes whose product leaves 64 bits, or that are below 0. */
static void shapes_that_wrap(void **state)
{
    static const char big[] = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    static const char minus[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    (void)state;
    for (int i = 0; i < 2; i++) {
        char tensor[64], graph[80], model[96];
        size_t n = 0;
        for (int k = 0; k < 2; k++) {
            tensor[n++] = 0x08;
            memcpy(tensor + n, i ? minus : big, i ? 10 : 9);
            n += i ? 10 : 9;
        }
        memcpy(tensor + n, "\x10\x01\x42\x01w\x4a\x01", 7);
        tensor[n + 7] = 0;
        size_t m = put(graph, 5, tensor, n + 8);
        m = put(model, 7, graph, m);
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_onnx o;
        assert_false(walk(model, m, a, &o, &err));
        print_message("%s\n", err.message);
        assert_non_null(strstr(err.message, "tensor \"w\": "));
        dio_arena_destroy(a);
    }
}

/* A message can hold itself no more than a box can; but it can be deep. Attributes with graphs in
 * them are stepped over, however deep: the walk does not follow. */
static void depth_is_not_followed(void **state)
{
    (void)state;
    enum { DEPTH = 3000, ROOM = DEPTH * 8 };
    char *bytes = malloc(ROOM);
    size_t n = 0;
    for (int i = 0; i < DEPTH; i++) /* node > attribute > graph > node ... */
        n = put(bytes, i % 3 == 0 ? 6 : i % 3 == 1 ? 5 : 1, bytes, n);
    while ((bytes[0] & 0x78) >> 3 != 1)
        n = put(bytes, (bytes[0] & 0x78) >> 3 == 6 ? 5 : 1, bytes, n);
    n = put(bytes, 7, bytes, n);
    assert_true(n < ROOM);
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_onnx o;
    if (!walk(bytes, n, a, &o, &err))
        fail_msg("%s", err.message);
    assert_int_equal(o.n_nodes, 1);
    assert_int_equal(o.nodes[0].n_attributes, 1);
    dio_arena_destroy(a);
    free(bytes);
}

static void too_many_pieces(void **state)
{
    (void)state;
    enum { INPUTS = 4097 };
    static char node[2 * INPUTS], graph[2 * INPUTS + 8], model[2 * INPUTS + 16];
    for (int i = 0; i < INPUTS; i++) {
        node[2 * i] = 0x0a;
        node[2 * i + 1] = 0;
    }
    size_t n = put(graph, 1, node, sizeof node);
    n = put(model, 7, graph, n);
    refused(model, n, "more than 4096 pieces of one kind in an ONNX file");
}

/* No beginning of a good file is one, and no byte of it changed does harm. */
static void beginnings_and_changes(void **state)
{
    (void)state;
    static const char tensor[] = "\x08\x02\x10\x01\x42\x01x\x4a\x08\x00\x00\x80?\x00\x00\x00@";
    char graph[64], model[80];
    size_t n = put(graph, 5, PIECE(tensor));
    n = put(model, 7, graph, n);
    for (size_t cut = 0; cut < n; cut++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_onnx o;
        assert_false(walk(model, cut, a, &o, &err));
        assert_true(err.message[0] != '\0');
        dio_arena_destroy(a);
    }
    for (size_t at = 0; at < 256 * n; at++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_onnx o;
        char kept = model[at / 256];
        model[at / 256] = (char)at;
        assert_true(walk(model, n, a, &o, &err) == (err.kind == DIO_ERROR_NONE));
        model[at / 256] = kept;
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_walked), cmocka_unit_test(protobufs_that_lie),
        cmocka_unit_test(shapes_that_wrap),      cmocka_unit_test(depth_is_not_followed),
        cmocka_unit_test(too_many_pieces),       cmocka_unit_test(beginnings_and_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
