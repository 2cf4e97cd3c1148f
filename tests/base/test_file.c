/* test_file.c: mapping, atomic writing, confinement of names, hashes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

struct fixture {
    dio_arena *a;
    char dir[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->a = dio_arena_create();
    snprintf(f->dir, sizeof f->dir, "/tmp/diorama-file-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int rc = system(command);
    dio_arena_destroy(f->a);
    free(f);
    return rc;
}

static char *in(struct fixture *f, const char *name)
{
    return dio_path_join(f->a, f->dir, name);
}

static int entries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void written_is_read(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const char *path = in(f, "a.txt");
    assert_true(dio_file_write(path, "hello", 5, &err));
    size_t n;
    assert_string_equal(dio_file_read(f->a, path, 5, &n, &err), "hello");
    assert_int_equal(n, 5);
    assert_null(dio_file_read(f->a, path, 4, &n, &err));
    assert_non_null(strstr(err.message, "a.txt is 5 bytes long, above the limit of 4"));
    assert_int_equal(entries(f->dir), 1);
}

static void map_shows_the_bytes(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    static char big[3 * 4096 + 17];
    memset(big, 'x', sizeof big);
    const char *path = in(f, "big");
    assert_true(dio_file_write(path, big, sizeof big, &err));
    dio_map_file *m = dio_map_open(path, &err);
    assert_non_null(m);
    assert_int_equal(dio_map_size(m), sizeof big);
    dio_map_ref(m);
    dio_map_unref(m);
    dio_map_release(m, 0, SIZE_MAX);
    dio_map_release(m, 100, 5000);
    dio_map_release(m, SIZE_MAX, 1);
    assert_memory_equal(dio_map_data(m), big, sizeof big); /* comes back from the file */
    dio_map_unref(m);

    assert_true(dio_file_write(path, NULL, 0, &err));
    m = dio_map_open(path, &err);
    assert_int_equal(dio_map_size(m), 0);
    assert_non_null(dio_map_data(m));
    dio_map_unref(m);
    dio_map_unref(NULL);
}

static void what_is_no_file_is_refused(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    assert_null(dio_map_open(in(f, "none"), &err));
    assert_non_null(strstr(err.message, "none: No such file or directory"));
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_error_clear(&err);
    assert_null(dio_map_open(f->dir, &err));
    assert_non_null(strstr(err.message, "is a folder, not a file"));
    dio_error_clear(&err);
    assert_int_equal(mkfifo(in(f, "pipe"), 0600), 0);
    assert_null(dio_map_open(in(f, "pipe"), &err)); /* and does not hang */
    assert_non_null(strstr(err.message, "is not a regular file"));
    dio_error_clear(&err);
    assert_null(dio_writer_open(f->dir, &err));
    assert_non_null(strstr(err.message, "is a folder"));
    dio_error_clear(&err);
    assert_null(dio_writer_open(in(f, "no/such"), &err));
    assert_non_null(strstr(err.message, "cannot create"));
}

static void writer_seeks_and_tells(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_writer *w = dio_writer_open(in(f, "m"), &err);
    static char big[200000];
    memset(big, 'b', sizeof big);
    assert_true(dio_writer_put(w, "0123456789", 10, &err));
    assert_true(dio_writer_put(w, big, sizeof big, &err));
    assert_int_equal(dio_writer_tell(w), 200010);
    assert_true(dio_writer_seek(w, 4, &err));
    assert_true(dio_writer_put(w, "XY", 2, &err));
    assert_int_equal(dio_writer_tell(w), 6);
    assert_false(dio_writer_seek(w, -1, &err));
    assert_true(dio_writer_commit(w, &err));
    size_t n;
    const char *text = dio_file_read(f->a, in(f, "m"), 1 << 20, &n, &err);
    assert_int_equal(n, 200010);
    assert_memory_equal(text, "0123XY6789bbb", 13);
}

static void abort_leaves_the_old(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const char *path = in(f, "keep");
    assert_true(dio_file_write(path, "old", 3, &err));
    dio_writer *w = dio_writer_open(path, &err);
    assert_true(dio_writer_put(w, "new", 3, &err));
    assert_int_equal(entries(f->dir), 2);
    dio_writer_abort(w);
    dio_writer_abort(NULL);
    assert_int_equal(entries(f->dir), 1);
    assert_string_equal(dio_file_read(f->a, path, 100, NULL, &err), "old");
}

/* Two at once: each has its own temporary file; the last commit wins, whole. */
static void writers_do_not_mix(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_writer *one = dio_writer_open(in(f, "x"), &err), *two = dio_writer_open(in(f, "x"), &err);
    assert_true(dio_writer_put(one, "one", 3, &err) && dio_writer_put(two, "two", 3, &err));
    assert_true(dio_writer_commit(two, &err) && dio_writer_commit(one, &err));
    assert_string_equal(dio_file_read(f->a, in(f, "x"), 100, NULL, &err), "one");
    assert_int_equal(entries(f->dir), 1);
}

/* A file-size limit stands for the full disk: write fails part of the way. */
static void full_disk_leaves_the_old(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const char *path = in(f, "keep");
    assert_true(dio_file_write(path, "old", 3, &err));
    struct rlimit old, tight;
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    static char big[300000];
    bool wrote = dio_file_write(path, big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_false(wrote);
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    assert_non_null(strstr(err.message, "cannot write"));
    assert_int_equal(entries(f->dir), 1);
    assert_string_equal(dio_file_read(f->a, path, 100, NULL, &err), "old");
}

static void killed_writer_leaves_the_old(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    const char *path = in(f, "keep");
    assert_true(dio_file_write(path, "old", 3, &err));
    pid_t child = fork();
    if (child == 0) {
        static char big[300000];
        dio_writer *w = dio_writer_open(path, &err);
        if (!w || !dio_writer_put(w, big, sizeof big, &err))
            _exit(1);
        raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(entries(f->dir), 2); /* it was in the middle: its temporary file is there */
    assert_string_equal(dio_file_read(f->a, path, 100, NULL, &err), "old");
    assert_true(dio_file_write(path, "new", 3, &err));
    assert_string_equal(dio_file_read(f->a, path, 100, NULL, &err), "new");
}

static void folders_are_made(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    assert_true(dio_dir_make(in(f, "a/b//c/"), &err));
    assert_true(dio_dir_make(in(f, "a/b/c"), &err));
    assert_true(dio_file_exists(in(f, "a/b/c")));
    assert_false(dio_file_exists(in(f, "a/b/d")));
    assert_true(dio_file_write(in(f, "a/file"), "", 0, &err));
    assert_false(dio_dir_make(in(f, "a/file"), &err));
    assert_non_null(strstr(err.message, "a file of that name exists"));
    dio_error_clear(&err);
    assert_false(dio_dir_make(in(f, "a/file/x"), &err));
    dio_error_clear(&err);
    assert_false(dio_dir_make("", &err));
}

static void names_are_put_together(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(dio_path_join(f->a, "a", "b"), "a/b");
    assert_string_equal(dio_path_join(f->a, "a/", "b"), "a/b");
    assert_string_equal(dio_path_join(f->a, "", "b"), "b");
    assert_string_equal(dio_path_join(f->a, "a", "/b"), "/b");
    assert_string_equal(dio_path_base("a/b/c.txt"), "c.txt");
    assert_string_equal(dio_path_base("c.txt"), "c.txt");
    assert_string_equal(dio_path_dir(f->a, "a/b/c.txt"), "a/b");
    assert_string_equal(dio_path_dir(f->a, "c.txt"), ".");
    assert_string_equal(dio_path_dir(f->a, "/c.txt"), "/");
}

static void refused(struct fixture *f, const char *name, const char *why)
{
    dio_error err = {0};
    char *path = dio_path_confine(f->a, f->dir, name, &err);
    if (path || !strstr(err.message, why))
        fail_msg("\"%s\": got %s, message \"%s\", wanted \"%s\"", name, path ? path : "NULL",
                 err.message, why);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    for (const char *p = err.message; *p; p++)
        assert_true((unsigned char)*p >= 0x20);
}

static void hostile_names_are_refused(void **state)
{
    struct fixture *f = *state;
    char longest[400];
    memset(longest, 'n', 300);
    longest[300] = '\0';
    refused(f, "", "it is empty");
    refused(f, "../../etc/x", "it contains \"..\"");
    refused(f, "a/..//..", "it contains \"..\"");
    refused(f, "/etc/passwd", "it is absolute");
    refused(f, "CON", "it names a device");
    refused(f, "out/nul.png", "it names a device");
    refused(f, "com1", "it names a device");
    refused(f, longest, "a part of it is longer than 255 bytes");
    refused(f, "a\nb", "it contains a control character");
    refused(f, "a\x1b[2J", "it contains a control character");
    refused(f, "a\xc2\x85", "it contains a control character");
    refused(f, "frame%d.png", "it contains \"%\"");
    refused(f, "%2e%2e/x", "it contains \"%\"");
    refused(f, "a\\..\\b", "it contains \"\\\"");
    refused(f, "C:x", "it contains \":\"");
    refused(f, "concat:a|b", "it contains \":\"");
    refused(f, "a\xff", "it is not valid UTF-8");
    refused(f, "a./b", "ends in a dot or a space");
    refused(f, "a /b", "ends in a dot or a space");
    refused(f, ".", "it names the folder itself");
    refused(f, "././/", "it names the folder itself");
    char *many = malloc(5001);
    memset(many, 'a', 5000);
    many[5000] = '\0';
    refused(f, many, "it is longer than 4000 bytes");
    free(many);
}

static void links_may_not_leave(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    assert_true(dio_dir_make(in(f, "root/real"), &err));
    assert_int_equal(symlink("/etc", in(f, "root/out")), 0);
    assert_int_equal(symlink("..", in(f, "root/up")), 0);
    assert_int_equal(symlink("real", in(f, "root/fine")), 0);
    assert_int_equal(symlink("nowhere", in(f, "root/dangling")), 0);
    snprintf(f->dir + strlen(f->dir), 6, "/root");
    refused(f, "out/passwd", "a symbolic link in it leads out of the folder");
    refused(f, "out", "a symbolic link in it leads out of the folder");
    refused(f, "up/x", "a symbolic link in it leads out of the folder");
    refused(f, "dangling/x", "a symbolic link in it leads nowhere");
    char *fine = dio_path_confine(f->a, f->dir, "./fine//new/file.png", &err);
    assert_non_null(fine);
    assert_string_equal(fine, in(f, "fine/new/file.png"));
    f->dir[strlen(f->dir) - 5] = '\0';
}

static void good_names_pass(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"a.png",      "out/a b.png", "console",
                                        "comet/com0", "été.wav",     "日本/絵.png",
                                        "a..b",       ".hidden",     "-dash"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dio_error err = {0};
        char *path = dio_path_confine(f->a, f->dir, names[i], &err);
        if (!path)
            fail_msg("%s", err.message);
        assert_string_equal(path, in(f, names[i]));
    }
    dio_error err = {0};
    assert_string_equal(dio_path_confine(f->a, in(f, "not/yet"), "x", &err), in(f, "not/yet/x"));
}

/* FIPS 180-2 appendix B, and the empty string. */
static void hashes_are_the_standards(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    char hex[DIO_HASH_TEXT];
    assert_true(dio_hash_bytes("abc", 3, hex, &err));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(dio_hash_bytes("", 0, hex, &err));
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    assert_true(dio_file_write(in(f, "m"), million, sizeof million, &err));
    assert_true(dio_hash_file(in(f, "m"), hex, &err));
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_false(dio_hash_file(in(f, "none"), hex, &err));
    assert_non_null(strstr(err.message, "No such file"));
    dio_error_clear(&err);
    assert_false(dio_hash_file(f->dir, hex, &err));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(written_is_read),
        TEST(map_shows_the_bytes),
        TEST(what_is_no_file_is_refused),
        TEST(writer_seeks_and_tells),
        TEST(abort_leaves_the_old),
        TEST(writers_do_not_mix),
        TEST(full_disk_leaves_the_old),
        TEST(killed_writer_leaves_the_old),
        TEST(folders_are_made),
        TEST(names_are_put_together),
        TEST(hostile_names_are_refused),
        TEST(links_may_not_leave),
        TEST(good_names_pass),
        TEST(hashes_are_the_standards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
