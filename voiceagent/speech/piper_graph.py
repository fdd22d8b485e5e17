"""A Piper model cut in two: what runs once per sentence, and what may run piece by piece.

Enters: the bytes of a Piper voice, a VITS model in ONNX. Leaves: the bytes of two models, one from
phonemes to latent frames (text encoder, durations, flow) and one from latent frames to samples
(HiFi-GAN, convolutions only). Almost all the time goes into the second, and it needs no more than
a few frames to either side, so it can be run in chunks: the caller hears the first one while the
rest of the sentence is still being computed.

The ``onnx`` package could do this, at 90 MB on disk. The part of the format that matters here is
five small messages, described to protobuf below; it hands everything else through unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_DECODER = "/dec/"
_FIRST_OF_DECODER = "/dec/conv_pre"
_FLOAT = 1

# message: ((field, number, type, repeated), ...), as in onnx.proto, version 1 of the format.
_MESSAGES: dict[str, tuple[tuple[str, int, str, bool], ...]] = {
    "Model": (
        ("ir_version", 1, "int64", False),
        ("graph", 7, "Graph", False),
        ("opset_import", 8, "Opset", True),
    ),
    "Opset": (("version", 2, "int64", False),),
    "Graph": (
        ("node", 1, "Node", True),
        ("name", 2, "string", False),
        ("initializer", 5, "Tensor", True),
        ("input", 11, "Value", True),
        ("output", 12, "Value", True),
        ("value_info", 13, "Value", True),
    ),
    "Node": (
        ("input", 1, "string", True),
        ("output", 2, "string", True),
        ("name", 3, "string", False),
        ("op_type", 4, "string", False),
        ("attribute", 5, "Attribute", True),
    ),
    "Attribute": (("graph", 6, "Graph", False), ("graphs", 11, "Graph", True)),
    "Tensor": (("name", 8, "string", False),),
    "Value": (("name", 1, "string", False), ("type", 2, "Type", False)),
    "Type": (("tensor", 1, "TensorType", False),),
    "TensorType": (("element", 1, "int32", False),),
}
_TYPES = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}


class NotSplittableError(ValueError):
    """The model is not built as Piper builds its voices; it can only be run whole."""


@dataclass(frozen=True, slots=True)
class SplitVoice:
    """The two models.

    Attributes:
        encoder: takes the voice's own inputs; gives the latent frames, and how many of them each
            phoneme takes if ``tells_durations``.
        decoder: takes latent frames, shape (1, channels, frames); gives the samples.
        tells_durations: the encoder has a second output, frames per phoneme.
    """

    encoder: bytes
    decoder: bytes
    tells_durations: bool


def split_voice(model: bytes) -> SplitVoice:
    """Cut a Piper voice at the input of its decoder.

    Raises:
        NotSplittableError: it is no ONNX model, its decoder takes more than the latent frames (as
            that of voices with many speakers does), or nodes have graphs of their own.
    """
    parsed = _parse(model)
    graph = parsed.graph
    if any(a.HasField("graph") or a.graphs for node in graph.node for a in node.attribute):
        raise NotSplittableError("Nodes of the model have graphs of their own.")
    made_by = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name for tensor in graph.initializer}
    output = graph.output[0].name
    latent = _latent(graph)
    decoder_nodes = _needed([output], made_by, stop={latent})
    from_outside = {
        name
        for node in decoder_nodes.values()
        for name in node.input
        if name and name not in weights and name not in made_by
    }
    encoder_inputs = {value.name for value in graph.input}
    if from_outside & encoder_inputs or not _only_decodes(decoder_nodes.values(), output):
        raise NotSplittableError("The decoder takes more than the latent frames.")
    durations = [name for node in graph.node if node.op_type == "Ceil" for name in node.output]
    tells_durations = len(durations) == 1
    ends = [latent, *durations] if tells_durations else [latent]
    # The decoder is copied and the rest cut down in place: it is most of the voice's 60 MB.
    decoder = _decoder(parsed, decoder_nodes, latent)
    _cut_down(graph, _needed(ends, made_by), ends)
    return SplitVoice(
        encoder=parsed.SerializeToString(), decoder=decoder, tells_durations=tells_durations
    )


def _parse(model: bytes) -> Any:
    try:
        parsed = _classes().FromString(model)
    except Exception as error:  # protobuf's own; it says nothing a caller could use
        raise NotSplittableError("The model is not in the ONNX format.") from error
    if not parsed.graph.output:
        raise NotSplittableError("The model is not in the ONNX format.")
    return parsed


def _latent(graph: Any) -> str:
    first = [node for node in graph.node if node.name.startswith(_FIRST_OF_DECODER)]
    if not first or first[0].op_type != "Conv":
        raise NotSplittableError("The model has no decoder named as Piper names it.")
    latent: str = first[0].input[0]
    return latent


def _needed(ends: Iterable[str], made_by: dict[str, Any], stop: set[str] | None = None) -> Any:
    """The nodes that the ends need, by the first value each gives."""
    found: dict[str, Any] = {}
    wanted = list(ends)
    while wanted:
        name = wanted.pop()
        node = made_by.get(name)
        if node is None or name in (stop or ()) or node.output[0] in found:
            continue
        found[node.output[0]] = node
        wanted += node.input
    return found


def _only_decodes(nodes: Iterable[Any], output: str) -> bool:
    """Whether what lies behind the cut is the decoder alone, with the constants it uses.

    Anything else would belong to the sentence as a whole, and change from chunk to chunk.
    """
    return all(
        node.name.startswith(_DECODER) or node.op_type == "Constant" or output in node.output
        for node in nodes
    )


def _decoder(parsed: Any, nodes: dict[str, Any], latent: str) -> bytes:
    graph = parsed.graph
    used = {name for node in nodes.values() for name in node.input}
    model = type(parsed)(ir_version=parsed.ir_version, opset_import=parsed.opset_import)
    model.graph.name = "decoder"
    # In the order they had: a model's nodes are sorted by what they need.
    model.graph.node.extend(n for n in graph.node if n.output and n.output[0] in nodes)
    model.graph.initializer.extend(t for t in graph.initializer if t.name in used)
    taken = model.graph.input.add(name=latent)
    taken.type.tensor.element = _FLOAT
    model.graph.output.append(graph.output[0])
    data: bytes = model.SerializeToString()
    return data


def _cut_down(graph: Any, nodes: dict[str, Any], ends: list[str]) -> None:
    used = {name for node in nodes.values() for name in (*node.input, *node.output)}
    _drop(graph.node, lambda node: not node.output or node.output[0] not in nodes)
    _drop(graph.initializer, lambda tensor: tensor.name not in used)
    _drop(graph.value_info, lambda value: value.name not in used or value.name in ends)
    del graph.output[:]
    for name in ends:
        graph.output.add(name=name).type.tensor.element = _FLOAT


def _drop(field: Any, unwanted: Callable[[Any], bool]) -> None:
    for index in reversed([i for i, item in enumerate(field) if unwanted(item)]):
        del field[index]


@cache
def _classes() -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="voiceagent/onnx.proto", package="voiceagent.onnx", syntax="proto2"
    )
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = described.field.add(name=name, number=number)
            field.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            field.type = _TYPES.get(kind, kinds.TYPE_MESSAGE)
            if kind not in _TYPES:
                field.type_name = f".{file.package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.Model"))
