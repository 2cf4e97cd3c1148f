/* cli_run.c: fork, exec, wait with a limit; and the small files that the cases need. */
#define _GNU_SOURCE
#include "tests/cli/cli_run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Every case ends within this; the slowest takes 2 s on an idle machine, sanitizers and neighbours
 * multiply that. */
enum { SECONDS = 120 };

static char folder[64];
static size_t memory_limit, file_limit;
static long peak_bound;
static double processor_bound;
static const char *output_path, *input_path;

/* --- running -------------------------------------------------------------------------------------
 */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static int scratch(const char *bytes, size_t n)
{
    int fd = memfd_create("diorama-test", 0);
    if (fd < 0 || (n && write(fd, bytes, n) != (ssize_t)n) || lseek(fd, 0, SEEK_SET) < 0)
        fail_msg("no scratch file: %s", strerror(errno));
    return fd;
}

static void take(int fd, char *text)
{
    ssize_t n = pread(fd, text, CLI_TEXT - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
}

static void child(const char *const *args, const int fd[3])
{
    char *argv[CLI_ARGS + 2] = {(char *)(uintptr_t)DIORAMA_BINARY};
    struct rlimit processor = {SECONDS, SECONDS + 1};
    for (int i = 0; args[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    for (int i = 0; i < 3; i++)
        dup2(fd[i], i);
    if (output_path)
        dup2(open(output_path, O_WRONLY), 1);
    if (input_path)
        dup2(open(input_path, O_RDONLY), 0);
    setrlimit(RLIMIT_CPU, &processor);
    if (file_limit) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){file_limit, file_limit});
        /* ThreadSanitizer begins by mapping a file of 512 KiB that it writes there, and dies where
         * that is cut short; without a place for it, it does without. */
        setenv("TMPDIR", "/nowhere", 1);
    }
    if (memory_limit)
        setrlimit(RLIMIT_AS, &(struct rlimit){memory_limit, memory_limit});
    execv(DIORAMA_BINARY, argv);
    _exit(127);
}

void cli_run(const char *const *args, const char *input, size_t n, struct cli_result *r)
{
    int fd[3] = {scratch(input, n), scratch(NULL, 0), scratch(NULL, 0)}, status = 0;
    struct rusage cost = {0};
    double start = now();
    pid_t pid = fork();
    if (pid == 0)
        child(args, fd);
    while (pid > 0 && wait4(pid, &status, WNOHANG, &cost) == 0) {
        if (now() - start > SECONDS)
            kill(pid, SIGKILL);
        usleep(1000);
    }
    r->seconds = now() - start;
    r->processor = seconds(cost.ru_utime) + seconds(cost.ru_stime);
    r->peak_kib = cost.ru_maxrss;
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
    close(fd[0]);
    take(fd[1], r->out);
    take(fd[2], r->err);
}

void cli_limit(size_t memory, size_t file)
{
    memory_limit = memory;
    file_limit = file;
}

void cli_bound(long peak_kib, double processor)
{
    bool sanitized = DIORAMA_SANITIZE[0];
    peak_bound = sanitized ? 0 : peak_kib;
    processor_bound = sanitized ? 0 : processor;
}

void cli_output_to(const char *path)
{
    output_path = path;
}

void cli_input_from(const char *path)
{
    input_path = path;
}

bool cli_matches(const char *pattern, const char *text)
{
    for (; *pattern && *pattern != '~'; pattern++, text++)
        if (*pattern != *text)
            return false;
    if (!*pattern)
        return !*text;
    for (;; text++) {
        if (cli_matches(pattern + 1, text))
            return true;
        if (!*text)
            return false;
    }
}

static int refuse_part(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, ".part") == 0;
}

/* All the arguments, for messages. */
static const char *line_of(const struct cli_case *c)
{
    static char line[1024];
    line[0] = '\0';
    for (int i = 0; c->args[i]; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), " %.80s", c->args[i]);
    return line;
}

void cli_check_input(const struct cli_case *c, const char *input, size_t n)
{
    static struct cli_result result;
    struct cli_result *r = &result;
    cli_run(c->args, input, n, r);
    size_t end = strlen(r->err);
    if (end && r->err[end - 1] == '\n')
        r->err[end - 1] = '\0';
    if (r->code != c->code)
        fail_msg("diorama%s\n  ends with %d, not %d, and says: %s", line_of(c), r->code, c->code,
                 r->err);
    if (c->err && !cli_matches(c->err, r->err))
        fail_msg("diorama%s\n  says: %s\n  not:  %s", line_of(c), r->err, c->err);
    if ((peak_bound && r->peak_kib > peak_bound) ||
        (processor_bound > 0 && r->processor > processor_bound))
        fail_msg("diorama%s\n  takes %ld KiB and %.2f s, above %ld and %.2f", line_of(c),
                 r->peak_kib, r->processor, peak_bound, processor_bound);
    if (c->absent && cli_exists(c->absent))
        fail_msg("diorama%s\n  leaves %s", line_of(c), c->absent);
    if (nftw(".", refuse_part, 16, FTW_PHYS))
        fail_msg("diorama%s\n  leaves a half-written file", line_of(c));
}

void cli_check(const struct cli_case *c)
{
    cli_check_input(c, NULL, 0);
}

void cli_check_all(const struct cli_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cli_check(&cases[i]);
}

/* --- files ---------------------------------------------------------------------------------------
 */

void cli_put_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        fail_msg("%s: %s", path, strerror(errno));
}

void cli_put(const char *path, const char *text)
{
    cli_put_bytes(path, text, strlen(text));
}

char *cli_read(const char *path, size_t *n)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) < 0)
        fail_msg("%s: %s", path, strerror(errno));
    char *bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(bytes);
    *n = fread(bytes, 1, (size_t)st.st_size, f);
    bytes[*n] = '\0';
    fclose(f);
    return bytes;
}

void cli_copy(const char *from, const char *to)
{
    size_t n;
    char *bytes = cli_read(from, &n);
    cli_put_bytes(to, bytes, n);
    free(bytes);
}

bool cli_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void cli_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int cli_begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/diorama-cli-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

int cli_end(void **state)
{
    (void)state;
    if (chdir("/") == 0)
        cli_remove(folder);
    return 0;
}

/* --- a model -------------------------------------------------------------------------------------
 */

const char cli_recipe[] =
    "version: 1\n"
    "kind: lm\n"
    "name: test/tiny\n"
    "model: {model_type: llama, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2,\n"
    "        num_attention_heads: 4, max_position_embeddings: 64}\n"
    "tokenizer: {vocab_size: 300}\n"
    "data: {kind: text, path: texts.txt, valid: 0.2}\n"
    "train: {steps: 2, warmup: 1, eval_batches: 1}\n"
    "sequence: 16\n"
    "batch: 2\n"
    "test_batches: 1\n"
    "save: f32\n";

/* What training by that recipe writes, on one line. */
const char cli_config[] =
    "{\"model_type\":\"llama\",\"hidden_size\":32,\"intermediate_size\":48,"
    "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"max_position_embeddings\":64,"
    "\"vocab_size\":300,\"eos_token_id\":[0]}";

static void put_texts(void)
{
    static const char *const words[] = {"the",   "lamp",  "stands", "in",    "a",
                                        "small", "warm",  "room",   "and",   "shines",
                                        "over",  "seven", "green",  "chairs"};
    unsigned seed = 1;
    FILE *f = fopen("texts.txt", "w");
    assert_non_null(f);
    for (int i = 0; i < 60; i++) {
        for (int j = 0; j < 40; j++) {
            seed = seed * 1103515245u + 12345u;
            fprintf(f, "%s ", words[seed / 65536 % 14]);
        }
        fputs("\n\n", f);
    }
    fclose(f);
}

int cli_begin_with_model(void **state)
{
    static const struct cli_case train = {{"train", "r.yaml", "-o", "m", "-q"}, 0, "", NULL};
    if (cli_begin(state) < 0)
        return -1;
    put_texts();
    cli_put("r.yaml", cli_recipe);
    cli_check(&train);
    return 0;
}

void cli_model(const char *config)
{
    cli_remove("b");
    assert_int_equal(mkdir("b", 0777), 0);
    cli_copy("m/model.safetensors", "b/model.safetensors");
    cli_copy("m/tokenizer.json", "b/tokenizer.json");
    if (config)
        cli_put("b/config.json", config);
    else
        cli_copy("m/config.json", "b/config.json");
}
