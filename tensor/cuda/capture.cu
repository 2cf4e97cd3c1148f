/* capture.cu: a plan's run as a CUDA graph: recorded from the stream, launched as one.
 *
 * Recording is of this thread alone (thread-local): what would wait for the GPU or take memory in
 * between is refused by the driver and ends the recording, instead of being done at the wrong time.
 * DIORAMA_CUDA_GRAPH=off launches every kernel by itself: for finding out which one is at fault. */
#include <stdlib.h>
#include <string.h>

#include "tensor/cuda/cuda.h"

static dio_cuda *of(dio_device *d)
{
    return reinterpret_cast<dio_cuda *>(d);
}

static bool record_begin(dio_device *d, dio_error *err)
{
    of(d)->recording = dio_cuda_went_well(
        cudaStreamBeginCapture(of(d)->stream, cudaStreamCaptureModeThreadLocal),
        "beginning to record", err);
    return of(d)->recording;
}

static void *record_end(dio_device *d, dio_error *err)
{
    cudaGraph_t graph = NULL;
    cudaGraphExec_t tape = NULL;
    of(d)->recording = false;
    bool good = dio_cuda_went_well(cudaStreamEndCapture(of(d)->stream, &graph), "recording", err);
    if (good && !dio_cuda_went_well(cudaGraphInstantiate(&tape, graph, 0), "making a graph", err))
        tape = NULL;
    if (graph)
        cudaGraphDestroy(graph);
    if (!tape)
        cudaGetLastError(); /* so that the next launch is not blamed for it */
    return tape;
}

static bool replay(dio_device *d, void *tape, dio_error *err)
{
    cudaError_t e = cudaGraphLaunch(static_cast<cudaGraphExec_t>(tape), of(d)->stream);
    if (e != cudaSuccess)
        cudaGetLastError();
    return dio_cuda_went_well(e, "launching a graph", err);
}

static void erase(dio_device *d, void *tape)
{
    cudaStreamSynchronize(of(d)->stream); /* it may still be playing */
    cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(tape));
}

extern "C" bool dio_cuda_capture_init(dio_cuda *d, dio_error *err)
{
    const char *text = getenv("DIORAMA_CUDA_GRAPH");
    if (text && strcmp(text, "off") == 0)
        return true;
    if (text && text[0] && strcmp(text, "on") != 0)
        return dio_fail(err, "DIORAMA_CUDA_GRAPH: \"%s\" is not one of on, off", text);
    d->base.record_begin = record_begin;
    d->base.record_end = record_end;
    d->base.replay = replay;
    d->base.erase = erase;
    return true;
}
