"""What a model must be like, so that it can attend on codes."""

from __future__ import annotations

from typing import Any

from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from ._plan import LayerKind


def name_of(model: PreTrainedModel) -> str:
    """The model's class, and where it comes from if that is known."""
    path = getattr(model.config, "name_or_path", "")
    return f"{type(model).__name__}{f' ({path})' if path else ''}"


def layer_kinds(model: PreTrainedModel) -> list[LayerKind]:
    """The kinds of the model's layers.

    Raises:
        ValueError: the model cannot attend on codes; the message says why.
    """
    name = name_of(model)
    if model.config.is_encoder_decoder:
        raise ValueError(f"{name} has an encoder, and attends to it: only decoders attend on codes")
    config = model.config.get_text_config(decoder=True)
    chunk = getattr(config, "attention_chunk_size", None)
    types = getattr(config, "layer_types", None)
    layers: list[Any] = DynamicCache(config=config).layers
    kinds = []
    for index, layer in enumerate(layers):
        given = types[index] if types is not None else None
        if given == "chunked_attention" or (given is None and chunk is not None):
            raise ValueError(f"{name}: layer {index} attends in chunks, which codes do not support")
        if type(layer) not in (DynamicLayer, DynamicSlidingWindowLayer):
            raise ValueError(
                f"{name}: layer {index} keeps a {type(layer).__name__} ({given}), and only full attention "
                "and sliding windows, whose keys and values no other layer uses, attend on codes"
            )
        window = layer.sliding_window if isinstance(layer, DynamicSlidingWindowLayer) else None
        default = "full_attention" if window is None else "sliding_attention"
        kinds.append(LayerKind(given or default, window))
    shared = getattr(config, "num_kv_shared_layers", None)
    if shared:
        raise ValueError(f"{name}: {shared} layers use keys and values of others, which codes do not support")  # fmt: skip
    if not kinds:
        raise ValueError(f"{name} has no layers that keep keys and values")
    return kinds


def check_device(model: PreTrainedModel) -> None:
    """Raises TypeError if a parameter is not on the CPU."""
    for parameter_name, parameter in model.named_parameters():
        if parameter.device.type != "cpu":
            raise TypeError(
                f"{name_of(model)}: {parameter_name} is on {parameter.device}, and codes are attended to on "
                "the CPU: call model.to('cpu')"
            )


def use_attention(model: PreTrainedModel, implementation: str) -> None:
    """Makes the model use an attention implementation.

    Raises:
        ValueError: it cannot.
    """
    model.set_attn_implementation(implementation)
    config = model.config.get_text_config(decoder=True)
    if config._attn_implementation != implementation:
        raise ValueError(
            f"{name_of(model)} does not look up its attention function, so it cannot attend on codes: use "
            "transformers' own cache"
        )
