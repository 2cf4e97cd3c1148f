/* cpu.c: which instruction sets this machine has, and which one a process uses.
 *
 * The answer is a pointer to a constant table; nothing is remembered here.
 */
#include "tensor/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>
#ifdef DIO_CPU_X86
#include <cpuid.h>
#endif

#include "tensor/cpu/cpu_tables.h"

static const char *const isa_names[] = {"generic", "avx2", "avx512", "avx512vnni"};

#ifdef DIO_CPU_X86
static bool machine_has(dio_isa isa)
{
    __builtin_cpu_init();
    unsigned a, b, c, d;
    bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C); /* clang 14 knows no such name */
    bool avx2 = f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    switch (isa) {
    case DIO_ISA_AVX2:
        return avx2;
    case DIO_ISA_AVX512:
        return avx512;
    case DIO_ISA_AVX512VNNI:
        return avx512 && __builtin_cpu_supports("avx512vnni");
    default:
        return true;
    }
}

const dio_pairs *dio_cpu_pairs(const dio_cpu *cpu)
{
    __builtin_cpu_init();
    return cpu->isa >= DIO_ISA_AVX512 && __builtin_cpu_supports("avx512bf16") ? &dio_pairs_avx512
                                                                              : NULL;
}
#else
const dio_pairs *dio_cpu_pairs(const dio_cpu *cpu)
{
    (void)cpu;
    return NULL;
}
#endif

const dio_cpu *dio_cpu_table(dio_isa isa)
{
    if (isa == DIO_ISA_GENERIC)
        return &dio_cpu_generic;
#ifdef DIO_CPU_X86
    static const dio_cpu *const tables[] = {&dio_cpu_generic, &dio_cpu_avx2, &dio_cpu_avx512,
                                            &dio_cpu_avx512vnni};
    if ((int)isa > 0 && isa <= DIO_ISA_AVX512VNNI && machine_has(isa))
        return tables[isa];
#endif
    return NULL;
}

static const dio_cpu *best(void)
{
    int isa = DIO_ISA_AVX512VNNI;
    while (!dio_cpu_table((dio_isa)isa))
        isa--;
    return dio_cpu_table((dio_isa)isa);
}

const dio_cpu *dio_cpu_select(dio_error *err)
{
    const char *wanted = getenv("DIORAMA_CPU");
    if (!wanted || !wanted[0])
        return best();
    for (int isa = DIO_ISA_GENERIC; isa <= DIO_ISA_AVX512VNNI; isa++) {
        if (strcmp(wanted, isa_names[isa]) != 0)
            continue;
        const dio_cpu *cpu = dio_cpu_table((dio_isa)isa);
        if (!cpu)
            dio_fail(err,
                     "DIORAMA_CPU: this machine has no %s; the best it has is %s "
                     "(unset DIORAMA_CPU to use that)",
                     wanted, best()->name);
        return cpu;
    }
    dio_fail(err, "DIORAMA_CPU: \"%s\" is not one of avx512vnni, avx512, avx2, generic", wanted);
    return NULL;
}

int dio_act_unary(dio_act act)
{
    switch (act) {
    case DIO_ACT_RELU:
        return DIO_U_RELU;
    case DIO_ACT_SILU:
        return DIO_U_SILU;
    case DIO_ACT_GELU:
        return DIO_U_GELU;
    case DIO_ACT_GELU_TANH:
        return DIO_U_GELU_TANH;
    case DIO_ACT_GELU_QUICK:
        return DIO_U_GELU_QUICK;
    case DIO_ACT_TANH:
        return DIO_U_TANH;
    case DIO_ACT_SIGMOID:
        return DIO_U_SIGMOID;
    default:
        return -1;
    }
}
