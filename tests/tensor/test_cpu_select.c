/* test_cpu_select.c: which instruction set a process uses, and what DIORAMA_CPU may say. */
#include "tests/tensor/cpu_case.h"

#include <stdlib.h>

static void names_of(const dio_cpu *cpu)
{
    dio_error err = {0};
    setenv("DIORAMA_CPU", cpu->name, 1);
    assert_ptr_equal(dio_cpu_select(&err), cpu);
    unsetenv("DIORAMA_CPU");
    assert_null(cpu->pairs); /* the fast mode is a device's, never a table's */
}

EACH(names)

static void test_select(void **state)
{
    (void)state;
    dio_error err = {0};
    unsetenv("DIORAMA_CPU");
    const dio_cpu *best = dio_cpu_select(&err);
    assert_non_null(best);
    setenv("DIORAMA_CPU", "generic", 1);
    assert_string_equal(dio_cpu_select(&err)->name, "generic");
    setenv("DIORAMA_CPU", "avx1024", 1);
    assert_null(dio_cpu_select(&err));
    assert_string_equal(err.message, "DIORAMA_CPU: \"avx1024\" is not one of avx512vnni, avx512, "
                                     "avx2, generic");
    if (!dio_cpu_table(DIO_ISA_AVX512VNNI)) {
        dio_error_clear(&err);
        setenv("DIORAMA_CPU", "avx512vnni", 1);
        assert_null(dio_cpu_select(&err));
        assert_non_null(strstr(err.message, "this machine has no avx512vnni"));
    }
    unsetenv("DIORAMA_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_select),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
