"""Cutting a model in two, on models of a few nodes."""

from typing import Any

import pytest

from voiceagent.speech.piper_graph import NotSplittableError, _classes, split_voice

pytestmark = pytest.mark.unit

Node = tuple[str, str, list[str], list[str]]

ENCODER: list[Node] = [
    ("/enc_p/Gather", "Gather", ["enc.weight", "input"], ["hidden"]),
    ("/Ceil", "Ceil", ["hidden"], ["durations"]),
    ("/Mul", "Mul", ["hidden", "durations"], ["latent"]),
]
DECODER: list[Node] = [
    ("/dec/conv_pre/Conv", "Conv", ["latent", "dec.weight"], ["wide"]),
    ("/dec/Tanh", "Tanh", ["wide"], ["samples"]),
    ("/Unsqueeze", "Unsqueeze", ["samples"], ["output"]),
]


def model(nodes: list[Node], weights: tuple[str, ...] = ("enc.weight", "dec.weight")) -> Any:
    made = _classes()(ir_version=8)
    made.opset_import.add(version=15)
    for name, kind, inputs, outputs in nodes:
        made.graph.node.add(name=name, op_type=kind, input=inputs, output=outputs)
    for name in weights:
        made.graph.initializer.add(name=name)
    made.graph.input.add(name="input")
    made.graph.output.add(name="output")
    return made


def names(data: bytes) -> tuple[list[str], list[str], list[str], list[str]]:
    parsed = _classes().FromString(data)
    assert parsed.ir_version == 8
    assert [opset.version for opset in parsed.opset_import] == [15]
    graph = parsed.graph
    fields = (graph.node, graph.initializer, graph.input, graph.output)
    nodes, weights, inputs, outputs = ([item.name for item in field] for field in fields)
    return nodes, weights, inputs, outputs


def test_each_half_has_its_nodes_its_weights_and_the_latent_frames_between_them() -> None:
    split = split_voice(model(ENCODER + DECODER).SerializeToString())
    assert names(split.encoder) == (
        ["/enc_p/Gather", "/Ceil", "/Mul"],
        ["enc.weight"],
        ["input"],
        ["latent", "durations"],
    )
    assert names(split.decoder) == (
        ["/dec/conv_pre/Conv", "/dec/Tanh", "/Unsqueeze"],
        ["dec.weight"],
        ["latent"],
        ["output"],
    )
    assert split.tells_durations


def test_a_second_rounding_leaves_durations_untold() -> None:
    more: list[Node] = [("/Ceil_1", "Ceil", ["hidden"], ["other"])]
    split = split_voice(model(ENCODER + more + DECODER).SerializeToString())
    assert not split.tells_durations
    assert names(split.encoder)[3] == ["latent"]


def test_a_decoder_that_takes_the_speaker_too_is_not_cut() -> None:
    speaker: list[Node] = [
        ("/emb_g/Gather", "Gather", ["emb.weight", "sid"], ["speaker"]),
        ("/dec/cond/Conv", "Conv", ["speaker", "dec.weight"], ["condition"]),
        ("/dec/Add", "Add", ["wide", "condition"], ["wider"]),
    ]
    tail: list[Node] = [
        ("/dec/Tanh", "Tanh", ["wider"], ["samples"]),
        ("/Unsqueeze", "Unsqueeze", ["samples"], ["output"]),
    ]
    with pytest.raises(NotSplittableError, match="more than the latent frames"):
        split_voice(
            model(ENCODER + speaker[:1] + DECODER[:1] + speaker[1:] + tail).SerializeToString()
        )


def test_a_decoder_named_otherwise_is_not_cut() -> None:
    renamed = [(n.replace("/dec/", "/vocoder/"), k, i, o) for n, k, i, o in DECODER]
    with pytest.raises(NotSplittableError, match="no decoder"):
        split_voice(model(ENCODER + renamed).SerializeToString())


def test_nodes_with_graphs_of_their_own_are_not_cut() -> None:
    made = model(ENCODER + DECODER)
    made.graph.node[0].attribute.add().graph.node.add(name="inner")
    with pytest.raises(NotSplittableError, match="graphs of their own"):
        split_voice(made.SerializeToString())


@pytest.mark.parametrize("data", [b"", b"this is no model", b"\x08\x08"])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(NotSplittableError, match="ONNX"):
        split_voice(data)
