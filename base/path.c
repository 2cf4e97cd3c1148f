/* path.c: names of files: putting them together, and keeping a stranger's inside a folder.
 * A name from a pipeline or a model index is hostile until dio_path_confine has seen it. The
 * rules are those of the strictest system it may travel to, so that a project rendered here
 * also unpacks elsewhere. */
#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"

enum { PART_LIMIT = 255, PATH_LIMIT = 4000 };

bool dio_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

const char *dio_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *dio_path_dir(dio_arena *a, const char *path)
{
    const char *base = dio_path_base(path);
    if (base == path)
        return dio_arena_strdup(a, ".");
    size_t n = (size_t)(base - path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return dio_arena_strndup(a, path, n);
}

char *dio_path_join(dio_arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    if (n == 0 || *name == '/')
        return dio_arena_strdup(a, name);
    return dio_arena_printf(a, dir[n - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
}

bool dio_dir_make(const char *path, dio_error *err)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return dio_fail(err, "cannot make folder \"%.80s\": its name is %zu bytes long", path, n);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return dio_fail_errno(err, "make folder", part);
    }
    struct stat st;
    if (stat(path, &st) < 0)
        return dio_fail_errno(err, "make folder", path);
    if (!S_ISDIR(st.st_mode))
        return dio_fail(err, "cannot make folder %s: a file of that name exists", path);
    return true;
}

/* CON, NUL, COM1..9, LPT1..9 and their kin, alone or before a dot: devices on some systems. */
static bool is_device(const char *part, size_t n)
{
    static const char *const names[] = {"con", "prn", "aux", "nul", "com", "lpt"};
    const char *dot = memchr(part, '.', n);
    size_t stem = dot ? (size_t)(dot - part) : n;
    for (int i = 0; i < 6; i++) {
        bool numbered = i >= 4;
        if (stem != (numbered ? 4u : 3u) || strncasecmp(part, names[i], 3) != 0)
            continue;
        if (!numbered || (part[3] >= '1' && part[3] <= '9'))
            return true;
    }
    return false;
}

/* NULL when the bytes of the whole name are fine, else what is wrong with them. */
static const char *wrong_text(const char *name)
{
    size_t n = strlen(name);
    if (n == 0)
        return "it is empty";
    if (n > PATH_LIMIT)
        return "it is longer than 4000 bytes";
    if (*name == '/')
        return "it is absolute: give it relative to the folder";
    if (!dio_utf8_valid(name, n, NULL))
        return "it is not valid UTF-8";
    for (const char *p = name; *p;) {
        uint32_t c;
        p += dio_utf8_next(p, (size_t)(name + n - p), &c);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            return "it contains a control character";
        if (c == '%')
            return "it contains \"%\", which tools downstream would expand";
        if (c == '\\')
            return "it contains \"\\\": folders are parted by \"/\"";
        if (c == ':')
            return "it contains \":\", which names a drive or a protocol";
    }
    return NULL;
}

static const char *wrong_part(const char *part, size_t n)
{
    if (n == 2 && part[0] == '.' && part[1] == '.')
        return "it contains \"..\"";
    if (n > PART_LIMIT)
        return "a part of it is longer than 255 bytes";
    if (part[n - 1] == '.' || part[n - 1] == ' ')
        return "a part of it ends in a dot or a space";
    if (is_device(part, n))
        return "it names a device of other systems (CON, NUL, COM1, ...)";
    return NULL;
}

/* Writes name's parts, without "." and empty ones, to out; NULL when all are fine. */
static const char *tidy(const char *name, char out[PATH_LIMIT + 1])
{
    size_t length = 0;
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        bool skip = n == 0 || (n == 1 && *p == '.');
        const char *wrong = skip ? NULL : wrong_part(p, n);
        if (wrong)
            return wrong;
        if (!skip) {
            if (length)
                out[length++] = '/';
            memcpy(out + length, p, n);
            length += n;
        }
        p += n + (p[n] == '/');
    }
    out[length] = '\0';
    return length ? NULL : "it names the folder itself";
}

static bool is_within(const char *root, const char *path)
{
    size_t n = strlen(root);
    if (strncmp(root, path, n) != 0)
        return false;
    return path[n] == '\0' || path[n] == '/' || (n > 0 && root[n - 1] == '/');
}

/* Follows every existing prefix of root/name to where it really lies. */
static const char *leaves(const char *root, const char *name)
{
    char real_root[PATH_MAX], path[PATH_MAX], real[PATH_MAX];
    size_t n = strlen(root), length = strlen(name);
    if (n + 1 + length >= sizeof path)
        return "with its folder it is too long for the system";
    if (!realpath(root, real_root))
        return NULL; /* nothing is there yet that could lead anywhere */
    memcpy(path, root, n);
    path[n] = '/';
    for (size_t i = 0; i <= length; i++) {
        path[n + 1 + i] = name[i];
        if (name[i] != '/' && name[i] != '\0')
            continue;
        path[n + 1 + i] = '\0';
        struct stat st;
        if (lstat(path, &st) < 0)
            return errno == ENOENT ? NULL : strerrordesc_np(errno);
        if (!realpath(path, real))
            return "a symbolic link in it leads nowhere";
        if (!is_within(real_root, real))
            return "a symbolic link in it leads out of the folder";
        path[n + 1 + i] = name[i];
    }
    return NULL;
}

/* For messages: what a terminal would act on is shown as '?'. */
static void printable(const char *name, char out[100])
{
    size_t n = 0;
    for (; name[n] && n < 96; n++)
        out[n] = (unsigned char)name[n] < 0x20 || name[n] == 0x7f ? '?' : name[n];
    while (n > 0 && name[n] && ((unsigned char)name[n] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    memcpy(out + n, name[n] ? "..." : "", name[n] ? 4 : 1);
}

char *dio_path_confine(dio_arena *a, const char *root, const char *name, dio_error *err)
{
    char clean[PATH_LIMIT + 1];
    const char *wrong = wrong_text(name);
    if (!wrong)
        wrong = tidy(name, clean);
    if (!wrong)
        wrong = leaves(*root ? root : ".", clean);
    if (wrong) {
        char shown[100];
        printable(name, shown);
        dio_fail(err, "path \"%s\" is refused: %s", shown, wrong);
        return NULL;
    }
    return dio_path_join(a, root, clean);
}
