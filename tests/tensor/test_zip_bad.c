/* test_zip_bad.c: every way we know to lie in a zip archive, each with the exact sentence that
 * refuses it. The archive they spoil is a good checkpoint: a/data.pkl, a/byteorder and a/data/0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/tensor/torch_file.h"

static const char good[] = STATE(TENSOR);

struct bad {
    const char *name;
    int zip64;
    struct spot spots[SPOTS];
    const char *says;
};

/* Offsets within a part are those of the APPNOTE. */
static const struct bad table[] = {
    {"a good one", 0, {{0}}, "accepted"},
    {"a good one with zip64", 1, {{0}}, "accepted"},
    {"zip64 values where the short ones say so",
     1,
     {{END, 0, 10, 2, 0xffff}, {END, 0, 8, 2, 0xffff}, {END, 0, 12, 8, UINT64_MAX}},
     "accepted"},
    {"compressed",
     0,
     {{RECORD, 2, 10, 2, 8}},
     ": entry \"a/data/0\" of the zip archive is compressed (method 8); torch.save stores entries "
     "as they are: pack it again without compression"},
    {"compressed in both places",
     0,
     {{RECORD, 0, 10, 2, 8}, {LOCAL, 0, 8, 2, 8}},
     ": entry \"a/data.pkl\" of the zip archive is compressed (method 8); torch.save stores "
     "entries as they are: pack it again without compression"},
    {"compressed where it lies only",
     0,
     {{LOCAL, 2, 8, 2, 8}},
     ": entry \"a/data/0\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"a bomb: 4 GB packed in 24 bytes",
     0,
     {{RECORD, 2, 24, 4, 0xfffffffe}},
     ": entry \"a/data/0\" of the zip archive is stored, but 4294967294 bytes are said to take 24"},
    {"stored, and larger than the file",
     0,
     {{RECORD, 2, 20, 8, 0x00ffffff00ffffff}, {LOCAL, 2, 18, 8, 0x00ffffff00ffffff}},
     ": entry \"a/data/0\" of the zip archive, 16777215 bytes, reaches into the directory at byte "
     "275"},
    {"encrypted",
     0,
     {{RECORD, 1, 8, 2, 1}},
     ": entry \"a/byteorder\" of the zip archive is encrypted"},
    {"encrypted where it lies only",
     0,
     {{LOCAL, 1, 6, 2, 1}},
     ": entry \"a/byteorder\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"on another disk",
     0,
     {{RECORD, 1, 34, 2, 1}},
     ": entry \"a/byteorder\" of the zip archive is on another disk"},
    {"another name where it lies",
     0,
     {{LOCAL, 1, 30, 1, 'b'}},
     ": entry \"a/byteorder\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"a longer name where it lies",
     0,
     {{LOCAL, 1, 26, 2, 0xffff}},
     ": entry \"a/byteorder\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"another size where it lies",
     0,
     {{LOCAL, 2, 22, 4, 8}},
     ": entry \"a/data/0\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"no size where it lies, and none to follow",
     0,
     {{LOCAL, 2, 22, 4, 0}},
     ": entry \"a/data/0\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"sizes that follow", 0, {{LOCAL, 2, 18, 8, 0}, {LOCAL, 2, 6, 2, 8}}, "accepted"},
    {"extra bytes that end behind the archive",
     0,
     {{LOCAL, 2, 28, 2, 0xffff}},
     ": entry \"a/data/0\" of the zip archive, 24 bytes, reaches into the directory at byte 275"},
    {"content that ends in the directory",
     0,
     {{LOCAL, 2, 28, 2, 10}},
     ": entry \"a/data/0\" of the zip archive, 24 bytes, reaches into the directory at byte 275"},
    {"not where it is said to be",
     0,
     {{RECORD, 1, 42, 4, 3}},
     ": entry \"a/byteorder\" of the zip archive is not at byte 3, where it is said to be"},
    {"in the directory",
     0,
     {{RECORD, 1, 42, 4, 0x7fffffff}},
     ": entry \"a/byteorder\" of the zip archive is not at byte 2147483647, where it is said to "
     "be"},
    {"two entries in one place",
     0,
     {{RECORD, 1, 42, 4, 0}, {RECORD, 1, 28, 2, 10}},
     ": entry \"a/byteorde\" of the zip archive is described otherwise where it lies than in the "
     "directory"},
    {"overlapping entries",
     0,
     {{LOCAL, 1, 28, 2, 8}},
     ": entries \"a/byteorder\" and \"a/data/0\" of the zip archive overlap at byte 213"},
    {"wide sizes that are missing",
     0,
     {{RECORD, 2, 24, 4, 0xffffffff}},
     ": entry \"a/data/0\" of the zip archive lacks its 64-bit sizes"},
    {"a name that is not UTF-8",
     0,
     {{RECORD, 1, 48, 1, 0xff}, {LOCAL, 1, 32, 1, 0xff}},
     ": entry \"a/\" of the zip archive has a name that is not UTF-8 without zeros"},
    {"a zero in a name",
     0,
     {{RECORD, 1, 48, 1, 0}, {LOCAL, 1, 32, 1, 0}},
     ": entry \"\" of the zip archive has a name that is not UTF-8 without zeros"},
    {"an empty name",
     0,
     {{RECORD, 1, 28, 2, 0}},
     ": an entry of the zip archive has a name of 0 bytes: 1 to 1024 are taken"},
    {"a name beyond the directory",
     0,
     {{RECORD, 2, 28, 2, 0x4000}},
     ": the zip archive's directory ends inside its entry at byte 388"},
    {"a name longer than all",
     0,
     {{RECORD, 0, 28, 2, 0xffff}},
     ": the zip archive's directory ends inside its entry at byte 275"},
    {"no entry in the directory",
     0,
     {{RECORD, 1, 0, 4, 0}},
     ": the zip archive's directory has no entry at byte 331, where one is due"},
    {"more entries than are there",
     0,
     {{END, 0, 8, 4, 0x00040004}},
     ": the zip archive's directory of 167 bytes cannot hold 4 entries"},
    {"more entries than fit",
     0,
     {{END, 0, 8, 4, 0x01000100}},
     ": the zip archive's directory of 167 bytes cannot hold 256 entries"},
    {"fewer entries than are there",
     0,
     {{END, 0, 8, 4, 0x00020002}},
     ": the zip archive's directory has 54 bytes more than its 2 entries"},
    {"a directory elsewhere",
     0,
     {{END, 0, 16, 4, 5}},
     ": the zip archive's directory of 167 bytes at byte 5 does not end at byte 442, where the "
     "end record begins"},
    {"a directory beyond the file",
     0,
     {{END, 0, 16, 4, 0xfffffffe}},
     ": the zip archive's directory of 167 bytes at byte 4294967294 does not end at byte 442, "
     "where the end record begins"},
    {"a directory of another length",
     0,
     {{END, 0, 12, 4, 5}},
     ": the zip archive's directory of 5 bytes at byte 275 does not end at byte 442, where the "
     "end record begins"},
    {"several disks", 0, {{END, 0, 4, 2, 1}}, ": the zip archive is one of several disks"},
    {"entries on several disks",
     0,
     {{END, 0, 8, 2, 1}},
     ": the zip archive is one of several disks"},
    {"no end record",
     0,
     {{END, 0, 0, 4, 0}},
     ": the zip archive has no table of contents at its end: the file was cut short"},
    {"a comment that is not there",
     0,
     {{END, 0, 20, 2, 4}},
     ": the zip archive has no table of contents at its end: the file was cut short"},
    {"no zip64 end record where it is said to be",
     1,
     {{LOCATOR, 0, 8, 8, 7}},
     ": the zip archive's zip64 end record is not at byte 7, where it is said to be"},
    {"a zip64 end record beyond the file",
     1,
     {{LOCATOR, 0, 8, 8, UINT64_MAX}},
     ": the zip archive's zip64 end record is not at byte 18446744073709551615, where it is said "
     "to be"},
    {"a zip64 end record of another length",
     1,
     {{END64, 0, 4, 8, 45}},
     ": the zip archive's zip64 end record does not end where its locator begins"},
    {"zip64 on several disks",
     1,
     {{LOCATOR, 0, 16, 4, 2}},
     ": the zip archive is one of several disks"},
    {"zip64 counts that differ",
     1,
     {{END64, 0, 24, 8, 2}},
     ": the zip archive is one of several disks"},
    {"end records that contradict",
     1,
     {{END64, 0, 24, 8, 2}, {END64, 0, 32, 8, 2}},
     ": the zip archive's two end records contradict each other"},
    {"a million entries and one",
     1,
     {{END64, 0, 24, 8, 1048577}, {END64, 0, 32, 8, 1048577}, {END, 0, 8, 4, 0xffffffff}},
     ": the zip archive has 1048577 entries, above the limit of 1048576"},
    {"a zip64 directory that wraps",
     1,
     {{END64, 0, 40, 8, UINT64_MAX - 100}, {END, 0, 12, 4, 0xffffffff}},
     ": the zip archive's directory of 18446744073709551515 bytes at byte 275 does not end at "
     "byte 442, where the end record begins"},
};

static void test_table(void **state)
{
    static struct file f;
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t data[24] = {0};
        file_zip(&f,
                 (const struct entry[ENTRIES]){{"a/data.pkl", good, sizeof good - 1},
                                               {"a/byteorder", "little", 6},
                                               {"a/data/0", data, sizeof data}},
                 table[i].zip64);
        file_spoil(&f, table[i].spots);
        file_check(&f, table[i].name, table[i].says, &wrong);
    }
    assert_int_equal(wrong, 0);
}

/* Archives that are whole, but no checkpoints, or too many. */
static void test_entries(void **state)
{
    static const struct {
        const char *name;
        struct entry entries[ENTRIES];
        const char *says;
    } cases[] = {
        {"empty",
         {{0}},
         ": not a file of weights that is known here: safetensors and checkpoints of PyTorch are"},
        {"no pickle",
         {{"a/data/0", "", 0}},
         ": the zip archive is no checkpoint of torch.save: it has no NAME/data.pkl"},
        {"a pickle without a folder",
         {{"data.pkl", good, sizeof good - 1}},
         ": the zip archive is no checkpoint of torch.save: it has no NAME/data.pkl"},
        {"a pickle two folders down",
         {{"a/b/data.pkl", good, sizeof good - 1}},
         ": the zip archive is no checkpoint of torch.save: it has no NAME/data.pkl"},
        {"two pickles",
         {{"a/data.pkl", good, sizeof good - 1}, {"b/data.pkl", good, sizeof good - 1}},
         ": the zip archive holds two checkpoints, \"a/data.pkl\" and \"b/data.pkl\""},
        {"a name twice",
         {{"a/data.pkl", good, sizeof good - 1}, {"a/data.pkl", good, sizeof good - 1}},
         ": entry \"a/data.pkl\" is in the zip archive twice"},
        {"a program",
         {{"a/data.pkl", good, sizeof good - 1}, {"a/constants.pkl", "", 0}},
         ": this is a TorchScript program, not the weights of a model: save its state_dict()"},
        {"big-endian",
         {{"a/data.pkl", good, sizeof good - 1}, {"a/byteorder", "big", 3}},
         ": the checkpoint was saved on a machine of another byte order, which is not supported"},
        {"no storage",
         {{"a/data.pkl", good, sizeof good - 1}},
         ": a/data.pkl, byte 81: storage \"0\" is not in the archive"},
        {"a storage too short",
         {{"a/data.pkl", good, sizeof good - 1}, {"a/data/0", "12345678901234567890123", 23}},
         ": a/data.pkl, byte 81: storage \"0\" is 6 numbers of f32, 24 bytes, but has 23 in the "
         "archive"},
        {"a storage too long",
         {{"a/data.pkl", good, sizeof good - 1}, {"a/data/0", "1234567890123456789012345", 25}},
         ": a/data.pkl, byte 81: storage \"0\" is 6 numbers of f32, 24 bytes, but has 25 in the "
         "archive"},
        {"bytes behind the pickle",
         {{"a/data.pkl", STATE(TENSOR) "N.", sizeof good + 1}},
         ": a/data.pkl, byte 126: bytes left over after the pickle: 2"},
    };
    static struct file f;
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file_zip(&f, cases[i].entries, 0);
        file_check(&f, cases[i].name, cases[i].says, &wrong);
    }
    assert_int_equal(wrong, 0);
}

/* A comment may stand behind the end record, also one that looks like an end record. */
static void test_comment(void **state)
{
    static struct file f;
    (void)state;
    file_torch(&f, good, sizeof good - 1, 24);
    file_spoil(&f, (const struct spot[SPOTS]){{END, 0, 20, 2, 26}});
    file_put(&f, "PK\005\006 twenty-six characters", 26);
    file_write(&f);
    assert_string_equal(file_refusal(), "accepted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_comment),
    };
    return cmocka_run_group_tests(tests, file_setup, file_teardown);
}
