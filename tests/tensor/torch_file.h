#pragma once
/* torch_file.h: builds zip archives and checkpoints byte by byte, whole or spoiled, for the tests
 * of their readers. */
#include <stddef.h>
#include <stdint.h>

enum { FILE_BYTES = 1 << 16, ENTRIES = 4, SPOTS = 4 };

/* Parts of an archive whose bytes a test may overwrite. */
enum part { NO_PART, LOCAL, RECORD, END64, LOCATOR, END };

/* `width` bytes at `at` of a part (of entry `index`, where there are several) become `value`. */
struct spot {
    enum part part;
    int index, at, width;
    uint64_t value;
};

struct entry {
    const char *name;
    const void *data;
    size_t n;
};

struct file {
    uint8_t bytes[FILE_BYTES];
    size_t n;
    size_t local[ENTRIES], record[ENTRIES], end64, locator, end; /* where the parts lie */
};

/* An archive of stored entries, up to the first without a name, with or without a zip64 end. */
void file_zip(struct file *f, const struct entry *entries, int zip64);
void file_spoil(struct file *f, const struct spot *spots);
void file_put(struct file *f, const void *data, size_t n);

/* A checkpoint a/ of this pickle and storage "0" of n bytes. */
void file_torch(struct file *f, const char *pickle, size_t n_pickle, size_t n);

/* Of a group of tests: a folder of its own with the one file that the functions below mean. */
int file_setup(void **state);
int file_teardown(void **state);
const char *file_path(void);

void file_write(const struct file *f);

/* Opens the file, which must fail as invalid; what was said after its name, or "accepted". Static
 * memory. */
const char *file_refusal(void);
/* Writes f (NULL: it is there already) and holds what is said of it against `says`; a difference is
 * shown and counted. */
void file_check(const struct file *f, const char *name, const char *says, int *wrong);

/* A case: a pickle, and what is said of it after FILE: a/data.pkl, byte. */
struct bad_pickle {
    const char *name;
    const char *pickle;
    size_t n;
    const char *says; /* with a blank before it where no place in the pickle is known */
};

/* Each as the pickle of a checkpoint with 24 bytes of storage; how many were refused otherwise. */
int file_check_pickles(const struct bad_pickle *cases, size_t count);

/* --- pickles, as C literals; all escapes octal, because hexadecimal ones do not end -------------
 */

#define PROTO                 "\200\002"
#define TEXT1(t)              "U\001" t /* a text of one byte */
#define CLASS(module, name)   "c" module "\n" name "\n"
#define STORAGE(type, key, n) "(U\007storage" CLASS("torch", type) TEXT1(key) "U\003cpu" n "tQ"
#define REBUILD(storage, offset, size, stride)                                                     \
    CLASS("torch._utils", "_rebuild_tensor_v2")                                                    \
    "(" storage offset size stride "\211" CLASS("collections", "OrderedDict") ")RtR"
/* {"w": f32[2,3] over storage "0" of 6} */
#define TENSOR                                                                                     \
    REBUILD(STORAGE("FloatStorage", "0", "K\006"), "K\000", "K\002K\003\206", "K\003K\001\206")
#define STATE(value) PROTO "}" TEXT1("w") value "s."
#define P(text)      text, sizeof(text) - 1

/* The older format: pickles of a magic number, a version, the machine; then the object, the keys.
 */
#define MAGIC "\200\002\212\012\154\374\234\106\371\040\152\250\120\031."
#define HEAD                                                                                       \
    MAGIC "\200\002M\351\003."                                                                     \
          "\200\002}U\015little_endian\210s."
#define OLD      STATE(TENSOR)
#define KEYS     "\200\002]U\0010a."
#define COUNT    "\006\000\000\000\000\000\000\000"
#define FLOATS24 "abcdefghijklmnopqrstuvwx"
