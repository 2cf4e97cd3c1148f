/* torch_file.c: archives from the published layout (PKWARE's APPNOTE), written as simply as can be,
 * so that they say what the tests mean and not what a library would make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include "tests/tensor/torch_file.h"

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/weights.h"

static char dir[] = "/tmp/dio_torch_XXXXXX";
static char path[64];

static void put(struct file *f, int width, uint64_t value)
{
    for (int i = 0; i < width; i++) {
        assert_true(f->n < FILE_BYTES);
        f->bytes[f->n++] = (uint8_t)(value >> 8 * i);
    }
}

void file_put(struct file *f, const void *data, size_t n)
{
    assert_true(n <= FILE_BYTES - f->n);
    if (n)
        memcpy(f->bytes + f->n, data, n);
    f->n += n;
}

static void put_all(struct file *f, int count, const int *widths, const uint64_t *values)
{
    for (int i = 0; i < count; i++)
        put(f, widths[i], values[i]);
}

/* Signature, version, flags, method, time, date, checksum, packed, bytes, name's length, extra's.
 */
static void put_local(struct file *f, const struct entry *e)
{
    const int widths[] = {4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2};
    put_all(f, 11, widths,
            (uint64_t[]){0x04034b50, 20, 0, 0, 0, 0, 0, e->n, e->n, strlen(e->name), 0});
    file_put(f, e->name, strlen(e->name));
    file_put(f, e->data, e->n);
}

/* The same with the maker's version in front; behind it comment, disk, attributes and place. */
static void put_record(struct file *f, const struct entry *e, size_t local)
{
    const int widths[] = {4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4};
    put_all(f, 17, widths,
            (uint64_t[]){0x02014b50, 20, 20, 0, 0, 0, 0, 0, e->n, e->n, strlen(e->name), 0, 0, 0, 0,
                         0, local});
    file_put(f, e->name, strlen(e->name));
}

void file_zip(struct file *f, const struct entry *entries, int zip64)
{
    int n = 0;
    memset(f, 0, sizeof *f);
    for (; n < ENTRIES && entries[n].name; n++) {
        f->local[n] = f->n;
        put_local(f, &entries[n]);
    }
    size_t at = f->n;
    for (int i = 0; i < n; i++) {
        f->record[i] = f->n;
        put_record(f, &entries[i], f->local[i]);
    }
    uint64_t bytes = f->n - at, count = (uint64_t)n;
    f->end64 = f->n;
    if (zip64) {
        put_all(f, 10, (int[]){4, 8, 2, 2, 4, 4, 8, 8, 8, 8},
                (uint64_t[]){0x06064b50, 44, 45, 45, 0, 0, count, count, bytes, at});
        f->locator = f->n;
        put_all(f, 4, (int[]){4, 4, 8, 4}, (uint64_t[]){0x07064b50, 0, f->end64, 1});
    }
    f->end = f->n;
    put_all(f, 8, (int[]){4, 2, 2, 2, 2, 4, 4, 2},
            (uint64_t[]){0x06054b50, 0, 0, count, count, bytes, at, 0});
}

void file_spoil(struct file *f, const struct spot *spots)
{
    for (int i = 0; i < SPOTS && spots[i].part; i++) {
        const struct spot *s = &spots[i];
        size_t at = s->part == LOCAL     ? f->local[s->index]
                    : s->part == RECORD  ? f->record[s->index]
                    : s->part == END64   ? f->end64
                    : s->part == LOCATOR ? f->locator
                                         : f->end;
        for (int k = 0; k < s->width; k++)
            f->bytes[at + (size_t)(s->at + k)] = (uint8_t)(s->value >> 8 * k);
    }
}

void file_torch(struct file *f, const char *pickle, size_t n_pickle, size_t n)
{
    static uint8_t data[256];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    file_zip(f,
             (const struct entry[ENTRIES]){{"a/data.pkl", pickle, n_pickle},
                                           {"a/byteorder", "little", 6},
                                           {"a/data/0", data, n}},
             0);
}

int file_setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/bad.pth", dir);
    return 0;
}

int file_teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

const char *file_path(void)
{
    return path;
}

void file_write(const struct file *f)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(f->bytes, 1, f->n, out), f->n);
    fclose(out);
}

const char *file_refusal(void)
{
    static char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 32];
    dio_error err = {0};
    dio_weights *w = dio_weights_open(path, &err);
    if (w) {
        dio_weights_close(w);
        return "accepted";
    }
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_error_text(&err, text, sizeof text);
    size_t n = strlen(path);
    return strncmp(text, path, n) == 0 ? text + n : text;
}

void file_check(const struct file *f, const char *name, const char *says, int *wrong)
{
    if (f)
        file_write(f);
    const char *said = file_refusal();
    if (strcmp(said, says) == 0)
        return;
    print_error("%s:\n  said %s\n  want %s\n", name, said, says);
    ++*wrong;
}

int file_check_pickles(const struct bad_pickle *cases, size_t count)
{
    static struct file f;
    char says[1024];
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bad_pickle *b = &cases[i];
        bool placed = b->says[0] != ' ';
        file_torch(&f, b->pickle, b->n, 24);
        snprintf(says, sizeof says, "%s%s", placed ? ": a/data.pkl, byte " : ":", b->says);
        file_check(&f, b->name, says, &wrong);
    }
    return wrong;
}
