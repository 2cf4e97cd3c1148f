/* test_room.c: the memory that is left: no more than the machine has, and less under a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/room.h"

static void no_more_than_there_is(void **state)
{
    (void)state;
    size_t all = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t room = dio_room_memory();
    print_message("%.2f of %.2f GB may be used\n", (double)room / 1e9, (double)all / 1e9);
    assert_true(room > 0 && room <= all);
}

/* In a child, because a limit cannot be raised again. Its exit status says what it saw. */
static void less_under_a_limit(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        /* Sanitizers map terabytes: a limit below what is mapped leaves nothing, which counts. */
        struct rlimit limit = {(rlim_t)512 << 20, (rlim_t)512 << 20};
        _exit(setrlimit(RLIMIT_AS, &limit) == 0 && dio_room_memory() < (size_t)512 << 20 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_there_is),
        cmocka_unit_test(less_under_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
