/* espeak.c: espeak-ng as a child process.
 * Both of its ends are a socket pair, so that a child that dies early is an error and no signal.
 * What it says is read until it closes its end or its time is up. */
#include "audio/espeak.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER_LIMIT = 1 << 20, VOICE_LIMIT = 40 };

static const char *program(void)
{
    const char *named = getenv("DIORAMA_ESPEAK");
    return named && *named ? named : "espeak-ng";
}

/* Voices come from models' files and become an argument. */
static bool check_voice(const char *voice, dio_error *err)
{
    size_t n = strlen(voice);
    bool ok = n > 0 && n <= VOICE_LIMIT && isalpha((unsigned char)voice[0]);
    for (size_t i = 0; ok && i < n; i++)
        ok = isalnum((unsigned char)voice[i]) || strchr("-_+", voice[i]);
    return ok || dio_fail(err, "\"%.60s\" is no name of a voice of espeak-ng", voice);
}

static bool start(const char *voice, int end, pid_t *child, dio_error *err)
{
    char *argv[] = {(char *)(uintptr_t)program(), "-q", "--ipa", "-b", "1", "--stdin", "-v",
                    (char *)(uintptr_t)voice,     NULL};
    posix_spawn_file_actions_t files;
    if (posix_spawn_file_actions_init(&files))
        return dio_fail_memory(err, "a child process");
    int failed = posix_spawn_file_actions_adddup2(&files, end, 0) ||
                 posix_spawn_file_actions_adddup2(&files, end, 1) ||
                 posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    if (!failed)
        failed = posix_spawnp(child, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed == ENOENT || failed == EACCES)
        return dio_fail(err,
                        "this voice reads phonemes, and the program that makes them, %.200s, was "
                        "not found: install espeak-ng, name it in DIORAMA_ESPEAK, or give phonemes",
                        argv[0]);
    return !failed || dio_fail_retry(err, "cannot start %.200s: %s", argv[0], strerror(failed));
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool send_text(int fd, const char *text, dio_error *err)
{
    size_t n = strlen(text), at = 0;
    while (at < n) {
        ssize_t sent = send(fd, text + at, n - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            break; /* it wants no more, or died: its status tells */
        if (sent <= 0)
            return dio_fail(err, "%.200s did not take the text: %s", program(), strerror(errno));
        at += (size_t)sent;
    }
    shutdown(fd, SHUT_WR);
    return true;
}

static bool read_answer(int fd, dio_str *answer, dio_error *err)
{
    int64_t end = now_ms() + DIO_ESPEAK_SECONDS * 1000;
    char buffer[4096];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = end - now_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return dio_fail(err, "%.200s took more than %d seconds", program(), DIO_ESPEAK_SECONDS);
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true; /* a child that died has closed its end, too: its status tells */
        dio_str_put(answer, buffer, (size_t)n);
        if (answer->length > ANSWER_LIMIT)
            return dio_fail(err, "%.200s answered with more than %d bytes", program(),
                            ANSWER_LIMIT);
    }
}

static bool finish(pid_t child, bool ok, dio_error *err)
{
    int status = 0;
    if (!ok)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!ok || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return ok;
    if (WIFEXITED(status))
        return dio_fail(err, "%.200s failed with status %d: does it know the voice?", program(),
                        WEXITSTATUS(status));
    return dio_fail(err, "%.200s was ended by signal %d", program(), WTERMSIG(status));
}

/* One line, words by one space; "(en)" and its like, where espeak changes its language, left out.
 */
static bool put_line(const char *answer, dio_str *out, dio_error *err)
{
    size_t bad, before = out->length;
    if (!dio_utf8_valid(answer, strlen(answer), &bad))
        return dio_fail(err, "%.200s answered with what is no UTF-8", program());
    for (const char *p = answer; *p; p++) {
        const char *close = *p == '(' ? strchr(p, ')') : NULL;
        if (close && close - p <= 12)
            p = close;
        else if (!strchr(" \t\r\n", *p))
            dio_str_putc(out, *p);
        else if (out->length > before && out->text[out->length - 1] != ' ')
            dio_str_putc(out, ' ');
    }
    while (out->length > before && out->text[out->length - 1] == ' ')
        out->text[--out->length] = 0;
    return !out->failed || dio_fail_memory(err, "phonemes");
}

bool dio_espeak_run(const char *voice, const char *text, dio_str *out, dio_error *err)
{
    int ends[2] = {-1, -1};
    pid_t child = 0;
    dio_str answer = {0};
    if (!check_voice(voice, err))
        return false;
    if (strlen(text) > DIO_ESPEAK_TEXT)
        return dio_fail(err, "%zu bytes without a pause are more than %d: break the text up",
                        strlen(text), DIO_ESPEAK_TEXT);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return dio_fail_retry(err, "cannot open a socket: %s", strerror(errno));
    bool ok = start(voice, ends[1], &child, err);
    close(ends[1]);
    if (ok) {
        ok = send_text(ends[0], text, err) && read_answer(ends[0], &answer, err);
        ok = finish(child, ok, err);
    }
    close(ends[0]);
    ok = ok && put_line(answer.text ? answer.text : "", out, err);
    dio_str_deinit(&answer);
    return ok;
}
