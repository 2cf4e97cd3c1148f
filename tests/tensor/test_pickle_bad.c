/* test_pickle_bad.c: pickles that call what no weights need, and programs that are no pickles, in a
 * good archive: each with the exact sentence that refuses it. Nothing of them is ever run, so a
 * refusal is all there is to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/tensor/torch_file.h"

static const struct bad_pickle table[] = {
    /* Calls that no weights need. */
    {"os.system", P(PROTO CLASS("os", "system") "U\010rm -rf /\205R."),
     "2: os.system is not on the list of what weights need, and nothing in a checkpoint is ever "
     "run: save the model's state_dict() alone, or as safetensors"},
    {"posix.system", P(PROTO CLASS("posix", "system") "U\002id\205R."),
     "2: posix.system is not on the list of what weights need, and nothing in a checkpoint is "
     "ever run: save the model's state_dict() alone, or as safetensors"},
    {"eval", P(PROTO CLASS("builtins", "eval") "U\0021+1\205R."),
     "2: builtins.eval is not on the list of what weights need, and nothing in a checkpoint is "
     "ever run: save the model's state_dict() alone, or as safetensors"},
    {"eval of Python 2", P(PROTO CLASS("__builtin__", "eval") "U\0011\205R."),
     "2: __builtin__.eval is not on the list of what weights need, and nothing in a checkpoint is "
     "ever run: save the model's state_dict() alone, or as safetensors"},
    {"exec by STACK_GLOBAL", P("\200\004\214\010builtins\214\004exec\223\214\004pass\205R."),
     "18: builtins.exec is not on the list of what weights need, and nothing in a checkpoint is "
     "ever run: save the model's state_dict() alone, or as safetensors"},
    {"getattr", P(PROTO CLASS("__builtin__", "getattr") "N."),
     "2: __builtin__.getattr is not on the list of what weights need, and nothing in a checkpoint "
     "is ever run: save the model's state_dict() alone, or as safetensors"},
    {"subprocess", P(PROTO CLASS("subprocess", "Popen") "]\205R."),
     "2: subprocess.Popen is not on the list of what weights need, and nothing in a checkpoint is "
     "ever run: save the model's state_dict() alone, or as safetensors"},
    {"torch.load", P(PROTO CLASS("torch", "load") "U\001x\205R."),
     "2: torch.load is not on the list of what weights need, and nothing in a checkpoint is ever "
     "run: save the model's state_dict() alone, or as safetensors"},
    {"torch.hub.load", P(PROTO CLASS("torch.hub", "load") "U\001x\205R."),
     "2: torch.hub.load is not on the list of what weights need, and nothing in a checkpoint is "
     "ever run: save the model's state_dict() alone, or as safetensors"},
    {"a name within a name", P(PROTO CLASS("torch", "Size.__init__.__globals__") "."),
     "2: torch.Size.__init__.__globals__ is not on the list of what weights need, and nothing in "
     "a checkpoint is ever run: save the model's state_dict() alone, or as safetensors"},
    {"a name that begins right", P(PROTO CLASS("torch._utils", "_rebuild_tensor_v2_") "."),
     "2: torch._utils._rebuild_tensor_v2_ is not on the list of what weights need, and nothing in "
     "a checkpoint is ever run: save the model's state_dict() alone, or as safetensors"},
    {"an empty name", P(PROTO CLASS("", "") "."),
     "2: . is not on the list of what weights need, and nothing in a checkpoint is ever run: save "
     "the model's state_dict() alone, or as safetensors"},
    {"a name with control characters", P(PROTO CLASS("\033[2J", "x\010") "."),
     "2: ?[2J.x? is not on the list of what weights need, and nothing in a checkpoint is ever "
     "run: save the model's state_dict() alone, or as safetensors"},
    {"numbers that are not supported", P(PROTO CLASS("torch", "ComplexFloatStorage") "."),
     "2: torch.ComplexFloatStorage: this type of numbers is not supported (Float, Half, BFloat16, "
     "Double, Long, Int, Char, Byte and Bool are)"},
    {"a storage is called", P(PROTO CLASS("torch", "FloatStorage") "K\004\205R."),
     "25: FloatStorage is called, which is no function that is known here"},
    {"a tensor is called", P(PROTO TENSOR ")R."),
     "121: a tensor is called, which is no function that is known here"},
    {"a text is called", P(PROTO "U\002os)R."),
     "7: text is called, which is no function that is known here"},
    {"arguments that are a list", P(PROTO CLASS("torch", "Size") "]R."),
     "15: the arguments of Size are a list, not a tuple"},
    {"an object of a function", P(PROTO CLASS("torch._utils", "_rebuild_tensor_v2") ")\201."),
     "36: an object is made of _rebuild_tensor_v2, which is no class that is known here"},
    {"an object of a number", P(PROTO "K\001)\201."),
     "5: an object is made of an integer, which is no class that is known here"},
    {"a state for a tensor", P(PROTO TENSOR "}b."),
     "121: a state is given to a tensor, which has none"},
    {"a state for a function", P(PROTO CLASS("torch", "Size") "}b."),
     "15: a state is given to a name, which has none"},
    {"INST", P(PROTO "(ios\nsystem\n."),
     "3: opcode INST is not one that the weights of a model need: refused"},
    {"OBJ", P(PROTO "(" CLASS("torch", "Size") "o."),
     "15: opcode OBJ is not one that the weights of a model need: refused"},
    {"EXT1", P(PROTO "\202\001."),
     "2: opcode EXT1 is not one that the weights of a model need: refused"},
    {"NEWOBJ_EX", P(PROTO CLASS("collections", "OrderedDict") ")}\222."),
     "29: opcode NEWOBJ_EX is not one that the weights of a model need: refused"},
    {"PERSID", P(PROTO "P0\n."),
     "2: opcode PERSID is not one that the weights of a model need: refused"},
    {"no opcode", P(PROTO "\377."), "2: 0xff is no opcode of a pickle"},
    {"opcodes of protocol 0", P(PROTO "I1\n."),
     "2: opcode INT is not one that the weights of a model need: refused"},
    {"DUP", P(PROTO "N2."), "3: opcode DUP is not one that the weights of a model need: refused"},
    {"a set", P("\200\004\217."),
     "2: opcode EMPTY_SET is not one that the weights of a model need: refused"},
    {"a program with its source", P(PROTO "(U\006moduleNNNtQ."),
     "15: a whole module is kept here, which only its program can read: save the model's "
     "state_dict() alone"},
    /* The machine. */
    {"an empty pickle", P(""), "0: a pickle is due here, which would begin with its protocol"},
    {"no protocol", P("}."), "0: a pickle is due here, which would begin with its protocol"},
    {"protocol 0", P("\200\000}."), "0: pickle protocol 0; 2 to 5 are known"},
    {"protocol 6", P("\200\006}."), "0: pickle protocol 6; 2 to 5 are known"},
    {"no STOP", P(PROTO "}"), "3: the pickle does not stop: the file was cut short"},
    {"STOP on nothing", P(PROTO "."),
     "2: STOP needs one value on the stack: 0 there, 0 marks open"},
    {"STOP on two values", P(PROTO "NN."),
     "4: STOP needs one value on the stack: 2 there, 0 marks open"},
    {"STOP below a mark", P(PROTO "N(."),
     "4: STOP needs one value on the stack: 1 there, 1 marks open"},
    {"an empty stack", P(PROTO "\205."), "2: the stack is too short: 1 due, 0 there"},
    {"below a mark", P(PROTO "N(\205."), "4: the stack is too short: 1 due, 0 there"},
    {"no mark", P(PROTO "Nt."), "3: a MARK is due on the stack, which has none"},
    {"a mark without a list", P(PROTO "(e."), "3: the stack is too short: 1 due, 0 there"},
    {"a list that is a dict", P(PROTO "}Na."), "4: adds to a dict, where a list is due"},
    {"a dict that is a tuple", P(PROTO ")NNs."), "5: adds to a tuple, where a dict is due"},
    {"a key without a value", P(PROTO "}(Nu."), "5: a key without a value"},
    {"a text beyond the end", P(PROTO "X\377\377\377\377abc"),
     "2: 4294967295 bytes are due, 3 left: the file was cut short"},
    {"a text of 2^64-1", P("\200\004\215\377\377\377\377\377\377\377\377abc"),
     "2: 18446744073709551615 bytes are due, 3 left: the file was cut short"},
    {"a negative length", P(PROTO "T\377\377\377\377."),
     "2: 4294967295 bytes are due, 1 left: the file was cut short"},
    {"a frame beyond the end", P("\200\004\225\377\000\000\000\000\000\000\000N."),
     "2: a frame of 255 bytes, 2 left: the file was cut short"},
    {"a number beyond the end", P(PROTO "J\001\002"),
     "2: 4 bytes are due, 2 left: the file was cut short"},
    {"a name without an end", P(PROTO "ctorch\nSize"),
     "2: a name does not end within 4 bytes: the file was cut short"},
    {"names of tensors that are numbers", P(PROTO "K\001K\002\223."),
     "6: the name of a function is an integer and an integer, not two texts"},
    {"a memo that was never stored", P(PROTO "h\000."), "2: memo entry 0 was never stored"},
    {"a memo far beyond", P(PROTO "j\377\377\377\377."),
     "2: memo entry 4294967295 was never stored"},
    {"a memo bomb", P(PROTO "Nr\377\377\377\377."),
     "3: memo entry 4294967295 comes when 0 are stored"},
    {"a memo bomb of two", P(PROTO "Nq\000q\003."), "5: memo entry 3 comes when 1 are stored"},
    {"a memo of nothing", P(PROTO "q\000."), "2: the stack is too short: 1 due, 0 there"},
};

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(file_check_pickles(table, sizeof table / sizeof table[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, file_setup, file_teardown);
}
