/* zip.c: reads a zip archive's table of contents (PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3).
 *
 *     (local header, name, extra, data)* | directory: one record an entry | [zip64 end] | end
 *
 * An archive says most things twice, and readers that believe different halves see different files.
 * Here both must agree: the directory has to end where the end record begins, and each local header
 * has to repeat the name, the method and, where it gives them, the sizes. The checksums are not
 * compared: that would read every byte of a file that is mapped so that it need not be read, and
 * torch.save can be told to leave them out. */
#include "tensor/weights/zip.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tensor/weights/little.h"

enum {
    LOCAL_BYTES = 30,
    RECORD_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    COMMENT_LIMIT = 65535, /* its length has 16 bits */
    ENTRIES_LIMIT = 1 << 20,
    NAME_LIMIT = 1024,
    SHOWN = 200,        /* bytes of a name in a message */
    ZIP64 = 1,          /* the tag of its extra field */
    ENCRYPTED = 0x2041, /* flags: encrypted, strongly so, with masked headers */
    SIZES_FOLLOW = 8,   /* flag: the local header's sizes may be zero, a descriptor gives them */
    NOT_HERE16 = 0xffff,
};

static const uint32_t LOCAL = 0x04034b50, RECORD = 0x02014b50, END = 0x06054b50, END64 = 0x06064b50,
                      LOCATOR = 0x07064b50, NOT_HERE = 0xffffffff;

struct directory {
    uint64_t count, bytes, at;
    uint64_t end; /* where it has to end */
};

/* An entry as the directory has it. */
struct record {
    const char *name;
    int shown; /* of its name */
    unsigned flags, method, disk;
    uint64_t packed, bytes, header;
    size_t name_length;
};

/* The end record is the last thing in the file but for a comment, whose length it gives. */
static bool find_end(const dio_zip *z, size_t *at, dio_error *err)
{
    for (size_t comment = 0; comment <= COMMENT_LIMIT && END_BYTES + comment <= z->size;
         comment++) {
        size_t i = z->size - END_BYTES - comment;
        if (dio_little32(z->bytes + i) == END && dio_little16(z->bytes + i + 20) == comment) {
            *at = i;
            return true;
        }
    }
    return dio_fail(err,
                    "the zip archive has no table of contents at its end: the file was cut short");
}

/* The zip64 end record, which the locator before the plain one points at. */
static bool read_end64(const dio_zip *z, size_t locator, struct directory *d, dio_error *err)
{
    const uint8_t *b = z->bytes + locator;
    uint64_t at = dio_little64(b + 8);
    if (locator < END64_BYTES || at > locator - END64_BYTES || dio_little32(z->bytes + at) != END64)
        return dio_fail(err,
                        "the zip archive's zip64 end record is not at byte %llu, where it is "
                        "said to be",
                        (unsigned long long)at);
    if (dio_little64(z->bytes + at + 4) != locator - at - 12)
        return dio_fail(err, "the zip archive's zip64 end record does not end where its locator "
                             "begins");
    bool one = dio_little32(b + 4) == 0 && dio_little32(b + 16) <= 1;
    b = z->bytes + at;
    if (!one || dio_little32(b + 16) || dio_little32(b + 20) ||
        dio_little64(b + 24) != dio_little64(b + 32))
        return dio_fail(err, "the zip archive is one of several disks");
    *d = (struct directory){dio_little64(b + 32), dio_little64(b + 40), dio_little64(b + 48), at};
    return true;
}

static bool agrees(uint64_t narrow, uint64_t none, uint64_t wide)
{
    return narrow == none || narrow == wide;
}

static bool read_end(const dio_zip *z, struct directory *d, dio_error *err)
{
    size_t end = 0;
    if (!find_end(z, &end, err))
        return false;
    const uint8_t *b = z->bytes + end;
    struct directory narrow = {dio_little16(b + 10), dio_little32(b + 12), dio_little32(b + 16),
                               end};
    *d = narrow;
    bool one =
        agrees(dio_little16(b + 4), NOT_HERE16, 0) && agrees(dio_little16(b + 6), NOT_HERE16, 0);
    if (!one || dio_little16(b + 8) != narrow.count)
        return dio_fail(err, "the zip archive is one of several disks");
    if (end >= LOCATOR_BYTES && dio_little32(b - LOCATOR_BYTES) == LOCATOR) {
        if (!read_end64(z, end - LOCATOR_BYTES, d, err))
            return false;
        if (!agrees(narrow.count, NOT_HERE16, d->count) || !agrees(narrow.at, NOT_HERE, d->at) ||
            !agrees(narrow.bytes, NOT_HERE, d->bytes))
            return dio_fail(err, "the zip archive's two end records contradict each other");
    }
    if (d->at > d->end || d->bytes != d->end - d->at)
        return dio_fail(err,
                        "the zip archive's directory of %llu bytes at byte %llu does not end at "
                        "byte %llu, where the end record begins",
                        (unsigned long long)d->bytes, (unsigned long long)d->at,
                        (unsigned long long)d->end);
    if (d->count > ENTRIES_LIMIT)
        return dio_fail(err, "the zip archive has %llu entries, above the limit of %d",
                        (unsigned long long)d->count, ENTRIES_LIMIT);
    if (d->count > d->bytes / RECORD_BYTES)
        return dio_fail(err, "the zip archive's directory of %llu bytes cannot hold %llu entries",
                        (unsigned long long)d->bytes, (unsigned long long)d->count);
    return true;
}

static bool lacks_wide(const struct record *r)
{
    return r->bytes == NOT_HERE || r->packed == NOT_HERE || r->header == NOT_HERE;
}

/* What does not fit 32 bits stands in the zip64 field, in this order and as far as needed. */
static bool take_wide(struct record *r, const uint8_t *b, size_t n)
{
    uint64_t *wide[] = {&r->bytes, &r->packed, &r->header};
    for (size_t i = 0, at = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (*wide[i] != NOT_HERE)
            continue;
        if (n - at < 8)
            return false;
        *wide[i] = dio_little64(b + at);
        at += 8;
    }
    return true;
}

static bool read_extra(struct record *r, const uint8_t *extra, size_t n, dio_error *err)
{
    bool whole = !lacks_wide(r);
    for (size_t at = 0; !whole && n - at >= 4;) {
        size_t tag = dio_little16(extra + at), bytes = dio_little16(extra + at + 2);
        at += 4;
        if (bytes > n - at)
            break;
        whole = tag == ZIP64 && take_wide(r, extra + at, bytes);
        at += bytes;
    }
    return whole || dio_fail(err, "entry \"%.*s\" of the zip archive lacks its 64-bit sizes",
                             r->shown, r->name);
}

static bool check_name(const struct record *r, dio_error *err)
{
    size_t bad = 0;
    if (r->name_length == 0 || r->name_length > NAME_LIMIT)
        return dio_fail(err,
                        "an entry of the zip archive has a name of %zu bytes: 1 to %d are taken",
                        r->name_length, NAME_LIMIT);
    if (memchr(r->name, 0, r->name_length) || !dio_utf8_valid(r->name, r->name_length, &bad))
        return dio_fail(err,
                        "entry \"%.*s\" of the zip archive has a name that is not UTF-8 without "
                        "zeros",
                        (int)bad, r->name);
    return true;
}

/* The record at *at, which is moved behind it. */
static bool read_record(const dio_zip *z, const struct directory *d, size_t *at, struct record *r,
                        dio_error *err)
{
    const uint8_t *b = z->bytes + *at;
    size_t left = (size_t)d->end - *at;
    if (left < RECORD_BYTES || dio_little32(b) != RECORD)
        return dio_fail(
            err, "the zip archive's directory has no entry at byte %zu, where one is due", *at);
    size_t extra = dio_little16(b + 30), comment = dio_little16(b + 32);
    *r = (struct record){.name = (const char *)b + RECORD_BYTES,
                         .name_length = dio_little16(b + 28),
                         .flags = dio_little16(b + 8),
                         .method = dio_little16(b + 10),
                         .disk = dio_little16(b + 34),
                         .packed = dio_little32(b + 20),
                         .bytes = dio_little32(b + 24),
                         .header = dio_little32(b + 42)};
    if (r->name_length + extra + comment > left - RECORD_BYTES)
        return dio_fail(err, "the zip archive's directory ends inside its entry at byte %zu", *at);
    *at += RECORD_BYTES + r->name_length + extra + comment;
    r->shown = r->name_length < SHOWN ? (int)r->name_length : SHOWN;
    return check_name(r, err) && read_extra(r, b + RECORD_BYTES + r->name_length, extra, err);
}

static bool check_record(const struct record *r, dio_error *err)
{
    if (r->flags & ENCRYPTED)
        return dio_fail(err, "entry \"%.*s\" of the zip archive is encrypted", r->shown, r->name);
    if (r->method != 0)
        return dio_fail(err,
                        "entry \"%.*s\" of the zip archive is compressed (method %u); torch.save "
                        "stores entries as they are: pack it again without compression",
                        r->shown, r->name, r->method);
    if (r->packed != r->bytes)
        return dio_fail(err,
                        "entry \"%.*s\" of the zip archive is stored, but %llu bytes are said "
                        "to take %llu",
                        r->shown, r->name, (unsigned long long)r->bytes,
                        (unsigned long long)r->packed);
    return r->disk == 0 || r->disk == NOT_HERE16 ||
           dio_fail(err, "entry \"%.*s\" of the zip archive is on another disk", r->shown, r->name);
}

/* A size in the local header: the record's, not given, or left for the descriptor. */
static bool same_size(uint32_t local, uint64_t bytes, unsigned flags)
{
    return local == bytes || local == NOT_HERE || (local == 0 && flags & SIZES_FOLLOW);
}

/* Finds the entry's content behind its local header, which must say the same. */
static bool read_local(const dio_zip *z, const struct directory *d, const struct record *r,
                       dio_zip_entry *e, dio_error *err)
{
    if (r->header > d->at || d->at - r->header < LOCAL_BYTES ||
        dio_little32(z->bytes + r->header) != LOCAL)
        return dio_fail(err,
                        "entry \"%.*s\" of the zip archive is not at byte %llu, where it is said "
                        "to be",
                        r->shown, r->name, (unsigned long long)r->header);
    const uint8_t *b = z->bytes + r->header;
    unsigned flags = dio_little16(b + 6);
    size_t begin = (size_t)r->header + LOCAL_BYTES, name_length = dio_little16(b + 26);
    size_t room = (size_t)d->at - begin, extra = dio_little16(b + 28);
    if (name_length != r->name_length || room < name_length ||
        memcmp(b + LOCAL_BYTES, r->name, name_length) != 0 || dio_little16(b + 8) != r->method ||
        flags & ENCRYPTED || !same_size(dio_little32(b + 18), r->packed, flags) ||
        !same_size(dio_little32(b + 22), r->bytes, flags))
        return dio_fail(err,
                        "entry \"%.*s\" of the zip archive is described otherwise where it lies "
                        "than in the directory",
                        r->shown, r->name);
    if (room - name_length < extra || room - name_length - extra < r->bytes)
        return dio_fail(err,
                        "entry \"%.*s\" of the zip archive, %llu bytes, reaches into the "
                        "directory at byte %llu",
                        r->shown, r->name, (unsigned long long)r->bytes, (unsigned long long)d->at);
    *e = (dio_zip_entry){r->name, r->name_length, (size_t)r->header, begin + name_length + extra,
                         (size_t)r->bytes};
    return true;
}

static bool read_entries(dio_zip *z, const struct directory *d, dio_error *err)
{
    size_t at = (size_t)d->at;
    struct record r = {0};
    for (; z->count < (int)d->count; z->count++)
        if (!read_record(z, d, &at, &r, err) || !check_record(&r, err) ||
            !read_local(z, d, &r, &z->entries[z->count], err))
            return false;
    return at == d->end || dio_fail(err,
                                    "the zip archive's directory has %llu bytes more than its "
                                    "%d entries",
                                    (unsigned long long)(d->end - at), z->count);
}

static int by_place(const void *a, const void *b)
{
    const dio_zip_entry *x = a, *y = b;
    return (x->header > y->header) - (x->header < y->header);
}

static int by_name(const void *a, const void *b)
{
    const dio_zip_entry *x = a, *y = b;
    size_t n = x->name_length < y->name_length ? x->name_length : y->name_length;
    int order = memcmp(x->name, y->name, n);
    return order ? order : (x->name_length > y->name_length) - (x->name_length < y->name_length);
}

static int shown(const dio_zip_entry *e)
{
    return e->name_length < SHOWN ? (int)e->name_length : SHOWN;
}

/* Two entries over the same bytes: how a small file claims to be a large one. */
static bool check_overlaps(dio_zip *z, dio_error *err)
{
    qsort(z->entries, (size_t)z->count, sizeof *z->entries, by_place);
    for (int i = 1; i < z->count; i++) {
        const dio_zip_entry *x = &z->entries[i - 1], *y = &z->entries[i];
        if (y->header < x->offset + x->bytes)
            return dio_fail(err,
                            "entries \"%.*s\" and \"%.*s\" of the zip archive overlap at byte %zu",
                            shown(x), x->name, shown(y), y->name, y->header);
    }
    return true;
}

static bool check_names(dio_zip *z, dio_error *err)
{
    qsort(z->entries, (size_t)z->count, sizeof *z->entries, by_name);
    for (int i = 1; i < z->count; i++)
        if (by_name(&z->entries[i - 1], &z->entries[i]) == 0)
            return dio_fail(err, "entry \"%.*s\" is in the zip archive twice",
                            shown(&z->entries[i]), z->entries[i].name);
    return true;
}

bool dio_zip_open(dio_zip *z, const void *bytes, size_t size, dio_arena *a, dio_error *err)
{
    struct directory d;
    *z = (dio_zip){.bytes = bytes, .size = size};
    if (!read_end(z, &d, err))
        return false;
    z->entries = dio_arena_try(a, (size_t)(d.count + 1) * sizeof *z->entries);
    if (!z->entries)
        return dio_fail_memory(err, "a zip archive's table of contents");
    return read_entries(z, &d, err) && check_overlaps(z, err) && check_names(z, err);
}

const dio_zip_entry *dio_zip_find(const dio_zip *z, const char *name)
{
    dio_zip_entry key = {.name = name, .name_length = strlen(name)};
    return bsearch(&key, z->entries, (size_t)z->count, sizeof *z->entries, by_name);
}
