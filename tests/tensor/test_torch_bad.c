/* test_torch_bad.c: storages and tensors that reach beyond their bytes, names that are none,
 * hostile files of the older format: each with the exact sentence that refuses it. And what must be
 * taken although it looks odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tensor/weights.h"
#include "tests/tensor/torch_file.h"

#define FLOATS(count) STORAGE("FloatStorage", "0", count)

/* The storage of 24 bytes is there in all of them. */
static const struct bad_pickle table[] = {
    /* Storages. */
    {"an id that is text", P(PROTO "U\0010Q."),
     "5: a storage's id needs \"storage\", a type of storage, a key, a place and a number of "
     "elements"},
    {"an id too short", P(PROTO "(U\007storage" CLASS("torch", "FloatStorage") "tQ."),
     "33: a storage's id needs \"storage\", a type of storage, a key, a place and a number of "
     "elements"},
    {"an id of another kind", P(PROTO "(U\006modelsNNNNtQ."),
     "16: a storage's id needs \"storage\", a type of storage, a key, a place and a number of "
     "elements"},
    {"a storage of no type",
     P(PROTO "(U\007storage" CLASS("torch", "Size") "U\0010U\003cpuK\006tQ."),
     "35: a storage's id needs \"storage\", a type of storage, a key, a place and a number of "
     "elements"},
    {"a storage that is a view",
     P(PROTO "(U\007storage" CLASS("torch", "FloatStorage") "U\0010U\003cpuK\006)tQ."),
     "44: a storage that is a view of another is not supported"},
    {"a storage of -1",
     P(STATE(REBUILD(FLOATS("J\377\377\377\377"), "K\000", "K\001\205", "K\001\205"))),
     "84: a storage's id needs \"storage\", a type of storage, a key, a place and a number of "
     "elements"},
    {"a storage that wraps to 0",
     P(STATE(REBUILD(FLOATS("\212\010\000\000\000\000\000\000\000\100"), "K\000", "K\001\205",
                     "K\001\205"))),
     "89: a storage of 4611686018427387904 numbers: more bytes than any machine holds"},
    {"a storage larger than its entry",
     P(STATE(REBUILD(FLOATS("K\007"), "K\000", "K\001\205", "K\001\205"))),
     "81: storage \"0\" is 7 numbers of f32, 28 bytes, but has 24 in the archive"},
    {"a storage smaller than its entry",
     P(STATE(REBUILD(FLOATS("K\005"), "K\000", "K\001\205", "K\001\205"))),
     "81: storage \"0\" is 5 numbers of f32, 20 bytes, but has 24 in the archive"},
    {"a storage that is not there",
     P(STATE(REBUILD(STORAGE("FloatStorage", "7", "K\006"), "K\000", "K\001\205", "K\001\205"))),
     "81: storage \"7\" is not in the archive"},
    {"a storage outside its folder",
     P(PROTO "(U\007storage" CLASS("torch", "FloatStorage") "U\013../data.pklU\003cpuK\006tQ."),
     "53: storage \"../data.pkl\" is not in the archive"},
    {"one storage of two types",
     P(PROTO "}(U\001a" TENSOR "U\001b" REBUILD(STORAGE("LongStorage", "0", "K\003"), "K\000",
                                                "K\003\205", "K\001\205") "u."),
     "202: storage \"0\" is 3 numbers of i64 here, and was 6 of f32 at byte 82"},
    {"one storage of two lengths",
     P(PROTO "}(U\001a" TENSOR
             "U\001b" REBUILD(FLOATS("K\003"), "K\000", "K\003\205", "K\001\205") "u."),
     "203: storage \"0\" is 3 numbers of f32 here, and was 6 of f32 at byte 82"},
    /* Tensors. */
    {"a tensor of one argument", P(PROTO CLASS("torch._utils", "_rebuild_tensor_v2") "N\205R."),
     "37: a tensor is rebuilt from 4 to 7 arguments, not from 1"},
    {"a tensor of no storage", P(STATE(REBUILD("N", "K\000", "K\001\205", "K\001\205"))),
     "78: a tensor is rebuilt from None, not from a storage"},
    {"an offset of -1",
     P(STATE(REBUILD(FLOATS("K\006"), "J\377\377\377\377", "K\001\205", "K\001\205"))),
     "122: a tensor's offset is not a whole number of 0 or more"},
    {"an offset of one too many",
     P(STATE(REBUILD(FLOATS("K\006"), "K\001", "K\002K\003\206", "K\003K\001\206"))),
     " tensor \"w\" is f32[2,3] with strides [3,1] from element 1, which reaches beyond storage "
     "\"0\" of 6"},
    {"a row too many",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "K\003K\003\206", "K\003K\001\206"))),
     " tensor \"w\" is f32[3,3] with strides [3,1] from element 0, which reaches beyond storage "
     "\"0\" of 6"},
    {"a stride that leaves",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "K\002K\003\206", "K\004K\001\206"))),
     " tensor \"w\" is f32[2,3] with strides [4,1] from element 0, which reaches beyond storage "
     "\"0\" of 6"},
    {"a stride of 2^62",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "K\005\205",
                     "\212\010\000\000\000\000\000\000\000\100\205"))),
     " tensor \"w\" is f32[5] with strides [4611686018427387904] from element 0, which reaches "
     "beyond storage \"0\" of 6"},
    {"an offset of 2^63-1 that wraps",
     P(STATE(REBUILD(FLOATS("K\006"), "\212\010\377\377\377\377\377\377\377\177", "K\002\205",
                     "\212\010\377\377\377\377\377\377\377\177\205"))),
     " tensor \"w\" is f32[2] with strides [9223372036854775807] from element "
     "9223372036854775807, which reaches beyond storage \"0\" of 6"},
    {"a stride of -1",
     P(STATE(REBUILD(FLOATS("K\006"), "K\005", "K\003\205", "J\377\377\377\377\205"))),
     "122: a tensor's stride holds something that is not a whole number of 0 or more"},
    {"a size of -1",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "J\377\377\377\377\205", "K\001\205"))),
     "122: a tensor's size holds something that is not a whole number of 0 or more"},
    {"a size of 2^62 by 4",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "\212\010\000\000\000\000\000\000\000\100K\004\206",
                     "K\000K\000\206"))),
     " tensor \"w\": f32[4611686018427387904,4]: the number of elements overflows"},
    {"a size of more than 64 bits",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "\212\011\000\000\000\000\000\000\000\000\001\205",
                     "K\001\205"))),
     "128: a tensor's size holds something that is not a whole number of 0 or more"},
    {"a size that is true", P(STATE(REBUILD(FLOATS("K\006"), "K\000", "\210\205", "K\001\205"))),
     "118: a tensor's size holds something that is not a whole number of 0 or more"},
    {"a size that is no tuple", P(STATE(REBUILD(FLOATS("K\006"), "K\000", "K\006", "K\001\205"))),
     "118: a tensor's size is an integer, not a tuple"},
    {"seven dimensions",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "(K\001K\001K\001K\001K\001K\001K\001t",
                     "(K\001K\001K\001K\001K\001K\001K\001t"))),
     "145: a tensor has 7 dimensions; at most 6 are supported"},
    {"fewer strides than sizes",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "K\002K\003\206", "K\001\205"))),
     "121: a tensor of 2 dimensions has 1 strides"},
    {"one number repeated to 64 TB",
     P(STATE(REBUILD(FLOATS("K\006"), "K\000", "J\000\000\000\100J\000\100\000\000\206",
                     "K\000K\000\206"))),
     " tensor \"w\": copies of tensors that repeat or reorder numbers would take more than "
     "16778156 bytes: save them dense, by contiguous()"},
    {"a parameter of no tensor",
     P(PROTO CLASS("torch._utils", "_rebuild_parameter") "N\211}\207R."),
     "39: a parameter is made of something that is no tensor"},
    {"a function to rebuild with that is none",
     P(PROTO CLASS("torch._tensor", "_rebuild_from_type_v2") "(" CLASS("torch", "Size") "N)NtR."),
     "56: _rebuild_from_type_v2 needs a function that rebuilds a tensor, a type, arguments and a "
     "state"},
    {"a dict of no pairs", P(PROTO CLASS("collections", "OrderedDict") "K\001\205R."),
     "30: an OrderedDict is made of nothing or of a list of pairs"},
    {"a dict of half a pair", P(PROTO CLASS("collections", "OrderedDict") "]N\205a\205R."),
     "32: an OrderedDict is made of nothing or of a list of pairs"},
    {"a size of a list", P(PROTO CLASS("torch", "Size") "]\205R."),
     "16: a torch.Size is made of one tuple"},
    /* Names. */
    {"no tensor at all", P(PROTO "}."),
     " there is no tensor in the checkpoint, which holds a dict"},
    {"only a number", P(PROTO "K\001."),
     " there is no tensor in the checkpoint, which holds an integer"},
    {"only a function", P(PROTO CLASS("torch", "Size") "."),
     " there is no tensor in the checkpoint, which holds a name"},
    {"the same name twice", P(PROTO "}(U\001w" TENSOR "U\001w" TENSOR "u."),
     " tensor \"w\" is there twice"},
    {"the same name by a dot", P(PROTO "}(U\003a.b" TENSOR "U\001a}U\001b" TENSOR "su."),
     " tensor \"a.b\" is there twice"},
    {"a name that is not UTF-8", P(PROTO "}U\002a\377" TENSOR "s."),
     " a key under \"(top)\" is not UTF-8 without zeros"},
    {"a name with a zero", P(PROTO "}U\002a\000" TENSOR "s."),
     " a key under \"(top)\" is not UTF-8 without zeros"},
    {"a name that is a tuple", P(PROTO "})" TENSOR "s."),
     " a key under \"(top)\" is a tuple: tensors are named by texts and numbers"},
    {"a dict that holds itself", P(PROTO "}q\000U\001ah\000s."),
     " dicts and lists are nested more than 32 deep under "
     "\"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a\""},
    {"a list that holds itself", P(PROTO "]q\000h\000a."),
     " dicts and lists are nested more than 32 deep under "
     "\"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0\""},
};

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(file_check_pickles(table, sizeof table / sizeof table[0]), 0);
}

/* What the reader must take although it looks odd. */
static void test_accepted(void **state)
{
    static const struct bad_pickle cases[] = {
        {"one state", P(STATE(TENSOR))},
        {"pairs, as Python 2 wrote OrderedDict",
         P(PROTO CLASS("collections", "OrderedDict") "]]U\001w"
                                                     "a" TENSOR "aa\205R.")},
        {"memo from 1, as Python 2 counted", P(PROTO "}q\001U\001wq\002" TENSOR "s.")},
        {"a memo that is stored again", P(PROTO "}q\000q\000U\001w" TENSOR "s.")},
        {"a parameter of a parameter",
         P(STATE(CLASS("torch._utils", "_rebuild_parameter") "(" CLASS(
             "torch._utils", "_rebuild_parameter") "(" TENSOR "\210}tR\210}tR"))},
        {"a tensor with attributes",
         P(STATE(
             CLASS("torch._tensor", "_rebuild_from_type_v2") "(" CLASS("torch._utils",
                                                                       "_rebuild_tensor_v2")
                 CLASS("torch", "Tensor") "(" FLOATS("K\006") "K\000K\006\205K\001\205\211}t}tR"))},
        {"four arguments", P(STATE(CLASS("torch._utils", "_rebuild_tensor") "(" FLOATS(
                               "K\006") "K\000K\006\205K\001\205tR"))},
        {"a repeated number",
         P(STATE(REBUILD(FLOATS("K\006"), "K\005", "K\144\205", "K\000\205")))},
        {"no elements, wherever",
         P(STATE(REBUILD(FLOATS("K\006"), "K\177", "K\000\205", "K\001\205")))},
        {"a defaultdict", P(PROTO CLASS("collections", "defaultdict")
                                CLASS("__builtin__", "dict") "\205RU\001w" TENSOR "s.")},
        {"a key that is a class", P(PROTO "}(" CLASS("pytorch_lightning.callbacks.model_checkpoint",
                                                     "ModelCheckpoint") "N"
                                                                        "U\001w" TENSOR "u.")},
    };
    static struct file f;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dio_error err = {0};
        file_torch(&f, cases[i].pickle, cases[i].n, 24);
        file_write(&f);
        dio_weights *w = dio_weights_open(file_path(), &err);
        if (!w)
            fail_msg("%s: %s", cases[i].name, err.message);
        assert_int_equal(dio_weights_count(w), 1);
        assert_non_null(dio_weights_find(w, "w"));
        dio_weights_close(w);
    }
}

/* --- the older format ------------------------------------------------------------------------- */

static void test_legacy(void **state)
{
    static const struct bad_pickle cases[] = {
        {"a good one", P(HEAD OLD KEYS COUNT FLOATS24), "accepted"},
        {"another program's pickle", P("\200\002cos\nsystem\nU\002id\205R."),
         ": this is a pickle, but none that torch.save has written: only weights are read from "
         "pickles; save the model's state_dict()"},
        {"a magic number inside a text",
         P("\200\002U\012\154\374\234\106\371\040\152\250\120\031."),
         ": byte 14: the first pickle is not the magic number of torch.save"},
        {"another version", P(MAGIC "\200\002M\352\003."),
         ": byte 20: the second pickle is not 1001, the one version there is"},
        {"facts that are no dict",
         P(MAGIC "\200\002M\351\003."
                 "\200\002N."),
         ": byte 24: the third pickle, about the machine, is not a dict"},
        {"big-endian",
         P(MAGIC "\200\002M\351\003."
                 "\200\002}U\015little_endian\211s."),
         ": byte 41: the checkpoint was saved on a machine of another byte order, which is not "
         "supported"},
        {"os.system", P(HEAD "\200\002cos\nsystem\nU\002id\205R."),
         ": byte 44: os.system is not on the list of what weights need, and nothing in a "
         "checkpoint "
         "is ever run: save the model's state_dict() alone, or as safetensors"},
        {"no keys", P(HEAD OLD),
         ": byte 168: a pickle is due here, which would begin with its protocol"},
        {"keys that are no list", P(HEAD OLD "\200\002}."),
         ": byte 171: the fifth pickle is a dict, not the list of storages"},
        {"a key that is a number", P(HEAD OLD "\200\002]K\001a." COUNT FLOATS24),
         ": byte 175: the list of storages holds an integer, not a key"},
        {"a key that no tensor has", P(HEAD OLD "\200\002]U\0011a." COUNT FLOATS24),
         ": byte 176: storage \"1\" is listed, but no tensor is in it"},
        {"a key twice", P(HEAD OLD "\200\002](U\0010U\0010e." COUNT FLOATS24 COUNT FLOATS24),
         ": byte 212: storage \"0\" is listed twice"},
        {"a storage without a key", P(HEAD OLD "\200\002]."),
         ": byte 172: storage \"0\", named at byte 123, is not in the file"},
        {"another count", P(HEAD OLD KEYS "\007\000\000\000\000\000\000\000" FLOATS24),
         ": byte 176: storage \"0\" has 7 numbers, but tensors are told of 6"},
        {"a count of 2^63", P(HEAD OLD KEYS "\006\000\000\000\000\000\000\200" FLOATS24),
         ": byte 176: storage \"0\" has 9223372036854775814 numbers, but tensors are told of 6"},
        {"a storage cut short", P(HEAD OLD KEYS COUNT "abcdefghijklmnopqrstuvw"),
         ": byte 176: storage \"0\" takes 24 bytes and their number, but 31 are left: the file was "
         "cut short"},
        {"bytes behind", P(HEAD OLD KEYS COUNT FLOATS24 "y"),
         ": byte 208: bytes left over after the last storage: 1"},
    };
    static struct file f;
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.n = 0;
        file_put(&f, cases[i].pickle, cases[i].n);
        file_check(&f, cases[i].name, cases[i].says, &wrong);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_legacy),
    };
    return cmocka_run_group_tests(tests, file_setup, file_teardown);
}
