"""Writes small models of TensorFlow Lite with the schema that LiteRT brings; no TensorFlow."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    name: getattr(schema.TensorType, name.upper())
    for name in ("float16", "float32", "int8", "int32", "int64", "uint8")
}


def tensor(kind, shape, scale=None, zero=0):
    """A tensor without a value. -1 in its shape: any length."""
    described = schema.TensorT()
    described.type = TYPES[kind]
    described.shape = [abs(side) for side in shape]
    if -1 in shape:
        described.shapeSignature = list(shape)
    if scale is not None:
        described.quantization = schema.QuantizationParametersT()
        described.quantization.scale, described.quantization.zeroPoint = [scale], [zero]
    return described


def constant(values, scale=None, zero=0):
    values = np.asarray(values)
    described = tensor(values.dtype.name, values.shape, scale, zero)
    return described, np.frombuffer(values.tobytes(), np.uint8)


def convolution():
    """Options of a convolution that keeps the size."""
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideW = options.strideH = 1
    options.dilationWFactor = options.dilationHFactor = 1
    return options


def argmax():
    options = schema.ArgMaxOptionsT()
    options.outputType = schema.TensorType.INT64
    return options


def model(tensors, operators, outputs, inputs=("x",)):
    """The bytes of a model.

    Args:
        tensors: Name -> what `tensor` or `constant` returns.
        operators: Name of the operator, names of its inputs, name of its output, its options.
        outputs: Names of tensors.
        inputs: Names of tensors.
    """
    whole, graph, index = schema.ModelT(), schema.SubGraphT(), list(tensors).index
    whole.version, whole.buffers, whole.operatorCodes = 3, [schema.BufferT()], []
    graph.tensors, graph.operators = [], []
    for name, described in tensors.items():
        if isinstance(described, tuple):
            described, data = described
            described.buffer = len(whole.buffers)
            whole.buffers.append(schema.BufferT())
            whole.buffers[-1].data = data
        described.name = name
        graph.tensors.append(described)
    for kind, given, answer, options in operators:
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version, operator.opcodeIndex = 1, len(whole.operatorCodes)
        operator.inputs, operator.outputs = [index(name) for name in given], [index(answer)]
        if options is not None:
            operator.builtinOptions = options
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        whole.operatorCodes.append(code)
        graph.operators.append(operator)
    graph.inputs, graph.outputs = [index(name) for name in inputs], [index(n) for n in outputs]
    whole.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())
